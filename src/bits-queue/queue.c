#include "queue.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "job.h"
#include "wire/supervisor.h"

enum {
        ENDED_MAX = 1000,
        ENDED_BYTES_MAX = 16 * 1024 * 1024, /* of their files */
};

static const uint64_t ended_age_usec = 3600ULL * 1000000;

/* ---- jobs by their id --------------------------------------------------------------------------
 */

/* Ids are random: any part of them is a hash. */
static Job **chain_of(const JobTable *t, const Guid *id)
{
        uint32_t hash;

        memcpy(&hash, id->bytes, sizeof(hash));
        return &t->chains[hash & (t->size - 1)];
}

/* Where the job is linked, or the end of its chain. */
static Job **place_of(const JobTable *t, const Guid *id)
{
        Job **place = chain_of(t, id);

        while (*place && memcmp(&(*place)->id, id, sizeof(*id)) != 0)
                place = &(*place)->id_link;
        return place;
}

static int table_grow(JobTable *t)
{
        JobTable more = {.n = t->n, .size = t->size ? 2 * t->size : 16};

        more.chains = calloc(more.size, sizeof(*more.chains));
        if (!more.chains)
                return -ENOMEM;
        for (size_t i = 0; i < t->size; i++)
                for (Job *job = t->chains[i], *next; job; job = next) {
                        Job **chain = chain_of(&more, &job->id);

                        next = job->id_link;
                        job->id_link = *chain;
                        *chain = job;
                }
        free(t->chains);
        *t = more;
        return 0;
}

static int table_insert(JobTable *t, Job *job)
{
        Job **place;
        int r = t->n < t->size ? 0 : table_grow(t);

        if (r < 0)
                return r;
        place = place_of(t, &job->id);
        if (*place)
                return -EEXIST;
        job->id_link = NULL;
        *place = job;
        t->n++;
        return 0;
}

static void table_remove(JobTable *t, const Job *job)
{
        Job **place = place_of(t, &job->id);

        *place = job->id_link;
        t->n--;
}

Job *queue_find_job(const Queue *queue, const Guid *id)
{
        return queue->by_id.n > 0 ? *place_of(&queue->by_id, id) : NULL;
}

/* ---- jobs in order of creation ------------------------------------------------------------------
 */

/* The place of the first job with a greater serial; n when there is none. */
static size_t place_after(const JobVector *v, uint64_t serial)
{
        size_t low = 0, high = v->n;

        if (high == 0 || v->jobs[high - 1]->serial <= serial)
                return high; /* a new one */
        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (v->jobs[middle]->serial > serial)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

static Job *next_in(const JobVector *v, uint64_t after_serial)
{
        size_t place = place_after(v, after_serial);

        return place < v->n ? v->jobs[place] : NULL;
}

static int vector_insert(JobVector *v, Job *job)
{
        size_t place = place_after(v, job->serial);

        if (v->n == v->size) {
                size_t size = v->size ? 2 * v->size : 4;
                Job **more = reallocarray(v->jobs, size, sizeof(Job *));

                if (!more)
                        return -ENOMEM;
                v->jobs = more;
                v->size = size;
        }
        memmove(&v->jobs[place + 1], &v->jobs[place], (v->n - place) * sizeof(Job *));
        v->jobs[place] = job;
        v->n++;
        return 0;
}

static void vector_remove(JobVector *v, const Job *job)
{
        size_t place = place_after(v, job->serial);

        if (place == 0 || v->jobs[place - 1] != job)
                return;
        v->n--;
        memmove(&v->jobs[place - 1], &v->jobs[place], (v->n + 1 - place) * sizeof(Job *));
}

Job *queue_next_job(const Queue *queue, uint64_t after_serial)
{
        return next_in(&queue->by_serial, after_serial);
}

/* ---- whose they are
 * ------------------------------------------------------------------------------
 */

typedef struct Owner {
        uid_t uid;
        JobVector jobs;
} Owner;

static int compare_owners(const void *a, const void *b)
{
        uid_t x = ((const Owner *)a)->uid, y = ((const Owner *)b)->uid;

        return (x > y) - (x < y);
}

static Owner *find_owner(const Queue *queue, uid_t uid)
{
        Owner **found = tfind(&(Owner){.uid = uid}, &queue->owners, compare_owners);

        return found ? *found : NULL;
}

Job *queue_next_job_of(const Queue *queue, uid_t owner, uint64_t after_serial)
{
        const Owner *found = find_owner(queue, owner);

        return found ? next_in(&found->jobs, after_serial) : NULL;
}

bool queue_is_system_account(const Queue *queue, uid_t uid)
{
        return uid <= queue->system_uid_max && !(queue->flags & SUPERVISOR_USER_MODE);
}

size_t queue_count_jobs_of(const Queue *queue, uid_t owner)
{
        const Owner *found = find_owner(queue, owner);

        return found ? found->jobs.n : 0;
}

static void forget_owner_without_jobs(Queue *queue, Owner *owner)
{
        if (owner->jobs.n > 0)
                return;
        tdelete(owner, &queue->owners, compare_owners);
        free(owner->jobs.jobs);
        free(owner);
}

static int give_to(Queue *queue, uid_t uid, Job *job)
{
        Owner *owner = find_owner(queue, uid);
        int r;

        if (!owner) {
                owner = calloc(1, sizeof(*owner));
                if (!owner)
                        return -ENOMEM;
                owner->uid = uid;
                if (!tsearch(owner, &queue->owners, compare_owners)) {
                        free(owner);
                        return -ENOMEM;
                }
        }
        r = vector_insert(&owner->jobs, job);
        forget_owner_without_jobs(queue, owner);
        return r;
}

static void take_from(Queue *queue, uid_t uid, const Job *job)
{
        Owner *owner = find_owner(queue, uid);

        if (!owner)
                return;
        vector_remove(&owner->jobs, job);
        forget_owner_without_jobs(queue, owner);
}

int queue_move_job(Queue *queue, Job *job, uid_t from, uid_t to)
{
        int r = give_to(queue, to, job);

        if (r == 0)
                take_from(queue, from, job);
        return r;
}

/* ---- in and out -------------------------------------------------------------------------------
 */

static void take_out(Queue *queue, Job *job)
{
        TAILQ_REMOVE(&queue->jobs, job, queue_link);
        queue->n_jobs--;
        vector_remove(&queue->by_serial, job);
        take_from(queue, job->owner, job);
}

int queue_add_job(Queue *queue, Job *job)
{
        int r = table_insert(&queue->by_id, job);

        if (r < 0)
                return r;
        r = vector_insert(&queue->by_serial, job);
        if (r == 0)
                r = give_to(queue, job->owner, job);
        if (r < 0) {
                vector_remove(&queue->by_serial, job);
                table_remove(&queue->by_id, job);
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
        queue->ended_bytes -= job->ended_bytes;
        table_remove(&queue->by_id, job);
        job_unref(job);
}

/* The one to go for another of its owner: his own oldest, or the oldest of all. */
static Job *ended_to_forget(const Queue *queue, uid_t owner, const Job *stays)
{
        Job *job, *oldest = TAILQ_FIRST(&queue->ended);

        TAILQ_FOREACH (job, &queue->ended, queue_link)
                if (job->owner == owner && job != stays)
                        return job;
        return oldest == stays ? NULL : oldest;
}

void queue_end_job(Queue *queue, Job *job)
{
        uint64_t now = now_boottime_usec();
        Job *oldest;

        take_out(queue, job);
        TAILQ_INSERT_TAIL(&queue->ended, job, queue_link);
        queue->n_ended++;
        job->ended_usec = now;
        job->ended_bytes = job_files_bytes(job);
        queue->ended_bytes += job->ended_bytes;
        while ((oldest = TAILQ_FIRST(&queue->ended)) && oldest->ended_usec + ended_age_usec < now)
                forget_ended(queue, oldest);
        while ((queue->n_ended > ENDED_MAX || queue->ended_bytes > ENDED_BYTES_MAX) &&
               (oldest = ended_to_forget(queue, job->owner, job)))
                forget_ended(queue, oldest);
}

void queue_remove_job(Queue *queue, Job *job)
{
        take_out(queue, job);
        table_remove(&queue->by_id, job);
        job_unref(job);
}

void queue_clear(Queue *queue)
{
        Job *job;

        while ((job = TAILQ_LAST(&queue->jobs, JobList))) /* cheap to take out */
                queue_remove_job(queue, job);
        while ((job = TAILQ_FIRST(&queue->ended)))
                forget_ended(queue, job);
        free(queue->by_serial.jobs);
        queue->by_serial = (JobVector){0};
        free(queue->by_id.chains);
        queue->by_id = (JobTable){0};
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
