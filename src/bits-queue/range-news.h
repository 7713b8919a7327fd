/*
 * FileRangesTransferred: parts of files that were written and not told yet. A number that is
 * bounded: what is too much is left out, and the client finds it in GetFilledFileRanges.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "file.h"

typedef struct Job Job;

struct RangeNews {                   /* of one file */
        TAILQ_ENTRY(RangeNews) link; /* Job.news */
        uint32_t file;
        size_t n;
        FileRange ranges[];
};
typedef struct RangeNews RangeNews;

/* Adds a part: to the last one when it goes on where that ends. 0 or -ENOMEM. */
int range_news_add(Job *job, uint32_t file, uint64_t offset, uint64_t length);
/* The oldest, which the caller frees or puts back; NULL when there is none. */
RangeNews *range_news_take(Job *job);
void range_news_put_back(Job *job, RangeNews *news);
void range_news_clear(Job *job);
