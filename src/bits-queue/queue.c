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

Job *queue_next_job(const Queue *queue, uint64_t after_serial)
{
        Job *job;

        TAILQ_FOREACH (job, &queue->jobs, queue_link)
                if (job->serial > after_serial)
                        return job;
        return NULL;
}

size_t queue_count_jobs_of(const Queue *queue, uid_t owner)
{
        size_t count = 0;
        Job *job;

        TAILQ_FOREACH (job, &queue->jobs, queue_link)
                count += job->owner == owner;
        return count;
}

int queue_add_job(Queue *queue, Job *job)
{
        Job **found = tsearch(job, &queue->jobs_by_id, compare);

        if (!found)
                return -ENOMEM;
        if (*found != job)
                return -EEXIST;
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

        TAILQ_REMOVE(&queue->jobs, job, queue_link);
        queue->n_jobs--;
        TAILQ_INSERT_TAIL(&queue->ended, job, queue_link);
        queue->n_ended++;
        job->ended_usec = now;
        while ((oldest = TAILQ_FIRST(&queue->ended)) &&
               (queue->n_ended > ENDED_MAX || oldest->ended_usec + ended_age_usec < now))
                forget_ended(queue, oldest);
}

void queue_remove_job(Queue *queue, Job *job)
{
        TAILQ_REMOVE(&queue->jobs, job, queue_link);
        queue->n_jobs--;
        tdelete(job, &queue->jobs_by_id, compare);
        job_unref(job);
}

void queue_clear(Queue *queue)
{
        Job *job;

        while ((job = TAILQ_FIRST(&queue->jobs)))
                queue_remove_job(queue, job);
        while ((job = TAILQ_FIRST(&queue->ended)))
                forget_ended(queue, job);
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
