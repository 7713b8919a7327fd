/* What failures cost, and whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "logon-delay.h"

#define SECOND UINT64_C(1000000)
#define START  (100 * SECOND)

static LogonDelay *new_delay(void **state)
{
        free(*state);
        *state = calloc(1, sizeof(LogonDelay));
        assert_non_null(*state);
        return *state;
}

static int teardown(void **state)
{
        free(*state);
        return 0;
}

static void fail_times(LogonDelay *delay, unsigned n, uid_t uid, const char *account)
{
        while (n--)
                logon_delay_failed(delay, uid, account, START);
}

static void test_bucket(void **state)
{
        LogonDelay *delay = new_delay(state);

        assert_int_equal(logon_delay_caller(delay, 1000, START), 0);
        fail_times(delay, LOGON_BURST - 1, 1000, "bob");
        assert_int_equal(logon_delay_caller(delay, 1000, START), 0);
        fail_times(delay, 1, 1000, "bob");
        assert_int_equal(logon_delay_caller(delay, 1000, START), LOGON_REFILL_USEC);
        assert_int_equal(logon_delay_caller(delay, 1000, START + LOGON_REFILL_USEC), 0);

        fail_times(delay, 1, 1000, "bob"); /* several at once drain it below empty */
        assert_int_equal(logon_delay_caller(delay, 1000, START), 2 * LOGON_REFILL_USEC);
        assert_int_equal(logon_delay_caller(delay, 1001, START), 0);
}

static void test_forgotten(void **state)
{
        LogonDelay *delay = new_delay(state);

        fail_times(delay, 3, 1000, "bob");
        assert_true(logon_delay_target(delay, "bob", START) > 0);
        assert_int_equal(logon_delay_target(delay, "bob", START + 3 * LOGON_REFILL_USEC), 0);
        logon_delay_failed(delay, 1000, "bob", START + 1000 * SECOND); /* as if the first */
        assert_int_equal(logon_delay_target(delay, "bob", START + 1000 * SECOND),
                         SECOND + SECOND / 10);
}

static void test_bounds(void **state)
{
        LogonDelay *delay = new_delay(state);

        fail_times(delay, 10000, 1000, "bob");
        assert_int_equal(logon_delay_target(delay, "bob", START),
                         LOGON_TARGET_MAX_USEC + LOGON_ALL_MAX_USEC);
        assert_int_equal(logon_delay_target(delay, "carol", START), LOGON_ALL_MAX_USEC);
        assert_int_equal(logon_delay_caller(delay, 1001, START), 0);
        assert_true(logon_delay_caller(delay, 1000, START) <= 6 * LOGON_REFILL_USEC);
        assert_int_equal(logon_delay_target(delay, "bob", START + 120 * SECOND), 0);
}

static void test_full_table(void **state)
{
        LogonDelay *delay = new_delay(state);
        char name[32];

        fail_times(delay, LOGON_BURST, 7, "bob");
        for (uid_t uid = 10000; uid < 10000 + 3 * LOGON_COUNTS; uid++) {
                (void)snprintf(name, sizeof(name), "account-%u", uid);
                fail_times(delay, 1, uid, name);
        }
        /* Many with one failure push nobody out who has many. */
        assert_int_equal(logon_delay_caller(delay, 7, START), LOGON_REFILL_USEC);
        assert_int_equal(logon_delay_target(delay, "bob", START),
                         LOGON_TARGET_MAX_USEC + LOGON_ALL_MAX_USEC);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_bucket, teardown),
                cmocka_unit_test_teardown(test_forgotten, teardown),
                cmocka_unit_test_teardown(test_bounds, teardown),
                cmocka_unit_test_teardown(test_full_table, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
