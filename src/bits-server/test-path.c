/* The path of a request: decoded once, cleaned for the log. */
#include "path.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void test_decode(void **state)
{
        static const char *const cases[][2] = {
                {"/", "."},
                {"/?query", "."},
                {"///", "."},
                {"/a", "a"},
                {"//etc/passwd", "etc/passwd"},
                {"/a/b/", "a/b/"},
                {"/a%20b", "a b"},
                {"/a+b", "a+b"},
                {"/%61%C3%a9", "a\xc3\xa9"},
                {"/a?b=%00/../%", "a"},
                {"/a%3Fb", "a?b"},
                {"/a%23b", "a#b"},
                {"/%252e%252e/%252f", "%2e%2e/%2f"},
                {"/%2e%2E/a", "../a"},
                {"http://host:80/a%20b", "a b"},
                {"HTTP://host//a", "a"},
        };
        char path[PATH_SIZE];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                print_message("%s\n", cases[i][0]);
                assert_int_equal(path_decode(cases[i][0], path), 0);
                assert_string_equal(path, cases[i][1]);
        }
}

static void test_decode_refused(void **state)
{
        static const char *const targets[] = {
                "",      "a",     "*",       "%2Fa",     "/%2fa",       "/a%2F..%2Fb", "/%00",
                "/a%00", "/%",    "/%4",     "/%g1",     "/%1g",        "/%-1",        "/a#b",
                "/% 41", "/%%41", "http://", "http://a", "http://a?/b", "https://a/b", "file:///a",
        };
        char path[PATH_SIZE];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(targets); i++) {
                print_message("%s\n", targets[i]);
                assert_int_equal(path_decode(targets[i], path), -EINVAL);
        }
}

static void test_decode_length(void **state)
{
        char target[PATH_SIZE + 2], path[PATH_SIZE];

        (void)state;
        memset(target, 'a', sizeof(target));
        target[0] = '/';
        target[PATH_SIZE] = '\0';
        assert_int_equal(path_decode(target, path), 0);
        assert_int_equal(strlen(path), PATH_SIZE - 1);
        target[PATH_SIZE] = 'a';
        target[PATH_SIZE + 1] = '\0';
        assert_int_equal(path_decode(target, path), -ENAMETOOLONG);
}

static void test_clean(void **state)
{
        static const char *const cases[][2] = {
                {"/a/b%20c", "/a/b%20c"},
                {"/a?token=secret", "/a"},
                {"/\"\\\n\x7f\xff ", "/%22%5C%0A%7F%FF%20"},
                {"http://user:pass@host/a", "/a"},
                {"", ""},
        };
        char text[64], narrow[5];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                path_clean(cases[i][0], text, sizeof(text));
                assert_string_equal(text, cases[i][1]);
        }
        path_clean("/abcdef", narrow, sizeof(narrow));
        assert_string_equal(narrow, "/abc");
        path_clean("/a\n\n", narrow, sizeof(narrow));
        assert_string_equal(narrow, "/a");
        path_clean("/\n\n", narrow, sizeof(narrow));
        assert_string_equal(narrow, "/%0A");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_decode),
                cmocka_unit_test(test_decode_refused),
                cmocka_unit_test(test_decode_length),
                cmocka_unit_test(test_clean),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
