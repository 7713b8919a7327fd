#include "trouble.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "base/log.h"
#include "bus/bus.h"
#include "commit.h"
#include "job.h"
#include "notify.h"
#include "orphan.h"
#include "queue.h"
#include "schedule.h"
#include "store/store.h"

#define PROBE_FIRST_USEC UINT64_C(500000)
#define PROBE_MAX_USEC   UINT64_C(30000000)

struct Trouble {
        Queue *queue;
        int error; /* 0: none */
        uint64_t delay_usec;
        sd_event_source *probe;
};

int trouble_error(const Trouble *t)
{
        return t ? t->error : 0;
}

HRESULT trouble_hresult(int error)
{
        return error == -EBADMSG || error == -EUCLEAN ? BG_E_DATABASE_CORRUPT
                                                      : hresult_from_errno(error);
}

bool trouble_spend_reserve(Trouble *t)
{
        return store_spend_reserve(t->queue->store);
}

void trouble_damaged(Queue *queue)
{
        log_error("the database is damaged: the service starts again to repair it");
        store_mark_damaged(queue->store);
        (void)sd_event_exit(queue->event, EXIT_FAILURE);
}

/* ---- the end of it --------------------------------------------------------------------------- */

static void look_again(Trouble *t)
{
        (void)sd_event_source_set_time_relative(t->probe, t->delay_usec);
        (void)sd_event_source_set_enabled(t->probe, SD_EVENT_ONESHOT);
        t->delay_usec = t->delay_usec * 2 < PROBE_MAX_USEC ? t->delay_usec * 2 : PROBE_MAX_USEC;
}

static void drop_stored(Job *stored)
{
        for (size_t i = 0; i < stored->n_files; i++)
                file_free(stored->files[i]);
        free(stored->files);
}

/* A temporary file that was given up meanwhile: its name is in the store alone. */
static int adopt_abandoned(const Job *job)
{
        Job stored = *job;
        int r;

        stored.files = NULL;
        stored.n_files = 0;
        r = store_load_files(job->queue->store, &stored);
        for (size_t i = 0; i < stored.n_files && i < job->n_files && r == 0; i++)
                if (strcmp(stored.files[i]->temp, job->files[i]->temp) != 0)
                        r = orphanage_adopt(job->queue->orphanage, stored.files[i]);
        drop_stored(&stored);
        return r;
}

static int put(Queue *queue, uint64_t serial)
{
        Job *job = queue_next_job(queue, serial - 1);
        int r;

        if (!job || job->serial != serial || job->departing)
                return 0;
        r = job->files ? adopt_abandoned(job) : 0;
        if (r == 0)
                r = store_update_job(queue->store, job);
        if (!job->files)
                return r;
        for (size_t i = 0; i < job->n_files && r == 0; i++)
                r = store_update_file(queue->store, job->files[i]);
        return r;
}

static int on_probe(sd_event_source *source, uint64_t usec, void *userdata)
{
        Trouble *t = userdata;
        Queue *queue = t->queue;
        int r;

        (void)source;
        (void)usec;
        r = store_make_reserve(queue->store);
        if (r == 0 && store_is_dirty(queue->store))
                r = commit_now(queue); /* what waits there must not be mixed with ours */
        if (r == 0) {
                r = store_release(queue->store, put);
                orphanage_settle(queue->orphanage, r == 0);
        }
        if (r == -EUCLEAN)
                trouble_damaged(queue);
        if (r < 0) {
                t->error = r;
                look_again(t);
                return 0;
        }
        log_notice("the store can be written again: all goes on");
        t->error = 0;
        schedule_unblock(queue->scheduler);
        return 0;
}

/* ---- its beginning --------------------------------------------------------------------------- */

static void start(Trouble *t, int error)
{
        if (t->error == 0) {
                log_error("the store cannot be written: %s; transfers pause, and calls that change "
                          "something fail until it can",
                          strerror(-error));
                t->delay_usec = PROBE_FIRST_USEC;
                look_again(t);
        }
        t->error = error;
        store_hold(t->queue->store);
}

void trouble_begin(Trouble *t, int error)
{
        Queue *queue = t->queue;
        Job *job;

        TAILQ_FOREACH (job, &queue->jobs, queue_link)
                job->stale |= store_has_touched(queue->store, job->serial);
        store_rollback(queue->store);
        if (error == -EUCLEAN)
                trouble_damaged(queue);
        else
                start(t, error);
}

/* It was created in a transaction that failed. */
static void vanish(Job *job)
{
        job->state = JOB_CANCELLED;
        notify_forget(job);
        job->receiver = NULL;
        bus_job_removed(job->queue, job);
        schedule_forget(job);
        job_files_uncounted(job);
        queue_end_job(job->queue, job);
}

/* What is in memory alone is not undone with the store. */
static void keep_wishes(File *file, File *fresh)
{
        fresh->renamed = TAKE_PTR(file->renamed);
        fresh->position = file->position;
        fresh->no_ranges = file->no_ranges;
        fresh->restarts = file->restarts;
}

/* A file that is on the move is as its transfer left it, and is written later: the caller's changes
 * do not concern it. Any other is as the store has it. */
static int follow_files(Job *job)
{
        Job stored = *job;
        int r;

        stored.files = NULL;
        stored.n_files = 0;
        r = store_load_files(job->queue->store, &stored);
        for (size_t i = 0; i < stored.n_files; i++) {
                File *fresh = stored.files[i];

                fresh->job = job;
                if (r < 0 || i >= job->n_files || job->files[i]->transfer) {
                        if (r == 0 && i < job->n_files)
                                job->files[i]->stored = fresh->stored;
                        file_free(fresh);
                        continue;
                }
                keep_wishes(job->files[i], fresh);
                file_free(job->files[i]);
                job->files[i] = fresh;
        }
        for (size_t i = stored.n_files; r == 0 && i < job->n_files; i++) {
                if (job->files[i]->transfer)
                        r = -EIO; /* cannot be: its first step waits for a commit */
                else
                        job->files[i] = file_free(job->files[i]);
        }
        if (r == 0) {
                job_files_uncounted(job);
                job->n_files = stored.n_files;
                job->stored = stored.stored;
                job->fill_from = 0;
                job_files_added(job);
        }
        free(stored.files);
        return r;
}

static int follow(Job *job)
{
        uid_t owner = job->owner;
        int r = store_reload_job(job->queue->store, job);

        if (r == -ENOENT) {
                vanish(job);
                return 0;
        }
        if (r == 0 && job->owner != owner)
                r = queue_move_job(job->queue, job, owner, job->owner);
        if (r == 0 && job->files)
                r = follow_files(job);
        if (r == 0) {
                schedule_job(job);
                bus_job_changed(job->queue, job);
                notify_look(job);
        }
        return r;
}

static void pause_job(Job *job)
{
        if (job->finishing)
                return;
        if (job->state == JOB_CONNECTING || job->state == JOB_TRANSFERRING) {
                (void)job_event(job, EVENT_PREEMPT);
                job_set_reason(job, REASON_STORE, 0);
        }
        if (!TAILQ_EMPTY(&job->transfers)) {
                (void)store_update_job(job->queue->store, job); /* held: with its files, later */
                job_stop(job, (Done){0});
        }
}

void trouble_follow(Trouble *t)
{
        Job *job, *next;
        int r = 0;

        for (job = TAILQ_FIRST(&t->queue->jobs); job; job = next) {
                bool stale = job->stale;

                next = TAILQ_NEXT(job, queue_link);
                job->stale = false;
                if (stale && !job->departing && r == 0)
                        r = follow(job);
        }
        if (r < 0) { /* not even read: only a new start tells what is stored */
                log_error("the store cannot be read: %s", strerror(-r));
                if (r == -EUCLEAN || r == -EBADMSG)
                        trouble_damaged(t->queue);
                (void)sd_event_exit(t->queue->event, EXIT_FAILURE);
                return;
        }
        TAILQ_FOREACH (job, &t->queue->jobs, queue_link)
                pause_job(job);
        schedule_soon(t->queue->scheduler);
}

int trouble_new(Queue *queue, Trouble **ret)
{
        Trouble *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        t->queue = queue;
        r = sd_event_add_time(queue->event, &t->probe, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_probe,
                              t);
        if (r >= 0)
                r = sd_event_source_set_enabled(t->probe, SD_EVENT_OFF);
        if (r < 0) {
                trouble_free(t);
                return r;
        }
        r = store_make_reserve(queue->store);
        if (r < 0)
                start(t, r);
        *ret = t;
        return 0;
}

Trouble *trouble_free(Trouble *t)
{
        if (!t)
                return NULL;
        sd_event_source_disable_unref(t->probe);
        free(t);
        return NULL;
}
