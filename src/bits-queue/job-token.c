/*
 * The helper token of a job: whose identity opens what (behaviour.md §6), and how a token comes and
 * goes. The flags are the job's and are stored; the token is in memory alone.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "history.h"
#include "job.h"
#include "queue.h"
#include "schedule.h"
#include "token.h"

/* ---- whose identity opens what --------------------------------------------------------------- */

bool job_needs_token(const Job *job)
{
        return job->helper_flags && !job->token;
}

static HRESULT identity(const Job *job, uint32_t flag, Identity *ret)
{
        *ret = (Identity){.owner = job->owner};
        if (!(job->helper_flags & flag))
                return S_OK;
        ret->token = job->token;
        return job->token ? S_OK : BG_E_TOKEN_REQUIRED;
}

HRESULT job_file_identity(const Job *job, Identity *ret, uid_t *ret_uid)
{
        HRESULT hr = identity(job, HELPER_LOCAL_FILE, ret);

        if (ret_uid)
                *ret_uid = ret->token ? ret->token->uid : job->owner;
        return hr;
}

HRESULT job_net_identity(const Job *job, Identity *ret)
{
        return identity(job, HELPER_NETWORK, ret);
}

/* ---- how it comes and goes ------------------------------------------------------------------- */

void job_drop_token(Job *job)
{
        job->token = token_unref(job->token);
        history_add(job, HISTORY_TOKEN, S_OK, "lost");
        if (!job->helper_flags)
                return;
        if (job->state == JOB_TRANSIENT_ERROR)
                (void)job_event(job, EVENT_RETRY); /* and the scheduler finds it missing */
        else
                job_fail(job, BG_E_TOKEN_REQUIRED, CONTEXT_QUEUE_MANAGER, -1, NULL, FAILURE_FATAL);
}

void job_token_lost(Queue *queue, HelperToken *token)
{
        Job *job, *next;

        for (job = TAILQ_FIRST(&queue->jobs); job; job = next) {
                next = TAILQ_NEXT(job, queue_link);
                if (job->token == token)
                        job_drop_token(job);
        }
}

typedef struct SetToken {
        Job *job;
        Caller caller;
        Done done;
} SetToken;

static void on_token_checked(void *userdata, HRESULT hr, HelperToken *token)
{
        _cleanup_(freep) SetToken *set = userdata;
        Job *job = set->job;

        if (SUCCEEDED(hr) && state_is_final(job->state))
                hr = BG_E_INVALID_STATE;
        if (SUCCEEDED(hr) && (token->audience != job->owner || token->hung_up))
                hr = E_ACCESSDENIED;
        if (SUCCEEDED(hr) && token->administrator && !set->caller.administrator)
                hr = E_ACCESSDENIED; /* behaviour.md §6 */
        if (SUCCEEDED(hr)) {
                history_add(job, HISTORY_TOKEN, S_OK, "set");
                token_unref(job->token);
                job->token = token_ref(token);
                if (job->reason == REASON_TOKEN)
                        job_set_reason(job, REASON_NONE, 0); /* Resume is all that lacks */
                job_touch(job);
        } else if (!state_is_final(job->state))
                history_add(job, HISTORY_TOKEN, hr, "refused");
        token_unref(token);
        job_commit(job, hr, set->done);
        job_unref(job);
}

void job_set_helper_token(Job *job, const Caller *caller, int fd, Done done)
{
        SetToken *set;

        if (state_is_final(job->state)) {
                closep(&fd);
                done_call(&done, BG_E_INVALID_STATE);
                return;
        }
        set = malloc(sizeof(*set));
        if (!set) {
                closep(&fd);
                done_call(&done, E_OUTOFMEMORY);
                return;
        }
        *set = (SetToken){.job = job_ref(job), .caller = *caller, .done = done};
        token_check(job->queue, fd, on_token_checked, set);
}

bool job_helper_uid(const Job *job, uid_t *ret)
{
        if (job->token)
                *ret = job->token->uid;
        return job->token != NULL;
}

HRESULT job_set_helper_flags(Job *job, uint32_t value)
{
        HRESULT hr;

        if (!state_is_final(job->state) && value & ~(HELPER_LOCAL_FILE | HELPER_NETWORK))
                return E_NOTIMPL;
        hr = job_set_number(job, &job->helper_flags, value);
        schedule_soon(job->queue->scheduler);
        return hr;
}

HRESULT job_clear_helper_token(Job *job)
{
        if (state_is_final(job->state))
                return BG_E_INVALID_STATE;
        if (job->token)
                history_add(job, HISTORY_TOKEN, S_OK, "cleared");
        job->token = token_unref(job->token);
        if (job->helper_flags)
                job_fail(job, BG_E_TOKEN_REQUIRED, CONTEXT_QUEUE_MANAGER, -1, NULL, FAILURE_FATAL);
        job_touch(job);
        return S_OK;
}
