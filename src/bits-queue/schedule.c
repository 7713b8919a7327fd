#include "schedule.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "bus/bus.h"
#include "job.h"
#include "queue.h"
#include "supervisor.h"
#include "ticket.h"
#include "transfer.h"

enum {
        USER_MODE_IDLE_USEC = 60 * 1000 * 1000,
};

struct Scheduler {
        Queue *queue;
        sd_event_source *soon, *timer, *idle;
};

static bool is_active(const Job *job)
{
        return job->state == JOB_CONNECTING || job->state == JOB_TRANSFERRING;
}

/* Moves as many of the job's files as may; true when none is left to move. */
static bool fill(Job *job)
{
        size_t moving = 0, left = 0;

        for (size_t i = 0; i < job->n_files; i++)
                moving += job->files[i]->transfer != NULL;
        for (size_t i = 0; i < job->n_files && is_active(job); i++) {
                File *file = job->files[i];

                if (file->state >= FILE_SEALED)
                        continue;
                left++;
                if (!file->transfer && moving < job->queue->settings.files_per_job &&
                    transfer_start(file) == 0)
                        moving++;
        }
        return left == 0;
}

/* All that stands between a queued job and its start. */
static bool may_start(Scheduler *s, Job *job, size_t background)
{
        if (job->finishing || !TAILQ_EMPTY(&job->transfers))
                return false; /* looked at again when they have gone */
        if (!tickets_find(s->queue->tickets, job->owner)) {
                job_set_reason(job, REASON_AUTHORISATION, 0);
                return false;
        }
        if (job_needs_token(job)) {
                job_fail(job, BG_E_TOKEN_REQUIRED, CONTEXT_QUEUE_MANAGER, -1, NULL, FAILURE_FATAL);
                return false;
        }
        if (job->priority != PRIORITY_FOREGROUND &&
            background >= s->queue->settings.background_jobs) {
                job_set_reason(job, REASON_QUEUE, 0);
                return false;
        }
        return true;
}

static void start(Job *job)
{
        int r;

        if (!job_event(job, EVENT_START))
                return;
        job_set_reason(job, REASON_NONE, 0);
        r = job_load_files(job);
        if (r < 0)
                job_fail(job, job_load_error(r), CONTEXT_QUEUE_MANAGER, -1, NULL, FAILURE_FATAL);
}

static void start_jobs(Scheduler *s)
{
        size_t background = 0;
        Job *job, *next;

        TAILQ_FOREACH (job, &s->queue->jobs, queue_link)
                background += is_active(job) && job->priority != PRIORITY_FOREGROUND;
        for (int priority = 0; priority < PRIORITY_COUNT; priority++)
                for (job = TAILQ_FIRST(&s->queue->jobs); job; job = next) {
                        next = TAILQ_NEXT(job, queue_link);
                        if (job->state != JOB_QUEUED || (int)job->priority != priority ||
                            !may_start(s, job, background))
                                continue;
                        start(job);
                        background += is_active(job) && job->priority != PRIORITY_FOREGROUND;
                }
}

static void fill_jobs(Scheduler *s)
{
        Job *job, *next;

        for (job = TAILQ_FIRST(&s->queue->jobs); job; job = next) {
                next = TAILQ_NEXT(job, queue_link);
                if (!is_active(job) || job->finishing)
                        continue;
                if (fill(job) && is_active(job))
                        (void)job_event(job, EVENT_TRANSFERRED);
        }
}

/* Retries and time limits that are due; *ret is when the next one will be. */
static void check_times(Scheduler *s, uint64_t now, uint64_t *ret)
{
        Job *job;

        *ret = UINT64_MAX;
        TAILQ_FOREACH (job, &s->queue->jobs, queue_link) {
                if (job->state != JOB_TRANSIENT_ERROR)
                        continue;
                if (job->progress_deadline_usec && job->progress_deadline_usec <= now) {
                        (void)job_event(job, EVENT_FATAL);
                        continue;
                }
                if (job->retry_at_usec <= now) {
                        job_set_reason(job, REASON_NONE, 0);
                        (void)job_event(job, EVENT_RETRY);
                        continue;
                }
                if (job->retry_at_usec < *ret)
                        *ret = job->retry_at_usec;
                if (job->progress_deadline_usec && job->progress_deadline_usec < *ret)
                        *ret = job->progress_deadline_usec;
        }
}

static bool has_work(const Queue *queue)
{
        Job *job;

        if (listener_n_clients(queue->listener) > 0)
                return true;
        TAILQ_FOREACH (job, &queue->jobs, queue_link)
                if (state_is_action(job->state))
                        return true;
        return false;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
        Scheduler *s = userdata;

        if (!has_work(s->queue))
                supervisor_idle(s->queue->supervisor);
        (void)sd_event_source_set_time(source, usec + USER_MODE_IDLE_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int look(Scheduler *s)
{
        uint64_t next;

        check_times(s, now_boottime_usec(), &next);
        start_jobs(s);
        fill_jobs(s);
        if (next == UINT64_MAX)
                return sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        (void)sd_event_source_set_time(s->timer, next);
        return sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static int on_soon(sd_event_source *source, void *userdata)
{
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return look(userdata);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        return look(userdata);
}

int scheduler_new(Queue *queue, Scheduler **ret)
{
        Scheduler *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->queue = queue;
        r = sd_event_add_defer(queue->event, &s->soon, on_soon, s);
        if (r >= 0)
                r = sd_event_add_time(queue->event, &s->timer, CLOCK_BOOTTIME, UINT64_MAX, 50000,
                                      on_timer, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        if (r >= 0 && queue->flags & SUPERVISOR_USER_MODE)
                r = sd_event_add_time(queue->event, &s->idle, CLOCK_MONOTONIC,
                                      now_monotonic_usec() + USER_MODE_IDLE_USEC, 1000000, on_idle,
                                      s);
        if (r < 0) {
                scheduler_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

Scheduler *scheduler_free(Scheduler *s)
{
        if (!s)
                return NULL;
        sd_event_source_disable_unref(s->soon);
        sd_event_source_disable_unref(s->timer);
        sd_event_source_disable_unref(s->idle);
        free(s);
        return NULL;
}

void schedule_soon(Scheduler *s)
{
        if (s)
                (void)sd_event_source_set_enabled(s->soon, SD_EVENT_ONESHOT);
}
