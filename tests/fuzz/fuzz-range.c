/*
 * Lists of ranges as a caller sends them: the first byte says how large the file is and how numbers
 * are read, the rest are offsets and lengths. What passes the checks keeps its promises: no sum
 * overflows, the concatenation has every byte once and in order, and a set is what a plain array of
 * bytes says it is.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "range.h"

enum {
        RANGES_MAX = 24,
        SMALL_SIZE = 256, /* of a file that is kept byte by byte */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_ranges(const uint8_t *data, size_t size, bool small, FileRange *ret)
{
        size_t n, unit = small ? 2 : sizeof(FileRange);

        for (n = 0; n < RANGES_MAX && (n + 1) * unit <= size; n++)
                if (small)
                        ret[n] = (FileRange){data[n * 2], data[n * 2 + 1] == 255 ? RANGE_TO_EOF
                                                                                 : data[n * 2 + 1]};
                else
                        memcpy(&ret[n], data + n * unit, unit);
        return n;
}

/* Walked from its begin to its end, the concatenation is as long as the sum says, and its parts lie
 * in the file. */
static void check_walk(const FileRange *ranges, size_t n, uint64_t size)
{
        uint64_t sum = ranges_sum(ranges, n, size), at = 0, steps = 0;
        FileRange part;

        while (ranges_at(ranges, n, at, size, &part)) {
                assert(part.length > 0 && ++steps <= n);
                if (part.length == RANGE_TO_EOF) {
                        assert(size == RANGE_TO_EOF && sum == RANGE_TO_EOF);
                        return;
                }
                assert(part.offset <= INT64_MAX && part.length <= INT64_MAX);
                assert(size == RANGE_TO_EOF || part.offset + part.length <= size);
                at += part.length;
        }
        assert(at == sum);
}

/* No byte twice, by looking at each. */
static bool is_disjoint(const FileRange *ranges, size_t n)
{
        bool seen[2 * SMALL_SIZE] = {false};

        for (size_t i = 0; i < n; i++)
                for (uint64_t b = ranges[i].offset; b < 2 * SMALL_SIZE && b < range_end(&ranges[i]);
                     b++) {
                        if (seen[b])
                                return false;
                        seen[b] = true;
                }
        return true;
}

/* A set that the ranges were added to, beside an array of its bytes. */
static void check_set(const FileRange *ranges, size_t n)
{
        bool has[2 * SMALL_SIZE] = {false};
        FileRange *set = NULL, gap;
        size_t n_set = 0;
        uint64_t first = 0;

        for (size_t i = 0; i < n; i++) {
                assert(ranges_add(&set, &n_set, ranges[i]) == 0);
                for (uint64_t b = ranges[i].offset; b < 2 * SMALL_SIZE && b < range_end(&ranges[i]);
                     b++)
                        has[b] = true;
        }
        for (size_t i = 0; i < n_set; i++) {
                assert(set[i].length > 0);
                assert(i == 0 || range_end(&set[i - 1]) < set[i].offset);
                for (uint64_t b = set[i].offset; b < 2 * SMALL_SIZE && b < range_end(&set[i]); b++)
                        assert(has[b]);
        }
        while (first < 2 * SMALL_SIZE && has[first])
                first++;
        if (ranges_gap(set, n_set, 0, 2 * SMALL_SIZE, &gap))
                assert(gap.offset == first && !has[first]);
        else
                assert(first == 2 * SMALL_SIZE);
        free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        FileRange ranges[RANGES_MAX];
        bool small;
        uint64_t file_size = RANGE_TO_EOF;
        size_t n;

        if (size == 0)
                return 0;
        small = data[0] & 1;
        if (data[0] & 2)
                file_size = small ? SMALL_SIZE : INT64_MAX;
        n = read_ranges(data + 1, size - 1, small, ranges);
        if (n == 0 || FAILED(ranges_check(ranges, n, file_size)))
                return 0;
        for (size_t i = 0; i < n; i++)
                assert(ranges[i].length > 0 && ranges[i].offset <= INT64_MAX);
        if (small)
                assert(SUCCEEDED(ranges_check_disjoint(ranges, n)) == is_disjoint(ranges, n));
        if (SUCCEEDED(ranges_check_disjoint(ranges, n)))
                check_walk(ranges, n, file_size);
        if (small)
                check_set(ranges, n);
        return 0;
}
