#include "pipeline.h"

#include <stddef.h>

#include "host.h"
#include "job.h"
#include "queue.h"
#include "transfer.h"

enum {
        AHEAD_MAX = 32,  /* of a job: opened, or about to be, before they may move */
        AHEAD_LOW = 16,  /* from here on it is filled up again: many share one commit and flush */
        BEHIND_MAX = 64, /* of a job: those that do not move yet or any more */
        AHEAD_ALL_MAX = 256, /* with so many transfers of all jobs, none is begun ahead */
        SKIPPED_MAX = 32,    /* files of crowded hosts, in one look, before those of others */
};

/* On demand, a file moves while something of it is requested, or it is only to be sealed. */
static bool is_wanted(const File *file)
{
        return file->state < FILE_SEALED &&
               (!file->job->on_demand || file->n_requested > 0 || file->state == FILE_RECEIVED ||
                file->offset == file->size || file->n_ranges > 0);
}

static bool has_room(const File *file)
{
        const Queue *queue = file->job->queue;

        return hosts_have_room(queue->hosts, file->job->owner, file->remote,
                               queue->settings.connections_per_host);
}

/* The next to have a place: in their order, but for those whose host has no room. */
static Transfer *find_next(const Job *job)
{
        Transfer *t;

        TAILQ_FOREACH (t, &job->transfers, job_link)
                if (transfer_wants_place(t) && has_room(t->file))
                        return t;
        return NULL;
}

/* From the begin each time: what takes its place may fail, and its job with it. */
static void give_places(Job *job, size_t max)
{
        Transfer *next;

        while (state_is_moving(job->state) && job->n_moving < max && (next = find_next(job)))
                if (transfer_take_place(next) < 0)
                        break;
}

static size_t count_ahead(const Job *job)
{
        const Transfer *t;
        size_t n = 0;

        TAILQ_FOREACH (t, &job->transfers, job_link)
                n += transfer_wants_place(t);
        return n;
}

/* As many as there are places for, whose hosts have room; and further ones ahead, many at a time.
 * Those that were begun before have been given all the places that they can have. */
typedef struct Allowance {
        size_t places, ahead;
} Allowance;

static Allowance allow(const Job *job, size_t max, bool may_be_ahead)
{
        Allowance a = {.places = max > job->n_moving ? max - job->n_moving : 0};
        size_t ahead = count_ahead(job);

        if (may_be_ahead && ahead <= AHEAD_LOW && job->n_transfers < max + BEHIND_MAX &&
            job->queue->n_transfers < AHEAD_ALL_MAX)
                a.ahead = AHEAD_MAX - ahead;
        return a;
}

/* What the next file to begin takes; NULL: none is left for it. */
static size_t *choose(Allowance *a, const File *file)
{
        if (a->places > 0 && has_room(file))
                return &a->places;
        return a->ahead > 0 ? &a->ahead : NULL;
}

/* True: some of its files are wanted. */
static bool begin(Job *job, Allowance a)
{
        size_t skipped = 0;
        bool wanted = false;

        for (size_t i = job->fill_from; i < job->n_files && state_is_moving(job->state) &&
                                        a.places + a.ahead > 0 && skipped < SKIPPED_MAX;
             i++) {
                File *file = job->files[i];
                size_t *left;

                if (!is_wanted(file))
                        continue;
                wanted = true;
                if (file->transfer)
                        continue;
                left = choose(&a, file);
                if (left && transfer_start(file) == 0)
                        (*left)--;
                else
                        skipped++;
        }
        return wanted;
}

bool pipeline_fill(Job *job)
{
        size_t max = job->queue->settings.files_per_job;
        bool wanted;

        give_places(job, max);
        while (job->fill_from < job->n_files && job->files[job->fill_from]->state >= FILE_SEALED)
                job->fill_from++;
        wanted = begin(job, allow(job, max, true));
        give_places(job, max);
        if (job->on_demand && state_is_moving(job->state) && !wanted && job->n_transfers == 0 &&
            job->fill_from < job->n_files)
                (void)job_event(job, EVENT_SATISFIED);
        return job->fill_from == job->n_files;
}

void pipeline_start(Job *job)
{
        (void)begin(job, allow(job, 1, false));
        give_places(job, 1);
}
