#include "range.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

HRESULT ranges_check(const FileRange *ranges, size_t n, uint64_t size)
{
        uint64_t most = size != RANGE_TO_EOF ? size : INT64_MAX;

        for (size_t i = 0; i < n; i++) {
                const FileRange *r = &ranges[i];

                if (r->length == 0 || r->offset >= most ||
                    (r->length != RANGE_TO_EOF && r->length > most - r->offset))
                        return BG_E_INVALID_RANGE;
        }
        return S_OK;
}

static int compare(const void *a, const void *b)
{
        const FileRange *left = a, *right = b;

        return (left->offset > right->offset) - (left->offset < right->offset);
}

HRESULT ranges_check_disjoint(const FileRange *ranges, size_t n)
{
        _cleanup_(freep) FileRange *sorted = NULL;

        if (n < 2)
                return S_OK;
        sorted = malloc(n * sizeof(*sorted));
        if (!sorted)
                return E_OUTOFMEMORY;
        memcpy(sorted, ranges, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), compare);
        for (size_t i = 1; i < n; i++)
                if (range_end(&sorted[i - 1]) > sorted[i].offset)
                        return BG_E_OVERLAPPING_RANGES;
        return S_OK;
}

uint64_t ranges_sum(const FileRange *ranges, size_t n, uint64_t size)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < n; i++) {
                if (ranges[i].length != RANGE_TO_EOF)
                        sum += ranges[i].length;
                else if (size == RANGE_TO_EOF)
                        return RANGE_TO_EOF;
                else
                        sum += size - ranges[i].offset;
        }
        return sum;
}

static uint64_t known_end(const FileRange *range, uint64_t size)
{
        return range->length == RANGE_TO_EOF ? size : range_end(range);
}

bool ranges_at(const FileRange *ranges, size_t n, uint64_t offset, uint64_t size, FileRange *ret)
{
        uint64_t end = 0;
        size_t i;

        for (i = 0; i < n; i++) {
                end = known_end(&ranges[i], size);
                if (end == RANGE_TO_EOF || offset < end - ranges[i].offset)
                        break;
                offset -= end - ranges[i].offset;
        }
        if (i == n)
                return false;
        ret->offset = ranges[i].offset + offset;
        while (++i < n && ranges[i].offset == end)
                end = known_end(&ranges[i], size);
        ret->length = end == RANGE_TO_EOF ? RANGE_TO_EOF : end - ret->offset;
        return true;
}

int ranges_add(FileRange **ranges, size_t *n, FileRange range)
{
        uint64_t end = range_end(&range);
        size_t first = 0, last;
        FileRange *list;

        while (first < *n && range_end(&(*ranges)[first]) < range.offset)
                first++;
        for (last = first; last < *n && (*ranges)[last].offset <= end; last++) {
                const FileRange *old = &(*ranges)[last];

                if (old->offset < range.offset)
                        range.offset = old->offset;
                if (range_end(old) > end)
                        end = range_end(old);
        }

        /* [first, last) become one */
        list = *ranges;
        if (first == last) {
                list = reallocarray(list, *n + 1, sizeof(*list));
                if (!list)
                        return -ENOMEM;
                *ranges = list;
        }
        memmove(&list[first + 1], &list[last], (*n - last) * sizeof(*list));
        list[first].offset = range.offset;
        list[first].length = end == RANGE_TO_EOF ? RANGE_TO_EOF : end - range.offset;
        *n = *n - (last - first) + 1;
        return 0;
}

bool ranges_gap(const FileRange *ranges, size_t n, uint64_t begin, uint64_t end, FileRange *ret)
{
        for (size_t i = 0; i < n && begin < end; i++) {
                if (range_end(&ranges[i]) <= begin)
                        continue;
                if (ranges[i].offset > begin) {
                        if (ranges[i].offset < end)
                                end = ranges[i].offset;
                        break;
                }
                begin = range_end(&ranges[i]);
        }
        if (begin >= end)
                return false;
        ret->offset = begin;
        ret->length = end == RANGE_TO_EOF ? RANGE_TO_EOF : end - begin;
        return true;
}
