/* Request headers and methods of a client's: what may go into a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "http-headers.h"
#include "text.h"

static void assert_becomes(const char *text, const char *lines)
{
        _cleanup_(freep) char *ret = NULL;
        const char *why;

        assert_int_equal(headers_normalize(text, &ret, &why), S_OK);
        assert_string_equal(ret, lines);
}

static void assert_refused(const char *text)
{
        const char *why = NULL;
        char *ret = NULL;

        assert_int_equal(headers_normalize(text, &ret, &why), E_INVALIDARG);
        assert_non_null(why);
        assert_null(ret);
}

static void test_line_ends(void **state)
{
        (void)state;
        assert_becomes("", "");
        assert_becomes("A: b", "A: b\r\n");
        assert_becomes("A: b\r\n", "A: b\r\n");
        assert_becomes("A: b\nC: d\n", "A: b\r\nC: d\r\n");
        assert_becomes("A: b\r\nC: d\r\n\r\n\n", "A: b\r\nC: d\r\n");
        assert_becomes("\r\n", "");
        assert_becomes("A:\r\nX-b:\tc", "A:\r\nX-b:\tc\r\n");
        assert_becomes("X: gr\303\274n", "X: gr\303\274n\r\n");
}

static void test_what_is_no_header(void **state)
{
        static const char *const bad[] = {
                "A",
                ": b",
                "A b: c",
                "A : b",
                " A: b",
                "A: b\r\n c",
                "A: b\r\n\tc",
                "A: b\r\rC: d",
                "A: b\r",
                "A: b\001",
                "A: \177",
                "A: b\n\nC: d",
                "\r\nGET / X: y",
                "A: b\r\n\r\nC: d",
                "\303\274: a",
                "A\tB: c",
                "A: b\nC\r\n:d",
                "Gr\303\274n: a",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_refused(bad[i]);
}

static void test_what_is_not_theirs(void **state)
{
        static const char *const bad[] = {
                "Range: bytes=0-1",
                "range:x",
                "If-Range: x",
                "Host: x",
                "HOST:x",
                "Content-Length: 1",
                "TE: x",
                "Expect: x",
                "Accept-Encoding: gzip",
                "Connection: close",
                "Upgrade: h2c",
                "Trailer: x",
                "Transfer-Encoding: chunked",
                "Keep-Alive: x",
                "Proxy-Connection: x",
                "HTTP2-Settings: x",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_refused(bad[i]);
        assert_becomes("X-Range: a\nHosts: b\nAuthorization: c\nCookie: d",
                       "X-Range: a\r\nHosts: b\r\nAuthorization: c\r\nCookie: d\r\n");
}

/* 16,384 characters of UTF-16, the NUL among them. */
static void test_length(void **state)
{
        _cleanup_(freep) char *text = malloc(HEADERS_MAX * 4), *ret = NULL;
        const char *why;

        (void)state;
        assert_non_null(text);
        memset(text, 'a', HEADERS_MAX);
        text[1] = ':';
        text[HEADERS_MAX - 1] = 0;
        assert_int_equal(headers_normalize(text, &ret, &why), S_OK);
        free(TAKE_PTR(ret));
        text[HEADERS_MAX - 1] = 'a';
        text[HEADERS_MAX] = 0;
        assert_int_equal(headers_normalize(text, &ret, &why), BG_E_STRING_TOO_LONG);
        /* what is two units there is one character here */
        for (size_t i = 0; i < HEADERS_MAX / 2; i++)
                memcpy(text + 2 + 4 * i, "\360\237\230\200", 5);
        assert_int_equal(headers_normalize(text, &ret, &why), BG_E_STRING_TOO_LONG);
        text[2 + 4 * (HEADERS_MAX / 2 - 2)] = 0;
        assert_int_equal(headers_normalize(text, &ret, &why), S_OK);
}

static void test_methods(void **state)
{
        static const char *const good[] = {"GET", "POST", "get", "REPORT", "M-SEARCH", "x!y"};
        static const char *const bad[] = {"",        "A B",   "GET\r\n",   "G:",   "HEAD",
                                          "connect", "TRACE", "P\303\274", "GET /"};
        char longest[METHOD_MAX + 2];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(good); i++)
                assert_int_equal(method_check(good[i]), S_OK);
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_int_equal(method_check(bad[i]), E_INVALIDARG);
        memset(longest, 'A', sizeof(longest));
        longest[METHOD_MAX] = 0;
        assert_int_equal(method_check(longest), S_OK);
        longest[METHOD_MAX] = 'A';
        longest[METHOD_MAX + 1] = 0;
        assert_int_equal(method_check(longest), E_INVALIDARG);
}

static void test_latin1(void **state)
{
        _cleanup_(freep) char *text = text_from_latin1("a\344\377");

        (void)state;
        assert_string_equal(text, "a\303\244\303\277");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_line_ends),
                cmocka_unit_test(test_what_is_no_header),
                cmocka_unit_test(test_what_is_not_theirs),
                cmocka_unit_test(test_length),
                cmocka_unit_test(test_methods),
                cmocka_unit_test(test_latin1),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
