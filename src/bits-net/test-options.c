/* The parts of NET_HTTP's descriptor, and custom headers in libcurl's form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "options.h"

static NetHttp http_of(size_t headers, size_t certificate, uint32_t n_accepted)
{
        return (NetHttp){
                .header = {NET_HTTP, 1},
                .headers_size = (uint32_t)headers,
                .certificate_size = (uint32_t)certificate,
                .n_accepted = n_accepted,
        };
}

static void test_parts(void **state)
{
        struct {
                char headers[6], certificate[3];
                NetAccepted accepted;
        } parts = {"X: 1\r\n", "PEM", {.authority = "host:443", .sha256 = {7}}};
        NetHttp http = http_of(6, 3, 1);
        Options *options = NULL;

        (void)state;
        http.ask = 1;
        http.security_flags = NET_SSL_ENABLE_CRL_CHECK;
        assert_int_equal(options_new(&http, &parts, 9 + sizeof(NetAccepted), &options), 0);
        assert_string_equal(options->method, "GET");
        assert_string_equal(options->headers, "X: 1\r\n");
        assert_memory_equal(options->certificate, "PEM", 3);
        assert_int_equal(options->n_accepted, 1);
        assert_string_equal(options->accepted[0].authority, "host:443");
        assert_int_equal(options->accepted[0].sha256[0], 7);
        assert_true(options->ask && options->security_flags == NET_SSL_ENABLE_CRL_CHECK);
        assert_ptr_equal(options_ref(options), options);
        assert_null(options_unref(options));
        assert_null(options_unref(options));

        assert_int_equal(options_new(&http, &parts, 8 + sizeof(NetAccepted), &options), -EBADMSG);
        assert_int_equal(options_new(&http, &parts, 10 + sizeof(NetAccepted), &options), -EBADMSG);
        memset(parts.accepted.authority, 'x', sizeof(parts.accepted.authority));
        assert_int_equal(options_new(&http, &parts, 9 + sizeof(NetAccepted), &options), -EBADMSG);
        http = http_of(6, 0, 0);
        assert_int_equal(options_new(&http, "X: 1\0\n", 6, &options), -EBADMSG);
}

/* The list that comes of these lines, joined by '|'; NULL: it cannot be sent. */
static const char *headers_of(const char *lines)
{
        static char text[512];
        NetHttp http = http_of(strlen(lines), 0, 0);
        struct curl_slist *headers = NULL;
        const char *why = NULL;
        Options *options;
        int r;

        assert_int_equal(options_new(&http, lines, strlen(lines), &options), 0);
        r = options_headers(options, &headers, &why);
        text[0] = '\0';
        for (const struct curl_slist *h = headers; h; h = h->next) {
                strcat(text, h->data);
                strcat(text, "|");
        }
        curl_slist_free_all(headers);
        options_unref(options);
        if (r < 0) {
                assert_int_equal(r, -EINVAL);
                assert_non_null(why);
        }
        return r < 0 ? NULL : text;
}

static void test_headers(void **state)
{
        static const struct {
                const char *lines, *list;
        } rows[] = {
                {"", ""},
                {"A: 1\r\nB:2\r\n", "A: 1|B:2|"},
                {"A: 1\nB: 2", "A: 1|B: 2|"},
                {"\r\n\r\nA: 1\r\n\r\n", "A: 1|"},
                {"A:\r\nB:  \r\n", "A;|B;|"}, /* else libcurl would leave them out */
                {"A: \tx;y\"\x80\xff\r\n", "A: \tx;y\"\x80\xff|"},
                {"Ranges: x\r\nX-Range: y\r\n", "Ranges: x|X-Range: y|"},
                {"A\r\n", NULL},
                {"A;\r\n", NULL},
                {": x\r\n", NULL},
                {"A : x\r\n", NULL},
                {" A: x\r\n", NULL},
                {"A: x\r\n y\r\n", NULL},
                {"A: x\ry: z\r\n", NULL},
                {"A: x\r\r\n", NULL},
                {"A: \x7f\r\n", NULL},
                {"RANGE: bytes=0-\r\n", NULL},
                {"A: 1\r\naccept-encoding: gzip\r\n", NULL},
                {"Content-Length: 1\r\n", NULL},
                {"te: trailers\r\n", NULL},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                const char *list = headers_of(rows[i].lines);

                if (!rows[i].list)
                        assert_null(list);
                else
                        assert_string_equal(list, rows[i].list);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parts),
                cmocka_unit_test(test_headers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
