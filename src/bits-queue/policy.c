#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/log.h"
#include "cost.h"
#include "host.h"
#include "job.h"
#include "metered.h"
#include "queue.h"
#include "route.h"
#include "schedule.h"
#include "session.h"
#include "token.h"
#include "worker.h"

enum {
        SWEEP_JOBS = 100,     /* of one round of the loop */
        RATE_LOOK_SEC = 3600, /* at least so often: a change of summer time moves the windows */
        BLOCKED_CHANGES_MAX = 700, /* of the rate until the end of a block: more than a week has */
};

struct Policy {
        Queue *queue;
        Routes *routes;
        Metered *metered;
        Sessions *sessions; /* NULL: all jobs run, whoever is logged on */
        sd_event_source *rate_timer, *sweep;
        uint64_t sweep_after; /* serial of the last job that was looked at */
        uint32_t cost, cost_policy[PRIORITY_COUNT];
        int64_t wall_offset_usec; /* CLOCK_BOOTTIME to the wall clock of policy_settings_changed()
                                   */
        uint64_t bytes_per_sec;
        uint64_t blocked_until_usec; /* wall clock as above; 0: no end is known */
};

typedef struct Verdict {
        JobReason reason; /* REASON_NONE: it may run */
        HRESULT code;
        uint64_t until_usec; /* CLOCK_REALTIME; 0: unknown */
} Verdict;

/* ---- bandwidth ------------------------------------------------------------------------------- */

static uint64_t wall_clock(const Policy *policy)
{
        return (uint64_t)((int64_t)now_boottime_usec() + policy->wall_offset_usec);
}

static void local_time(uint64_t usec, struct tm *ret)
{
        time_t sec = (time_t)(usec / 1000000);

        if (!localtime_r(&sec, ret))
                *ret = (struct tm){0};
}

/* When a rate of 0 ends; 0 when it does not. */
static uint64_t end_of_block(const Bandwidth *bandwidth, uint64_t from_usec)
{
        uint64_t usec = from_usec / 1000000 * 1000000;
        struct tm local;

        for (int i = 0; i < BLOCKED_CHANGES_MAX; i++) {
                local_time(usec, &local);
                if (bandwidth_at(bandwidth, &local) != 0)
                        return usec;
                usec += (uint64_t)bandwidth_lasts_sec(bandwidth, &local) * 1000000;
        }
        return 0;
}

static void start_sweep(Policy *policy)
{
        policy->sweep_after = 0;
        (void)sd_event_source_set_enabled(policy->sweep, SD_EVENT_ON);
}

/* The rate of now, until the next moment at which it may change. */
static void set_rate(Policy *policy)
{
        const Bandwidth *bandwidth = &policy->queue->settings.bandwidth;
        uint64_t now = wall_clock(policy), before = policy->bytes_per_sec, lasts_usec;
        uint64_t until_before = policy->blocked_until_usec;
        struct tm local;

        local_time(now, &local);
        policy->bytes_per_sec = bandwidth_at(bandwidth, &local);
        lasts_usec = (uint64_t)bandwidth_lasts_sec(bandwidth, &local) * 1000000 - now % 1000000;
        if (lasts_usec > (uint64_t)RATE_LOOK_SEC * 1000000)
                lasts_usec = (uint64_t)RATE_LOOK_SEC * 1000000;
        policy->blocked_until_usec = policy->bytes_per_sec == 0 ? end_of_block(bandwidth, now) : 0;
        (void)sd_event_source_set_time(policy->rate_timer, now_boottime_usec() + lasts_usec);
        (void)sd_event_source_set_enabled(policy->rate_timer, SD_EVENT_ONESHOT);
        if (policy->bytes_per_sec == before && policy->blocked_until_usec == until_before)
                return;
        net_limit(policy->queue,
                  policy->bytes_per_sec == RATE_UNLIMITED ? 0 : policy->bytes_per_sec);
        if (policy->bytes_per_sec == RATE_UNLIMITED)
                log_info("background jobs: no limit of bandwidth");
        else
                log_info("background jobs: %llu bytes a second",
                         (unsigned long long)policy->bytes_per_sec);
        if ((before == 0) != (policy->bytes_per_sec == 0) ||
            policy->blocked_until_usec != until_before)
                start_sweep(policy);
}

static int on_rate_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        set_rate(userdata);
        return 0;
}

/* ---- verdict --------------------------------------------------------------------------------- */

/* How the files travel that are to be moved yet: REACH_NO if one of them cannot. */
static Reach job_reach(const Policy *policy, Job *job)
{
        char host[HOST_NAME_SIZE], last[HOST_NAME_SIZE] = "";
        Reach reach = REACH_LOCAL, one;

        if (job_load_files(job) < 0)
                return REACH_LOCAL; /* the scheduler will say so */
        for (size_t i = job->fill_from; i < job->n_files; i++) {
                const File *file = job->files[i];

                if (file->state >= FILE_RECEIVED || !host_of(file->remote, host) ||
                    strcmp(host, last) == 0)
                        continue;
                memcpy(last, host, sizeof(last));
                one = routes_reach(policy->routes, file->remote);
                if (one == REACH_NO)
                        return REACH_NO;
                if (one == REACH_YES)
                        reach = REACH_YES;
        }
        return reach;
}

uint32_t policy_cost_flags(const Job *job)
{
        return job->cost_flags ? job->cost_flags : job->queue->settings.cost_policy[job->priority];
}

/* For whoever looks at the wall clock; in whole seconds, so that it stays the same. */
static uint64_t blocked_until(const Policy *policy)
{
        uint64_t usec = policy->blocked_until_usec;

        if (usec == 0)
                return 0;
        usec = usec - wall_clock(policy) + now_realtime_usec();
        return (usec + 500000) / 1000000 * 1000000;
}

/* In the order in which they are told: no network is not for sale. */
static Verdict judge(const Policy *policy, Job *job)
{
        Reach reach = job_reach(policy, job);

        if (reach == REACH_NO)
                return (Verdict){REASON_NETWORK, BG_E_NETWORK_DISCONNECTED, 0};
        if (policy->bytes_per_sec == 0 && job->priority != PRIORITY_FOREGROUND)
                return (Verdict){REASON_POLICY, BG_E_BLOCKED_BY_POLICY, blocked_until(policy)};
        if (reach == REACH_YES && !(policy_cost_flags(job) & policy->cost))
                return (Verdict){REASON_COST, BG_E_BLOCKED_BY_COST_TRANSFER_POLICY, 0};
        return (Verdict){REASON_NONE, S_OK, 0};
}

static bool owner_is_there(const Policy *policy, const Job *job)
{
        return !policy->sessions || queue_is_system_account(policy->queue, job->owner) ||
               sessions_has(policy->sessions, job->owner);
}

/* ---- what follows from it -------------------------------------------------------------------- */

static void wait_for_owner(Job *job)
{
        if (job->state != JOB_QUEUED && !job_event(job, EVENT_PREEMPT))
                return;
        schedule_block(job, REASON_SESSION);
        job_stop(job, (Done){0});
}

bool policy_admits(Job *job)
{
        const Policy *policy = job->queue->policy;
        Verdict verdict;

        if (!policy || job->finishing)
                return true;
        if (!owner_is_there(policy, job)) {
                wait_for_owner(job);
                return false;
        }
        job->cut_off = false;
        verdict = judge(policy, job);
        if (verdict.reason == REASON_NONE)
                return true;
        job_fail(job, verdict.code, CONTEXT_QUEUE_MANAGER, -1, NULL, FAILURE_EVENT);
        if (job->state == JOB_TRANSIENT_ERROR)
                job_set_reason(job, verdict.reason, verdict.until_usec);
        return false;
}

static bool is_held(const Job *job)
{
        return job->reason == REASON_NETWORK || job->reason == REASON_POLICY ||
               job->reason == REASON_COST;
}

/* A job in TRANSIENT_ERROR goes on when what held it has ended; when its network came back,
 * whatever its error was. */
static void look_at_waiting(const Policy *policy, Job *job)
{
        Verdict verdict = judge(policy, job);
        bool back = job->cut_off && verdict.reason != REASON_NETWORK;

        job->cut_off = verdict.reason == REASON_NETWORK;
        if (is_held(job) && verdict.reason == job->reason)
                job_set_reason(job, verdict.reason, verdict.until_usec);
        else if ((is_held(job) || back) && job_event(job, EVENT_RETRY))
                (void)policy_admits(job);
}

void policy_job_changed(Job *job)
{
        const Policy *policy = job->queue->policy;

        if (!policy || job->finishing)
                return;
        job_ref(job);
        if (job->state == JOB_TRANSIENT_ERROR)
                look_at_waiting(policy, job);
        else if (state_is_action(job->state))
                (void)policy_admits(job);
        job_unref(job);
}

static int on_sweep(sd_event_source *source, void *userdata)
{
        Policy *policy = userdata;
        Job *job;

        for (int i = 0; i < SWEEP_JOBS; i++) {
                job = queue_next_job(policy->queue, policy->sweep_after);
                if (!job)
                        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
                policy->sweep_after = job->serial;
                policy_job_changed(job);
        }
        return 0;
}

/* ---- what happens outside -------------------------------------------------------------------- */

static void on_routes_changed(void *userdata)
{
        start_sweep(userdata);
}

static void set_cost(Policy *policy)
{
        uint32_t manual = policy->queue->settings.network_cost;
        uint32_t cost = manual ? manual : metered_cost(policy->metered);

        if (cost == policy->cost)
                return;
        policy->cost = cost;
        start_sweep(policy);
}

static void on_cost_changed(void *userdata)
{
        set_cost(userdata);
}

static void on_sessions_changed(void *userdata)
{
        Policy *policy = userdata;

        schedule_unblock(policy->queue->scheduler);
        start_sweep(policy);
}

/* behaviour.md §6: helper tokens outlive neither the session of the jobs' owner nor their own. */
static void on_logged_off(void *userdata, uid_t uid)
{
        Queue *queue = ((Policy *)userdata)->queue;
        Job *job, *next;

        if (queue_is_system_account(queue, uid))
                return;
        for (job = TAILQ_FIRST(&queue->jobs); job; job = next) {
                next = TAILQ_NEXT(job, queue_link);
                if (job->token && (job->owner == uid || job->token->session_uid == uid))
                        job_drop_token(job);
        }
}

static void watch_sessions(Policy *policy)
{
        SessionsWatch watch = {on_sessions_changed, on_logged_off, policy};
        bool wanted = policy->queue->settings.run_when_logged_on;

        if (wanted == (policy->sessions != NULL))
                return;
        if (!wanted)
                policy->sessions = sessions_free(policy->sessions);
        else if (sessions_new(policy->queue->event, watch, &policy->sessions) < 0)
                log_error("no memory to watch sessions: jobs run whoever is logged on");
        on_sessions_changed(policy);
}

void policy_settings_changed(Policy *policy)
{
        const Settings *settings = &policy->queue->settings;

        tzset();
        policy->wall_offset_usec = (int64_t)(now_realtime_usec() - now_boottime_usec());
        set_rate(policy);
        set_cost(policy);
        watch_sessions(policy);
        if (memcmp(policy->cost_policy, settings->cost_policy, sizeof(policy->cost_policy)) != 0)
                start_sweep(policy);
        memcpy(policy->cost_policy, settings->cost_policy, sizeof(policy->cost_policy));
}

/* ---- life ------------------------------------------------------------------------------------ */

static int add_sources(Policy *policy)
{
        sd_event *event = policy->queue->event;
        int r;

        r = sd_event_add_defer(event, &policy->sweep, on_sweep, policy);
        if (r >= 0)
                r = sd_event_source_set_enabled(policy->sweep, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(event, &policy->rate_timer, CLOCK_BOOTTIME, UINT64_MAX, 10000,
                                      on_rate_timer, policy);
        if (r >= 0)
                r = routes_new(event, on_routes_changed, policy, &policy->routes);
        if (r >= 0)
                r = metered_new(event, on_cost_changed, policy, &policy->metered);
        return r;
}

int policy_new(Queue *queue, Policy **ret)
{
        Policy *policy = calloc(1, sizeof(*policy));
        int r;

        if (!policy)
                return -ENOMEM;
        *policy = (Policy){
                .queue = queue, .cost = COST_UNRESTRICTED, .bytes_per_sec = RATE_UNLIMITED};
        memcpy(policy->cost_policy, queue->settings.cost_policy, sizeof(policy->cost_policy));
        r = add_sources(policy);
        if (r < 0) {
                policy_free(policy);
                return r;
        }
        *ret = policy;
        policy_settings_changed(policy);
        return 0;
}

Policy *policy_free(Policy *policy)
{
        if (!policy)
                return NULL;
        sessions_free(policy->sessions);
        metered_free(policy->metered);
        routes_free(policy->routes);
        sd_event_source_disable_unref(policy->rate_timer);
        sd_event_source_disable_unref(policy->sweep);
        free(policy);
        return NULL;
}
