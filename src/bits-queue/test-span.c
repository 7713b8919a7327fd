/* Which bytes are sent for, in which order, and that none is twice. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "file.h"
#include "job.h"
#include "span.h"

#define UNKNOWN NET_SIZE_UNKNOWN

static Job job;
static File *file;
static Spans spans;

static int set_up(void **state)
{
        (void)state;
        job = (Job){.state = JOB_TRANSFERRING};
        file = file_new(&job, 0, "http://a/b", "/a");
        return file ? 0 : -1;
}

static int take_down(void **state)
{
        (void)state;
        spans_deinit(&spans);
        file = file_free(file);
        return 0;
}

static void set_list(FileRange **list, size_t *n, const FileRange *from, size_t n_from)
{
        free(*list);
        *list = calloc(n_from, sizeof(*from));
        assert_non_null(*list);
        memcpy(*list, from, n_from * sizeof(*from));
        *n = n_from;
}

static void expect(uint64_t remote, uint64_t local, uint64_t length)
{
        NetSpan span;

        assert_int_equal(spans_next(&spans, file, &span), 1);
        assert_true(span.remote == remote);
        assert_true(span.local == local);
        assert_true(span.length == length);
}

static void expect_nothing(void)
{
        NetSpan span;

        assert_int_equal(spans_next(&spans, file, &span), 0);
}

/* All that was sent for is durable up to offset. */
static void durable(uint64_t offset)
{
        FileRange part;

        while (spans_take(&spans, offset, &part))
                assert_int_equal(file_fill(file, part), 0);
        assert_int_equal(file->offset, offset);
}

static void test_plain(void **state)
{
        FileRange part;

        (void)state;
        assert_false(spans_are_needed(file));
        spans_start(&spans, file);
        assert_int_equal(spans_plain(&spans), 0);
        assert_true(spans_end(&spans) == UNKNOWN);
        durable(10);
        assert_true(spans_resolve(&spans, 100));
        assert_int_equal(spans_end(&spans), 100);
        durable(100);
        assert_false(spans_take(&spans, 100, &part));
        assert_int_equal(file->n_filled, 0); /* from its begin: no list */
}

static void test_given_order(void **state)
{
        static const FileRange ranges[] = {{50, 10}, {60, 5}, {80, UNKNOWN}, {0, 5}};

        (void)state;
        set_list(&file->ranges, &file->n_ranges, ranges, ELEMENTS(ranges));
        file_reset(file);
        assert_true(file->size == UNKNOWN);
        assert_true(spans_are_needed(file));
        spans_start(&spans, file);
        expect(50, 0, 15);
        file->validator.size = 100;
        file->size = ranges_sum(ranges, ELEMENTS(ranges), 100);
        expect(80, 15, 20);
        durable(20);
        expect(0, 35, 5);
        expect_nothing();
        durable(40);
        assert_int_equal(file->n_filled, 0);

        /* again from the middle of the first request */
        file->offset = 12;
        spans_start(&spans, file);
        expect(62, 12, 3);
        expect(80, 15, 20);
}

static void test_to_the_end_first(void **state)
{
        static const FileRange ranges[] = {{80, UNKNOWN}, {0, 5}};

        (void)state;
        set_list(&file->ranges, &file->n_ranges, ranges, ELEMENTS(ranges));
        spans_start(&spans, file);
        expect(80, 0, UNKNOWN);
        expect_nothing(); /* where it goes is not known yet */
        assert_false(spans_resolve(&spans, 79));
        assert_true(spans_resolve(&spans, 100));
        file->validator.size = 100;
        expect(0, 20, 5);
}

static void test_on_demand(void **state)
{
        static const FileRange requested[] = {{50, 10}, {20, 5}, {90, UNKNOWN}};

        (void)state;
        job.on_demand = true;
        assert_true(spans_are_needed(file));
        spans_start(&spans, file);
        expect_nothing();
        set_list(&file->requested, &file->n_requested, requested, ELEMENTS(requested));
        expect(50, 50, 10);
        file->size = file->validator.size = 100;
        file->position = 95;
        expect(95, 95, 5); /* behind the position first */
        file->position = 0;
        expect(20, 20, 5);
        durable(15);
        assert_int_equal(file->n_requested, 2);
        expect(90, 90, 5);
        expect_nothing();
        durable(20);
        assert_int_equal(file->n_requested, 1);
        durable(25);
        assert_int_equal(file->n_requested, 0);
        assert_int_equal(file->n_filled, 3);
        assert_int_equal(file_filled_end(file), 100);
        assert_true(file->filled[2].offset == 90 && file->filled[2].length == 10);
}

/* Requests that touch are one, as far as they come one after the other; a gap is never fetched. */
static void test_requests_that_touch(void **state)
{
        static const FileRange requested[] = {
                {10, 10}, {20, 5}, {25, 1}, {27, 3}, {5, 5}, {60, UNKNOWN},
        };

        (void)state;
        job.on_demand = true;
        file->size = file->validator.size = 100;
        set_list(&file->requested, &file->n_requested, requested, ELEMENTS(requested));
        spans_start(&spans, file);
        expect(10, 10, 16);
        expect(27, 27, 3);
        durable(12);
        assert_false(spans_should_halt(&spans, file, 12)); /* all before it is under way */
        expect(5, 5, 5);
        expect(60, 60, 40);
        expect_nothing();
        durable(64);
        assert_int_equal(file->n_requested, 0);
}

/* A plain download is turned to what is requested, then to a position, and comes out whole. */
static void test_random_access(void **state)
{
        static const FileRange requested[] = {{UINT64_C(70) << 20, 10}};
        const uint64_t mib = 1 << 20, size = 100 * mib;

        (void)state;
        spans_start(&spans, file);
        assert_int_equal(spans_plain(&spans), 0);
        file->size = file->validator.size = size;
        assert_true(spans_resolve(&spans, size));
        assert_false(spans_should_halt(&spans, file, 5 * mib));
        set_list(&file->requested, &file->n_requested, requested, 1);
        assert_true(spans_should_halt(&spans, file, 5 * mib));
        assert_false(spans_should_halt(&spans, file, 70 * mib - 1)); /* it is about to come */
        assert_false(spans_cut(&spans, size + 1));
        assert_true(spans_cut(&spans, 5 * mib));
        expect(70 * mib, 70 * mib, 10);
        file->position = 90 * mib;
        assert_false(spans_should_halt(&spans, file, 5 * mib)); /* requests go before it */
        expect(90 * mib, 90 * mib, 10 * mib);
        durable(5 * mib + 10);
        assert_int_equal(file->n_filled, 2);
        file->position = 0;
        assert_true(spans_should_halt(&spans, file, 5 * mib + 10));
        assert_true(spans_cut(&spans, 5 * mib + 10)); /* nothing of it came */
        expect(5 * mib, 5 * mib, 65 * mib);
        expect(70 * mib + 10, 70 * mib + 10, 30 * mib - 10);
        expect_nothing();
        durable(70 * mib);
        assert_int_equal(file->n_filled, 2);
        durable(size);
        assert_int_equal(file->n_filled, 0);
        assert_int_equal(file->offset, size);
}

static void test_cut(void **state)
{
        static const FileRange requested[] = {{50, 10}, {20, 5}};

        (void)state;
        job.on_demand = true;
        set_list(&file->requested, &file->n_requested, requested, ELEMENTS(requested));
        spans_start(&spans, file);
        expect(50, 50, 10);
        assert_false(spans_cut(&spans, 11));
        durable(4);
        assert_false(spans_cut(&spans, 3)); /* that is durable */
        assert_true(spans_cut(&spans, 7));
        expect(57, 57, 3);
        expect(20, 20, 5);
        durable(15);
        assert_int_equal(file->n_filled, 2);
}

static void test_remembered(void **state)
{
        static const FileRange filled[] = {{10, 10}, {40, 5}};

        (void)state;
        set_list(&file->filled, &file->n_filled, filled, 2);
        file->offset = 15;
        file->size = file->validator.size = 50;
        assert_int_equal(file_filled_end(file), 45);
        assert_true(spans_are_needed(file));
        spans_start(&spans, file);
        expect(0, 0, 10);
        expect(20, 20, 20);
        expect(45, 45, 5);
        expect_nothing();
        durable(50);
        assert_int_equal(file->n_filled, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_plain, set_up, take_down),
                cmocka_unit_test_setup_teardown(test_given_order, set_up, take_down),
                cmocka_unit_test_setup_teardown(test_to_the_end_first, set_up, take_down),
                cmocka_unit_test_setup_teardown(test_on_demand, set_up, take_down),
                cmocka_unit_test_setup_teardown(test_requests_that_touch, set_up, take_down),
                cmocka_unit_test_setup_teardown(test_random_access, set_up, take_down),
                cmocka_unit_test_setup_teardown(test_cut, set_up, take_down),
                cmocka_unit_test_setup_teardown(test_remembered, set_up, take_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
