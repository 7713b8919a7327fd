/* types.md, BG_FILE_INFO: which names a file may have. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "file.h"
#include "text.h"

static void test_remote_names(void **state)
{
        static const char *const good[] = {
                "http://a/b",   "https://a.example/x?y=z#f", "HTTP://a", "http://[::1]:80/x",
                "http://a/%20",
        };
        static const char *const bad[] = {
                "",
                "a",
                "/a",
                "ftp://a/b",
                "file:///etc/passwd",
                "http://",
                "http:///x",
                "http://a/b c",
                "http://a/\n",
                "http://a/*.bin",
                "http://?x",
                "http://a/\x7f",
                "javascript:x",
                " http://a",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(good); i++)
                assert_int_equal(file_check_remote(good[i]), 0);
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_int_equal(file_check_remote(bad[i]), -EINVAL);
}

static char *repeat(const char *prefix, const char *part, size_t times)
{
        size_t size = strlen(prefix) + strlen(part) * times + 1;
        char *s = calloc(1, size);

        assert_non_null(s);
        (void)strcat(s, prefix);
        for (size_t i = 0; i < times; i++)
                (void)strcat(s, part);
        return s;
}

static void check_length(const char *prefix, const char *part, size_t times,
                         int (*check)(const char *), int expected)
{
        _cleanup_(freep) char *name = repeat(prefix, part, times);

        assert_int_equal(check(name), expected);
}

static void test_lengths(void **state)
{
        (void)state;
        check_length("http://a/?", "x", 2190, file_check_remote, 0); /* 2,200 code points */
        check_length("http://a/?", "x", 2191, file_check_remote, -EINVAL);
        check_length("http://a/?", "\xc3\xa4", 2190, file_check_remote, 0);
        check_length("http://a/?", "\xc3\xa4", 2191, file_check_remote, -EINVAL);
        check_length("http://a/", "x", 260, file_check_remote, 0); /* a segment */
        check_length("http://a/", "x", 261, file_check_remote, -EINVAL);
        check_length("/", "x", 255, file_check_local, 0);
        check_length("/", "x", 256, file_check_local, -EINVAL);
        check_length("", "/abc", 1000, file_check_local, 0);
        check_length("", "/abc", 1020, file_check_local, -EINVAL);
}

static void test_local_names(void **state)
{
        static const char *const good[] = {"/a", "/a/b", "/a//b", "/a/..b", "/a/b c", "/\xc3\xa4"};
        static const char *const bad[] = {
                "", "a", "./a", "/", "/a/", "/a/../b", "/..", "/a/.", "/a/*", "/a?", "/a\n", "~/a",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(good); i++)
                assert_int_equal(file_check_local(good[i]), 0);
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_int_equal(file_check_local(bad[i]), -EINVAL);
}

static void test_temporary_name(void **state)
{
        File *file = file_new(NULL, 0, "http://a/b", "/home/bob/in/final");
        char name[WIRE_PATH_SIZE];

        (void)state;
        file_temporary_name(file, name);
        assert_string_equal(name, "");
        (void)snprintf(file->temp, sizeof(file->temp), "BIT01234567.tmp");
        file_temporary_name(file, name);
        assert_string_equal(name, "/home/bob/in/BIT01234567.tmp");
        file_free(file);
}

static void test_utf8(void **state)
{
        static const char *const bad[] = {
                "\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                "\xff",
        };
        size_t n;

        (void)state;
        assert_int_equal(text_count("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", &n), 0);
        assert_int_equal(n, 4);
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_int_equal(text_count(bad[i], &n), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_remote_names), cmocka_unit_test(test_lengths),
                cmocka_unit_test(test_local_names),  cmocka_unit_test(test_temporary_name),
                cmocka_unit_test(test_utf8),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
