/*
 * The setters of IBackgroundCopyJob and its successors, but for the properties (job-property.c) and
 * who is told (job-notify.c): each at once in memory and in the open transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "policy.h"
#include "schedule.h"
#include "text.h"

#define ACL_FLAGS_ALL  15u /* BG_COPY_FILE_ALL */
#define PEER_FLAGS_ALL 7u  /* BG_JOB_ENABLE_PEERCACHING_*, BG_JOB_DISABLE_BRANCH_CACHE */

static HRESULT set_text(Job *job, char **field, const char *value, size_t max)
{
        size_t points;
        char *copy;

        if (state_is_final(job->state))
                return BG_E_INVALID_STATE;
        if (text_count(value, &points) < 0)
                return E_INVALIDARG;
        if (points > max)
                return BG_E_STRING_TOO_LONG;
        copy = strdup(value);
        if (!copy)
                return E_OUTOFMEMORY;
        free(*field);
        *field = copy;
        job_touch(job);
        return S_OK;
}

HRESULT job_set_number(Job *job, uint32_t *field, uint32_t value)
{
        if (state_is_final(job->state))
                return BG_E_INVALID_STATE;
        *field = value;
        job_touch(job);
        return S_OK;
}

HRESULT job_set_display_name(Job *job, const char *value)
{
        return set_text(job, &job->display_name, value, DISPLAY_NAME_MAX);
}

HRESULT job_set_description(Job *job, const char *value)
{
        return set_text(job, &job->description, value, DESCRIPTION_MAX);
}

HRESULT job_set_priority(Job *job, uint32_t value)
{
        if (state_is_final(job->state))
                return BG_E_INVALID_STATE;
        if (value >= PRIORITY_COUNT)
                return E_NOTIMPL;
        if (job->http.method && value != PRIORITY_FOREGROUND)
                return BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD;
        job->priority = (JobPriority)value;
        job_touch(job);
        schedule_job(job);
        policy_job_changed(job);
        return S_OK;
}

HRESULT job_set_minimum_retry_delay(Job *job, uint32_t seconds)
{
        return job_set_number(job, &job->minimum_retry_delay_sec,
                              seconds < RETRY_DELAY_MIN_SEC ? RETRY_DELAY_MIN_SEC : seconds);
}

HRESULT job_set_no_progress_timeout(Job *job, uint32_t seconds)
{
        return job_set_number(job, &job->no_progress_timeout_sec, seconds);
}

HRESULT job_set_acl_flags(Job *job, uint32_t value)
{
        if (!state_is_final(job->state) && value & ~ACL_FLAGS_ALL)
                return E_INVALIDARG;
        return job_set_number(job, &job->acl_flags, value);
}

HRESULT job_set_peer_flags(Job *job, uint32_t value)
{
        if (!state_is_final(job->state) && value & ~PEER_FLAGS_ALL)
                return E_NOTIMPL;
        return job_set_number(job, &job->peer_flags, value);
}

HRESULT job_set_max_download_time(Job *job, uint32_t seconds)
{
        HRESULT hr = job_set_number(job, &job->max_download_time_sec, seconds);

        if (SUCCEEDED(hr))
                schedule_job(job);
        return hr;
}
