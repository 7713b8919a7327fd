/*
 * The connection, callbacks and impersonation, against a service that answers what is asked here,
 * calls back when a receiver is registered, and hangs up on Complete.
 */
#define COBJMACROS
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

#include <bits.h>
#include <windows.h>

#include "base/cleanup.h"
#include "libbits/test-peer.h"

#define JOB_PATH "/org/bitsd1/job/0123456789abcdef0123456789abcdef"
#define JOB_TEXT "01234567-89AB-CDEF-0123-456789ABCDEF"

enum {
        N_JOBS = 300,
        GENEROUS_MSEC = 30000,
};

/* ---- the service
 * --------------------------------------------------------------------------------- */

/* What happened there: 'a'nswer of a callback, 't'oken. */
static void report(char what, int64_t value)
{
        peer_report(&(PeerReport){.what = what, .value = value});
}

static int on_callback_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        int32_t hr = 1;

        (void)userdata;
        (void)error;
        (void)sd_bus_message_read(m, "i", &hr);
        report('a', hr);
        return 0;
}

static int call_back(sd_bus *bus, const char *member)
{
        if (strcmp(member, "JobError") == 0)
                return sd_bus_call_method_async(bus, NULL, NULL, "/org/bitsd1/callback",
                                                "org.bitsd1.Callback", member, on_callback_answer,
                                                NULL, "oiuiss", JOB_PATH, BG_E_HTTP_ERROR_404, 5, 2,
                                                "http", "not there");
        return sd_bus_call_method_async(bus, NULL, NULL, "/org/bitsd1/callback",
                                        "org.bitsd1.Callback", member, on_callback_answer, NULL,
                                        "o", JOB_PATH);
}

static int list_jobs(sd_bus_message *m)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        uint32_t flags, max, i;
        uint64_t after;

        (void)sd_bus_message_read(m, "utu", &flags, &after, &max);
        (void)sd_bus_message_new_method_return(m, &answer);
        (void)sd_bus_message_open_container(answer, 'a', "(so)");
        for (i = (uint32_t)after; i < N_JOBS && i < after + max; i++)
                (void)sd_bus_message_append(answer, "(so)", JOB_TEXT, JOB_PATH);
        (void)sd_bus_message_close_container(answer);
        (void)sd_bus_message_append(answer, "t", i < N_JOBS ? (uint64_t)i : 0);
        return sd_bus_send(NULL, answer, NULL);
}

static int get_property(sd_bus_message *m)
{
        const char *interface, *property;

        (void)sd_bus_message_read(m, "ss", &interface, &property);
        if (strcmp(property, "DisplayName") == 0)
                return sd_bus_reply_method_return(m, "v", "s",
                                                  "d\xc3\xbc"
                                                  "nn");
        if (strcmp(property, "Description") == 0)
                return sd_bus_reply_method_return(m, "v", "u", 1); /* of a wrong type */
        if (strcmp(property, "NotifyInterface") == 0)
                return sd_bus_reply_method_return(m, "v", "b", true);
        if (strcmp(property, "Times") == 0)
                return sd_bus_reply_method_return(m, "v", "(ttt)", UINT64_C(1000000), UINT64_C(0),
                                                  UINT64_C(0));
        return sd_bus_reply_method_return(m, "v", "u", 3);
}

static int report_token(sd_bus_message *m)
{
        struct stat st = {0};
        int fd;

        (void)sd_bus_message_read(m, "h", &fd);
        (void)fstat(fd, &st);
        report('t', (int64_t)st.st_ino);
        return sd_bus_reply_method_return(m, "");
}

static int set_notify_interface(sd_bus_message *m)
{
        int on;

        (void)sd_bus_message_read(m, "b", &on);
        (void)sd_bus_reply_method_return(m, "");
        return on ? call_back(sd_bus_message_get_bus(m), "JobTransferred") : 0;
}

static int on_call(sd_bus_message *m, bool *hang_up)
{
        const char *member = sd_bus_message_get_member(m);

        if (strcmp(member, "Complete") == 0) {
                *hang_up = true; /* hang up in the middle of the call */
                return 1;
        }
        if (strcmp(member, "Get") == 0)
                return get_property(m);
        if (strcmp(member, "ListJobs") == 0)
                return list_jobs(m);
        if (strcmp(member, "GetJob") == 0)
                return sd_bus_reply_method_return(m, "o", JOB_PATH);
        if (strcmp(member, "CreateJob") == 0)
                return sd_bus_reply_method_return(m, "so", JOB_TEXT, JOB_PATH);
        if (strcmp(member, "GetAuthorization") == 0)
                return sd_bus_reply_method_return(m, "bt", false, UINT64_MAX / 2);
        if (strcmp(member, "SetNotifyInterface") == 0)
                return set_notify_interface(m) < 0 ? -1 : 1;
        if (strcmp(member, "SetHelperToken") == 0)
                return report_token(m);
        if (strcmp(member, "Cancel") == 0)
                return sd_bus_reply_method_return(m, "i", BG_S_UNABLE_TO_DELETE_FILES);
        if (strcmp(member, "SetDescription") == 0)
                return sd_bus_reply_method_errorf(m, "org.bitsd1.Error.BG_E_STRING_TOO_LONG", "no");
        if (strcmp(member, "Suspend") == 0) { /* stands for: the job fails */
                (void)sd_bus_reply_method_return(m, "");
                return call_back(sd_bus_message_get_bus(m), "JobError") < 0 ? -1 : 1;
        }
        return sd_bus_reply_method_return(m, "");
}

/* ---- the test's side
 * ------------------------------------------------------------------------------- */

static int64_t next_report(char what)
{
        return peer_next(what).value;
}

static int start_service(void **state)
{
        (void)state;
        return peer_start(on_call);
}

static int end_service(void **state)
{
        (void)state;
        return peer_end();
}

typedef struct Client {
        IBackgroundCopyManager *manager;
        IBackgroundCopyJob *job;
} Client;

static Client client_open(DWORD apartment)
{
        Client client;

        assert_int_equal(CoInitializeEx(NULL, apartment), S_OK);
        assert_int_equal(CoCreateInstance(&CLSID_BackgroundCopyManager, NULL, CLSCTX_LOCAL_SERVER,
                                          &IID_IBackgroundCopyManager, (void **)&client.manager),
                         S_OK);
        assert_int_equal(IBackgroundCopyManager_GetJob(client.manager, &GUID_NULL, &client.job),
                         S_OK);
        return client;
}

static void client_close(Client *client)
{
        assert_int_equal(IBackgroundCopyJob_Release(client->job), 0);
        assert_int_equal(IBackgroundCopyManager_Release(client->manager), 0);
        CoUninitialize();
}

/* ---- a callback object
 * ----------------------------------------------------------------------------- */

typedef struct Receiver {
        IBackgroundCopyCallback callback;
        atomic_uint refs;
        atomic_uint n_calls;
        pthread_t thread; /* of the last call */
        HRESULT answer;   /* what it returns */
} Receiver;

static HRESULT receiver_query(IBackgroundCopyCallback *This, REFIID riid, void **ret)
{
        if (!IsEqualIID(riid, &IID_IUnknown) && !IsEqualIID(riid, &IID_IBackgroundCopyCallback))
                return E_NOINTERFACE;
        IBackgroundCopyCallback_AddRef(This);
        *ret = This;
        return S_OK;
}

static ULONG receiver_add_ref(IBackgroundCopyCallback *This)
{
        return atomic_fetch_add(&((Receiver *)This)->refs, 1) + 1;
}

static ULONG receiver_release(IBackgroundCopyCallback *This)
{
        return atomic_fetch_sub(&((Receiver *)This)->refs, 1) - 1;
}

static HRESULT receiver_note(Receiver *receiver)
{
        receiver->thread = pthread_self();
        atomic_fetch_add(&receiver->n_calls, 1);
        return receiver->answer;
}

static HRESULT receiver_transferred(IBackgroundCopyCallback *This, IBackgroundCopyJob *job)
{
        BG_JOB_STATE job_state;

        if (IBackgroundCopyJob_GetState(job, &job_state) != S_OK) /* calls work in here */
                return E_ABORT;
        PostQuitMessage(0);
        return receiver_note((Receiver *)This);
}

static bool error_is_right(IBackgroundCopyError *error)
{
        BG_ERROR_CONTEXT context;
        IBackgroundCopyFile *file;
        LPWSTR text, protocol;
        HRESULT code;
        bool right;

        if (IBackgroundCopyError_GetError(error, &context, &code) != S_OK ||
            IBackgroundCopyError_GetErrorDescription(error, 0x409, &text) != S_OK ||
            IBackgroundCopyError_GetProtocol(error, &protocol) != S_OK ||
            IBackgroundCopyError_GetFile(error, &file) != S_OK)
                return false;
        right = context == BG_ERROR_CONTEXT_REMOTE_FILE && code == BG_E_HTTP_ERROR_404 &&
                wcscmp(text, L"not there") == 0 && wcscmp(protocol, L"http") == 0 &&
                IBackgroundCopyError_GetErrorDescription(error, 0, &text) == E_INVALIDARG;
        CoTaskMemFree(text);
        CoTaskMemFree(protocol);
        IBackgroundCopyFile_Release(file);
        return right;
}

static HRESULT receiver_error(IBackgroundCopyCallback *This, IBackgroundCopyJob *job,
                              IBackgroundCopyError *error)
{
        (void)job;
        PostQuitMessage(0);
        receiver_note((Receiver *)This);
        return error_is_right(error) ? S_OK : E_UNEXPECTED;
}

static HRESULT receiver_modification(IBackgroundCopyCallback *This, IBackgroundCopyJob *job,
                                     DWORD reserved)
{
        (void)job;
        (void)reserved;
        return receiver_note((Receiver *)This);
}

static const IBackgroundCopyCallbackVtbl receiver_vtbl = {
        receiver_query,       receiver_add_ref, receiver_release,
        receiver_transferred, receiver_error,   receiver_modification,
};

#define RECEIVER(result)                                                                           \
        (Receiver)                                                                                 \
        {                                                                                          \
                .callback.lpVtbl = &receiver_vtbl, .refs = 1, .answer = (result)                   \
        }

static HRESULT listen_for(IBackgroundCopyJob *job, Receiver *receiver)
{
        return IBackgroundCopyJob_SetNotifyInterface(job, (IUnknown *)&receiver->callback);
}

static void pump_until_quit(void)
{
        MSG msg;

        while (GetMessageW(&msg, NULL, 0, 0) > 0)
                DispatchMessageW(&msg);
}

/* ---- tests
 * ----------------------------------------------------------------------------------------- */

static void test_without_com(void **state)
{
        void *manager = &manager;

        (void)state;
        assert_int_equal(CoCreateInstance(&CLSID_BackgroundCopyManager, NULL, CLSCTX_LOCAL_SERVER,
                                          &IID_IBackgroundCopyManager, &manager),
                         CO_E_NOTINITIALIZED);
        assert_null(manager);
        assert_int_equal(CoInitializeSecurity(NULL, -1, NULL, NULL, 0, 3, NULL, 0x40, NULL),
                         CO_E_NOTINITIALIZED);
}

static void test_classes(void **state)
{
        static const CLSID others[] = {
                /* of BITS 1.0's queue manager, and of its server */
                {0x69ad4aee, 0x51be, 0x439b, {0xa9, 0x2c, 0x86, 0xae, 0x49, 0x0e, 0x8b, 0x30}},
                {0xefbbab68, 0x7286, 0x4783, {0x94, 0xbf, 0x94, 0x61, 0xd8, 0xb7, 0xe7, 0xe9}},
        };
        const CLSID *const classes[] = {
                &CLSID_BackgroundCopyManager,     &CLSID_BackgroundCopyManager1_5,
                &CLSID_BackgroundCopyManager2_0,  &CLSID_BackgroundCopyManager3_0,
                &CLSID_BackgroundCopyManager4_0,  &CLSID_BackgroundCopyManager5_0,
                &CLSID_BackgroundCopyManager10_1, &CLSID_BackgroundCopyManager2_5,
                &CLSID_BackgroundCopyManager10_2, &CLSID_BackgroundCopyManager10_3,
        };
        Client client = client_open(COINIT_MULTITHREADED);
        IUnknown *outer = (IUnknown *)client.manager;
        void *made;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(others); i++)
                assert_int_equal(
                        CoCreateInstance(&others[i], NULL, CLSCTX_ALL, &IID_IUnknown, &made),
                        REGDB_E_CLASSNOTREG);
        for (size_t i = 0; i < ELEMENTS(classes); i++) {
                assert_int_equal(CoCreateInstance(classes[i], NULL, CLSCTX_LOCAL_SERVER,
                                                  &IID_IBackgroundCopyManager, &made),
                                 S_OK);
                IBackgroundCopyManager_Release((IBackgroundCopyManager *)made);
        }
        assert_int_equal(CoCreateInstance(&CLSID_BackgroundCopyManager, NULL, CLSCTX_INPROC_SERVER,
                                          &IID_IUnknown, &made),
                         REGDB_E_CLASSNOTREG);
        assert_int_equal(CoCreateInstance(&CLSID_BackgroundCopyManager, outer, CLSCTX_ALL,
                                          &IID_IUnknown, &made),
                         CLASS_E_NOAGGREGATION);
        assert_int_equal(CoCreateInstance(&CLSID_BackgroundCopyManager4_0, NULL, CLSCTX_ALL,
                                          &IID_IBackgroundCopyJob, &made),
                         E_NOINTERFACE);
        assert_int_equal(CoCreateInstance(&CLSID_BackgroundCopyManager4_0, NULL, CLSCTX_ALL,
                                          &IID_IUnknown, NULL),
                         E_POINTER);
        client_close(&client);
}

static void test_values(void **state)
{
        Client client = client_open(COINIT_MULTITHREADED);
        BG_JOB_STATE job_state;
        WCHAR lone[] = {0xd800, 0};
        BG_JOB_TIMES times;
        LPWSTR name;
        WCHAR text[39];
        GUID id;

        (void)state;
        assert_int_equal(IBackgroundCopyJob_GetDisplayName(client.job, &name), S_OK);
        assert_int_equal(wcscmp(name, L"d\u00fcnn"), 0);
        CoTaskMemFree(name);
        assert_int_equal(IBackgroundCopyJob_GetDescription(client.job, &name), E_UNEXPECTED);
        assert_int_equal(IBackgroundCopyJob_GetState(client.job, &job_state), S_OK);
        assert_int_equal(job_state, BG_JOB_STATE_SUSPENDED);
        assert_int_equal(IBackgroundCopyJob_GetTimes(client.job, &times), S_OK);
        assert_int_equal((uint64_t)times.CreationTime.dwHighDateTime << 32 |
                                 times.CreationTime.dwLowDateTime,
                         UINT64_C(116444736010000000));
        assert_int_equal(times.TransferCompletionTime.dwHighDateTime, 0);
        assert_int_equal(IBackgroundCopyJob_GetId(client.job, &id), S_OK);
        StringFromGUID2(&id, text, 39);
        assert_int_equal(wcscmp(text, L"{" JOB_TEXT "}"), 0);

        assert_int_equal(IBackgroundCopyJob_SetDescription(client.job, L"x"), BG_E_STRING_TOO_LONG);
        assert_int_equal(IBackgroundCopyJob_SetDescription(client.job, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob_SetDisplayName(client.job, lone), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob_GetState(client.job, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob_GetErrorCount(client.job, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob_AddFile(client.job, L"http://x/", NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob_AddFileSet(client.job, 0, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob_Cancel(client.job), BG_S_UNABLE_TO_DELETE_FILES);
        client_close(&client);
}

static void test_set_that_no_message_holds(void **state)
{
        static WCHAR url[2000], local[] = L"/tmp/x";
        Client client = client_open(COINIT_MULTITHREADED);
        BG_FILE_INFO files[500];
        BG_JOB_STATE job_state;

        (void)state;
        wmemset(url, L'x', ELEMENTS(url) - 1);
        for (size_t i = 0; i < ELEMENTS(files); i++)
                files[i] = (BG_FILE_INFO){url, local};
        assert_int_equal(IBackgroundCopyJob_AddFileSet(client.job, 400, files), S_OK);
        assert_int_equal(IBackgroundCopyJob_AddFileSet(client.job, 500, files),
                         BG_E_TOO_MANY_FILES_IN_JOB);
        assert_int_equal(IBackgroundCopyJob_GetState(client.job, &job_state), S_OK);
        client_close(&client);
}

static void test_pages(void **state)
{
        Client client = client_open(COINIT_MULTITHREADED);
        IEnumBackgroundCopyJobs *jobs;
        ULONG n;

        (void)state;
        assert_int_equal(IBackgroundCopyManager_EnumJobs(client.manager, 0, &jobs), S_OK);
        assert_int_equal(IEnumBackgroundCopyJobs_GetCount(jobs, &n), S_OK);
        assert_int_equal(n, N_JOBS);
        IEnumBackgroundCopyJobs_Release(jobs);
        client_close(&client);
}

static void test_single_threaded_callback(void **state)
{
        Client client = client_open(COINIT_APARTMENTTHREADED);
        Receiver first = RECEIVER(E_FAIL), second = RECEIVER(S_OK);
        IUnknown *set;

        (void)state;
        assert_int_equal(listen_for(client.job, &first), S_OK);
        assert_int_equal(MsgWaitForMultipleObjects(0, NULL, FALSE, GENEROUS_MSEC, QS_ALLINPUT),
                         WAIT_OBJECT_0);
        assert_int_equal(first.n_calls, 0); /* it waits for us to look */
        pump_until_quit();
        assert_int_equal(first.n_calls, 1);
        assert_true(pthread_equal(first.thread, pthread_self()));
        assert_int_equal(next_report('a'), E_FAIL);
        assert_int_equal(IBackgroundCopyJob_GetNotifyInterface(client.job, &set), S_OK);
        assert_ptr_equal(set, &first);
        IUnknown_Release(set);

        assert_int_equal(listen_for(client.job, &second), S_OK);
        assert_int_equal(first.refs, 1); /* the last caller wins */
        pump_until_quit();
        assert_int_equal(next_report('a'), S_OK);
        assert_int_equal(IBackgroundCopyJob_Suspend(client.job), S_OK); /* JobError */
        pump_until_quit();
        assert_int_equal(next_report('a'), S_OK);
        assert_int_equal(second.n_calls, 2);
        assert_int_equal(IBackgroundCopyJob_SetNotifyInterface(client.job, NULL), S_OK);
        assert_int_equal(second.refs, 1);
        assert_int_equal(IBackgroundCopyJob_GetNotifyInterface(client.job, &set), S_OK);
        assert_null(set);
        client_close(&client);
}

static void test_multithreaded_callback(void **state)
{
        Client client = client_open(COINIT_MULTITHREADED);
        Receiver receiver = RECEIVER(S_FALSE);

        (void)state;
        assert_int_equal(listen_for(client.job, &receiver), S_OK);
        assert_int_equal(next_report('a'), S_FALSE);
        assert_int_equal(receiver.n_calls, 1);
        assert_false(pthread_equal(receiver.thread, pthread_self()));
        assert_int_equal(IBackgroundCopyJob_Cancel(client.job), BG_S_UNABLE_TO_DELETE_FILES);
        client_close(&client); /* ends the connection and with it the last reference */

        while (receiver.refs > 1) /* the answer leaves before the delivery has ended */
                Sleep(1);
}

static HRESULT no_interface(IBackgroundCopyCallback *This, REFIID riid, void **ret)
{
        (void)This;
        (void)riid;
        *ret = NULL;
        return E_NOINTERFACE;
}

static void test_object_without_callback(void **state)
{
        const IBackgroundCopyCallbackVtbl vtbl = {no_interface, receiver_add_ref, receiver_release};
        Client client = client_open(COINIT_MULTITHREADED);
        Receiver receiver = RECEIVER(S_OK);

        (void)state;
        receiver.callback.lpVtbl = &vtbl;
        assert_int_equal(listen_for(client.job, &receiver), E_NOINTERFACE);
        assert_int_equal(receiver.refs, 1);
        client_close(&client);
}

static void *end_with_a_callback_waiting(void *p)
{
        Client client = client_open(COINIT_APARTMENTTHREADED);
        Receiver *receiver = p;

        assert_int_equal(listen_for(client.job, receiver), S_OK);
        assert_int_equal(MsgWaitForMultipleObjects(0, NULL, FALSE, GENEROUS_MSEC, QS_ALLINPUT),
                         WAIT_OBJECT_0);
        client_close(&client);
        return NULL;
}

static void test_apartment_that_ends(void **state)
{
        Client client = client_open(COINIT_MULTITHREADED); /* keeps the connection */
        Receiver receiver = RECEIVER(S_OK);
        pthread_t thread;

        (void)state;
        assert_int_equal(pthread_create(&thread, NULL, end_with_a_callback_waiting, &receiver), 0);
        pthread_join(thread, NULL);
        assert_int_equal(next_report('a'), RPC_E_DISCONNECTED);
        assert_int_equal(receiver.n_calls, 0);
        assert_int_equal(receiver.refs, 1);
        client_close(&client);
}

static void test_lost_connection(void **state)
{
        Client client = client_open(COINIT_APARTMENTTHREADED);
        Receiver receiver = RECEIVER(S_OK);
        BG_JOB_STATE job_state;
        IUnknown *set;

        (void)state;
        assert_int_equal(listen_for(client.job, &receiver), S_OK);
        pump_until_quit();
        assert_int_equal(next_report('a'), S_OK);
        for (int i = 0; i < 20; i++) {
                assert_int_equal(IBackgroundCopyJob_Complete(client.job),
                                 HRESULT_FROM_WIN32(RPC_S_CALL_FAILED));
                assert_int_equal(IBackgroundCopyJob_GetState(client.job, &job_state), S_OK);
        }
        assert_int_equal(IBackgroundCopyJob_GetNotifyInterface(client.job, &set), S_OK);
        assert_null(set);         /* not registered again */
        while (receiver.refs > 1) /* its release comes to this apartment */
                if (MsgWaitForMultipleObjects(0, NULL, FALSE, GENEROUS_MSEC, QS_ALLINPUT) ==
                    WAIT_OBJECT_0) {
                        MSG msg;

                        (void)PeekMessageW(&msg, NULL, 0, 0, PM_REMOVE);
                } else
                        fail();
        client_close(&client);
}

static void *ask_often(void *p)
{
        IBackgroundCopyJob *job = p;
        BG_JOB_STATE job_state;

        for (int i = 0; i < 500; i++)
                if (IBackgroundCopyJob_GetState(job, &job_state) != S_OK || job_state != 3)
                        return job;
        return NULL;
}

static void test_many_threads(void **state)
{
        Client client = client_open(COINIT_MULTITHREADED);
        pthread_t threads[8];
        void *bad;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, ask_often, client.job), 0);
        for (size_t i = 0; i < ELEMENTS(threads); i++) {
                pthread_join(threads[i], &bad);
                assert_null(bad);
        }
        client_close(&client);
}

/* What a child does after fork: it has a connection and callbacks of its own. */
static void __attribute__((noreturn)) run_child(IBackgroundCopyJob *job, int until_closed)
{
        Receiver receiver = RECEIVER(S_FALSE);
        char byte;

        if (listen_for(job, &receiver) != S_OK)
                report('x', 0);
        (void)!read(until_closed, &byte, 1);
        _exit(receiver.n_calls == 1 ? 0 : 1);
}

static void test_child_process(void **state)
{
        Client client = client_open(COINIT_MULTITHREADED);
        Receiver receiver = RECEIVER(S_OK);
        IUnknown *set;
        int status, fds[2];
        pid_t pid;

        (void)state;
        assert_int_equal(listen_for(client.job, &receiver), S_OK);
        assert_int_equal(next_report('a'), S_OK);
        assert_int_equal(pipe(fds), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                close(fds[1]);
                run_child(client.job, fds[0]);
        }
        close(fds[0]);
        assert_int_equal(next_report('a'), S_FALSE);
        close(fds[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);

        /* and the parent's are as they were */
        assert_int_equal(IBackgroundCopyJob_GetNotifyInterface(client.job, &set), S_OK);
        assert_ptr_equal(set, &receiver);
        IUnknown_Release(set);
        client_close(&client);
}

static HRESULT set_blanket(void *proxy, DWORD level, DWORD capabilities)
{
        return CoSetProxyBlanket(proxy, RPC_C_AUTHN_DEFAULT, RPC_C_AUTHZ_DEFAULT,
                                 COLE_DEFAULT_PRINCIPAL, RPC_C_AUTHN_LEVEL_DEFAULT, level, NULL,
                                 capabilities);
}

static void impersonate_pair(int ret_pair[2], struct stat *ret)
{
        HANDLE token;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_pair), 0);
        assert_int_equal(fstat(ret_pair[0], ret), 0);
        assert_true(bits_token_from_fd(ret_pair[0], &token));
        assert_true(ImpersonateLoggedOnUser(token));
        assert_true(CloseHandle(token));
}

static void test_impersonation(void **state)
{
        Client client = client_open(COINIT_MULTITHREADED);
        IBitsTokenOptions *options;
        IBackgroundCopyJob *job;
        void *again = &again;
        struct stat st;
        int pair[2];

        (void)state;
        assert_int_equal(IBackgroundCopyJob_QueryInterface(client.job, &IID_IBitsTokenOptions,
                                                           (void **)&options),
                         S_OK);
        impersonate_pair(pair, &st);

        /* by default the service may only know who we are, and that is the process */
        assert_int_equal(IBitsTokenOptions_SetHelperToken(options), CO_E_FAILEDTOIMPERSONATE);
        assert_int_equal(IBackgroundCopyManager_GetJob(client.manager, &GUID_NULL, &job), S_OK);
        IBackgroundCopyJob_Release(job);

        assert_int_equal(set_blanket(options, RPC_C_IMP_LEVEL_IMPERSONATE, EOAC_DYNAMIC_CLOAKING),
                         S_OK);
        assert_int_equal(IBitsTokenOptions_SetHelperToken(options), S_OK);
        assert_int_equal(next_report('t'), st.st_ino);

        /* the process's identity counts on the other pointers, until they are cloaked too */
        assert_int_equal(
                IBackgroundCopyJob_QueryInterface(client.job, &IID_IBitsTokenOptions, &again),
                S_OK);
        IBitsTokenOptions_Release((IBitsTokenOptions *)again);
        assert_int_equal(set_blanket(client.job, RPC_C_IMP_LEVEL_IDENTIFY, EOAC_DYNAMIC_CLOAKING),
                         S_OK);
        assert_int_equal(
                IBackgroundCopyJob_QueryInterface(client.job, &IID_IBitsTokenOptions, &again),
                E_ACCESSDENIED);
        assert_null(again);
        assert_int_equal(IBackgroundCopyJob_TakeOwnership(client.job), E_ACCESSDENIED);
        assert_int_equal(IBackgroundCopyJob_Resume(client.job), S_OK); /* held already */
        assert_int_equal(
                set_blanket(client.manager, RPC_C_IMP_LEVEL_IDENTIFY, EOAC_DYNAMIC_CLOAKING), S_OK);
        assert_int_equal(IBackgroundCopyManager_GetJob(client.manager, &GUID_NULL, &job),
                         E_ACCESSDENIED);

        /* static cloaking keeps whom it saw first */
        assert_int_equal(set_blanket(options, RPC_C_IMP_LEVEL_DELEGATE, EOAC_STATIC_CLOAKING),
                         S_OK);
        assert_true(RevertToSelf());
        assert_int_equal(IBitsTokenOptions_SetHelperToken(options), S_OK);
        assert_int_equal(next_report('t'), st.st_ino);
        assert_int_equal(IBackgroundCopyManager_GetJob(client.manager, &GUID_NULL, &job), S_OK);
        IBackgroundCopyJob_Release(job);

        assert_int_equal(set_blanket(options, RPC_C_IMP_LEVEL_ANONYMOUS, EOAC_NONE), S_OK);
        assert_int_equal(IBitsTokenOptions_ClearHelperToken(options), E_ACCESSDENIED);
        assert_int_equal(set_blanket(options, 5, EOAC_NONE), E_INVALIDARG);
        assert_int_equal(set_blanket(options, 3, EOAC_STATIC_CLOAKING | EOAC_DYNAMIC_CLOAKING),
                         E_INVALIDARG);
        assert_int_equal(CoInitializeSecurity(NULL, -1, NULL, NULL, 0, 3, NULL, 0x40, NULL),
                         RPC_E_TOO_LATE);
        IBitsTokenOptions_Release(options);
        close(pair[0]);
        close(pair[1]);
        client_close(&client);
}

static void test_blanket_of_a_stranger(void **state)
{
        Receiver receiver = RECEIVER(S_OK);

        (void)state;
        assert_int_equal(set_blanket(&receiver.callback, 3, EOAC_NONE), E_NOINTERFACE);
        assert_int_equal(set_blanket(NULL, 3, EOAC_NONE), E_INVALIDARG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_without_com),
                cmocka_unit_test(test_classes),
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_set_that_no_message_holds),
                cmocka_unit_test(test_pages),
                cmocka_unit_test(test_single_threaded_callback),
                cmocka_unit_test(test_multithreaded_callback),
                cmocka_unit_test(test_object_without_callback),
                cmocka_unit_test(test_apartment_that_ends),
                cmocka_unit_test(test_lost_connection),
                cmocka_unit_test(test_many_threads),
                cmocka_unit_test(test_child_process),
                cmocka_unit_test(test_impersonation),
                cmocka_unit_test(test_blanket_of_a_stranger),
        };

        return cmocka_run_group_tests(tests, start_service, end_service);
}
