/*
 * What a program sees of errors through the library. What it should be is test_errors.py's and
 * test_retries.py's to say.
 *
 * usage: errors show ID=CONTEXT-MESSAGE...   the error of each job, and the text of that code
 *        errors credentials                  what SetCredentials refuses
 *        errors told ID                      waits for JobError of this job
 */
#define COBJMACROS
#include <bits.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define ENGLISH 0x0409

static IBackgroundCopyManager *manager;

static void say_text(HRESULT hr, LPWSTR text)
{
        printf("%08x %ls\n", (unsigned)hr, SUCCEEDED(hr) ? text : L"-");
        if (SUCCEEDED(hr))
                CoTaskMemFree(text);
}

/* id: 36 characters, as the service writes it. */
static HRESULT get_job(const char *id, IBackgroundCopyJob **ret)
{
        WCHAR text[39];
        GUID guid;
        HRESULT hr;

        swprintf(text, 39, L"{%.36s}", id);
        hr = CLSIDFromString(text, &guid);
        return FAILED(hr) ? hr : IBackgroundCopyManager_GetJob(manager, &guid, ret);
}

static HRESULT show(const char *argument)
{
        HRESULT message = (HRESULT)strtoul(strchr(argument, '=') + 1, NULL, 16), hr, code;
        IBackgroundCopyFile *file;
        IBackgroundCopyError *error;
        IBackgroundCopyJob *job;
        BG_ERROR_CONTEXT context;
        LPWSTR text = NULL;

        hr = get_job(argument, &job);
        if (FAILED(hr))
                return hr;
        hr = IBackgroundCopyJob_GetError(job, &error);
        IBackgroundCopyJob_Release(job);
        if (FAILED(hr))
                return hr;
        hr = IBackgroundCopyError_GetError(error, &context, &code);
        printf("%08x %d %08x\n", (unsigned)hr, context, (unsigned)code);
        hr = IBackgroundCopyError_GetFile(error, &file);
        if (SUCCEEDED(hr)) {
                hr = IBackgroundCopyFile_GetRemoteName(file, &text);
                IBackgroundCopyFile_Release(file);
        }
        say_text(hr, text);
        hr = IBackgroundCopyError_GetProtocol(error, &text);
        say_text(hr, text);
        hr = IBackgroundCopyError_GetErrorContextDescription(error, ENGLISH, &text);
        say_text(hr, text);
        hr = IBackgroundCopyManager_GetErrorDescription(manager, message, ENGLISH, &text);
        say_text(hr, text);
        IBackgroundCopyError_Release(error);
        return S_OK;
}

static LPWSTR letters(size_t n)
{
        LPWSTR text = calloc(n + 1, sizeof(*text));

        if (!text)
                abort();
        wmemset(text, L'x', n);
        return text;
}

static HRESULT credentials(void)
{
        static const struct {
                BG_AUTH_TARGET target;
                BG_AUTH_SCHEME scheme;
                size_t user, password;
        } rows[] = {
                {3, BG_AUTH_SCHEME_BASIC, 1, 1},
                {BG_AUTH_TARGET_SERVER, 6, 1, 1},
                {BG_AUTH_TARGET_SERVER, BG_AUTH_SCHEME_BASIC, 301, 1},
                {BG_AUTH_TARGET_SERVER, BG_AUTH_SCHEME_BASIC, 300, 65537},
        };
        IBackgroundCopyJob2 *job;
        IBackgroundCopyJob *first;
        HRESULT hr;
        GUID id;

        hr = IBackgroundCopyManager_CreateJob(manager, L"credentials", BG_JOB_TYPE_DOWNLOAD, &id,
                                              &first);
        if (FAILED(hr))
                return hr;
        hr = IBackgroundCopyJob_QueryInterface(first, &IID_IBackgroundCopyJob2, (void **)&job);
        if (FAILED(hr))
                return hr;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                LPWSTR user = letters(rows[i].user), password = letters(rows[i].password);
                BG_AUTH_CREDENTIALS one = {rows[i].target, rows[i].scheme, {{user, password}}};

                printf("%08x\n", (unsigned)IBackgroundCopyJob2_SetCredentials(job, &one));
                free(user);
                free(password);
        }
        IBackgroundCopyJob2_Cancel(job);
        IBackgroundCopyJob2_Release(job);
        IBackgroundCopyJob_Release(first);
        return S_OK;
}

/* ---- being told ------------------------------------------------------------------------------ */

static sem_t was_told;

static HRESULT receiver_query(IBackgroundCopyCallback *This, REFIID riid, void **ret)
{
        bool known =
                IsEqualIID(riid, &IID_IUnknown) || IsEqualIID(riid, &IID_IBackgroundCopyCallback);

        *ret = known ? This : NULL;
        return known ? S_OK : E_NOINTERFACE;
}

static ULONG receiver_count(IBackgroundCopyCallback *This)
{
        (void)This; /* there is one, and it outlives all */
        return 1;
}

static HRESULT receiver_transferred(IBackgroundCopyCallback *This, IBackgroundCopyJob *job)
{
        (void)This;
        (void)job;
        printf("JobTransferred\n");
        return S_OK;
}

static HRESULT receiver_error(IBackgroundCopyCallback *This, IBackgroundCopyJob *job,
                              IBackgroundCopyError *error)
{
        BG_ERROR_CONTEXT context;
        HRESULT hr, code;

        (void)This;
        (void)job;
        hr = IBackgroundCopyError_GetError(error, &context, &code);
        if (SUCCEEDED(hr))
                printf("JobError %08x %d\n", (unsigned)code, context);
        (void)sem_post(&was_told);
        return hr;
}

static HRESULT receiver_modification(IBackgroundCopyCallback *This, IBackgroundCopyJob *job,
                                     DWORD reserved)
{
        (void)This;
        (void)job;
        (void)reserved;
        return S_OK;
}

static HRESULT told(const char *id)
{
        static const IBackgroundCopyCallbackVtbl vtbl = {
                receiver_query,       receiver_count, receiver_count,
                receiver_transferred, receiver_error, receiver_modification,
        };
        static IBackgroundCopyCallback receiver = {&vtbl};
        IBackgroundCopyJob *job;
        HRESULT hr = get_job(id, &job);

        if (FAILED(hr))
                return hr;
        (void)sem_init(&was_told, 0, 0);
        hr = IBackgroundCopyJob_SetNotifyInterface(job, (IUnknown *)&receiver);
        if (SUCCEEDED(hr)) {
                printf("listening\n");
                (void)fflush(stdout);
                (void)sem_wait(&was_told);
                hr = IBackgroundCopyJob_SetNotifyInterface(job, NULL);
        }
        (void)sem_destroy(&was_told);
        IBackgroundCopyJob_Release(job);
        return hr;
}

int main(int argc, char *argv[])
{
        HRESULT hr = CoInitializeEx(NULL, COINIT_MULTITHREADED);

        if (argc < 2 || FAILED(hr))
                return 2;
        hr = CoCreateInstance(&CLSID_BackgroundCopyManager, NULL, CLSCTX_LOCAL_SERVER,
                              &IID_IBackgroundCopyManager, (void **)&manager);
        if (FAILED(hr))
                return 1;
        if (strcmp(argv[1], "credentials") == 0)
                hr = credentials();
        for (int i = 2; i < argc && SUCCEEDED(hr); i++)
                hr = strcmp(argv[1], "show") == 0 ? show(argv[i]) : told(argv[i]);
        if (FAILED(hr))
                fprintf(stderr, "0x%08x\n", (unsigned)hr);
        IBackgroundCopyManager_Release(manager);
        CoUninitialize();
        return FAILED(hr);
}
