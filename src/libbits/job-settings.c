/* What a job is and how it is set: one property of the service's each. */
#include "libbits/job-settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "libbits/iid.h"
#include "libbits/job.h"
#include "libbits/text.h"

#define FILETIME_EPOCH UINT64_C(116444736000000000) /* 1970 in units of 100 ns since 1601 */

static HRESULT get_number(IBackgroundCopyJob5 *This, const char *property, ULONG *ret)
{
        Remote remote = job_remote(This);

        return call_get_number(&remote, property, ret);
}

static HRESULT set_number(IBackgroundCopyJob5 *This, const char *member, ULONG value)
{
        Remote remote = job_remote(This);

        return call_number(&remote, member, value);
}

static HRESULT get_text(IBackgroundCopyJob5 *This, const char *property, LPWSTR *ret)
{
        Remote remote = job_remote(This);

        return call_get_text(&remote, property, ret);
}

static HRESULT set_text(IBackgroundCopyJob5 *This, const char *member, LPCWSTR value)
{
        Remote remote = job_remote(This);

        return call_text(&remote, member, value);
}

/* ---- what it is --------------------------------------------------------------------------------
 */

HRESULT job_get_id(IBackgroundCopyJob5 *This, GUID *pVal)
{
        if (!pVal) /* the path ends with the id */
                return E_INVALIDARG;
        return iid_parse(strrchr(impl_from_job(This)->path, '/') + 1, pVal) < 0 ? E_UNEXPECTED
                                                                                : S_OK;
}

HRESULT job_get_type(IBackgroundCopyJob5 *This, BG_JOB_TYPE *pVal)
{
        ULONG value;
        HRESULT hr = pVal ? get_number(This, "Type", &value) : E_INVALIDARG;

        if (SUCCEEDED(hr))
                *pVal = (BG_JOB_TYPE)value;
        return hr;
}

HRESULT job_get_state(IBackgroundCopyJob5 *This, BG_JOB_STATE *pVal)
{
        ULONG value;
        HRESULT hr = pVal ? get_number(This, "State", &value) : E_INVALIDARG;

        if (SUCCEEDED(hr))
                *pVal = (BG_JOB_STATE)value;
        return hr;
}

HRESULT job_get_owner(IBackgroundCopyJob5 *This, LPWSTR *pVal)
{
        return get_text(This, "Owner", pVal);
}

HRESULT job_get_error_count(IBackgroundCopyJob5 *This, ULONG *Errors)
{
        return get_number(This, "ErrorCount", Errors);
}

static int read_progress(sd_bus_message *m, void *ret)
{
        BG_JOB_PROGRESS *progress = ret;
        uint64_t total, transferred;
        uint32_t files, files_done;
        int r;

        r = sd_bus_message_read(m, "(ttuu)", &total, &transferred, &files, &files_done);
        if (r >= 0)
                *progress = (BG_JOB_PROGRESS){total, transferred, files, files_done};
        return r;
}

HRESULT job_get_progress(IBackgroundCopyJob5 *This, BG_JOB_PROGRESS *pVal)
{
        Remote remote = job_remote(This);

        return call_get(&remote, "Progress", "(ttuu)", read_progress, pVal);
}

static FILETIME filetime(uint64_t usec)
{
        uint64_t ticks = usec ? usec * 10 + FILETIME_EPOCH : 0;

        return (FILETIME){(DWORD)ticks, (DWORD)(ticks >> 32)};
}

static int read_times(sd_bus_message *m, void *ret)
{
        BG_JOB_TIMES *times = ret;
        uint64_t created, modified, completed;
        int r;

        r = sd_bus_message_read(m, "(ttt)", &created, &modified, &completed);
        if (r >= 0)
                *times = (BG_JOB_TIMES){filetime(created), filetime(modified), filetime(completed)};
        return r;
}

HRESULT job_get_times(IBackgroundCopyJob5 *This, BG_JOB_TIMES *pVal)
{
        Remote remote = job_remote(This);

        return call_get(&remote, "Times", "(ttt)", read_times, pVal);
}

/* ---- how it is set
 * ------------------------------------------------------------------------------- */

HRESULT job_set_display_name(IBackgroundCopyJob5 *This, LPCWSTR Val)
{
        return set_text(This, "SetDisplayName", Val);
}

HRESULT job_get_display_name(IBackgroundCopyJob5 *This, LPWSTR *pVal)
{
        return get_text(This, "DisplayName", pVal);
}

HRESULT job_set_description(IBackgroundCopyJob5 *This, LPCWSTR Val)
{
        return set_text(This, "SetDescription", Val);
}

HRESULT job_get_description(IBackgroundCopyJob5 *This, LPWSTR *pVal)
{
        return get_text(This, "Description", pVal);
}

HRESULT job_set_priority(IBackgroundCopyJob5 *This, BG_JOB_PRIORITY Val)
{
        return set_number(This, "SetPriority", (ULONG)Val);
}

HRESULT job_get_priority(IBackgroundCopyJob5 *This, BG_JOB_PRIORITY *pVal)
{
        ULONG value;
        HRESULT hr = pVal ? get_number(This, "Priority", &value) : E_INVALIDARG;

        if (SUCCEEDED(hr))
                *pVal = (BG_JOB_PRIORITY)value;
        return hr;
}

HRESULT job_set_notify_flags(IBackgroundCopyJob5 *This, ULONG Val)
{
        return set_number(This, "SetNotifyFlags", Val);
}

HRESULT job_get_notify_flags(IBackgroundCopyJob5 *This, ULONG *pVal)
{
        return get_number(This, "NotifyFlags", pVal);
}

HRESULT job_set_minimum_retry_delay(IBackgroundCopyJob5 *This, ULONG Seconds)
{
        return set_number(This, "SetMinimumRetryDelay", Seconds);
}

HRESULT job_get_minimum_retry_delay(IBackgroundCopyJob5 *This, ULONG *Seconds)
{
        return get_number(This, "MinimumRetryDelay", Seconds);
}

HRESULT job_set_no_progress_timeout(IBackgroundCopyJob5 *This, ULONG Seconds)
{
        return set_number(This, "SetNoProgressTimeout", Seconds);
}

HRESULT job_get_no_progress_timeout(IBackgroundCopyJob5 *This, ULONG *Seconds)
{
        return get_number(This, "NoProgressTimeout", Seconds);
}

/* ---- proxies: on the wire a list that is not set is empty
 * ------------------------------------------- */

typedef struct Proxies {
        uint32_t usage;
        char *list, *bypass;
} Proxies;

static void proxies_clear(Proxies *proxies)
{
        free(proxies->list);
        free(proxies->bypass);
}

static int write_proxies(sd_bus_message *m, const void *arguments)
{
        const Proxies *proxies = arguments;

        return sd_bus_message_append(m, "uss", proxies->usage, proxies->list, proxies->bypass);
}

HRESULT job_set_proxy_settings(IBackgroundCopyJob5 *This, BG_JOB_PROXY_USAGE ProxyUsage,
                               const WCHAR *ProxyList, const WCHAR *ProxyBypassList)
{
        _cleanup_(proxies_clear) Proxies proxies = {.usage = (uint32_t)ProxyUsage};
        bool override = ProxyUsage == BG_JOB_PROXY_USAGE_OVERRIDE;
        Remote remote = job_remote(This);
        HRESULT hr;

        if (override ? !ProxyList : ProxyList || ProxyBypassList)
                return E_INVALIDARG;
        hr = text_argument(ProxyList ? ProxyList : L"", &proxies.list);
        if (SUCCEEDED(hr))
                hr = text_argument(ProxyBypassList ? ProxyBypassList : L"", &proxies.bypass);
        if (FAILED(hr))
                return hr;
        return call_remote(&remote,
                           &(Call){"SetProxySettings", write_proxies, &proxies, NULL, NULL});
}

static int read_proxies(sd_bus_message *m, void *ret)
{
        const char *list, *bypass;
        Proxies *proxies = ret;
        int r;

        r = sd_bus_message_read(m, "(uss)", &proxies->usage, &list, &bypass);
        if (r < 0)
                return r;
        proxies->list = strdup(list);
        proxies->bypass = strdup(bypass);
        return proxies->list && proxies->bypass ? 0 : -ENOMEM;
}

static HRESULT unless_empty(const char *utf8, LPWSTR *ret)
{
        *ret = NULL;
        return utf8[0] ? text_result(utf8, ret) : S_OK;
}

HRESULT job_get_proxy_settings(IBackgroundCopyJob5 *This, BG_JOB_PROXY_USAGE *pProxyUsage,
                               LPWSTR *pProxyList, LPWSTR *pProxyBypassList)
{
        _cleanup_(proxies_clear) Proxies proxies = {0};
        Remote remote = job_remote(This);
        LPWSTR list = NULL, bypass = NULL;
        HRESULT hr;

        if (!pProxyUsage || !pProxyList || !pProxyBypassList)
                return E_INVALIDARG;
        hr = call_get(&remote, "ProxySettings", "(uss)", read_proxies, &proxies);
        if (SUCCEEDED(hr))
                hr = unless_empty(proxies.list, &list);
        if (SUCCEEDED(hr))
                hr = unless_empty(proxies.bypass, &bypass);
        if (FAILED(hr)) {
                free(list);
                return hr;
        }
        *pProxyUsage = (BG_JOB_PROXY_USAGE)proxies.usage;
        *pProxyList = list;
        *pProxyBypassList = bypass;
        return S_OK;
}
