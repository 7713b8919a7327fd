/*
 * What IBackgroundCopyJob2 added: the command line, and what belongs to uploads and authentication.
 * The latter two are not served yet; what can be said of their arguments is said here.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "libbits/job-later.h"
#include "libbits/job.h"
#include "libbits/text.h"

enum {
        USER_NAME_MAX = 300,
        PASSWORD_MAX = 65536,
};

/* ---- the command line: on the wire one that is not set is empty --------------------------------
 */

HRESULT job2_set_notify_cmd_line(IBackgroundCopyJob5 *This, LPCWSTR Program, LPCWSTR Parameters)
{
        _cleanup_(text_pair_clear) TextPair line = {0};
        Remote remote = job_remote(This);
        HRESULT hr;

        if (!Program && Parameters)
                return E_INVALIDARG;
        hr = text_pair_init(&line, Program ? Program : L"", Parameters ? Parameters : L"");
        if (FAILED(hr))
                return hr;
        return call_remote(&remote,
                           &(Call){"SetNotifyCmdLine", call_write_pair, &line, NULL, NULL});
}

static int read_line(sd_bus_message *m, void *ret)
{
        TextPair *line = ret;
        int r = call_read_text(m, &line->first);

        return r < 0 ? r : call_read_text(m, &line->second);
}

HRESULT job2_get_notify_cmd_line(IBackgroundCopyJob5 *This, LPWSTR *pProgram, LPWSTR *pParameters)
{
        _cleanup_(text_pair_clear) TextPair line = {0};
        LPWSTR program = NULL, parameters = NULL;
        Remote remote = job_remote(This);
        HRESULT hr;

        if (!pProgram || !pParameters)
                return E_INVALIDARG;
        hr = call_remote(&remote,
                         &(Call){.member = "GetNotifyCmdLine", .read = read_line, .ret = &line});
        if (SUCCEEDED(hr))
                hr = text_result(line.first, &program);
        if (SUCCEEDED(hr))
                hr = text_result(line.second, &parameters);
        if (FAILED(hr)) {
                free(program);
                return hr;
        }
        *pProgram = program;
        *pParameters = parameters;
        return S_OK;
}

/* ---- what no job has yet -----------------------------------------------------------------------
 */

/* The service is asked all the same: who may not call it, or cannot, learns that first. */
static HRESULT refuse(IBackgroundCopyJob5 *This)
{
        Remote remote = job_remote(This);
        ULONG type;
        HRESULT hr = call_get_number(&remote, "Type", &type);

        return FAILED(hr) ? hr : E_NOTIMPL;
}

HRESULT job2_get_reply_progress(IBackgroundCopyJob5 *This, BG_JOB_REPLY_PROGRESS *pProgress)
{
        return pProgress ? refuse(This) : E_INVALIDARG;
}

HRESULT job2_get_reply_data(IBackgroundCopyJob5 *This, BYTE **ppBuffer, UINT64 *pLength)
{
        return ppBuffer && pLength ? refuse(This) : E_INVALIDARG;
}

HRESULT job2_set_reply_file_name(IBackgroundCopyJob5 *This, LPCWSTR ReplyFileName)
{
        (void)ReplyFileName; /* NULL is a value */
        return refuse(This);
}

HRESULT job2_get_reply_file_name(IBackgroundCopyJob5 *This, LPWSTR *pReplyFileName)
{
        return pReplyFileName ? refuse(This) : E_INVALIDARG;
}

/* ---- credentials -------------------------------------------------------------------------------
 */

static HRESULT check_pair(BG_AUTH_TARGET target, BG_AUTH_SCHEME scheme)
{
        if (target != BG_AUTH_TARGET_SERVER && target != BG_AUTH_TARGET_PROXY)
                return BG_E_INVALID_AUTH_TARGET;
        if (scheme < BG_AUTH_SCHEME_BASIC || scheme > BG_AUTH_SCHEME_PASSPORT)
                return BG_E_INVALID_AUTH_SCHEME;
        return S_OK;
}

static HRESULT check_credentials(const BG_AUTH_CREDENTIALS *credentials)
{
        const BG_BASIC_CREDENTIALS *basic = &credentials->Credentials.Basic;
        bool implicit = credentials->Scheme == BG_AUTH_SCHEME_NTLM ||
                        credentials->Scheme == BG_AUTH_SCHEME_NEGOTIATE;

        if (!basic->UserName && !basic->Password)
                return implicit ? S_OK : E_INVALIDARG;
        if (!basic->UserName || !basic->Password)
                return E_INVALIDARG;
        if (wcsnlen(basic->UserName, USER_NAME_MAX + 1) > USER_NAME_MAX)
                return BG_E_USERNAME_TOO_LARGE;
        if (wcsnlen(basic->Password, PASSWORD_MAX + 1) > PASSWORD_MAX)
                return BG_E_PASSWORD_TOO_LARGE;
        return S_OK;
}

HRESULT job2_set_credentials(IBackgroundCopyJob5 *This, BG_AUTH_CREDENTIALS *credentials)
{
        HRESULT hr =
                credentials ? check_pair(credentials->Target, credentials->Scheme) : E_INVALIDARG;

        if (SUCCEEDED(hr))
                hr = check_credentials(credentials);
        return FAILED(hr) ? hr : refuse(This);
}

HRESULT job2_remove_credentials(IBackgroundCopyJob5 *This, BG_AUTH_TARGET Target,
                                BG_AUTH_SCHEME Scheme)
{
        HRESULT hr = check_pair(Target, Scheme);

        return FAILED(hr) ? hr : refuse(This);
}
