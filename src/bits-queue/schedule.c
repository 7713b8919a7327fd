#include "schedule.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/hresult.h"
#include "base/log.h"
#include "bus/bus.h"
#include "history.h"
#include "host.h"
#include "job.h"
#include "notify.h"
#include "pipeline.h"
#include "policy.h"
#include "queue.h"
#include "supervisor.h"
#include "ticket.h"
#include "transfer.h"
#include "trouble.h"

enum {
        LOADS_PER_LOOK = 20, /* then calls have their turn */
};

static const uint64_t user_mode_idle_usec = 60ULL * 1000 * 1000;
static const uint64_t inactivity_look_usec = 3600ULL * 1000 * 1000;

struct Scheduler {
        Queue *queue;
        sd_event_source *soon, *later, *idle, *inactivity;
        struct JobList queued[PRIORITY_COUNT], blocked, active, waiting; /* Job.schedule_link */
        struct JobList stopping;                                         /* Job.stopping_link */
        int64_t last_place;
        size_t n_loads; /* jobs that this look had to read the files of */
        size_t refused; /* by policies, in this look */
};

enum {
        REFUSED_MAX = 100, /* by policies, in one look */
};

static bool is_active(const Job *job)
{
        return state_is_moving(job->state);
}

static bool is_background(const Job *job)
{
        return job->priority != PRIORITY_FOREGROUND;
}

/* ---- lists and timers ------------------------------------------------------------------------ */

static void put_on(struct JobList *list, Job *job)
{
        if (job->schedule_list == list)
                return;
        if (job->schedule_list)
                TAILQ_REMOVE(job->schedule_list, job, schedule_link);
        job->schedule_list = list;
        if (list)
                TAILQ_INSERT_TAIL(list, job, schedule_link);
}

/* Behind all others of its priority. */
static void queue_up(Scheduler *s, Job *job)
{
        job->schedule_place = ++s->last_place;
        job->schedule_queue = 1 + job->priority;
        put_on(&s->queued[job->priority], job);
}

/* To where its place is: at one of the ends, or not far from the first. */
static void put_in_order(struct JobList *list, Job *job)
{
        Job *last = TAILQ_LAST(list, JobList), *other;

        if (job->schedule_list == list)
                return;
        put_on(list, job);
        if (!last || last->schedule_place < job->schedule_place)
                return;
        TAILQ_REMOVE(list, job, schedule_link);
        TAILQ_FOREACH (other, list, schedule_link)
                if (other->schedule_place > job->schedule_place)
                        break;
        TAILQ_INSERT_BEFORE(other, job, schedule_link);
}

/* A queued job keeps its place, but what it waited for may be different now. */
static void queue_again(Scheduler *s, Job *job)
{
        if (job->schedule_queue != 1 + job->priority || job->schedule_list == &s->blocked)
                queue_up(s, job);
        else
                put_in_order(&s->queued[job->priority], job);
}

static struct JobList *list_for(Scheduler *s, const Job *job)
{
        switch (job->state) {
        case JOB_CONNECTING:
        case JOB_TRANSFERRING:
                return &s->active;
        case JOB_TRANSIENT_ERROR:
                return &s->waiting;
        case JOB_QUEUED: /* queue_up() */
        case JOB_SUSPENDED:
        case JOB_ERROR:
        case JOB_TRANSFERRED:
        case JOB_ACKNOWLEDGED:
        case JOB_CANCELLED:
        case JOB_STATE_COUNT:
                break;
        }
        return NULL;
}

/* When the job is to be looked at whatever else happens; UINT64_MAX: never. */
static uint64_t deadline(const Job *job)
{
        uint64_t next = UINT64_MAX, now = now_boottime_usec(), limit;

        if (job->state == JOB_TRANSIENT_ERROR) {
                next = job->retry_at_usec;
                if (job->progress_deadline_usec && next != UINT64_MAX &&
                    job->progress_deadline_usec < next)
                        next = job->progress_deadline_usec;
        } else if (job->active_since_usec) {
                limit = (uint64_t)job->max_download_time_sec * 1000000;
                next = job->active_since_usec +
                       (limit > job->download_time_usec ? limit - job->download_time_usec : 0);
                if (job->slice_end_usec > now && job->slice_end_usec < next)
                        next = job->slice_end_usec;
        }
        return next;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata);

static void set_timer(Job *job)
{
        uint64_t next = deadline(job);
        sd_event_source *timer = job->schedule_timer;
        int r = 0;

        if (next == UINT64_MAX) {
                job->schedule_timer = sd_event_source_disable_unref(timer);
                return;
        }
        if (!timer)
                r = sd_event_add_time(job->queue->event, (sd_event_source **)&job->schedule_timer,
                                      CLOCK_BOOTTIME, next, 50000, on_deadline, job);
        else
                r = sd_event_source_set_time(timer, next);
        if (r >= 0)
                r = sd_event_source_set_enabled(job->schedule_timer, SD_EVENT_ONESHOT);
        if (r < 0)
                log_error("a job's timer cannot be set: %s", strerror(-r));
}

/* The clock of CONNECTING and TRANSFERRING: sleep of the machine counts, QUEUED does not. */
static void run_clock(Job *job)
{
        uint64_t now = now_boottime_usec();

        if (is_active(job) && !job->active_since_usec) {
                job->active_since_usec = now;
                job->slice_end_usec =
                        is_background(job)
                                ? now + (uint64_t)job->queue->settings.time_slice_sec * 1000000
                                : 0;
        } else if (!is_active(job) && job->active_since_usec) {
                job->download_time_usec += now - job->active_since_usec;
                job->active_since_usec = job->slice_end_usec = 0;
        }
}

void schedule_count_time(Job *job)
{
        uint64_t now = now_boottime_usec();

        if (!job->active_since_usec)
                return;
        job->download_time_usec += now - job->active_since_usec;
        job->active_since_usec = now;
}

static void set_stopping(Scheduler *s, Job *job, bool stopping)
{
        if (stopping == job->stopping)
                return;
        job->stopping = stopping;
        if (stopping)
                TAILQ_INSERT_TAIL(&s->stopping, job, stopping_link);
        else
                TAILQ_REMOVE(&s->stopping, job, stopping_link);
}

void schedule_job(Job *job)
{
        Scheduler *s = job->queue->scheduler;

        if (!s)
                return;
        run_clock(job);
        set_stopping(s, job, !is_active(job) && job->n_transfers > 0);
        if (job->state != JOB_QUEUED) {
                job->schedule_queue = 0;
                put_on(list_for(s, job), job);
        } else
                queue_again(s, job);
        set_timer(job);
        schedule_soon(s);
}

void schedule_stopped(Job *job)
{
        Scheduler *s = job->queue->scheduler;

        if (!s)
                return;
        set_stopping(s, job, false);
        schedule_soon(s);
}

void schedule_forget(Job *job)
{
        put_on(NULL, job);
        if (job->queue->scheduler)
                set_stopping(job->queue->scheduler, job, false);
        job->schedule_timer = sd_event_source_disable_unref(job->schedule_timer);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
        Job *job = job_ref(userdata);
        uint64_t now = now_boottime_usec();

        (void)source;
        (void)usec;
        if (job->state == JOB_TRANSIENT_ERROR) {
                if (job->progress_deadline_usec && job->progress_deadline_usec <= now)
                        (void)job_event(job, EVENT_FATAL);
                else if (job->retry_at_usec <= now)
                        (void)job_event(job, EVENT_RETRY);
                else
                        set_timer(job);
        } else if (job->active_since_usec) {
                if (now - job->active_since_usec + job->download_time_usec >=
                    (uint64_t)job->max_download_time_sec * 1000000)
                        job_fail(job, BG_E_MAXDOWNLOAD_TIMEOUT, CONTEXT_QUEUE_MANAGER, -1, NULL,
                                 FAILURE_FATAL);
                else {
                        set_timer(job);
                        schedule_soon(job->queue->scheduler); /* the time slice is over */
                }
        }
        job_unref(job);
        return 0;
}

static void fill_jobs(Scheduler *s, JobPriority priority)
{
        Job *job, *next;

        for (job = TAILQ_FIRST(&s->active); job; job = next) {
                next = TAILQ_NEXT(job, schedule_link);
                if (job->finishing || !job->files || job->priority != priority)
                        continue;
                job_ref(job);
                if (pipeline_fill(job) && is_active(job))
                        (void)job_event(job, EVENT_TRANSFERRED);
                job_unref(job);
        }
}

/* ---- which jobs run -------------------------------------------------------------------------- */

static void block(Scheduler *s, Job *job, JobReason reason, uint64_t until_usec)
{
        put_on(&s->blocked, job);
        job_set_reason(job, reason, until_usec);
}

/* An active background job that makes way: one of lower priority, the latest started first; else
 * one of the same whose time slice is over, the earliest started first. */
static Job *find_victim(Scheduler *s, JobPriority priority)
{
        uint64_t now = now_boottime_usec();
        Job *job, *lower = NULL, *equal = NULL;

        TAILQ_FOREACH (job, &s->active, schedule_link) {
                if (!is_background(job) || job->finishing)
                        continue;
                if (job->priority > priority && (!lower || job->priority >= lower->priority))
                        lower = job;
                if (job->priority == priority && job->slice_end_usec <= now && !equal)
                        equal = job;
        }
        return lower ? lower : equal;
}

/* Who lost to a higher priority is the next of its own; whose time slice is over is the last. */
static void preempt(Scheduler *s, Job *victim, JobPriority by)
{
        struct JobList *list = &s->queued[victim->priority];

        if (!job_event(victim, EVENT_PREEMPT))
                return;
        job_set_reason(victim, REASON_QUEUE, 0);
        if (victim->priority != by) {
                victim->schedule_place = TAILQ_FIRST(list)->schedule_place - 1;
                TAILQ_REMOVE(list, victim, schedule_link);
                TAILQ_INSERT_HEAD(list, victim, schedule_link);
        }
        job_stop(victim, (Done){0});
}

static size_t connections_at(const Job *job, const Host *host)
{
        const Transfer *t;
        size_t n = 0;

        TAILQ_FOREACH (t, &job->transfers, job_link)
                n += t->host == host;
        return n;
}

/* As find_victim(), but one of lower priority that has a connection to the host. */
static Job *find_victim_at(Scheduler *s, const Host *host, JobPriority priority)
{
        Job *job, *victim = NULL;

        TAILQ_FOREACH (job, &s->active, schedule_link)
                if (is_background(job) && !job->finishing && job->priority > priority &&
                    (!victim || job->priority >= victim->priority) && connections_at(job, host) > 0)
                        victim = job;
        return victim;
}

/* Are connections of jobs that were told to stop on their way to all who wait for one of the host's
 * and come before priority? */
static bool is_room_coming(Scheduler *s, const Host *host, JobPriority priority)
{
        size_t coming = 0, waiting = 0;
        Job *job;

        TAILQ_FOREACH (job, &s->stopping, stopping_link)
                coming += connections_at(job, host);
        for (JobPriority p = 0; p < priority; p++)
                TAILQ_FOREACH (job, &host->waiting[p], schedule_link)
                        waiting++;
        return coming >= waiting;
}

/* The job waits for one of the host's connections; who is behind it makes way. */
static void wait_for_connection(Scheduler *s, Job *job, Host *host)
{
        Job *victim = find_victim_at(s, host, job->priority);

        put_in_order(&host->waiting[job->priority], job);
        if (victim && !is_room_coming(s, host, victim->priority))
                preempt(s, victim, job->priority);
}

static const char *next_url(const Job *job)
{
        for (size_t i = job->fill_from; i < job->n_files; i++)
                if (job->files[i]->state < FILE_SEALED)
                        return job->files[i]->remote;
        return NULL;
}

/* Whether there is a connection for its next file; else the job waits for one of that host's. */
static bool has_connection(Scheduler *s, Job *job)
{
        const char *url = next_url(job);
        Host *host;

        if (!url || hosts_have_room(s->queue->hosts, job->owner, url,
                                    s->queue->settings.connections_per_host))
                return true;
        host = hosts_crowd(s->queue->hosts, job->owner, url);
        if (host)
                wait_for_connection(s, job, host);
        return false;
}

/* As many of those who wait for a host come back into the queue as it has room. */
static void call_waiting(Scheduler *s)
{
        uint32_t max = s->queue->settings.connections_per_host;
        Host *host = NULL;

        while ((host = hosts_next_crowded(s->queue->hosts, host))) {
                uint32_t room = host->n < max ? max - host->n : 0;

                for (JobPriority p = 0; p < PRIORITY_COUNT; p++) {
                        Job *job;

                        while (room > 0 && (job = TAILQ_FIRST(&host->waiting[p]))) {
                                put_in_order(&s->queued[p], job);
                                room--;
                        }
                }
        }
}

/* All that stands between a queued job and its start, but for its place in the queue. */
static bool may_start(Scheduler *s, Job *job)
{
        int r;

        if (job->finishing || job->stopping)
                return false; /* looked at again when they have gone */
        if (trouble_error(s->queue->trouble) < 0) {
                block(s, job, REASON_STORE, 0);
                return false;
        }
        if (!tickets_find(s->queue->tickets, job->owner)) {
                block(s, job, REASON_AUTHORISATION, 0);
                return false;
        }
        if (job_needs_token(job)) {
                job_fail(job, BG_E_TOKEN_REQUIRED, CONTEXT_QUEUE_MANAGER, -1, NULL, FAILURE_FATAL);
                return false;
        }
        if (!job->files)
                s->n_loads++;
        r = job_load_files(job);
        if (r < 0) {
                job_fail(job, job_load_error(r), CONTEXT_QUEUE_MANAGER, -1, NULL, FAILURE_FATAL);
                return false;
        }
        if (!policy_admits(job)) {
                s->refused++;
                return false;
        }
        if (job->dynamic_content && is_background(job)) { /* types.md §4: cannot be throttled */
                block(s, job, REASON_POLICY, 0);
                return false;
        }
        return has_connection(s, job);
}

/* Each costs a change of state: the others in the next round. */
static bool has_refused_enough(Scheduler *s)
{
        if (s->refused < REFUSED_MAX)
                return false;
        schedule_soon(s);
        return true;
}

/* Its connection is taken before the next one is asked whether there is one left. */
static void start(Job *job)
{
        if (!job_event(job, EVENT_START))
                return;
        job_set_reason(job, REASON_NONE, 0);
        job_ref(job);
        pipeline_start(job);
        job_unref(job);
}

/* Enough for one look: the rest when the calls that came meanwhile are answered. */
static bool is_tired(Scheduler *s)
{
        if (s->n_loads < LOADS_PER_LOOK)
                return false;
        (void)sd_event_source_set_enabled(s->later, SD_EVENT_ONESHOT);
        return true;
}

static void start_foreground(Scheduler *s)
{
        Job *job, *next;

        for (job = TAILQ_FIRST(&s->queued[PRIORITY_FOREGROUND]);
             job && !is_tired(s) && !has_refused_enough(s); job = next) {
                next = TAILQ_NEXT(job, schedule_link);
                if (may_start(s, job))
                        start(job);
        }
}

/* Places for background jobs: those that are free, and those that will be when transfers that were
 * told to stop have gone. */
typedef struct Places {
        size_t free, coming;
} Places;

static Places count_places(Scheduler *s)
{
        size_t busy = 0, coming = 0, max = s->queue->settings.background_jobs;
        Job *job;

        TAILQ_FOREACH (job, &s->active, schedule_link)
                busy += is_background(job);
        TAILQ_FOREACH (job, &s->stopping, stopping_link)
                coming += is_background(job);
        busy += coming;
        return (Places){.free = busy < max ? max - busy : 0, .coming = coming};
}

/* One round over the background jobs of a priority; false when there is no place left. */
static bool start_background(Scheduler *s, JobPriority priority, Places *places)
{
        Job *job, *next, *victim;

        for (job = TAILQ_FIRST(&s->queued[priority]); job; job = next) {
                next = TAILQ_NEXT(job, schedule_link);
                if (is_tired(s) || has_refused_enough(s) ||
                    (places->free == 0 && places->coming == 0 && !find_victim(s, priority)))
                        return false;
                if (!may_start(s, job))
                        continue;
                if (places->free > 0) {
                        places->free--;
                        start(job);
                } else if (places->coming > 0) {
                        places->coming--; /* this job's, when it is there */
                } else {
                        victim = find_victim(s, priority);
                        preempt(s, victim, priority);
                        if (!victim->stopping)
                                start(job);
                }
        }
        return true;
}

static void look(Scheduler *s)
{
        Places places;

        s->n_loads = s->refused = 0;
        call_waiting(s);
        start_foreground(s);
        places = count_places(s);
        for (JobPriority p = PRIORITY_HIGH; p < PRIORITY_COUNT; p++)
                if (!start_background(s, p, &places))
                        break;
        for (JobPriority p = 0; p < PRIORITY_COUNT; p++)
                fill_jobs(s, p);
}

static int on_soon(sd_event_source *source, void *userdata)
{
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        look(userdata);
        return 0;
}

void schedule_soon(Scheduler *s)
{
        if (s)
                (void)sd_event_source_set_enabled(s->soon, SD_EVENT_ONESHOT);
}

void schedule_block(Job *job, JobReason reason)
{
        block(job->queue->scheduler, job, reason, 0);
}

void schedule_unblock(Scheduler *s)
{
        Job *job;

        while ((job = TAILQ_FIRST(&s->blocked))) {
                queue_up(s, job);
                job_set_reason(job, REASON_QUEUE, 0);
        }
        schedule_soon(s);
}

/* ---- idle services and forgotten jobs -------------------------------------------------------- */

static bool has_work(const Scheduler *s)
{
        for (size_t i = 0; i < PRIORITY_COUNT; i++)
                if (!TAILQ_EMPTY(&s->queued[i]))
                        return true;
        return hosts_next_crowded(s->queue->hosts, NULL) || !TAILQ_EMPTY(&s->active) ||
               !TAILQ_EMPTY(&s->blocked) || !TAILQ_EMPTY(&s->waiting) ||
               listener_n_clients(s->queue->listener) > 0 || notifier_is_busy(s->queue->notifier);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
        Scheduler *s = userdata;

        if (!has_work(s))
                supervisor_idle(s->queue->supervisor);
        (void)sd_event_source_set_time(source, usec + user_mode_idle_usec);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static uint64_t next_inactivity_look(const Queue *queue)
{
        uint64_t interval = queue->settings.inactivity_sec * 1000000 / 4;

        if (interval > inactivity_look_usec)
                interval = inactivity_look_usec;
        return now_boottime_usec() + (interval < 1000000 ? 1000000 : interval);
}

/* What has passed since the start is measured by the clock that does not jump. What was before
 * comes from the wall clock, which may be wrong just after the machine's start: it is asked again.
 */
static bool is_unused(const Job *job, uint64_t now_usec, uint64_t wall_usec)
{
        uint64_t limit = job->queue->settings.inactivity_sec * 1000000;
        bool was_just_used =
                wall_usec >= job->modified_usec && wall_usec - job->modified_usec < limit;

        return now_usec - job->used_usec >= limit && !was_just_used;
}

/* behaviour.md §3: neither progress nor a changed property for that long, and the job is
 * cancelled. */
static int on_inactivity(sd_event_source *source, uint64_t usec, void *userdata)
{
        Queue *queue = ((Scheduler *)userdata)->queue;
        uint64_t now = now_boottime_usec(), wall = now_realtime_usec();
        Job *job, *next;

        (void)usec;
        for (job = TAILQ_FIRST(&queue->jobs); job; job = next) {
                next = TAILQ_NEXT(job, queue_link);
                if (!is_unused(job, now, wall) || job->finishing)
                        continue;
                history_add(job, HISTORY_UNUSED, S_OK, NULL);
                job_cancel(job, (Done){0});
        }
        (void)sd_event_source_set_time(source, next_inactivity_look(queue));
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void schedule_settings_changed(Scheduler *s)
{
        (void)sd_event_source_set_time(s->inactivity, next_inactivity_look(s->queue));
        schedule_unblock(s);
}

/* ---- life
 * ---------------------------------------------------------------------------------------- */

static int add_sources(Scheduler *s)
{
        sd_event *event = s->queue->event;
        int r;

        r = sd_event_add_defer(event, &s->soon, on_soon, s);
        if (r >= 0)
                r = sd_event_add_defer(event, &s->later, on_soon, s);
        if (r >= 0) /* behind the commit */
                r = sd_event_source_set_priority(s->later, SD_EVENT_PRIORITY_IDLE + 1);
        if (r >= 0)
                r = sd_event_add_time(event, &s->inactivity, CLOCK_BOOTTIME,
                                      next_inactivity_look(s->queue), 1000000, on_inactivity, s);
        if (r >= 0 && s->queue->flags & SUPERVISOR_USER_MODE)
                r = sd_event_add_time(event, &s->idle, CLOCK_MONOTONIC,
                                      now_monotonic_usec() + user_mode_idle_usec, 1000000, on_idle,
                                      s);
        return r;
}

int scheduler_new(Queue *queue, Scheduler **ret)
{
        Scheduler *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->queue = queue;
        for (size_t i = 0; i < PRIORITY_COUNT; i++)
                TAILQ_INIT(&s->queued[i]);
        TAILQ_INIT(&s->blocked);
        TAILQ_INIT(&s->active);
        TAILQ_INIT(&s->waiting);
        TAILQ_INIT(&s->stopping);
        r = add_sources(s);
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
        sd_event_source_disable_unref(s->later);
        sd_event_source_disable_unref(s->inactivity);
        sd_event_source_disable_unref(s->idle);
        free(s);
        return NULL;
}
