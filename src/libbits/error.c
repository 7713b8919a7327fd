/* Error objects. Invariant: nothing in one changes after it was made. */
#include "libbits/error.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "base/cleanup.h"
#include "libbits/file.h"
#include "libbits/job.h"
#include "libbits/manager.h"
#include "libbits/text.h"

typedef struct Error {
        IBackgroundCopyError error;
        atomic_uint refs;
        Blanket blanket;
        char job_path[JOB_PATH_SIZE];
        ErrorInfo info;
} Error;

int error_info_read(sd_bus_message *m, ErrorInfo *ret)
{
        const char *protocol, *text;
        int r;

        r = sd_bus_message_read(m, "iuiss", &ret->code, &ret->context, &ret->file, &protocol,
                                &text);
        if (r < 0)
                return r;
        ret->protocol = strdup(protocol);
        ret->text = strdup(text);
        return ret->protocol && ret->text ? 0 : -ENOMEM;
}

void error_info_clear(ErrorInfo *info)
{
        free(info->protocol);
        free(info->text);
        *info = (ErrorInfo){0};
}

static Error *impl_from_error(IBackgroundCopyError *error)
{
        return (Error *)((char *)error - offsetof(Error, error));
}

static ULONG error_add_ref(IBackgroundCopyError *This)
{
        return atomic_fetch_add(&impl_from_error(This)->refs, 1) + 1;
}

static ULONG error_release(IBackgroundCopyError *This)
{
        Error *error = impl_from_error(This);
        ULONG left = atomic_fetch_sub(&error->refs, 1) - 1;

        if (left == 0) {
                blanket_clear(&error->blanket);
                error_info_clear(&error->info);
                free(error);
        }
        return left;
}

static HRESULT error_query_interface(IBackgroundCopyError *This, REFIID riid, void **ppvObject)
{
        if (!riid || !ppvObject)
                return E_POINTER;
        *ppvObject = NULL;
        if (!IsEqualIID(riid, &IID_IUnknown) && !IsEqualIID(riid, &IID_IBackgroundCopyError))
                return E_NOINTERFACE;
        error_add_ref(This);
        *ppvObject = This;
        return S_OK;
}

static HRESULT error_get_error(IBackgroundCopyError *This, BG_ERROR_CONTEXT *pContext,
                               HRESULT *pCode)
{
        const ErrorInfo *info = &impl_from_error(This)->info;

        if (!pContext || !pCode)
                return E_INVALIDARG;
        *pContext = (BG_ERROR_CONTEXT)info->context;
        *pCode = info->code;
        return S_OK;
}

static HRESULT error_get_file(IBackgroundCopyError *This, IBackgroundCopyFile **pVal)
{
        const Error *error = impl_from_error(This);

        if (!pVal)
                return E_INVALIDARG;
        *pVal = NULL;
        if (error->info.file < 0)
                return BG_E_FILE_NOT_AVAILABLE;
        return file_new(error->job_path, (uint32_t)error->info.file, pVal);
}

/* The service's text of this failure says more than that of its code, but has one language. */
static HRESULT error_get_error_description(IBackgroundCopyError *This, DWORD LanguageId,
                                           LPWSTR *pErrorDescription)
{
        const ErrorInfo *info = &impl_from_error(This)->info;

        if (!pErrorDescription || LanguageId == 0)
                return E_INVALIDARG;
        if (info->text[0] && PRIMARYLANGID(LanguageId) == LANG_ENGLISH)
                return text_result(info->text, pErrorDescription);
        return manager_describe(info->code, LanguageId, pErrorDescription);
}

static HRESULT error_get_context_description(IBackgroundCopyError *This, DWORD LanguageId,
                                             LPWSTR *pContextDescription)
{
        static const HRESULT messages[] = {
                [BG_ERROR_CONTEXT_NONE] = BG_S_ERROR_CONTEXT_NONE,
                [BG_ERROR_CONTEXT_UNKNOWN] = BG_E_ERROR_CONTEXT_UNKNOWN,
                [BG_ERROR_CONTEXT_GENERAL_QUEUE_MANAGER] = BG_E_ERROR_CONTEXT_GENERAL_QUEUE_MANAGER,
                [BG_ERROR_CONTEXT_QUEUE_MANAGER_NOTIFICATION] =
                        BG_E_ERROR_CONTEXT_QUEUE_MANAGER_NOTIFICATION,
                [BG_ERROR_CONTEXT_LOCAL_FILE] = BG_E_ERROR_CONTEXT_LOCAL_FILE,
                [BG_ERROR_CONTEXT_REMOTE_FILE] = BG_E_ERROR_CONTEXT_REMOTE_FILE,
                [BG_ERROR_CONTEXT_GENERAL_TRANSPORT] = BG_E_ERROR_CONTEXT_GENERAL_TRANSPORT,
                [BG_ERROR_CONTEXT_REMOTE_APPLICATION] = BG_E_ERROR_CONTEXT_REMOTE_APPLICATION,
                [BG_ERROR_CONTEXT_SERVER_CERTIFICATE_CALLBACK] =
                        BG_E_ERROR_CONTEXT_SERVER_CERTIFICATE_CALLBACK,
        };
        uint32_t context = impl_from_error(This)->info.context;

        if (!pContextDescription || LanguageId == 0)
                return E_INVALIDARG;
        return manager_describe(context < ELEMENTS(messages) ? messages[context]
                                                             : BG_E_ERROR_CONTEXT_UNKNOWN,
                                LanguageId, pContextDescription);
}

static HRESULT error_get_protocol(IBackgroundCopyError *This, LPWSTR *pProtocol)
{
        const ErrorInfo *info = &impl_from_error(This)->info;

        if (!pProtocol)
                return E_INVALIDARG;
        *pProtocol = NULL;
        if (!info->protocol[0])
                return BG_E_PROTOCOL_NOT_AVAILABLE;
        return text_result(info->protocol, pProtocol);
}

static const IBackgroundCopyErrorVtbl vtbl = {
        .QueryInterface = error_query_interface,
        .AddRef = error_add_ref,
        .Release = error_release,
        .GetError = error_get_error,
        .GetFile = error_get_file,
        .GetErrorDescription = error_get_error_description,
        .GetErrorContextDescription = error_get_context_description,
        .GetProtocol = error_get_protocol,
};

HRESULT error_new(const char *job_path, const ErrorInfo *info, IBackgroundCopyError **ret)
{
        Error *error = calloc(1, sizeof(*error));

        if (!error)
                return E_OUTOFMEMORY;
        *error = (Error){
                .error.lpVtbl = &vtbl,
                .refs = 1,
                .blanket = BLANKET_DEFAULT,
                .info = {.code = info->code, .context = info->context, .file = info->file},
        };
        memccpy(error->job_path, job_path, 0, JOB_PATH_SIZE);
        error->info.protocol = strdup(info->protocol ? info->protocol : "");
        error->info.text = strdup(info->text ? info->text : "");
        if (!error->info.protocol || !error->info.text) {
                error_release(&error->error);
                return E_OUTOFMEMORY;
        }
        *ret = &error->error;
        return S_OK;
}

Blanket *error_blanket(const IUnknown *proxy)
{
        return (const void *)proxy->lpVtbl == &vtbl
                       ? &impl_from_error((IBackgroundCopyError *)proxy)->blanket
                       : NULL;
}
