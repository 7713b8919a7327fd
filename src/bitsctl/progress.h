/* How far, how fast, how long yet; and one line that says so. Pure: time comes from the caller. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes a second, smoothed over some seconds. */
typedef struct Rate {
        uint64_t last_usec, last_bytes;
        double bytes_per_sec;
        bool started, known;
} Rate;

/* bytes done at now_usec. Fewer bytes than before (a file started anew) start the measurement anew.
 */
void rate_sample(Rate *rate, uint64_t now_usec, uint64_t bytes);

typedef struct Progress {
        uint64_t bytes_done, bytes_total; /* SIZE_UNKNOWN */
        uint32_t files_done, files_total;
        double bytes_per_sec; /* negative: not known yet */
} Progress;

#define PROGRESS_LINE_SIZE 512

/* 0 to 100, 100 only when all is there; -1 when the total is not known. */
int progress_percent(const Progress *progress);

/* Seconds, rounded up; UINT64_MAX when it cannot be known. */
uint64_t progress_time_left(const Progress *progress);

/* A bar of at most width columns (plain ASCII); less is said where there is less room. */
void progress_line(const Progress *progress, size_t width, char ret[PROGRESS_LINE_SIZE]);

/* The same for a log: percent and sizes. */
void progress_text(const Progress *progress, char ret[PROGRESS_LINE_SIZE]);
