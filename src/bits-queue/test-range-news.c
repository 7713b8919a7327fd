/* Parts that were written and not told yet: joined, bounded, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "job.h"
#include "range-news.h"

static void add(Job *job, uint32_t file, uint64_t offset, uint64_t length)
{
        assert_int_equal(range_news_add(job, file, offset, length), 0);
}

static void test_what_goes_on_is_joined(void **state)
{
        _cleanup_(freep) Job *job = calloc(1, sizeof(*job));
        _cleanup_(freep) RangeNews *news = NULL;

        (void)state;
        TAILQ_INIT(&job->news);
        add(job, 3, 100, 50);
        add(job, 3, 150, 50);
        add(job, 3, 300, 10);
        add(job, 3, 200, 10); /* behind the one before the last: a part of its own */
        news = range_news_take(job);
        assert_int_equal(news->file, 3);
        assert_int_equal(news->n, 3);
        assert_int_equal(news->ranges[0].offset, 100);
        assert_int_equal(news->ranges[0].length, 100);
        assert_int_equal(news->ranges[1].offset, 300);
        assert_int_equal(news->ranges[2].offset, 200);
        assert_null(range_news_take(job));
}

static void test_files_apart(void **state)
{
        _cleanup_(freep) Job *job = calloc(1, sizeof(*job));
        RangeNews *news;

        (void)state;
        TAILQ_INIT(&job->news);
        add(job, 0, 0, 10);
        add(job, 1, 10, 10);
        add(job, 0, 10, 10);
        news = range_news_take(job);
        assert_int_equal(news->file, 0);
        assert_int_equal(news->n, 1);
        assert_int_equal(news->ranges[0].length, 20);
        range_news_put_back(job, news); /* nobody took it */
        add(job, 0, 20, 5);
        news = range_news_take(job);
        assert_int_equal(news->file, 0);
        assert_int_equal(news->ranges[0].length, 25);
        free(news);
        range_news_clear(job);
        assert_null(range_news_take(job));
}

static void test_bounded(void **state)
{
        _cleanup_(freep) Job *job = calloc(1, sizeof(*job));
        _cleanup_(freep) RangeNews *news = NULL;

        (void)state;
        TAILQ_INIT(&job->news);
        for (uint64_t i = 0; i < 5000; i++)
                add(job, 0, i * 10, 5);
        news = range_news_take(job);
        assert_int_equal(news->n, 1000);
        for (uint64_t i = 0; i < news->n; i++) { /* the newest, none twice */
                assert_int_equal(news->ranges[i].offset, (4000 + i) * 10);
                assert_int_equal(news->ranges[i].length, 5);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_goes_on_is_joined),
                cmocka_unit_test(test_files_apart),
                cmocka_unit_test(test_bounded),
        };

        return cmocka_run_group_tests_name("range-news", tests, NULL, NULL);
}
