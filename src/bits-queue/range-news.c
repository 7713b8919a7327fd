#include "range-news.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

enum {
        RANGES_MAX = 1000, /* of a file, in one call */
};

static RangeNews *find(Job *job, uint32_t file)
{
        RangeNews *news;

        TAILQ_FOREACH (news, &job->news, link)
                if (news->file == file)
                        return news;
        return NULL;
}

/* Doubled as it fills, up to the most. */
static RangeNews *grow(Job *job, RangeNews *news)
{
        RangeNews *larger;

        if (news->n & (news->n - 1))
                return news;
        TAILQ_REMOVE(&job->news, news, link);
        larger = realloc(news, sizeof(*news) + 2 * news->n * sizeof(FileRange));
        TAILQ_INSERT_TAIL(&job->news, larger ? larger : news, link);
        return larger;
}

static RangeNews *range_news_new(Job *job, uint32_t file)
{
        RangeNews *news = calloc(1, sizeof(*news) + sizeof(FileRange));

        if (!news)
                return NULL;
        news->file = file;
        TAILQ_INSERT_TAIL(&job->news, news, link);
        return news;
}

int range_news_add(Job *job, uint32_t file, uint64_t offset, uint64_t length)
{
        RangeNews *news = find(job, file);
        FileRange *last = news && news->n ? &news->ranges[news->n - 1] : NULL;

        if (last && last->offset + last->length == offset) {
                last->length += length;
                return 0;
        }
        if (last && news->n == RANGES_MAX) {
                memmove(news->ranges, news->ranges + 1, (news->n - 1) * sizeof(*news->ranges));
                *last = (FileRange){offset, length};
                return 0;
        }
        news = news ? grow(job, news) : range_news_new(job, file);
        if (!news)
                return -ENOMEM;
        news->ranges[news->n++] = (FileRange){offset, length};
        return 0;
}

RangeNews *range_news_take(Job *job)
{
        RangeNews *news = TAILQ_FIRST(&job->news);

        if (news)
                TAILQ_REMOVE(&job->news, news, link);
        return news;
}

void range_news_put_back(Job *job, RangeNews *news)
{
        TAILQ_INSERT_HEAD(&job->news, news, link);
}

void range_news_clear(Job *job)
{
        RangeNews *news;

        while ((news = range_news_take(job)))
                free(news);
}
