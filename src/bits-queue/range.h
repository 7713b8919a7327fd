/*
 * Ranges of a file. Two kinds of lists: those of AddFileWithRanges, whose order is the local
 * file's, and sets: ascending, none touching the next. Pure.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGE_TO_EOF UINT64_MAX /* BG_LENGTH_TO_EOF; also an end that is not known */

typedef struct FileRange {       /* BG_FILE_RANGE */
        uint64_t offset, length; /* RANGE_TO_EOF: to the end */
} FileRange;

/* One past the last byte; RANGE_TO_EOF. */
static inline uint64_t range_end(const FileRange *range)
{
        return range->length == RANGE_TO_EOF ? RANGE_TO_EOF : range->offset + range->length;
}

/* BG_E_INVALID_RANGE: empty, beyond what a file can have, or, of a file of size bytes (RANGE_TO_EOF
 * while that is not known), beyond its end. */
HRESULT ranges_check(const FileRange *ranges, size_t n, uint64_t size);
/* BG_E_OVERLAPPING_RANGES, E_OUTOFMEMORY. Of checked ranges. */
HRESULT ranges_check_disjoint(const FileRange *ranges, size_t n);

/* The length of all together in a file of size bytes; RANGE_TO_EOF when that takes a size that is
 * not known. */
uint64_t ranges_sum(const FileRange *ranges, size_t n, uint64_t size);

/* What is at offset of the concatenation, of a file of size bytes (RANGE_TO_EOF): from there to the
 * end of that range, and of those after it that go on where the one before ends. False beyond the
 * last. */
bool ranges_at(const FileRange *ranges, size_t n, uint64_t offset, uint64_t size, FileRange *ret);

/* Adds to a set. 0 or -ENOMEM. */
int ranges_add(FileRange **ranges, size_t *n, FileRange range);
/* The first part of [begin, end) that a set does not have. end may be RANGE_TO_EOF, and is then
 * ret's too, when the set has nothing behind. */
bool ranges_gap(const FileRange *ranges, size_t n, uint64_t begin, uint64_t end, FileRange *ret);
