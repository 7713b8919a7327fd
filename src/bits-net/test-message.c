/* Messages of bits-queue, each right but for one thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "message.h"

static NetMessage good(void)
{
        NetMessage m = {
                .transfer = {
                        .header = {.type = NET_TRANSFER, .sequence = 1},
                        .begin = 10,
                        .validator = {.size = 20, .last_modified_usec = INT64_MIN, .etag = "\"a\""},
                        .host_connections = 6,
                        .url = "http://host/file",
                }};

        return m;
}

static int check(const NetMessage *m)
{
        return message_check(m, sizeof(NetTransfer), true);
}

static void test_transfer(void **state)
{
        NetMessage m = good();

        (void)state;
        assert_int_equal(check(&m), 0);
        assert_true(message_check(&m, sizeof(NetTransfer), false) < 0);
        assert_true(message_check(&m, sizeof(NetTransfer) - 1, true) < 0);
        assert_true(message_check(&m, 0, true) < 0);

        m.transfer.validator.size = NET_SIZE_UNKNOWN;
        assert_int_equal(check(&m), 0);
        m.transfer.validator.size = 9;
        assert_true(check(&m) < 0);
        m = good();
        m.transfer.begin = UINT64_MAX;
        m.transfer.validator.size = NET_SIZE_UNKNOWN;
        assert_true(check(&m) < 0);
        m = good();
        m.transfer.flags = 4;
        assert_true(check(&m) < 0);
        m = good();
        m.transfer.dynamic = 2;
        assert_true(check(&m) < 0);
        m.transfer.dynamic = 1;
        m.transfer.begin = 10;
        assert_true(check(&m) < 0);
        m.transfer.begin = 0;
        assert_int_equal(check(&m), 0);
        m.transfer.ranged = 1;
        m.transfer.span = (NetSpan){0, 0, 10};
        assert_true(check(&m) < 0);
        m = good();
        m.transfer.host_connections = 0;
        assert_true(check(&m) < 0);
        m.transfer.host_connections = NET_CONNECTIONS_MAX + 1;
        assert_true(check(&m) < 0);
        m = good();
        m.header.sequence = 0;
        assert_true(check(&m) < 0);
}

static void test_texts(void **state)
{
        static const char *const bad_urls[] = {"",         "ftp://host/f", "file:///etc/passwd",
                                               "//host/f", "http://h\r",   "http:/host/f"};
        static const char *const bad_etags[] = {"a", "\"a", "\"a\"\r\nX: y", "\"a\r\nX: y\"",
                                                "w/\"a\""};
        NetMessage m;

        (void)state;
        for (size_t i = 0; i < sizeof(bad_urls) / sizeof(*bad_urls); i++) {
                m = good();
                strcpy(m.transfer.url, bad_urls[i]);
                assert_true(check(&m) < 0);
        }
        for (size_t i = 0; i < sizeof(bad_etags) / sizeof(*bad_etags); i++) {
                m = good();
                strcpy(m.transfer.validator.etag, bad_etags[i]);
                assert_true(check(&m) < 0);
        }
        m = good();
        memset(m.transfer.url + 4, 'x', sizeof(m.transfer.url) - 4);
        assert_true(check(&m) < 0);
        m = good();
        memset(m.transfer.validator.etag, 'x', sizeof(m.transfer.validator.etag));
        assert_true(check(&m) < 0);
        m = good();
        strcpy(m.transfer.url, "HTTPS://h\xc3\xb6st/file");
        assert_int_equal(check(&m), 0);
}

static void test_spans(void **state)
{
        static const struct {
                NetSpan span;
                bool ok;
        } spans[] = {
                {{0, 0, 1}, true},
                {{5, 7, NET_SIZE_UNKNOWN}, true},
                {{INT64_MAX - 1, 0, 1}, true},
                {{0, 0, 0}, false},
                {{INT64_MAX, 0, 1}, false},
                {{0, INT64_MAX, 1}, false},
                {{UINT64_MAX, 0, 1}, false},
                {{0, UINT64_MAX, NET_SIZE_UNKNOWN}, false},
                {{1, 1, UINT64_MAX - 1}, false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++) {
                NetMessage m = good();
                NetMessage next = {.next = {{NET_SPAN, 1}, spans[i].span}};

                m.transfer.ranged = 1;
                m.transfer.span = spans[i].span;
                assert_int_equal(check(&m) == 0, spans[i].ok);
                assert_int_equal(message_check(&next, sizeof(NetNext), false) == 0, spans[i].ok);
                assert_true(message_check(&next, sizeof(NetNext), true) < 0);
                m.transfer.ranged = 0;
                assert_int_equal(check(&m) == 0, spans[i].span.length == 0); /* {0, 0, 0} */
                m.transfer.ranged = 2;
                assert_true(check(&m) < 0);
        }
}

static void test_limit(void **state)
{
        NetMessage m = {.limit = {{NET_LIMIT, 0}, 1000}};

        (void)state;
        assert_int_equal(message_check(&m, sizeof(NetLimit), false), 0);
        assert_true(message_check(&m, sizeof(NetLimit), true) < 0);
        m.limit.bytes_per_sec = UINT64_MAX;
        assert_true(message_check(&m, sizeof(NetLimit), false) < 0);
        m.limit.bytes_per_sec = 0;
        assert_int_equal(message_check(&m, sizeof(NetLimit), false), 0);
        m.header.sequence = 1; /* it is of no transfer */
        assert_true(message_check(&m, sizeof(NetLimit), false) < 0);
}

static void test_orders(void **state)
{
        (void)state;
        for (uint32_t type = 0; type < 20; type++) {
                NetMessage m = {.order = {.header = {.type = type, .sequence = 1}}};
                bool order = type == NET_PROCEED || type == NET_CANCEL || type == NET_HALT ||
                             type == NET_FINISH;

                assert_int_equal(message_check(&m, sizeof(NetOrder), false) == 0, order);
                assert_int_equal(message_check(&m, sizeof(NetOrder), true) == 0,
                                 type == NET_SOURCE); /* of an order's size, with a descriptor */
        }
}

static bool http_is_ok(NetHttp http)
{
        NetMessage m = {.http = http};

        m.header = (WireHeader){NET_HTTP, 1};
        return message_check(&m, sizeof(NetHttp), true) == 0;
}

static void test_http(void **state)
{
        NetMessage m = {.http = {.header = {NET_HTTP, 1}}};

        (void)state;
        assert_int_equal(message_check(&m, sizeof(NetHttp), true), 0);
        assert_true(message_check(&m, sizeof(NetHttp), false) < 0);
        assert_true(message_check(&m, sizeof(NetHttp) - 1, true) < 0);
        for (uint32_t flag = 1; flag; flag <<= 1)
                assert_int_equal(http_is_ok((NetHttp){.security_flags = flag}),
                                 (flag & 0xb1f) != 0);
        assert_false(http_is_ok((NetHttp){.security_flags = 0x300}));
        assert_true(http_is_ok((NetHttp){.ask = 1}));
        assert_false(http_is_ok((NetHttp){.ask = 2}));
        assert_false(http_is_ok((NetHttp){.reserved = 1}));
        assert_true(http_is_ok((NetHttp){.headers_size = NET_OPTIONS_HEADERS_MAX}));
        assert_false(http_is_ok((NetHttp){.headers_size = NET_OPTIONS_HEADERS_MAX + 1}));
        assert_true(http_is_ok((NetHttp){.certificate_size = NET_OPTIONS_CERTIFICATE_MAX}));
        assert_false(http_is_ok((NetHttp){.certificate_size = NET_OPTIONS_CERTIFICATE_MAX + 1}));
        assert_true(http_is_ok((NetHttp){.n_accepted = NET_OPTIONS_ACCEPTED_MAX}));
        assert_false(http_is_ok((NetHttp){.n_accepted = NET_OPTIONS_ACCEPTED_MAX + 1}));
        assert_true(http_is_ok((NetHttp){.method = "M-SEARCH"}));
        assert_false(http_is_ok((NetHttp){.method = "CONNECT"}));
        assert_false(http_is_ok((NetHttp){.method = "GET "}));
        assert_false(http_is_ok((NetHttp){.method = "G\xc3\x84T"}));
        memset(m.http.method, 'x', sizeof(m.http.method));
        assert_false(http_is_ok(m.http));
}

static void test_copy(void **state)
{
        NetMessage m = {.copy = {.header = {NET_COPY, 1}, .begin = 5, .validator = {.size = 5}}};

        (void)state;
        assert_int_equal(message_check(&m, sizeof(NetCopy), true), 0);
        assert_true(message_check(&m, sizeof(NetCopy), false) < 0);
        assert_true(message_check(&m, sizeof(NetCopy) - 1, true) < 0);
        m.copy.begin = 6; /* more than there is */
        assert_true(message_check(&m, sizeof(NetCopy), true) < 0);
        m.copy.validator.size = NET_SIZE_UNKNOWN;
        assert_int_equal(message_check(&m, sizeof(NetCopy), true), 0);
        m.copy.begin = (uint64_t)INT64_MAX + 1;
        assert_true(message_check(&m, sizeof(NetCopy), true) < 0);
        m.copy.begin = 6;
        memset(m.copy.validator.etag, 'x', sizeof(m.copy.validator.etag));
        assert_true(message_check(&m, sizeof(NetCopy), true) < 0);
        m.copy.begin = 0; /* then nobody looks at it */
        assert_int_equal(message_check(&m, sizeof(NetCopy), true), 0);
        m.copy.header.sequence = 0;
        assert_true(message_check(&m, sizeof(NetCopy), true) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_transfer), cmocka_unit_test(test_texts),
                cmocka_unit_test(test_spans),    cmocka_unit_test(test_limit),
                cmocka_unit_test(test_orders),   cmocka_unit_test(test_copy),
                cmocka_unit_test(test_http),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
