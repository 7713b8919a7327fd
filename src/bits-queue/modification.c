#include "modification.h"

#include <systemd/sd-event.h>

#include "bus/bus.h"
#include "job.h"
#include "queue.h"

enum {
        ACCURACY_USEC = 20 * 1000,
};

static bool is_wanted(const Job *job)
{
        return job->receiver && !state_is_final(job->state) &&
               (job->notify_flags & (NOTIFY_MODIFICATION | NOTIFY_DISABLE)) == NOTIFY_MODIFICATION;
}

static void arm(Job *job);

static void on_answer(void *userdata, HRESULT hr)
{
        Job *job = userdata;

        (void)hr;
        job->modification_unanswered = false;
        if (job->modified)
                arm(job);
        job_unref(job);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        static const CallbackEvent event = {.kind = CALLBACK_MODIFICATION};
        Job *job = userdata;

        (void)source;
        (void)usec;
        job->modified = false;
        if (!is_wanted(job))
                return 0;
        job_ref(job);
        if (callback_call(job->receiver, &event, job, on_answer, job) < 0) {
                job_unref(job);
                return 0;
        }
        job->modification_unanswered = true;
        job->modification_after_usec =
                now_monotonic_usec() + (uint64_t)job->notify_interval_msec * 1000;
        return 0;
}

static void arm(Job *job)
{
        sd_event_source *timer = job->modification_timer;

        if (!timer) {
                if (sd_event_add_time(job->queue->event, &timer, CLOCK_MONOTONIC,
                                      job->modification_after_usec, ACCURACY_USEC, on_timer,
                                      job) >= 0)
                        job->modification_timer = timer;
                return;
        }
        (void)sd_event_source_set_time(timer, job->modification_after_usec);
        (void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

void modification_seen(Job *job)
{
        if (job->modified || !is_wanted(job))
                return;
        job->modified = true;
        if (!job->modification_unanswered)
                arm(job);
}

void modification_drop(Job *job)
{
        job->modified = false;
        job->modification_timer = sd_event_source_disable_unref(job->modification_timer);
}
