/* Jobs by their ids, and which ended ones are kept. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "job.h"
#include "queue.h"

static size_t bytes; /* of every job's files */

size_t job_files_bytes(const Job *job)
{
        (void)job;
        return bytes;
}

Job *job_unref(Job *job)
{
        free(job);
        return NULL;
}

static void setup_queue(Queue *queue)
{
        memset(queue, 0, sizeof(*queue));
        TAILQ_INIT(&queue->jobs);
        TAILQ_INIT(&queue->ended);
}

/* A job that ends at once. */
static Guid end_one(Queue *queue, uid_t owner)
{
        static uint64_t serial;
        Job *job = calloc(1, sizeof(*job));

        assert_non_null(job);
        job->serial = ++serial;
        memcpy(job->id.bytes, &job->serial, sizeof(job->serial));
        job->owner = owner;
        assert_int_equal(queue_add_job(queue, job), 0);
        queue_end_job(queue, job);
        return job->id;
}

static void many_end(Queue *queue, size_t n)
{
        Guid others = end_one(queue, 1), first = end_one(queue, 2), last;

        for (size_t i = 0; i < n; i++)
                last = end_one(queue, 2);
        assert_non_null(queue_find_job(queue, &others)); /* another's do not push it out */
        assert_null(queue_find_job(queue, &first));
        assert_non_null(queue_find_job(queue, &last));
}

static void test_bounded_by_number(void **state)
{
        Queue queue;

        (void)state;
        setup_queue(&queue);
        bytes = 0;
        many_end(&queue, 1000);
        assert_int_equal(queue.n_ended, 1000);
        queue_clear(&queue);
}

static void test_bounded_by_size(void **state)
{
        Guid huge;
        Queue queue;

        (void)state;
        setup_queue(&queue);
        bytes = 1024 * 1024;
        many_end(&queue, 40);
        assert_in_range(queue.ended_bytes, 1, 16 * bytes);
        bytes = 64 * 1024 * 1024;
        huge = end_one(&queue, 3); /* somebody may be looking at it: it stays, alone */
        assert_int_equal(queue.n_ended, 1);
        assert_non_null(queue_find_job(&queue, &huge));
        queue_clear(&queue);
        assert_int_equal(queue.ended_bytes, 0);
}

/* Many, and many of them with the same hash. */
static Guid id_of(uint32_t number)
{
        uint32_t parts[4] = {number % 50, number, 0, ~number};
        Guid id;

        memcpy(id.bytes, parts, sizeof(id.bytes));
        return id;
}

static void test_found_by_id(void **state)
{
        enum {
                N = 1000
        };
        Job *jobs[N], twin = {.id = id_of(N / 2)};
        Queue queue;

        (void)state;
        setup_queue(&queue);
        assert_null(queue_find_job(&queue, &twin.id));
        for (uint32_t i = 0; i < N; i++) {
                jobs[i] = calloc(1, sizeof(Job));
                assert_non_null(jobs[i]);
                jobs[i]->id = id_of(i);
                jobs[i]->serial = i + 1;
                assert_int_equal(queue_add_job(&queue, jobs[i]), 0);
        }
        assert_int_equal(queue_add_job(&queue, &twin), -EEXIST);
        for (uint32_t i = 0; i < N; i += 3)
                queue_remove_job(&queue, jobs[i]);
        for (uint32_t i = 0; i < N; i++) {
                Guid id = id_of(i);

                assert_ptr_equal(queue_find_job(&queue, &id), i % 3 ? jobs[i] : NULL);
        }
        queue_clear(&queue);
        assert_null(queue_find_job(&queue, &twin.id));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found_by_id),
                cmocka_unit_test(test_bounded_by_number),
                cmocka_unit_test(test_bounded_by_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
