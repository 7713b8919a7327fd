/*
 * bits-queue: jobs, states, schedule, store, D-Bus. An unprivileged user, no capability; opens no
 * user's file and talks to no server. Started by bitsd, which it cannot outlive.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bus/bus.h"
#include "commit.h"
#include "config.h"
#include "history.h"
#include "host.h"
#include "job.h"
#include "notify.h"
#include "orphan.h"
#include "policy.h"
#include "queue.h"
#include "schedule.h"
#include "store/store.h"
#include "supervisor.h"
#include "ticket.h"
#include "trouble.h"
#include "worker.h"

static int load_job(Queue *queue, Job *job)
{
        int r;

        job->refs = 1;
        TAILQ_INIT(&job->transfers);
        TAILQ_INIT(&job->news);
        validation_init(&job->validation);
        r = queue_add_job(queue, job);
        if (r == 0)
                job_loaded(job);
        return r;
}

/* What was on its way when the service ended is queued again; the rest stays as it was. */
static void requeue(Queue *queue)
{
        Job *job;

        TAILQ_FOREACH (job, &queue->jobs, queue_link)
                if (job->state == JOB_CONNECTING || job->state == JOB_TRANSFERRING)
                        (void)job_event(job, EVENT_PREEMPT);
                else if (job->state == JOB_TRANSIENT_ERROR)
                        (void)job_event(job, EVENT_RETRY);
                else
                        notify_look(job);
}

static const char *conf_directory(const Queue *queue)
{
        return queue->flags & SUPERVISOR_USER_MODE ? NULL : CONF_DIR;
}

static void load_settings(Queue *queue)
{
        const char *directory = conf_directory(queue);
        int r = directory ? settings_load(directory, &queue->settings) : 0;

        if (r < 0)
                log_error("the configuration in %s cannot be read: %s", directory, strerror(-r));
}

void queue_reload(Queue *queue)
{
        const char *directory = conf_directory(queue);
        Settings settings;
        int r = directory ? settings_load(directory, &settings) : 0;

        if (r != 0)
                log_error("the configuration in %s %s: the settings stay as they were", directory,
                          r < 0 ? "cannot be read" : "has bad lines");
        else if (directory)
                queue->settings = settings;
        policy_settings_changed(queue->policy);
        schedule_settings_changed(queue->scheduler);
        history_settings_changed(queue->history);
        log_info("configuration read again");
}

static void raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
                limit.rlim_cur = limit.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &limit);
        }
}

/* *ret_status is what to end with when it fails. */
static int start(Queue *queue, int *ret_status)
{
        const char *state = getenv("BITS_STATE");
        unsigned quarantined;
        int r;

        *ret_status = EXIT_FAILURE;
        if (!state)
                return -EINVAL;
        r = supervisor_new(queue, SUPERVISOR_FD, &queue->supervisor);
        if (r < 0)
                return r;
        load_settings(queue);
        r = store_open(queue, state, &queue->store);
        if (r < 0) {
                log_error("the store in %s cannot be opened: %s%s", state, strerror(-r),
                          r == -EPROTO ? " (it was written by a newer version)"
                          : r == -EPERM || r == -EACCES
                                  ? " (it must be this user's, and closed to others)"
                                  : "");
                *ret_status = SUPERVISOR_EXIT_WAITING;
                return r;
        }
        queue->hosts = hosts_new();
        if (!queue->hosts)
                return -ENOMEM;
        r = trouble_new(queue, &queue->trouble);
        if (r == 0)
                r = committer_new(queue, &queue->committer);
        if (r == 0)
                r = workers_new(queue, &queue->workers);
        if (r == 0)
                r = tickets_new(queue, &queue->tickets);
        if (r == 0)
                r = orphanage_new(queue, &queue->orphanage);
        if (r == 0)
                r = scheduler_new(queue, &queue->scheduler);
        if (r == 0)
                r = policy_new(queue, &queue->policy);
        if (r == 0)
                r = notifier_new(queue, &queue->notifier);
        if (r == 0)
                r = history_new(queue, &queue->history);
        if (r == 0)
                r = listener_new(queue, LISTENER_FD, &queue->listener);
        if (r == 0)
                r = store_load_jobs(queue->store, load_job, &quarantined);
        if (r == -EUCLEAN) {
                trouble_damaged(queue);
                *ret_status = SUPERVISOR_EXIT_WAITING;
        }
        if (r < 0)
                return r;
        requeue(queue);
        log_info("%zu jobs, %u in quarantine", queue->n_jobs, quarantined);
        schedule_soon(queue->scheduler);
        return 0;
}

/* Answers are awaited, and what they are for hangs on them. */
static bool is_under_way(const Queue *queue)
{
        const Job *job;

        TAILQ_FOREACH (job, &queue->jobs, queue_link)
                if (!TAILQ_EMPTY(&job->transfers) || job->finishing || job->notification)
                        return true;
        return (queue->workers && workers_are_busy(queue->workers)) ||
               (queue->supervisor && supervisor_is_waiting(queue->supervisor)) ||
               (queue->committer && committer_is_waiting(queue->committer));
}

static void stop(Queue *queue)
{
        queue->listener = listener_free(queue->listener);
        queue->policy = policy_free(queue->policy);
        queue->notifier = notifier_free(queue->notifier);
        queue->workers = workers_free(queue->workers);
        queue->orphanage = orphanage_free(queue->orphanage);
        queue->tickets = tickets_free(queue->tickets);
        queue->committer = committer_free(queue->committer);
        queue->trouble = trouble_free(queue->trouble);
        queue->store = store_close(queue->store);
        queue->supervisor = supervisor_free(queue->supervisor);
        queue_clear(queue);
        queue->scheduler = scheduler_free(queue->scheduler);
        queue->history = history_free(queue->history);
        queue->hosts = hosts_free(queue->hosts);
        sd_event_unref(queue->event);
}

int main(void)
{
        Queue queue = {0};
        sigset_t mask;
        int r, status = EXIT_FAILURE;

        log_init("bits-queue");
        settings_default(&queue.settings);
        (void)prctl(PR_SET_DUMPABLE, 0);
        (void)umask(077);
        raise_descriptor_limit();
        TAILQ_INIT(&queue.jobs);
        TAILQ_INIT(&queue.ended);
        TAILQ_INIT(&queue.loaded);
        LIST_INIT(&queue.tokens);
        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        (void)signal(SIGPIPE, SIG_IGN);

        r = sd_event_new(&queue.event);
        if (r >= 0)
                r = sd_event_add_signal(queue.event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(queue.event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = start(&queue, &status);
        if (r < 0)
                log_error("cannot start: %s", strerror(-r));
        else
                r = sd_event_loop(queue.event);
        if (queue.committer && r >= 0)
                (void)commit_now(&queue);
        /* What is under way is not taken apart: the store has all of it that matters. */
        if (is_under_way(&queue)) {
                queue.listener = listener_free(queue.listener);
                store_close(queue.store);
                _exit(r < 0 ? status : r);
        }
        stop(&queue);
        return r < 0 ? status : r;
}
