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
        m.transfer.foreground = 2;
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

static void test_orders(void **state)
{
        (void)state;
        for (uint32_t type = 0; type < 20; type++) {
                NetMessage m = {.order = {.header = {.type = type, .sequence = 1}}};
                bool order = type == NET_PROCEED || type == NET_CANCEL;

                assert_int_equal(message_check(&m, sizeof(NetOrder), false) == 0, order);
                assert_true(message_check(&m, sizeof(NetOrder), true) < 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_transfer),
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_orders),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
