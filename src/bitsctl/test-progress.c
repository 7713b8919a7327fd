#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format.h"
#include "progress.h"

#define SEC UINT64_C(1000000)
#define MIB (UINT64_C(1024) * 1024)

static void test_rate_steady(void **state)
{
        Rate rate = {0};

        (void)state;
        rate_sample(&rate, 5 * SEC, 100);
        assert_false(rate.known); /* one point is no rate */
        for (uint64_t i = 1; i <= 10; i++)
                rate_sample(&rate, (5 + i) * SEC, 100 + i * 2000);
        assert_true(rate.known);
        assert_true(rate.bytes_per_sec > 1999.9 && rate.bytes_per_sec < 2000.1);
}

static void test_rate_smooth(void **state)
{
        Rate rate = {0};

        (void)state;
        rate_sample(&rate, 0, 0);
        rate_sample(&rate, 1 * SEC, 1000);
        rate_sample(&rate, 2 * SEC, 1000); /* a second without a byte */
        assert_true(rate.bytes_per_sec > 700 && rate.bytes_per_sec < 800);
        for (uint64_t i = 3; i < 60; i++)
                rate_sample(&rate, i * SEC, 1000);
        assert_true(rate.bytes_per_sec < 1); /* a stall is seen */
}

static void test_rate_restart(void **state)
{
        Rate rate = {0};

        (void)state;
        rate_sample(&rate, 0, 0);
        rate_sample(&rate, 1 * SEC, 1000);
        rate_sample(&rate, 2 * SEC, 10); /* the file began anew */
        assert_false(rate.known);
        rate_sample(&rate, 3 * SEC, 510);
        assert_true(rate.bytes_per_sec > 499.9 && rate.bytes_per_sec < 500.1);
        rate_sample(&rate, 3 * SEC, 9999); /* no time has passed: nothing to learn */
        assert_int_equal(rate.last_bytes, 510);
}

static void test_percent(void **state)
{
        (void)state;
        assert_int_equal(progress_percent(&(Progress){0, 100}), 0);
        assert_int_equal(progress_percent(&(Progress){45, 100}), 45);
        assert_int_equal(progress_percent(&(Progress){99999, 100000}), 99);
        assert_int_equal(progress_percent(&(Progress){100000, 100000}), 100);
        assert_int_equal(progress_percent(&(Progress){200, 100}), 100);
        assert_int_equal(progress_percent(&(Progress){0, 0}), 100);
        assert_int_equal(progress_percent(&(Progress){5, SIZE_UNKNOWN}), -1);
        assert_int_equal(progress_percent(&(Progress){UINT64_MAX - 2, UINT64_MAX - 1}), 99);
        assert_int_equal(progress_percent(&(Progress){UINT64_MAX / 2, UINT64_MAX - 1}), 49);
}

static uint64_t left(uint64_t done, uint64_t total, double rate)
{
        return progress_time_left(
                &(Progress){.bytes_done = done, .bytes_total = total, .bytes_per_sec = rate});
}

static void test_time_left(void **state)
{
        (void)state;
        assert_int_equal(left(0, 1000, 100), 10);
        assert_int_equal(left(0, 1001, 100), 11); /* up */
        assert_int_equal(left(1000, 1000, 0), 0);
        assert_true(left(0, 1000, 0) == UINT64_MAX);
        assert_true(left(0, 1000, -1) == UINT64_MAX);
        assert_true(left(0, SIZE_UNKNOWN, 100) == UINT64_MAX);
        assert_true(left(0, UINT64_MAX - 1, 2) == UINT64_MAX); /* nobody waits that long */
}

static void test_line(void **state)
{
        Progress p = {
                .bytes_done = 32 * MIB,
                .bytes_total = 64 * MIB,
                .files_done = 0,
                .files_total = 1,
                .bytes_per_sec = 4.0 * (double)MIB,
        };
        char line[PROGRESS_LINE_SIZE];

        (void)state;
        progress_line(&p, 79, line);
        assert_string_equal(line, " 50% [=============>              ]"
                                  "  32.0 MiB of 64.0 MiB  4.0 MiB/s  0:08 left");
        assert_int_equal(strlen(line), 79);
        p.files_total = 3;
        progress_line(&p, 90, line);
        assert_non_null(strstr(line, "  0 of 3 files"));
}

static void test_line_narrow(void **state)
{
        Progress p = {
                .bytes_done = 32 * MIB,
                .bytes_total = 64 * MIB,
                .files_total = 7,
                .bytes_per_sec = 4.0 * (double)MIB,
        };
        char line[PROGRESS_LINE_SIZE];

        (void)state;
        for (size_t width = 0; width < 300; width++) {
                progress_line(&p, width, line);
                assert_true(strlen(line) <= width);
        }
        progress_line(&p, 30, line);
        assert_string_equal(line, " 50%  32.0 MiB of 64.0 MiB");
        progress_line(&p, 4, line);
        assert_string_equal(line, " 50%");
        progress_line(&p, 2, line);
        assert_string_equal(line, " 5");
}

static void test_line_ends(void **state)
{
        Progress p = {.bytes_total = 10, .bytes_per_sec = -1, .files_total = 1};
        char line[PROGRESS_LINE_SIZE];

        (void)state;
        progress_line(&p, 40, line);
        assert_string_equal(line, "  0% [                    ]  0 B of 10 B");
        p.bytes_done = 10;
        progress_line(&p, 40, line);
        assert_string_equal(line, "100% [========]  10 B of 10 B  0:00 left");
        p.bytes_total = SIZE_UNKNOWN;
        progress_line(&p, 40, line);
        assert_string_equal(line, " ...  10 B");
}

static void test_text(void **state)
{
        char text[PROGRESS_LINE_SIZE];

        (void)state;
        progress_text(&(Progress){512, 1024}, text);
        assert_string_equal(text, "50%  512 B of 1.0 KiB");
        progress_text(&(Progress){512, SIZE_UNKNOWN}, text);
        assert_string_equal(text, "512 B");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rate_steady),  cmocka_unit_test(test_rate_smooth),
                cmocka_unit_test(test_rate_restart), cmocka_unit_test(test_percent),
                cmocka_unit_test(test_time_left),    cmocka_unit_test(test_line),
                cmocka_unit_test(test_line_narrow),  cmocka_unit_test(test_line_ends),
                cmocka_unit_test(test_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
