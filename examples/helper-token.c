/*
 * A file arrives as somebody else.
 *
 * This program runs as one user and fetches a file into a directory that only another user may
 * enter. It logs that user on and lends his token to the transfer: the service opens the local file
 * as him, so the file becomes his, and this program never has a right to the place.
 *
 *     cc -o helper-token helper-token.c $(pkg-config --cflags --libs bits)
 *     ./helper-token http://host/file /home/bob/file . bob
 *
 * The sixteen steps are numbered. Each call that fails is reported by name with its code, and the
 * job is cancelled: a job that nobody ends stays in the queue.
 */
#define COBJMACROS
#define UNICODE
#include <bits.h>
#include <windows.h>

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LIMIT_MINUTES 15

/* ---- saying what failed ------------------------------------------------------------------------
 */

static bool failed(const char *call, HRESULT hr)
{
        if (SUCCEEDED(hr))
                return false;
        fprintf(stderr, "helper-token: %s failed: 0x%08X\n", call, (unsigned)hr);
        return true;
}

/* For the calls that answer TRUE or FALSE and leave the reason in GetLastError. */
static HRESULT win32(BOOL ok)
{
        return ok ? S_OK : HRESULT_FROM_WIN32(GetLastError());
}

/* ---- the callback object
 * --------------------------------------------------------------------------- */

typedef struct Callback {
        IBackgroundCopyCallback interface; /* first: a pointer to it is a pointer to us */
        ULONG refs;                        /* one thread's alone, in its apartment */
        bool succeeded;
} Callback;

static HRESULT STDMETHODCALLTYPE callback_query(IBackgroundCopyCallback *This, REFIID riid,
                                                void **ppvObject)
{
        if (!ppvObject)
                return E_POINTER;
        *ppvObject = NULL;
        if (!IsEqualIID(riid, &IID_IUnknown) && !IsEqualIID(riid, &IID_IBackgroundCopyCallback))
                return E_NOINTERFACE;
        IBackgroundCopyCallback_AddRef(This);
        *ppvObject = This;
        return S_OK;
}

static ULONG STDMETHODCALLTYPE callback_add_ref(IBackgroundCopyCallback *This)
{
        return ++((Callback *)This)->refs;
}

static ULONG STDMETHODCALLTYPE callback_release(IBackgroundCopyCallback *This)
{
        ULONG left = --((Callback *)This)->refs;

        if (left == 0)
                free(This);
        return left;
}

/* All bytes are there, under a temporary name. Complete gives the file its own. */
static HRESULT STDMETHODCALLTYPE callback_transferred(IBackgroundCopyCallback *This,
                                                      IBackgroundCopyJob *job)
{
        HRESULT hr = IBackgroundCopyJob_Complete(job);

        if (failed("IBackgroundCopyJob::Complete", hr)) {
                failed("IBackgroundCopyJob::Cancel", IBackgroundCopyJob_Cancel(job));
        } else {
                ((Callback *)This)->succeeded = hr == S_OK;
                printf("The file is there.\n");
        }
        PostQuitMessage(0);
        return S_OK; /* handled: the service need not call again */
}

static HRESULT STDMETHODCALLTYPE callback_error(IBackgroundCopyCallback *This,
                                                IBackgroundCopyJob *job,
                                                IBackgroundCopyError *error)
{
        BG_ERROR_CONTEXT context = BG_ERROR_CONTEXT_NONE;
        HRESULT code = E_FAIL;
        LPWSTR text = NULL;

        (void)This;
        failed("IBackgroundCopyError::GetError",
               IBackgroundCopyError_GetError(error, &context, &code));
        fprintf(stderr, "helper-token: the transfer failed: 0x%08X (context %d)\n", (unsigned)code,
                (int)context);
        if (SUCCEEDED(IBackgroundCopyError_GetErrorDescription(
                    error, LANGIDFROMLCID(GetThreadLocale()), &text)))
                fprintf(stderr, "helper-token: %ls\n", text);
        CoTaskMemFree(text);
        failed("IBackgroundCopyJob::Cancel", IBackgroundCopyJob_Cancel(job));
        PostQuitMessage(1);
        return S_OK;
}

static HRESULT STDMETHODCALLTYPE callback_modification(IBackgroundCopyCallback *This,
                                                       IBackgroundCopyJob *job, DWORD reserved)
{
        (void)This;
        (void)job;
        (void)reserved;
        return S_OK; /* not asked for */
}

static const IBackgroundCopyCallbackVtbl callback_vtbl = {
        .QueryInterface = callback_query,
        .AddRef = callback_add_ref,
        .Release = callback_release,
        .JobTransferred = callback_transferred,
        .JobError = callback_error,
        .JobModification = callback_modification,
};

static Callback *callback_new(void)
{
        Callback *callback = calloc(1, sizeof(*callback));

        if (callback) {
                callback->interface.lpVtbl = &callback_vtbl;
                callback->refs = 1;
        }
        return callback;
}

/* ---- the story
 * ------------------------------------------------------------------------------------- */

typedef struct Arguments {
        LPWSTR remote, local, domain, user, password;
} Arguments;

/* Log the helper on and lend the job his token for its local files. */
static HRESULT lend_token(IBitsTokenOptions *options, const Arguments *a)
{
        HANDLE token = NULL;
        HRESULT hr;

        /* 9. Log him on: only his password makes this possible. */
        hr = win32(LogonUser(a->user, a->domain, a->password, LOGON32_LOGON_INTERACTIVE,
                             LOGON32_PROVIDER_DEFAULT, &token));
        if (failed("LogonUser", hr))
                return hr;

        /* 10. From here on this thread speaks to BITS as him ... */
        hr = win32(ImpersonateLoggedOnUser(token));
        if (!failed("ImpersonateLoggedOnUser", hr)) {
                /* 11. ... so that what BITS finds on it is his token. */
                hr = IBitsTokenOptions_SetHelperToken(options);
                if (!failed("IBitsTokenOptions::SetHelperToken", hr)) {
                        /* 12. It is for the local files; the server still sees the owner. */
                        hr = IBitsTokenOptions_SetHelperTokenFlags(options, BG_TOKEN_LOCAL_FILE);
                        failed("IBitsTokenOptions::SetHelperTokenFlags", hr);
                }
                /* 13. Be ourselves again; the job keeps the token, we need it no more. */
                failed("RevertToSelf", win32(RevertToSelf()));
        }
        failed("CloseHandle", win32(CloseHandle(token)));
        return hr;
}

static HRESULT prepare(IBackgroundCopyJob *job, Callback *callback, const Arguments *a)
{
        IBitsTokenOptions *options = NULL;
        HRESULT hr;

        /* 6. Whom to call ... */
        hr = IBackgroundCopyJob_SetNotifyInterface(job, (IUnknown *)&callback->interface);
        if (failed("IBackgroundCopyJob::SetNotifyInterface", hr))
                return hr;
        /* 7. ... and when. */
        hr = IBackgroundCopyJob_SetNotifyFlags(job,
                                               BG_NOTIFY_JOB_TRANSFERRED | BG_NOTIFY_JOB_ERROR);
        if (failed("IBackgroundCopyJob::SetNotifyFlags", hr))
                return hr;

        /* 8. The part of the job that takes tokens; ask while we are still ourselves. */
        hr = IBackgroundCopyJob_QueryInterface(job, &IID_IBitsTokenOptions, (void **)&options);
        if (failed("IBackgroundCopyJob::QueryInterface(IBitsTokenOptions)", hr))
                return hr;
        hr = lend_token(options, a); /* 9 to 13 */
        IBitsTokenOptions_Release(options);
        if (FAILED(hr))
                return hr;

        /* 14. The file; the directory is tried with the token at once. */
        hr = IBackgroundCopyJob_AddFile(job, a->remote, a->local);
        if (failed("IBackgroundCopyJob::AddFile", hr))
                return hr;
        /* 15. Off it goes, in the background. */
        hr = IBackgroundCopyJob_Resume(job);
        failed("IBackgroundCopyJob::Resume", hr);
        return hr;
}

/* 16. Callbacks come while this thread looks for messages. true: the callback posted the last one.
 */
static bool pump_messages(void)
{
        ULONGLONG now = GetTickCount64(), end = now + LIMIT_MINUTES * 60 * 1000;
        MSG msg;

        for (; now < end; now = GetTickCount64()) {
                while (PeekMessage(&msg, NULL, 0, 0, PM_REMOVE)) {
                        if (msg.message == WM_QUIT)
                                return true;
                        TranslateMessage(&msg);
                        DispatchMessage(&msg);
                }
                MsgWaitForMultipleObjects(0, NULL, FALSE, (DWORD)(end - now), QS_ALLINPUT);
        }
        return false;
}

static bool run_job(IBackgroundCopyManager *manager, const Arguments *a)
{
        IBackgroundCopyJob *job = NULL;
        Callback *callback;
        bool succeeded;
        GUID id;

        /* 4. A job: empty, suspended, ours. */
        if (failed("IBackgroundCopyManager::CreateJob",
                   IBackgroundCopyManager_CreateJob(manager, L"HelperTokenSample",
                                                    BG_JOB_TYPE_DOWNLOAD, &id, &job)))
                return false;
        /* 5. The object that hears how it ends. */
        callback = callback_new();
        if (!callback || FAILED(prepare(job, callback, a)))
                failed("IBackgroundCopyJob::Cancel", IBackgroundCopyJob_Cancel(job));
        else if (!pump_messages()) {
                fprintf(stderr, "helper-token: not done after %d minutes\n", LIMIT_MINUTES);
                failed("IBackgroundCopyJob::Cancel", IBackgroundCopyJob_Cancel(job));
        }
        IBackgroundCopyJob_Release(job);
        succeeded = callback && callback->succeeded;
        if (callback)
                IBackgroundCopyCallback_Release(&callback->interface);
        return succeeded;
}

static bool transfer(const Arguments *a)
{
        IBackgroundCopyManager *manager = NULL;
        bool succeeded = false;

        /* 1. COM, with this thread as an apartment of its own. */
        if (failed("CoInitializeEx", CoInitializeEx(NULL, COINIT_APARTMENTTHREADED)))
                return false;
        /* 2. BITS may impersonate us, and looks at the thread's identity at every call. */
        if (!failed("CoInitializeSecurity",
                    CoInitializeSecurity(NULL, -1, NULL, NULL, RPC_C_AUTHN_LEVEL_CONNECT,
                                         RPC_C_IMP_LEVEL_IMPERSONATE, NULL, EOAC_DYNAMIC_CLOAKING,
                                         NULL)) &&
            /* 3. The service. */
            !failed("CoCreateInstance",
                    CoCreateInstance(&CLSID_BackgroundCopyManager, NULL, CLSCTX_LOCAL_SERVER,
                                     &IID_IBackgroundCopyManager, (void **)&manager))) {
                succeeded = run_job(manager, a);
                IBackgroundCopyManager_Release(manager);
        }
        CoUninitialize();
        return succeeded;
}

/* ---- arguments
 * ------------------------------------------------------------------------------------- */

/* Text of the program's locale as the wide text of the interface; NULL and a message. */
static LPWSTR widen(const char *text)
{
        size_t length = mbstowcs(NULL, text, 0);
        LPWSTR wide = length == (size_t)-1 ? NULL : calloc(length + 1, sizeof(*wide));

        if (wide)
                mbstowcs(wide, text, length + 1);
        else
                fprintf(stderr, "helper-token: an argument is not text in this locale\n");
        return wide;
}

/* One line: from the terminal without echo, else from standard input. */
static bool read_password(char *buffer, size_t size)
{
        struct termios echo, silent;
        bool terminal = tcgetattr(STDIN_FILENO, &echo) == 0, complete;

        if (terminal) {
                fprintf(stderr, "Password: ");
                silent = echo;
                silent.c_lflag &= ~(tcflag_t)ECHO;
                tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        }
        complete = fgets(buffer, (int)size, stdin) != NULL;
        if (terminal) {
                tcsetattr(STDIN_FILENO, TCSAFLUSH, &echo);
                fputc('\n', stderr);
        }
        if (complete)
                buffer[strcspn(buffer, "\n")] = 0;
        return complete;
}

static void wipe(LPWSTR secret)
{
        if (secret)
                SecureZeroMemory(secret, wcslen(secret) * sizeof(*secret));
}

int main(int argc, char **argv)
{
        char line[1024] = "";
        Arguments a = {0};
        bool succeeded = false;

        setlocale(LC_ALL, "");
        setvbuf(stdin, NULL, _IONBF, 0); /* no copy of the password in a buffer */
        if (argc < 5 || argc > 6) {
                fprintf(stderr, "usage: helper-token REMOTE LOCAL DOMAIN USER [PASSWORD]\n");
                return 2;
        }
        if (argc < 6 && !read_password(line, sizeof(line))) {
                fprintf(stderr, "helper-token: no password\n");
                return 2;
        }
        a = (Arguments){
                .remote = widen(argv[1]),
                .local = widen(argv[2]),
                .domain = widen(argv[3]),
                .user = widen(argv[4]),
                .password = widen(argc == 6 ? argv[5] : line),
        };
        SecureZeroMemory(line, sizeof(line));
        if (a.remote && a.local && a.domain && a.user && a.password)
                succeeded = transfer(&a);
        wipe(a.password);
        free(a.remote);
        free(a.local);
        free(a.domain);
        free(a.user);
        free(a.password);
        return succeeded ? 0 : 1;
}
