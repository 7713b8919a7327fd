/* The rate of background jobs over the week, and the words for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "bandwidth.h"

enum {
        SUN,
        MON,
        TUE,
        WED,
        THU,
        FRI,
        SAT
};

static struct tm at(int day, int hour, int minute, int second)
{
        return (struct tm){.tm_wday = day, .tm_hour = hour, .tm_min = minute, .tm_sec = second};
}

static uint64_t rate(const Bandwidth *b, int day, int hour, int minute, int second)
{
        struct tm local = at(day, hour, minute, second);

        return bandwidth_at(b, &local);
}

static uint32_t lasts(const Bandwidth *b, int day, int hour, int minute, int second)
{
        struct tm local = at(day, hour, minute, second);

        return bandwidth_lasts_sec(b, &local);
}

static void add(Bandwidth *b, const char *text)
{
        assert_int_equal(bandwidth_parse_window(text, b), 0);
}

static void test_rates(void **state)
{
        static const char *const bad[] = {"",
                                          "-1",
                                          "K",
                                          "1k",
                                          "1 K",
                                          "1KB",
                                          "99999999999999999999",
                                          "9999999999G",
                                          "unlimitedly",
                                          "1.5M"};
        uint64_t value;

        (void)state;
        assert_int_equal(bandwidth_parse_rate("0", &value), 0);
        assert_int_equal(value, 0);
        assert_int_equal(bandwidth_parse_rate("1000", &value), 0);
        assert_int_equal(value, 1000);
        assert_int_equal(bandwidth_parse_rate("100K", &value), 0);
        assert_int_equal(value, 102400);
        assert_int_equal(bandwidth_parse_rate("2G", &value), 0);
        assert_int_equal(value, 2147483648);
        assert_int_equal(bandwidth_parse_rate("unlimited", &value), 0);
        assert_true(value == RATE_UNLIMITED);
        assert_int_equal(bandwidth_parse_rate("1", &value), 0); /* 2 kbit/s at least */
        assert_int_equal(value, 250);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_true(bandwidth_parse_rate(bad[i], &value) < 0);
}

static void test_bad_windows(void **state)
{
        static const char *const bad[] = {
                "Mon",
                "Mon 08:00-17:00",
                "Mon 08:00-17:00 1K 2K",
                "Mon 8-17 1K",
                "Mon 08:00-25:00 1K",
                "Mon 24:00-24:00 1K",
                "Mon 08:60-09:00 1K",
                "Mon 08:00:61-09:00 1K",
                "Mon 008:00-09:00 1K",
                "Mon 08:00:-09:00 1K",
                "Mo 08:00-09:00 1K",
                "Mon- 08:00-09:00 1K",
                "Mon, 08:00-09:00 1K",
                "Mon;Tue 08:00-09:00 1K",
                "Mon 08:00 - 09:00 1K",
                "Mon 08:00-09:00 fast",
                "Mon 08:00--09:00 1K",
        };
        Bandwidth b = {.bytes_per_sec = 7};

        (void)state;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                assert_true(bandwidth_parse_window(bad[i], &b) < 0);
                assert_int_equal(b.n_windows, 0);
        }
        for (size_t i = 0; i < BANDWIDTH_WINDOWS_MAX; i++)
                add(&b, "daily 01:00-02:00 1K");
        assert_true(bandwidth_parse_window("daily 01:00-02:00 1K", &b) < 0);
        add(&b, "");
        assert_int_equal(b.n_windows, 0);
}

static void test_window_of_weekdays(void **state)
{
        Bandwidth b = {.bytes_per_sec = RATE_UNLIMITED};

        (void)state;
        add(&b, "Mon-Fri 08:00-17:00 100K");
        assert_true(rate(&b, MON, 7, 59, 59) == RATE_UNLIMITED);
        assert_int_equal(rate(&b, MON, 8, 0, 0), 102400);
        assert_int_equal(rate(&b, FRI, 16, 59, 59), 102400);
        assert_true(rate(&b, FRI, 17, 0, 0) == RATE_UNLIMITED);
        assert_true(rate(&b, SAT, 12, 0, 0) == RATE_UNLIMITED);
        assert_true(rate(&b, SUN, 12, 0, 0) == RATE_UNLIMITED);
        assert_int_equal(lasts(&b, MON, 7, 59, 59), 1);
        assert_int_equal(lasts(&b, MON, 8, 0, 0), 9 * 3600);
        assert_int_equal(lasts(&b, MON, 17, 0, 0), 7 * 3600);
        assert_int_equal(lasts(&b, MON, 23, 59, 60), 1);
}

static void test_window_over_midnight(void **state)
{
        Bandwidth b = {.bytes_per_sec = 5000};

        (void)state;
        add(&b, "Fri-Sun 22:00-06:00:30 0");
        assert_int_equal(rate(&b, FRI, 5, 0, 0), 5000); /* Thursday's night */
        assert_int_equal(rate(&b, FRI, 22, 0, 0), 0);
        assert_int_equal(rate(&b, SAT, 5, 0, 0), 0);
        assert_int_equal(rate(&b, SAT, 6, 0, 30), 5000);
        assert_int_equal(rate(&b, MON, 6, 0, 29), 0); /* Sunday's */
        assert_int_equal(rate(&b, MON, 22, 0, 0), 5000);
        assert_int_equal(lasts(&b, FRI, 22, 0, 0), 2 * 3600);
}

static void test_whole_days_and_lists(void **state)
{
        Bandwidth b = {.bytes_per_sec = 5000};

        (void)state;
        add(&b, "Sat-Mon,Wed 00:00-24:00 1000");
        assert_int_equal(rate(&b, SAT, 0, 0, 0), 1000);
        assert_int_equal(rate(&b, SUN, 23, 59, 59), 1000);
        assert_int_equal(rate(&b, MON, 12, 0, 0), 1000);
        assert_int_equal(rate(&b, TUE, 0, 0, 0), 5000);
        assert_int_equal(rate(&b, WED, 23, 0, 0), 1000);
        assert_int_equal(rate(&b, THU, 0, 0, 0), 5000);
}

static void test_the_last_window_holds(void **state)
{
        Bandwidth b = {.bytes_per_sec = 5000};

        (void)state;
        add(&b, "daily 08:00-18:00 1000");
        add(&b, "daily 12:00-13:00 unlimited");
        assert_int_equal(rate(&b, TUE, 11, 0, 0), 1000);
        assert_true(rate(&b, TUE, 12, 30, 0) == RATE_UNLIMITED);
        assert_int_equal(rate(&b, TUE, 13, 0, 0), 1000);
        assert_int_equal(lasts(&b, TUE, 11, 0, 0), 3600);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rates),
                cmocka_unit_test(test_bad_windows),
                cmocka_unit_test(test_window_of_weekdays),
                cmocka_unit_test(test_window_over_midnight),
                cmocka_unit_test(test_whole_days_and_lists),
                cmocka_unit_test(test_the_last_window_holds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
