#include "job-property.h"

#include "base/cleanup.h"
#include "job.h"
#include "policy.h"
#include "queue.h"
#include "schedule.h"

enum {
        AUTH_TARGET_SERVER = 1, /* values of BG_AUTH_TARGET */
        AUTH_TARGET_PROXY = 2,
};

static bool has_ranges(const Job *job)
{
        for (size_t i = 0; i < job->n_files; i++)
                if (job->files[i]->n_ranges > 0)
                        return true;
        return false;
}

static HRESULT set_cost_flags(Job *job, const PropertyValue *value)
{
        job->cost_flags = value->number;
        return S_OK;
}

static HRESULT set_class(Job *job, const PropertyValue *value)
{
        job->notify_class = value->class;
        return S_OK;
}

static HRESULT set_dynamic_content(Job *job, const PropertyValue *value)
{
        if (value->truth && job->http.method)
                return BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD;
        if (value->truth && (has_ranges(job) || job->on_demand))
                return BG_E_UNSUPPORTED_JOB_CONFIGURATION;
        job->dynamic_content = value->truth;
        return S_OK;
}

static HRESULT set_high_performance(Job *job, const PropertyValue *value)
{
        job->high_performance = value->truth;
        return S_OK;
}

static HRESULT set_max_download_size(Job *job, const PropertyValue *value)
{
        if (value->size == 0)
                return BG_E_MAX_DOWNLOAD_SIZE_INVALID_VALUE;
        job->max_download_size = value->size;
        return S_OK;
}

static HRESULT set_stored_credentials(Job *job, const PropertyValue *value)
{
        (void)job;
        switch (value->number) {
        case AUTH_TARGET_SERVER:
                return BG_E_USE_STORED_CREDENTIALS_NOT_SUPPORTED;
        case AUTH_TARGET_PROXY:
                return E_NOTIMPL; /* comes with proxies */
        default:
                return E_INVALIDARG;
        }
}

static HRESULT set_interval(Job *job, const PropertyValue *value)
{
        job->notify_interval_msec = value->number;
        return S_OK;
}

static HRESULT set_on_demand(Job *job, const PropertyValue *value)
{
        if (value->truth && job->http.method)
                return BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD;
        if (value->truth && (job->dynamic_content || has_ranges(job)))
                return BG_E_UNSUPPORTED_JOB_CONFIGURATION;
        job->on_demand = value->truth;
        return S_OK;
}

static const struct {
        HRESULT (*set)(Job *job, const PropertyValue *value);
        PropertyKind kind;
        enum {
                ALWAYS,
                BEFORE_ADDFILE,
                BEFORE_RESUME
        } when;
} properties[] = {
        [PROPERTY_COST_FLAGS] = {set_cost_flags, PROPERTY_NUMBER, ALWAYS},
        [PROPERTY_NOTIFICATION_CLSID] = {set_class, PROPERTY_CLASS, ALWAYS},
        [PROPERTY_DYNAMIC_CONTENT] = {set_dynamic_content, PROPERTY_TRUTH, BEFORE_RESUME},
        [PROPERTY_HIGH_PERFORMANCE] = {set_high_performance, PROPERTY_TRUTH, BEFORE_ADDFILE},
        [PROPERTY_MAX_DOWNLOAD_SIZE] = {set_max_download_size, PROPERTY_SIZE, BEFORE_RESUME},
        [PROPERTY_USE_STORED_CREDENTIALS] = {set_stored_credentials, PROPERTY_NUMBER, ALWAYS},
        [PROPERTY_NOTIFICATION_INTERVAL] = {set_interval, PROPERTY_NUMBER, ALWAYS},
        [PROPERTY_ON_DEMAND] = {set_on_demand, PROPERTY_TRUTH, BEFORE_RESUME},
};

PropertyKind property_kind(uint32_t id)
{
        return id < ELEMENTS(properties) ? properties[id].kind : PROPERTY_UNKNOWN;
}

HRESULT job_set_property(Job *job, uint32_t id, const PropertyValue *value)
{
        HRESULT hr;
        int r;

        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (property_kind(id) == PROPERTY_UNKNOWN)
                return BG_E_UNKNOWN_PROPERTY_ID;
        r = job_load_files(job);
        if (r < 0)
                return job_load_error(r);
        if (properties[id].when == BEFORE_ADDFILE && job->n_files > 0)
                return BG_E_READ_ONLY_PROPERTY_AFTER_ADDFILE;
        if (properties[id].when == BEFORE_RESUME && job->resumed)
                return BG_E_READ_ONLY_PROPERTY_AFTER_RESUME;
        hr = properties[id].set(job, value);
        if (SUCCEEDED(hr)) {
                job_touch(job);
                schedule_job(job);
                policy_job_changed(job);
        }
        return hr;
}

HRESULT job_get_property(Job *job, uint32_t id, PropertyValue *ret)
{
        *ret = (PropertyValue){0};
        switch ((JobProperty)id) {
        case PROPERTY_COST_FLAGS:
                ret->number = policy_cost_flags(job);
                return S_OK;
        case PROPERTY_NOTIFICATION_CLSID:
                ret->class = job->notify_class;
                return S_OK;
        case PROPERTY_DYNAMIC_CONTENT:
                ret->truth = job->dynamic_content;
                return S_OK;
        case PROPERTY_HIGH_PERFORMANCE:
                ret->truth = job->high_performance;
                return S_OK;
        case PROPERTY_MAX_DOWNLOAD_SIZE:
                ret->size = job->max_download_size ? job->max_download_size : UINT64_MAX;
                return S_OK;
        case PROPERTY_USE_STORED_CREDENTIALS:
                return S_OK; /* none */
        case PROPERTY_NOTIFICATION_INTERVAL:
                ret->number = job->notify_interval_msec;
                return S_OK;
        case PROPERTY_ON_DEMAND:
                ret->truth = job->on_demand;
                return S_OK;
        }
        return BG_E_UNKNOWN_PROPERTY_ID;
}
