/* The getters and setters of IBackgroundCopyJob, for its vtable in job-methods.c. */
#pragma once

#include <bits.h>

HRESULT job_get_id(IBackgroundCopyJob5 *This, GUID *pVal);
HRESULT job_get_type(IBackgroundCopyJob5 *This, BG_JOB_TYPE *pVal);
HRESULT job_get_progress(IBackgroundCopyJob5 *This, BG_JOB_PROGRESS *pVal);
HRESULT job_get_times(IBackgroundCopyJob5 *This, BG_JOB_TIMES *pVal);
HRESULT job_get_state(IBackgroundCopyJob5 *This, BG_JOB_STATE *pVal);
HRESULT job_get_owner(IBackgroundCopyJob5 *This, LPWSTR *pVal);
HRESULT job_set_display_name(IBackgroundCopyJob5 *This, LPCWSTR Val);
HRESULT job_get_display_name(IBackgroundCopyJob5 *This, LPWSTR *pVal);
HRESULT job_set_description(IBackgroundCopyJob5 *This, LPCWSTR Val);
HRESULT job_get_description(IBackgroundCopyJob5 *This, LPWSTR *pVal);
HRESULT job_set_priority(IBackgroundCopyJob5 *This, BG_JOB_PRIORITY Val);
HRESULT job_get_priority(IBackgroundCopyJob5 *This, BG_JOB_PRIORITY *pVal);
HRESULT job_set_notify_flags(IBackgroundCopyJob5 *This, ULONG Val);
HRESULT job_get_notify_flags(IBackgroundCopyJob5 *This, ULONG *pVal);
HRESULT job_set_minimum_retry_delay(IBackgroundCopyJob5 *This, ULONG Seconds);
HRESULT job_get_minimum_retry_delay(IBackgroundCopyJob5 *This, ULONG *Seconds);
HRESULT job_set_no_progress_timeout(IBackgroundCopyJob5 *This, ULONG Seconds);
HRESULT job_get_no_progress_timeout(IBackgroundCopyJob5 *This, ULONG *Seconds);
HRESULT job_get_error_count(IBackgroundCopyJob5 *This, ULONG *Errors);
HRESULT job_set_proxy_settings(IBackgroundCopyJob5 *This, BG_JOB_PROXY_USAGE ProxyUsage,
                               const WCHAR *ProxyList, const WCHAR *ProxyBypassList);
HRESULT job_get_proxy_settings(IBackgroundCopyJob5 *This, BG_JOB_PROXY_USAGE *pProxyUsage,
                               LPWSTR *pProxyList, LPWSTR *pProxyBypassList);
