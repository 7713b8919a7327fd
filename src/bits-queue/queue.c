#include "queue.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "job.h"

enum {
        ENDED_MAX = 1000,
};

static const uint64_t ended_age_usec = 3600ULL * 1000000;

static int compare(const void *a, const void *b)
{
        return memcmp(&((const Job *)a)->id, &((const Job *)b)->id, sizeof(Guid));
}

Job *queue_find_job(const Queue *queue, const Guid *id)
{
        Job key = {.id = *id}, **found = tfind(&key, &queue->jobs_by_id, compare);

        return found ? *found : NULL;
}

/* Where the first job with a greater serial stands in by_serial; n_jobs when there is none. */
static size_t place_after(const Queue *queue, uint64_t serial)
{
        size_t low = 0, high = queue->n_jobs;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (queue->by_serial[middle]->serial > serial)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

Job *queue_next_job(const Queue *queue, uint64_t after_serial)
{
        size_t place = place_after(queue, after_serial);

        return place < queue->n_jobs ? queue->by_serial[place] : NULL;
}

/* ---- how many jobs an owner has ---------------------------------------------------------------
 */

typedef struct Owner {
        uid_t uid;
        size_t n_jobs;
} Owner;

static int compare_owners(const void *a, const void *b)
{
        uid_t x = ((const Owner *)a)->uid, y = ((const Owner *)b)->uid;

        return (x > y) - (x < y);
}

size_t queue_count_jobs_of(const Queue *queue, uid_t owner)
{
        Owner **found = tfind(&(Owner){.uid = owner}, &queue->owners, compare_owners);

        return found ? (*found)->n_jobs : 0;
}

static int count_in(Queue *queue, uid_t uid)
{
        Owner *owner = calloc(1, sizeof(*owner)), **found;

        if (!owner)
                return -ENOMEM;
        owner->uid = uid;
        found = tsearch(owner, &queue->owners, compare_owners);
        if (!found || *found != owner)
                free(owner);
        if (!found)
                return -ENOMEM;
        (*found)->n_jobs++;
        return 0;
}

static void count_out(Queue *queue, uid_t uid)
{
        Owner **found = tfind(&(Owner){.uid = uid}, &queue->owners, compare_owners), *owner;

        if (!found || --(*found)->n_jobs > 0)
                return;
        owner = *found;
        tdelete(owner, &queue->owners, compare_owners);
        free(owner);
}

int queue_move_job(Queue *queue, uid_t from, uid_t to)
{
        int r = count_in(queue, to);

        if (r == 0)
                count_out(queue, from);
        return r;
}

/* ---- in and out -------------------------------------------------------------------------------
 */

static int append_by_serial(Queue *queue, Job *job)
{
        if (queue->n_jobs == queue->by_serial_size) {
                size_t size = queue->by_serial_size ? 2 * queue->by_serial_size : 64;
                Job **more = reallocarray(queue->by_serial, size, sizeof(Job *));

                if (!more)
                        return -ENOMEM;
                queue->by_serial = more;
                queue->by_serial_size = size;
        }
        queue->by_serial[queue->n_jobs] = job; /* serials only grow */
        return 0;
}

static void take_out(Queue *queue, Job *job)
{
        size_t place = place_after(queue, job->serial) - 1;

        TAILQ_REMOVE(&queue->jobs, job, queue_link);
        queue->n_jobs--;
        memmove(&queue->by_serial[place], &queue->by_serial[place + 1],
                (queue->n_jobs - place) * sizeof(Job *));
        count_out(queue, job->owner);
}

int queue_add_job(Queue *queue, Job *job)
{
        Job **found = tsearch(job, &queue->jobs_by_id, compare);
        int r;

        if (!found)
                return -ENOMEM;
        if (*found != job)
                return -EEXIST;
        r = append_by_serial(queue, job);
        if (r == 0)
                r = count_in(queue, job->owner);
        if (r < 0) {
                tdelete(job, &queue->jobs_by_id, compare);
                return r;
        }
        TAILQ_INSERT_TAIL(&queue->jobs, job, queue_link);
        queue->n_jobs++;
        return 0;
}

static void forget_ended(Queue *queue, Job *job)
{
        TAILQ_REMOVE(&queue->ended, job, queue_link);
        queue->n_ended--;
        tdelete(job, &queue->jobs_by_id, compare);
        job_unref(job);
}

void queue_end_job(Queue *queue, Job *job)
{
        uint64_t now = now_boottime_usec();
        Job *oldest;

        take_out(queue, job);
        TAILQ_INSERT_TAIL(&queue->ended, job, queue_link);
        queue->n_ended++;
        job->ended_usec = now;
        while ((oldest = TAILQ_FIRST(&queue->ended)) &&
               (queue->n_ended > ENDED_MAX || oldest->ended_usec + ended_age_usec < now))
                forget_ended(queue, oldest);
}

void queue_remove_job(Queue *queue, Job *job)
{
        take_out(queue, job);
        tdelete(job, &queue->jobs_by_id, compare);
        job_unref(job);
}

void queue_clear(Queue *queue)
{
        Job *job;

        while ((job = TAILQ_LAST(&queue->jobs, JobList))) /* cheap to take out */
                queue_remove_job(queue, job);
        while ((job = TAILQ_FIRST(&queue->ended)))
                forget_ended(queue, job);
        free(queue->by_serial);
        queue->by_serial = NULL;
        queue->by_serial_size = 0;
}

static uint64_t now_usec(clockid_t clock)
{
        struct timespec ts;

        (void)clock_gettime(clock, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t now_realtime_usec(void)
{
        return now_usec(CLOCK_REALTIME);
}

uint64_t now_monotonic_usec(void)
{
        return now_usec(CLOCK_MONOTONIC);
}

uint64_t now_boottime_usec(void)
{
        return now_usec(CLOCK_BOOTTIME);
}
