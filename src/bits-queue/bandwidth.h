/*
 * How fast background jobs may go, by the time of the week: a rate, and windows in which another
 * one holds. Pure: who asks says which time it is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define RATE_UNLIMITED UINT64_MAX

enum {
        BANDWIDTH_WINDOWS_MAX = 32,
};

typedef struct BandwidthWindow {
        uint8_t days;                /* bit 0: Sunday; of its begin */
        uint32_t begin_sec, end_sec; /* of the day; begin >= end: ends on the next */
        uint64_t bytes_per_sec;
} BandwidthWindow;

typedef struct Bandwidth {
        uint64_t bytes_per_sec;                         /* outside of all windows; 0: no transfer */
        BandwidthWindow windows[BANDWIDTH_WINDOWS_MAX]; /* of several at a moment the last holds */
        size_t n_windows;
} Bandwidth;

/* "unlimited", or bytes a second with K, M or G (1024): 0 or -EINVAL. */
int bandwidth_parse_rate(const char *text, uint64_t *ret);

/* "Mon-Fri 08:00-17:00 100K" is added, "" takes all windows away; -EINVAL, too many among them. */
int bandwidth_parse_window(const char *text, Bandwidth *bandwidth);

/* What holds at that local time. */
uint64_t bandwidth_at(const Bandwidth *bandwidth, const struct tm *local);

/* How many seconds from then on nothing changes: at most to the end of the day. */
uint32_t bandwidth_lasts_sec(const Bandwidth *bandwidth, const struct tm *local);
