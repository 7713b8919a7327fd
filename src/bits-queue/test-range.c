/* Lists of ranges, and sets of them against a map of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "range.h"

#define EOF_ RANGE_TO_EOF

static void test_check(void **state)
{
        static const struct {
                FileRange range;
                uint64_t size;
                HRESULT hr;
        } rows[] = {
                {{0, 1}, EOF_, S_OK},
                {{0, EOF_}, EOF_, S_OK},
                {{INT64_MAX - 1, 1}, EOF_, S_OK},
                {{0, 0}, EOF_, BG_E_INVALID_RANGE},
                {{UINT64_MAX, 1}, EOF_, BG_E_INVALID_RANGE},
                {{UINT64_MAX, EOF_}, EOF_, BG_E_INVALID_RANGE},
                {{INT64_MAX, 1}, EOF_, BG_E_INVALID_RANGE},
                {{1, INT64_MAX}, EOF_, BG_E_INVALID_RANGE},
                {{1, UINT64_MAX - 1}, EOF_, BG_E_INVALID_RANGE},
                {{0, 10}, 10, S_OK},
                {{9, EOF_}, 10, S_OK},
                {{0, 11}, 10, BG_E_INVALID_RANGE},
                {{9, 2}, 10, BG_E_INVALID_RANGE},
                {{10, 1}, 10, BG_E_INVALID_RANGE},
                {{10, EOF_}, 10, BG_E_INVALID_RANGE},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                assert_int_equal(ranges_check(&rows[i].range, 1, rows[i].size), rows[i].hr);
}

static void test_disjoint(void **state)
{
        static const struct {
                FileRange ranges[3];
                HRESULT hr;
        } rows[] = {
                {{{10, 5}, {0, 10}, {15, 1}}, S_OK},
                {{{10, EOF_}, {0, 10}, {5, 1}}, BG_E_OVERLAPPING_RANGES},
                {{{10, 5}, {14, 1}, {0, 1}}, BG_E_OVERLAPPING_RANGES},
                {{{10, 5}, {10, 5}, {0, 1}}, BG_E_OVERLAPPING_RANGES},
                {{{0, EOF_}, {10, 5}, {20, 1}}, BG_E_OVERLAPPING_RANGES},
                {{{7, EOF_}, {9, EOF_}, {0, 1}}, BG_E_OVERLAPPING_RANGES},
                {{{7, EOF_}, {3, 4}, {0, 3}}, S_OK},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                assert_int_equal(ranges_check_disjoint(rows[i].ranges, 3), rows[i].hr);
}

static void test_sum(void **state)
{
        static const FileRange ranges[] = {{10, 5}, {20, EOF_}, {0, 3}};

        (void)state;
        assert_true(ranges_sum(ranges, 3, EOF_) == EOF_);
        assert_int_equal(ranges_sum(ranges, 1, EOF_), 5);
        assert_int_equal(ranges_sum(ranges, 3, 100), 88);
        assert_int_equal(ranges_sum(NULL, 0, EOF_), 0);
}

/* Neighbours that go on where the one before ends are one request; others are not. */
static void test_at(void **state)
{
        static const FileRange ranges[] = {{50, 10}, {60, 5}, {0, 5}, {5, 5}, {70, EOF_}, {20, 3}};
        static const struct {
                uint64_t offset;
                FileRange found;
        } rows[] = {
                {0, {50, 15}}, {9, {59, 6}}, {10, {60, 5}},    {14, {64, 1}},
                {15, {0, 10}}, {24, {9, 1}}, {25, {70, EOF_}}, {1000, {1045, EOF_}},
        };
        static const struct {
                uint64_t offset;
                FileRange found;
        } sized[] = {
                {25, {70, 30}}, {54, {99, 1}}, {55, {20, 3}}, {57, {22, 1}}, /* of 100 bytes */
        };
        FileRange found;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                assert_true(ranges_at(ranges, ELEMENTS(ranges), rows[i].offset, EOF_, &found));
                assert_int_equal(found.offset, rows[i].found.offset);
                assert_true(found.length == rows[i].found.length);
        }
        for (size_t i = 0; i < ELEMENTS(sized); i++) {
                assert_true(ranges_at(ranges, ELEMENTS(ranges), sized[i].offset, 100, &found));
                assert_int_equal(found.offset, sized[i].found.offset);
                assert_int_equal(found.length, sized[i].found.length);
        }
        assert_false(ranges_at(ranges, ELEMENTS(ranges), 58, 100, &found));
        assert_false(ranges_at(ranges, 4, 25, EOF_, &found));
        assert_false(ranges_at(ranges, 0, 0, EOF_, &found));
}

enum {
        MAP = 64
};

static void check_set(const FileRange *set, size_t n, const bool *map)
{
        bool seen[MAP] = {false};

        for (size_t i = 0; i < n; i++) {
                assert_true(set[i].length > 0);
                assert_true(i == 0 || range_end(&set[i - 1]) < set[i].offset); /* merged */
                for (uint64_t b = set[i].offset; b < range_end(&set[i]); b++)
                        seen[b] = true;
        }
        assert_memory_equal(seen, map, sizeof(seen));
}

static void check_gap(const FileRange *set, size_t n, const bool *map, uint64_t begin, uint64_t end)
{
        FileRange gap;
        uint64_t first = begin, last;

        while (first < end && map[first])
                first++;
        for (last = first; last < end && !map[last]; last++)
                ;
        assert_int_equal(ranges_gap(set, n, begin, end, &gap), first < end);
        if (first < end) {
                assert_int_equal(gap.offset, first);
                assert_int_equal(gap.length, last - first);
        }
}

static void test_set(void **state)
{
        unsigned seed = 1;

        (void)state;
        for (int round = 0; round < 300; round++) {
                FileRange *set = NULL;
                bool map[MAP] = {false};
                size_t n = 0;

                for (int i = 0; i < 12; i++) {
                        uint64_t offset = (uint64_t)(rand_r(&seed) % MAP);
                        uint64_t length = (uint64_t)(rand_r(&seed) % 9) + 1;

                        if (length > MAP - offset)
                                length = MAP - offset;
                        memset(&map[offset], true, length);
                        assert_int_equal(ranges_add(&set, &n, (FileRange){offset, length}), 0);
                        check_set(set, n, map);
                        check_gap(set, n, map, 0, MAP);
                        check_gap(set, n, map, offset / 2, offset + 1);
                        check_gap(set, n, map, offset, MAP);
                }
                free(set);
        }
}

static void test_set_to_the_end(void **state)
{
        FileRange *set = NULL, gap;
        size_t n = 0;

        (void)state;
        assert_true(ranges_gap(set, n, 5, EOF_, &gap));
        assert_true(gap.offset == 5 && gap.length == EOF_);
        assert_int_equal(ranges_add(&set, &n, (FileRange){10, 5}), 0);
        assert_true(ranges_gap(set, n, 10, EOF_, &gap));
        assert_true(gap.offset == 15 && gap.length == EOF_);
        assert_int_equal(ranges_add(&set, &n, (FileRange){12, EOF_}), 0);
        assert_true(n == 1 && set[0].offset == 10 && set[0].length == EOF_);
        assert_false(ranges_gap(set, n, 10, EOF_, &gap));
        assert_true(ranges_gap(set, n, 0, EOF_, &gap));
        assert_true(gap.offset == 0 && gap.length == 10);
        free(set);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_check), cmocka_unit_test(test_disjoint),
                cmocka_unit_test(test_sum),   cmocka_unit_test(test_at),
                cmocka_unit_test(test_set),   cmocka_unit_test(test_set_to_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
