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
#include "source.h"
#include "text.h"

static void test_remote_names(void **state)
{
        static const char *const good[] = {
                "http://a/b",
                "https://a.example/x?y=z#f",
                "HTTP://a",
                "http://[::1]:80/x",
                "http://a/%20",
                "http://a/b c?d e",
                "http://a/%2f/%C3%a4/\xc3\xa4?%23#%",
                "http://\xc3\xa4.example/",
                "http://xn--4ca.example./",
                "http://a_b-c.example:/",
                "http://a:1",
                "http://a:65535/",
                "http://a:00080/",
                "http://127.0.0.1:8080?x",
                "http://[2001:db8::1]",
                "http://[::ffff:192.0.2.1]:443/",
                "http://a/../b/./c", /* bits-net sends /b/c, as every client does */
                "http://a/user:password@b",
                "http://a?user:password@b",
                "http://a/\xc2\xa0",
                "/a",
                "/a b/c",
                "file:///etc/passwd",
                "FILE://LocalHost/a%20b",
        };
        static const char *const bad[] = {
                "",
                "a",
                "ftp://a/b",
                "file:a",
                "file:/a",
                "file://",
                "file:///",
                "file:////",
                "file://other/a",
                "file://localhost",
                "file://localhost:80/a",
                "file://user@localhost/a",
                "file:///a/",
                "file:///a b",
                "file:///a?b",
                "file:///a#b",
                "file:///a*",
                "file:///a%",
                "file:///a%2",
                "file:///a%zz",
                "file:///a%00b",
                "file:///a%2fb",
                "file:///../a",
                "file:///%2e%2e/a",
                "file:///a/%2E",
                "/",
                "/a/",
                "/a/../b",
                "/a/./b",
                "/a?",
                "/a*",
                "/a\n",
                "http://",
                "http:///x",
                "http://a/b ",
                "http://a b/c",
                "http://user@a/",
                "http://user:password@a/b",
                "https://:@a/b",
                "http://@a/",
                "http://a@/",
                "http://a%40b/",
                "http://a\\@b/c",
                "http://a\\b/",
                "http://a:0/",
                "http://a:65536/",
                "http://a:99999/",
                "http://a:000080/",
                "http://a:+80/",
                "http://a:80a/",
                "http://a:b/",
                "http://a:80:80/",
                "http://:80/",
                "http://#x",
                "http://[::1",
                "http://[::1]a/",
                "http://[::1]]/",
                "http://[]/",
                "http://[::1%25lo]/",
                "http://[fe80::1%lo]/",
                "http://[127.0.0.1]/",
                "http://::1/",
                "http://a]/",
                "http://a/\t",
                "http://a/\xc2\x9b",
                "http:/a/b",
                "http:a",
                "httpx://a/",
                "h2c://a/",
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

static void check_path(const char *remote, const char *expected)
{
        char path[WIRE_PATH_SIZE];

        assert_true(source_is_local(remote));
        assert_int_equal(source_path(remote, path), 0);
        assert_string_equal(path, expected);
}

static void test_local_sources(void **state)
{
        (void)state;
        check_path("/srv/a b%20c", "/srv/a b%20c"); /* a path is taken as it is */
        check_path("file:///srv/a%20b", "/srv/a b");
        check_path("File://LOCALHOST/srv/x", "/srv/x");
        check_path("file:///a%2520b", "/a%20b"); /* decoded once */
        check_path("file:///%c3%A4/%ff%3F%2a%23", "/\xc3\xa4/\xff?*#");
        check_path("file:///a//b/..c", "/a//b/..c");
        check_path("file:///%01", "/\x01");
        assert_false(source_is_local("http://a/b"));
        assert_false(source_is_local("files://a/b"));
}

static void test_source_errors(void **state)
{
        (void)state;
        assert_int_equal(source_error(-ENOENT), HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND));
        assert_int_equal(source_error(-ENOTDIR), HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND));
        assert_int_equal(source_error(-EACCES), HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED));
        assert_int_equal(source_error(-EISDIR), HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED));
        assert_int_equal(source_error(-ELOOP), HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED));
        assert_true(source_error_passes(-EAGAIN));
        assert_false(source_error_passes(-ENOENT));
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
        check_length("http://", "x", 253, file_check_remote, 0); /* a host */
        check_length("http://", "x", 254, file_check_remote, -EINVAL);
        check_length("/", "x", 255, file_check_local, 0);
        check_length("/", "x", 256, file_check_local, -EINVAL);
        check_length("", "/abc", 1000, file_check_local, 0);
        check_length("", "/abc", 1020, file_check_local, -EINVAL);
        check_length("/a", "/abc", 549, file_check_remote, 0); /* 2,198 */
        check_length("/a", "/abc", 550, file_check_remote, -EINVAL);
        check_length("file:///", "x", 255, file_check_remote, 0);
        check_length("file:///", "x", 256, file_check_remote, -EINVAL);
        check_length("file:///", "%41", 255, file_check_remote, 0);
        check_length("", "/\xf0\x9f\x98\x80", 1000, file_check_remote, -EINVAL); /* PATH_MAX */
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
                cmocka_unit_test(test_remote_names),  cmocka_unit_test(test_lengths),
                cmocka_unit_test(test_local_names),   cmocka_unit_test(test_temporary_name),
                cmocka_unit_test(test_utf8),          cmocka_unit_test(test_local_sources),
                cmocka_unit_test(test_source_errors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
