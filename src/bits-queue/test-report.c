/* What a worker says of a failure: its text goes to D-Bus, terminals and the log. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bitsmsg.h>

#include "base/cleanup.h"
#include "report.h"
#include "wire/net.h"

static int check(const char *text)
{
        NetReport report = {
                .message.failed = {.header = {.type = NET_FAILED, .sequence = 1},
                                   .hresult = BG_E_CONNECTION_CLOSED,
                                   .context = NET_CONTEXT_TRANSPORT,
                                   .retry_after_usec = -1},
        };

        (void)snprintf(report.message.failed.text, sizeof(report.message.failed.text), "%s", text);
        return net_report_check(&report, sizeof(NetFailed));
}

static void test_failure_text(void **state)
{
        static const char *const good[] = {"", "HTTP status 503",
                                           "HTTP status 503\nzur\303\274ck um sechs",
                                           "\360\237\230\200"};
        static const char *const bad[] = {
                "one\ntwo\nthree", "\033[2J", "a\rb",     "a\tb",         "\177",
                "\302\233",        "caf\351", "\300\257", "\355\240\200", "cut \342\202",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(good); i++)
                assert_int_equal(check(good[i]), 0);
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                if (check(bad[i]) != -EBADMSG)
                        fail_msg("%zu was taken", i);
}

static void test_unterminated_text(void **state)
{
        NetReport report = {
                .message.failed = {.header = {.type = NET_FAILED, .sequence = 1},
                                   .hresult = BG_E_CONNECTION_CLOSED,
                                   .context = NET_CONTEXT_TRANSPORT,
                                   .retry_after_usec = -1},
        };

        (void)state;
        memset(report.message.failed.text, 'x', sizeof(report.message.failed.text));
        assert_int_equal(net_report_check(&report, sizeof(NetFailed)), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_failure_text),
                cmocka_unit_test(test_unterminated_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
