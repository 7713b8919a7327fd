/* IBitsTokenOptions: which token a job's helper token becomes is decided here, by the calling
 * thread's identity; whether it may is the service's decision. */
#include "libbits/job.h"
#include "libbits/text.h"
#include "libbits/token.h"

#include <stdlib.h>

#include "base/cleanup.h"

static Remote remote_of(IBitsTokenOptions *This)
{
        Job *job = impl_from_options(This);

        return (Remote){job->path, "org.bitsd1.Job", &job->options_blanket};
}

static ULONG options_add_ref(IBitsTokenOptions *This)
{
        return job_add_ref(impl_from_options(This));
}

static ULONG options_release(IBitsTokenOptions *This)
{
        return job_release(impl_from_options(This));
}

static HRESULT options_query_interface(IBitsTokenOptions *This, REFIID riid, void **ppvObject)
{
        Job *job = impl_from_options(This);

        return job_query(job, &job->options_blanket, riid, ppvObject);
}

static HRESULT options_set_flags(IBitsTokenOptions *This, DWORD UsageFlags)
{
        Remote remote = remote_of(This);

        return call_number(&remote, "SetHelperTokenFlags", UsageFlags);
}

static HRESULT options_get_flags(IBitsTokenOptions *This, DWORD *pFlags)
{
        Remote remote = remote_of(This);
        uint32_t flags;
        HRESULT hr;

        if (!pFlags)
                return HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER);
        hr = call_remote(
                &remote,
                &(Call){.member = "GetHelperTokenFlags", .read = call_read_number, .ret = &flags});
        if (SUCCEEDED(hr))
                *pFlags = flags;
        return hr;
}

static int write_token(sd_bus_message *m, const void *token)
{
        return sd_bus_message_append(m, "h", token_fd(token));
}

static HRESULT options_set_token(IBitsTokenOptions *This)
{
        Remote remote = remote_of(This);
        Token *token = NULL;
        DWORD error = ERROR_SUCCESS;
        HRESULT hr;

        hr = blanket_impersonate(remote.blanket, &token);
        if (FAILED(hr))
                return hr;
        if (!token) /* nobody else's: the process's own identity */
                error = token_of_process(&token);
        if (error)
                return HRESULT_FROM_WIN32(error);
        hr = call_remote(&remote, &(Call){"SetHelperToken", write_token, token, NULL, NULL});
        token_unref(token);
        return hr;
}

static HRESULT options_clear_token(IBitsTokenOptions *This)
{
        Remote remote = remote_of(This);

        return call_plain(&remote, "ClearHelperToken");
}

static HRESULT options_get_sid(IBitsTokenOptions *This, LPWSTR *pSid)
{
        _cleanup_(freep) char *sid = NULL;
        Remote remote = remote_of(This);
        HRESULT hr;

        if (!pSid)
                return HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER);
        hr = call_remote(
                &remote,
                &(Call){.member = "GetHelperTokenSid", .read = call_read_text, .ret = &sid});
        if (FAILED(hr))
                return hr;
        *pSid = NULL;
        return sid[0] ? text_result(sid, pSid) : S_OK;
}

const IBitsTokenOptionsVtbl token_options_vtbl = {
        .QueryInterface = options_query_interface,
        .AddRef = options_add_ref,
        .Release = options_release,
        .SetHelperTokenFlags = options_set_flags,
        .GetHelperTokenFlags = options_get_flags,
        .SetHelperToken = options_set_token,
        .ClearHelperToken = options_clear_token,
        .GetHelperTokenSid = options_get_sid,
};
