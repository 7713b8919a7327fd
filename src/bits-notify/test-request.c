/* The check of orders: each property that the program relies on, each way to lack it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "request.h"

static NotifyRun *good(void)
{
        NotifyRun *run = calloc(1, sizeof(*run));

        assert_non_null(run);
        run->header.type = NOTIFY_RUN;
        run->time_limit_sec = 600;
        (void)strcpy(run->program, "/bin/true");
        (void)strcpy(run->parameters, "/bin/true a");
        (void)strcpy(run->job, "01234567-89AB-CDEF-0123-456789ABCDEF");
        return run;
}

static int check(const NotifyRun *run)
{
        return notify_run_check(run, sizeof(*run));
}

static void test_good(void **state)
{
        _cleanup_(freep) NotifyRun *run = good();

        (void)state;
        assert_int_equal(check(run), 0);
        run->parameters[0] = 0;
        run->time_limit_sec = 1;
        assert_int_equal(check(run), 0);
        run->time_limit_sec = NOTIFY_TIME_MAX_SEC;
        assert_int_equal(check(run), 0);
}

/* In a buffer of exactly that size, at an odd address. */
static void test_size(void **state)
{
        _cleanup_(freep) NotifyRun *run = good();
        static const size_t sizes[] = {0, 1, 8, sizeof(*run) - 1, sizeof(*run), sizeof(*run) + 1};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(sizes); i++) {
                _cleanup_(freep) char *data = calloc(1, sizes[i] + 1);

                assert_non_null(data);
                memcpy(data + 1, run, sizes[i] < sizeof(*run) ? sizes[i] : sizeof(*run));
                assert_int_equal(notify_run_check(data + 1, sizes[i]),
                                 sizes[i] == sizeof(*run) ? 0 : -EPROTO);
        }
}

static void test_fields(void **state)
{
        static const struct {
                size_t offset;
                uint32_t value;
        } rows[] = {
                {offsetof(NotifyRun, header.type), 0},
                {offsetof(NotifyRun, header.type), NOTIFY_READY},
                {offsetof(NotifyRun, header.type), NOTIFY_DONE},
                {offsetof(NotifyRun, time_limit_sec), 0},
                {offsetof(NotifyRun, time_limit_sec), NOTIFY_TIME_MAX_SEC + 1},
                {offsetof(NotifyRun, time_limit_sec), UINT32_MAX},
                {offsetof(NotifyRun, reserved), 1},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(freep) NotifyRun *run = good();

                memcpy((char *)run + rows[i].offset, &rows[i].value, sizeof(rows[i].value));
                if (check(run) != -EPROTO)
                        fail_msg("row %zu", i);
        }
}

static void test_texts_end(void **state)
{
        static const struct {
                size_t offset, size;
        } rows[] = {
                {offsetof(NotifyRun, job), NOTIFY_JOB_SIZE},
                {offsetof(NotifyRun, program), WIRE_PATH_SIZE},
                {offsetof(NotifyRun, parameters), NOTIFY_PARAMETERS_SIZE},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(freep) NotifyRun *run = good();
                char *field = (char *)run + rows[i].offset;

                memset(field, '/', rows[i].size);
                if (check(run) != -EPROTO)
                        fail_msg("row %zu", i);
                field[rows[i].size - 1] = 0;
                assert_int_equal(check(run), 0);
        }
}

static void test_program(void **state)
{
        static const char *const bad[] = {"", "true", "./true", " /bin/true", "~/x"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_(freep) NotifyRun *run = good();

                (void)strcpy(run->program, bad[i]);
                if (check(run) != -EPROTO)
                        fail_msg("\"%s\"", bad[i]);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),    cmocka_unit_test(test_size),
                cmocka_unit_test(test_fields),  cmocka_unit_test(test_texts_end),
                cmocka_unit_test(test_program),
        };

        return cmocka_run_group_tests_name("notify-request", tests, NULL, NULL);
}
