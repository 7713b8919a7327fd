#include "notify.h"

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "bus/bus.h"
#include "command.h"
#include "commit.h"
#include "history.h"
#include "job.h"
#include "modification.h"
#include "queue.h"
#include "range-news.h"
#include "store/store.h"

enum {
        PER_USER_MAX = 4, /* in progress */
        ACCURACY_USEC = 20 * 1000,
};

struct NotifyUser {                   /* while something is due to him or in progress with him */
        TAILQ_ENTRY(NotifyUser) link; /* Notifier.users */
        uid_t uid;
        size_t in_progress;
        bool held;          /* whatever becomes of the rest */
        struct JobList due; /* Job.notify_link, in the order in which they became so */
};

struct Notifier {
        Queue *queue;
        TAILQ_HEAD(, NotifyUser) users;
        struct JobList later; /* Job.notify_link: due at Job.notify_at_usec */
        bool committing;      /* everybody is looked at after it */
        sd_event_source *timer;
        uint64_t timer_usec; /* when it fires; UINT64_MAX: never */
};

typedef enum StepKind {
        STEP_RANGES,
        STEP_FILE,
        STEP_STATE,   /* JobTransferred, JobError */
        STEP_COMMAND, /* the same, by the command line */
} StepKind;

typedef struct Step { /* what is to be told next of a job */
        StepKind kind;
        uid_t uid; /* to whom */
        uint32_t file;
        uint64_t not_before_usec;
} Step;

struct Notification { /* one that was given out */
        Notifier *notifier;
        NotifyUser *user;
        Job *job;
        Step step;
        RangeNews *ranges; /* owned */
        bool stale;        /* what it tells of has happened again meanwhile */
};

/* ---- what is next ---------------------------------------------------------------------------- */

static uint32_t state_flag(const Job *job)
{
        return job->state == JOB_TRANSFERRED ? NOTIFY_TRANSFERRED
               : job->state == JOB_ERROR     ? NOTIFY_ERROR
                                             : 0;
}

static bool is_new(const Job *job, size_t index)
{
        return index < job->n_files && job->files[index]->state >= FILE_SEALED &&
               !job->files[index]->announced;
}

static bool has_file(Job *job, uint32_t *ret)
{
        if (job_load_files(job) < 0)
                return false;
        if (job->file_again > 0 && is_new(job, job->file_again - 1)) {
                *ret = job->file_again - 1;
                return true;
        }
        for (size_t i = 0; i < job->n_files; i++)
                if (is_new(job, i)) {
                        *ret = (uint32_t)i;
                        return true;
                }
        return false;
}

static bool wants(const Job *job, uint32_t flag, uint32_t level)
{
        return job->receiver && job->receiver_level >= level && job->notify_flags & flag;
}

static bool next_step(Job *job, Step *ret)
{
        *ret = (Step){.not_before_usec = job->part_after_usec};
        if (job->receiver)
                ret->uid = client_uid(job->receiver);
        if (job->notify_flags & NOTIFY_DISABLE || job_is_leaving(job))
                return false;
        if (wants(job, NOTIFY_FILE_RANGES, 3) && !TAILQ_EMPTY(&job->news)) {
                ret->kind = STEP_RANGES;
                if (ret->not_before_usec < job->news_after_usec)
                        ret->not_before_usec = job->news_after_usec;
                return true;
        }
        if (wants(job, NOTIFY_FILE_TRANSFERRED, 2) && has_file(job, &ret->file)) {
                ret->kind = STEP_FILE;
                return true;
        }
        if (job->notified || !(job->notify_flags & state_flag(job)))
                return false;
        ret->not_before_usec = job->notify_after_usec;
        if (job->receiver && !(job->callback_failed && command_is_usable(job))) {
                ret->kind = STEP_STATE;
                return true;
        }
        ret->kind = STEP_COMMAND;
        ret->uid = job->notify_uid;
        return command_is_usable(job);
}

/* ---- users ----------------------------------------------------------------------------------- */

static NotifyUser *user_get(Notifier *n, uid_t uid)
{
        NotifyUser *user;

        TAILQ_FOREACH (user, &n->users, link)
                if (user->uid == uid)
                        return user;
        user = calloc(1, sizeof(*user));
        if (!user)
                return NULL;
        user->uid = uid;
        TAILQ_INIT(&user->due);
        TAILQ_INSERT_TAIL(&n->users, user, link);
        return user;
}

static void user_forget_if_idle(Notifier *n, NotifyUser *user)
{
        if (user->held || user->in_progress > 0 || !TAILQ_EMPTY(&user->due))
                return;
        TAILQ_REMOVE(&n->users, user, link);
        free(user);
}

/* ---- the lists ------------------------------------------------------------------------------- */

static void on_committed(void *userdata, HRESULT hr);

/* Nothing is told before it is stored. */
static void soon(Notifier *n)
{
        if (n->committing)
                return;
        n->committing = true;
        commit_then(n->queue, S_OK, (Done){on_committed, n});
}

static void wake_at(Notifier *n, uint64_t usec)
{
        if (usec >= n->timer_usec)
                return;
        n->timer_usec = usec;
        (void)sd_event_source_set_time(n->timer, usec);
        (void)sd_event_source_set_enabled(n->timer, SD_EVENT_ONESHOT);
}

static void unlist(Notifier *n, Job *job)
{
        switch (job->notify_place) {
        case NOTIFY_NOWHERE:
                return;
        case NOTIFY_DUE: {
                NotifyUser *user = job->notify_user;

                job->notify_user = NULL;
                TAILQ_REMOVE(&user->due, job, notify_link);
                user_forget_if_idle(n, user);
                break;
        }
        case NOTIFY_LATER:
                TAILQ_REMOVE(&n->later, job, notify_link);
                break;
        }
        job->notify_place = NOTIFY_NOWHERE;
}

static void list_due(Notifier *n, Job *job, uid_t uid)
{
        NotifyUser *user;

        if (job->notify_place == NOTIFY_DUE && job->notify_user->uid == uid) {
                soon(n);
                return; /* it keeps its turn */
        }
        unlist(n, job);
        user = user_get(n, uid);
        if (!user)
                return; /* looked at again with the next event */
        TAILQ_INSERT_TAIL(&user->due, job, notify_link);
        job->notify_user = user;
        job->notify_place = NOTIFY_DUE;
        soon(n);
}

static void list_later(Notifier *n, Job *job, uint64_t at_usec)
{
        if (job->notify_place != NOTIFY_LATER) {
                unlist(n, job);
                TAILQ_INSERT_TAIL(&n->later, job, notify_link);
                job->notify_place = NOTIFY_LATER;
        }
        job->notify_at_usec = at_usec;
        wake_at(n, at_usec);
}

/* A job that is done waits for the acknowledgement alone, and says so. */
static void explain(Job *job, uint64_t now_usec)
{
        bool waits = state_flag(job) && (job->notification || job->notify_place != NOTIFY_NOWHERE);
        uint64_t until_usec = 0;

        if (!waits) {
                if (job->reason == REASON_CALLBACK)
                        job_set_reason(job, REASON_NONE, 0);
                return;
        }
        if (job->reason != REASON_NONE && job->reason != REASON_CALLBACK)
                return;
        if (job->notify_place == NOTIFY_LATER) {
                if (job->reason == REASON_CALLBACK && job->reason_until_usec)
                        return; /* as it was said */
                until_usec = now_realtime_usec() + (job->notify_at_usec - now_usec);
        }
        job_set_reason(job, REASON_CALLBACK, until_usec);
}

void notify_look(Job *job)
{
        Notifier *n = job->queue->notifier;
        uint64_t now = now_boottime_usec();
        Step step;

        if (!n)
                return;
        if (job->notification || !next_step(job, &step))
                unlist(n, job);
        else if (step.not_before_usec > now)
                list_later(n, job, step.not_before_usec);
        else
                list_due(n, job, step.uid);
        explain(job, now);
}

/* ---- telling --------------------------------------------------------------------------------- */

/* A job that leaves has no rows any more, or soon none. What fails here fails the commit, and then
 * memory follows the store (trouble.h). */
static bool has_rows(const Job *job)
{
        return !state_is_final(job->state) && !job->departing;
}

static void file_was_told(Job *job, uint32_t index)
{
        if (!has_rows(job) || job_load_files(job) < 0 || index >= job->n_files)
                return;
        job->files[index]->announced = true;
        (void)store_update_file(job->queue->store, job->files[index]);
}

static void was_handled(Notification *note)
{
        Job *job = note->job;

        switch (note->step.kind) {
        case STEP_RANGES:
                break;
        case STEP_FILE:
                file_was_told(job, note->step.file);
                break;
        case STEP_STATE:
        case STEP_COMMAND:
                job->notified = true;
                if (has_rows(job))
                        (void)store_update_job(job->queue->store, job);
                break;
        }
}

static void was_not_handled(Notification *note)
{
        Job *job = note->job;
        uint64_t after_usec =
                now_boottime_usec() + (uint64_t)job->minimum_retry_delay_sec * 1000000;

        if (note->ranges && !state_is_final(job->state)) {
                range_news_put_back(job, note->ranges);
                note->ranges = NULL;
        }
        if (note->step.kind == STEP_FILE)
                job->file_again = note->step.file + 1;
        if (note->step.kind < STEP_STATE) {
                job->part_after_usec = after_usec;
                return;
        }
        job->callback_failed = note->step.kind == STEP_STATE;
        if (!job->callback_failed || !command_is_usable(job))
                job->notify_after_usec = after_usec;
        /* else that is next, at once */
}

static void finish(Notification *note, bool handled)
{
        Notifier *n = note->notifier;
        Job *job = note->job;

        job->notification = NULL;
        note->user->in_progress--;
        soon(n); /* others of the user may have waited */
        if (!note->stale && handled)
                was_handled(note);
        else if (!note->stale)
                was_not_handled(note);
        notify_look(job);
        user_forget_if_idle(n, note->user);
        job_unref(job);
        free(note->ranges);
        free(note);
}

static void on_answer(void *userdata, HRESULT hr)
{
        static const char *const names[] = {
                [STEP_RANGES] = "FileRangesTransferred",
                [STEP_FILE] = "FileTransferred",
                [STEP_STATE] = "JobTransferred or JobError",
                [STEP_COMMAND] = "command line",
        };
        Notification *note = userdata;

        /* Ranges are told too often for the history to keep each. */
        if (note->step.kind != STEP_RANGES || FAILED(hr))
                history_add(note->job, HISTORY_NOTIFIED, hr, names[note->step.kind]);
        finish(note, SUCCEEDED(hr));
}

static void on_command_ended(void *userdata, bool handled)
{
        Notification *note = userdata;

        history_add(note->job, HISTORY_COMMAND, handled ? S_OK : E_FAIL, NULL);
        finish(note, handled);
}

static int call(Notification *note)
{
        Job *job = note->job;
        CallbackEvent event = {.file = note->step.file};

        switch (note->step.kind) {
        case STEP_RANGES:
                note->ranges = range_news_take(job);
                job->news_after_usec =
                        now_boottime_usec() + (uint64_t)job->notify_interval_msec * 1000;
                event = (CallbackEvent){
                        .kind = CALLBACK_RANGES,
                        .file = note->ranges->file,
                        .ranges = note->ranges->ranges,
                        .n_ranges = note->ranges->n,
                };
                break;
        case STEP_FILE:
                event.kind = CALLBACK_FILE;
                break;
        case STEP_STATE:
                event.kind = job->state == JOB_ERROR ? CALLBACK_ERROR : CALLBACK_TRANSFERRED;
                break;
        case STEP_COMMAND:
                return command_run(job, on_command_ended, note);
        }
        return callback_call(job->receiver, &event, job, on_answer, note);
}

static void tell(Notifier *n, NotifyUser *user, Job *job, const Step *step)
{
        Notification *note = malloc(sizeof(*note));

        unlist(n, job);
        if (!note)
                return; /* looked at again with the next event */
        *note = (Notification){.notifier = n, .user = user, .job = job_ref(job), .step = *step};
        user->in_progress++;
        job->notification = note;
        explain(job, 0);
        if (call(note) < 0)
                finish(note, false);
}

static void tell_user(Notifier *n, NotifyUser *user)
{
        Job *job;
        Step step;

        user->held = true;
        while (user->in_progress < PER_USER_MAX && (job = TAILQ_FIRST(&user->due))) {
                if (next_step(job, &step) && step.uid == user->uid &&
                    step.not_before_usec <= now_boottime_usec()) {
                        tell(n, user, job, &step);
                        continue;
                }
                unlist(n, job);
                notify_look(job); /* nobody said that it changed: to its right place */
        }
        user->held = false;
        user_forget_if_idle(n, user);
}

static void on_committed(void *userdata, HRESULT hr)
{
        Notifier *n = userdata;
        NotifyUser *user, *next;

        n->committing = false;
        if (FAILED(hr)) {
                soon(n); /* memory follows the store first */
                return;
        }
        for (user = TAILQ_FIRST(&n->users); user; user = next) {
                next = TAILQ_NEXT(user, link);
                tell_user(n, user);
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Notifier *n = userdata;
        uint64_t now = now_boottime_usec();
        Job *job, *next;

        (void)source;
        (void)usec;
        n->timer_usec = UINT64_MAX;
        for (job = TAILQ_FIRST(&n->later); job; job = next) {
                next = TAILQ_NEXT(job, notify_link);
                if (job->notify_at_usec <= now)
                        notify_look(job);
                else
                        wake_at(n, job->notify_at_usec);
        }
        return 0;
}

/* ---- what happens to a job ------------------------------------------------------------------- */

void notify_happened(Job *job)
{
        modification_drop(job);
        job->notified = job->callback_failed = false;
        job->notify_after_usec = 0;
        if (job->notification && job->notification->step.kind >= STEP_STATE)
                job->notification->stale = true;
}

void notify_command_changed(Job *job)
{
        job->notify_after_usec = 0;
        if (job->notification && job->notification->step.kind == STEP_COMMAND)
                job->notification->stale = true;
}

void notify_file(File *file)
{
        const Job *job = file->job;

        file->announced = false;
        if (job->notification && job->notification->step.kind == STEP_FILE &&
            job->notification->step.file == file->index)
                job->notification->stale = true;
        notify_look(file->job);
}

void notify_ranges(File *file, uint64_t offset, uint64_t length)
{
        Job *job = file->job;

        if (length == 0 || !wants(job, NOTIFY_FILE_RANGES, 3) || job->notify_flags & NOTIFY_DISABLE)
                return;
        (void)range_news_add(job, file->index, offset, length); /* else they are not told */
        notify_look(job);
}

void notify_forget(Job *job)
{
        if (job->queue->notifier)
                unlist(job->queue->notifier, job);
        modification_drop(job);
        range_news_clear(job);
}

/* ---- life ------------------------------------------------------------------------------------ */

bool notifier_is_busy(const Notifier *n)
{
        return !TAILQ_EMPTY(&n->users) || !TAILQ_EMPTY(&n->later);
}

int notifier_new(Queue *queue, Notifier **ret)
{
        Notifier *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        n->queue = queue;
        n->timer_usec = UINT64_MAX;
        TAILQ_INIT(&n->users);
        TAILQ_INIT(&n->later);
        r = sd_event_add_time(queue->event, &n->timer, CLOCK_BOOTTIME, UINT64_MAX, ACCURACY_USEC,
                              on_timer, n);
        if (r < 0) {
                notifier_free(n);
                return r;
        }
        *ret = n;
        return 0;
}

Notifier *notifier_free(Notifier *n)
{
        NotifyUser *user;

        if (!n)
                return NULL;
        while ((user = TAILQ_FIRST(&n->users))) {
                TAILQ_REMOVE(&n->users, user, link);
                free(user);
        }
        sd_event_source_disable_unref(n->timer);
        free(n);
        return NULL;
}
