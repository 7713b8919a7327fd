/* The Range field (RFC 9110, 14.2): which bytes of a file of a known size are asked for. Pure. */
#pragma once

#include <stdint.h>

typedef enum RangeKind {
        RANGE_WHOLE, /* several ranges, another unit, or nothing we understand: the field is ignored
                      */
        RANGE_PART,  /* at least one byte, all within the file */
        RANGE_BEYOND, /* understood, and no byte of it exists */
} RangeKind;

typedef struct Range {
        uint64_t begin;
        uint64_t length;
} Range;

/* ret is written for RANGE_PART only. */
RangeKind range_parse(const char *text, uint64_t size_bytes, Range *ret);
