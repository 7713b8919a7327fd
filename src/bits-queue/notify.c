#include "notify.h"

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "bus/bus.h"
#include "job.h"
#include "queue.h"
#include "store/store.h"

enum {
        PER_USER_MAX = 4,               /* notifications in progress */
        MODIFICATION_USEC = 500 * 1000, /* least distance of JobModification */
};

struct Notifier {
        Queue *queue;
        struct JobList due, modified; /* Job.notify_link, Job.modified_link */
        sd_event_source *soon, *retry, *modification;
};

typedef struct Notification { /* one that is with a client */
        Notifier *notifier;
        Job *job;
        JobState state; /* that it tells of */
} Notification;

static bool is_due(const Job *job)
{
        uint32_t flag = job->state == JOB_TRANSFERRED ? NOTIFY_TRANSFERRED
                        : job->state == JOB_ERROR     ? NOTIFY_ERROR
                                                      : 0;

        return job->notify_flags & flag && !(job->notify_flags & NOTIFY_DISABLE) &&
               !job->notified && job->receiver && !job->notify_in_progress && !job->finishing;
}

static void soon(Notifier *n)
{
        (void)sd_event_source_set_enabled(n->soon, SD_EVENT_ONESHOT);
}

void notify_look(Job *job)
{
        Notifier *n = job->queue->notifier;
        bool due = n && is_due(job);

        if (!n || due == job->notify_listed) {
                if (due)
                        soon(n);
                return;
        }
        job->notify_listed = due;
        if (due) {
                TAILQ_INSERT_TAIL(&n->due, job, notify_link);
                soon(n);
        } else
                TAILQ_REMOVE(&n->due, job, notify_link);
}

void notify_forget(Job *job)
{
        Notifier *n = job->queue->notifier;

        if (n && job->notify_listed)
                TAILQ_REMOVE(&n->due, job, notify_link);
        if (n && job->modified_listed)
                TAILQ_REMOVE(&n->modified, job, modified_link);
        job->notify_listed = job->modified_listed = false;
}

static size_t in_progress(const Notifier *n, uid_t uid)
{
        size_t count = 0;
        Job *job;

        TAILQ_FOREACH (job, &n->queue->jobs, queue_link)
                count += job->notify_in_progress && job->receiver &&
                         client_uid(job->receiver) == uid;
        return count;
}

static void on_answer(void *userdata, HRESULT hr)
{
        Notification *note = userdata;
        Notifier *n = note->notifier;
        Job *job = note->job;
        char id[GUID_TEXT_SIZE];

        guid_text(&job->id, id);
        job->notify_in_progress = false;
        if (SUCCEEDED(hr) && job->state == note->state) {
                job->notified = true;
                if (!state_is_final(job->state))
                        (void)store_update_job(n->queue->store, job);
        } else if (FAILED(hr)) {
                log_info("job %s: the notification was not handled (0x%08X), said again later", id,
                         (unsigned)hr);
                job->notify_after_usec =
                        now_boottime_usec() + (uint64_t)job->minimum_retry_delay_sec * 1000000;
        }
        notify_look(job);
        soon(n); /* others of the user may have waited */
        job_unref(job);
        free(note);
}

static void tell(Notifier *n, Job *job)
{
        CallbackKind kind = job->state == JOB_ERROR ? CALLBACK_ERROR : CALLBACK_TRANSFERRED;
        Notification *note = malloc(sizeof(*note));

        if (!note)
                return; /* looked at again with the next event */
        *note = (Notification){.notifier = n, .job = job_ref(job), .state = job->state};
        job->notify_in_progress = true;
        notify_look(job);
        if (callback_call(job->receiver, kind, job, on_answer, note) < 0)
                on_answer(note, RPC_E_DISCONNECTED);
}

static void tell_all(Notifier *n)
{
        uint64_t now = now_boottime_usec(), next = UINT64_MAX;
        Job *job, *following;

        for (job = TAILQ_FIRST(&n->due); job; job = following) {
                following = TAILQ_NEXT(job, notify_link);
                if (job->notify_after_usec > now) {
                        if (job->notify_after_usec < next)
                                next = job->notify_after_usec;
                        continue;
                }
                if (in_progress(n, client_uid(job->receiver)) < PER_USER_MAX)
                        tell(n, job);
        }
        (void)sd_event_source_set_enabled(n->retry, SD_EVENT_OFF);
        if (next != UINT64_MAX) {
                (void)sd_event_source_set_time(n->retry, next);
                (void)sd_event_source_set_enabled(n->retry, SD_EVENT_ONESHOT);
        }
}

static int on_soon(sd_event_source *source, void *userdata)
{
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        tell_all(userdata);
        return 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        tell_all(userdata);
        return 0;
}

/* ---- JobModification: best effort, its answer does not matter ---------------------------------
 */

static void on_modification_answer(void *userdata, HRESULT hr)
{
        (void)hr;
        job_unref(userdata);
}

static int on_modification(sd_event_source *source, uint64_t usec, void *userdata)
{
        Notifier *n = userdata;
        Job *job;

        (void)source;
        (void)usec;
        while ((job = TAILQ_FIRST(&n->modified))) {
                TAILQ_REMOVE(&n->modified, job, modified_link);
                job->modified_listed = false;
                if (job->receiver && callback_call(job->receiver, CALLBACK_MODIFICATION, job,
                                                   on_modification_answer, job_ref(job)) < 0)
                        job_unref(job);
        }
        return 0;
}

void notify_modified(Job *job)
{
        Notifier *n = job->queue->notifier;

        if (!n || job->modified_listed || !job->receiver || state_is_final(job->state) ||
            (job->notify_flags & (NOTIFY_MODIFICATION | NOTIFY_DISABLE)) != NOTIFY_MODIFICATION)
                return;
        if (TAILQ_EMPTY(&n->modified)) {
                (void)sd_event_source_set_time(n->modification,
                                               now_monotonic_usec() + MODIFICATION_USEC);
                (void)sd_event_source_set_enabled(n->modification, SD_EVENT_ONESHOT);
        }
        TAILQ_INSERT_TAIL(&n->modified, job, modified_link);
        job->modified_listed = true;
}

int notifier_new(Queue *queue, Notifier **ret)
{
        Notifier *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        n->queue = queue;
        TAILQ_INIT(&n->due);
        TAILQ_INIT(&n->modified);
        r = sd_event_add_defer(queue->event, &n->soon, on_soon, n);
        if (r >= 0)
                r = sd_event_add_time(queue->event, &n->retry, CLOCK_BOOTTIME, UINT64_MAX, 0,
                                      on_retry, n);
        if (r >= 0)
                r = sd_event_add_time(queue->event, &n->modification, CLOCK_MONOTONIC, UINT64_MAX,
                                      50000, on_modification, n);
        if (r < 0) {
                notifier_free(n);
                return r;
        }
        *ret = n;
        return 0;
}

Notifier *notifier_free(Notifier *n)
{
        if (!n)
                return NULL;
        sd_event_source_disable_unref(n->soon);
        sd_event_source_disable_unref(n->retry);
        sd_event_source_disable_unref(n->modification);
        free(n);
        return NULL;
}
