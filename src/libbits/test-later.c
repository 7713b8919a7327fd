/* The interfaces after the first, against a service that tells how it was called: what goes over
 * the wire, what comes back, and what is refused without asking. */
#define COBJMACROS
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include <cmocka.h>

#include <bits.h>
#include <windows.h>

#include "base/cleanup.h"
#include "libbits/test-peer.h"

#define JOB_PATH  "/org/bitsd1/job/0123456789abcdef0123456789abcdef"
#define FILE_PATH JOB_PATH "/file/7"
#define CLASS     "01234567-89AB-CDEF-0123-456789ABCDEF"

#define NULL_POINTER HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER)

/* ---- the service
 * --------------------------------------------------------------------------------- */

static void render(sd_bus_message *m, FILE *f)
{
        const char *contents;
        union {
                uint64_t t;
                uint32_t u;
                int32_t i;
                const char *s;
        } value;
        char type;

        for (const char *comma = ""; sd_bus_message_peek_type(m, &type, &contents) > 0;
             comma = ", ") {
                (void)fputs(comma, f);
                if (strchr("arv", type)) {
                        (void)sd_bus_message_enter_container(m, type, contents);
                        (void)fprintf(f, "%c(", type);
                        render(m, f);
                        (void)fputs(")", f);
                        (void)sd_bus_message_exit_container(m);
                        continue;
                }
                (void)sd_bus_message_read_basic(m, type, &value);
                if (type == 's' || type == 'o')
                        (void)fprintf(f, "'%s'", value.s);
                else if (type == 't')
                        (void)fprintf(f, "%llut", (unsigned long long)value.t);
                else
                        (void)fprintf(f, "%u%c", value.u, type);
        }
}

static void report_call(sd_bus_message *m)
{
        PeerReport report = {.what = 'c'};
        FILE *f = fmemopen(report.text, sizeof(report.text), "w");

        (void)fprintf(f, "%s.%s(", strrchr(sd_bus_message_get_interface(m), '.') + 1,
                      sd_bus_message_get_member(m));
        render(m, f);
        (void)fputs(")", f);
        (void)fclose(f);
        peer_report(&report);
}

static int on_callback_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        int32_t hr = 1;

        (void)userdata;
        (void)error;
        (void)sd_bus_message_read(m, "i", &hr);
        peer_report(&(PeerReport){.what = 'a', .value = hr});
        return 0;
}

/* The second notification when the first was answered. */
static int on_file_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)on_callback_answer(m, userdata, error);
        return sd_bus_call_method_async(
                sd_bus_message_get_bus(m), NULL, NULL, "/org/bitsd1/callback",
                "org.bitsd1.Callback", "FileRangesTransferred", on_callback_answer, NULL, "oua(tt)",
                JOB_PATH, 7, 2, UINT64_C(0), UINT64_C(10), UINT64_C(1) << 40, UINT64_C(5));
}

static int call_back(sd_bus_message *m)
{
        int r = sd_bus_reply_method_return(m, "");

        if (r >= 0)
                r = sd_bus_call_method_async(sd_bus_message_get_bus(m), NULL, NULL,
                                             "/org/bitsd1/callback", "org.bitsd1.Callback",
                                             "FileTransferred", on_file_answer, NULL, "ou",
                                             JOB_PATH, 7);
        return r < 0 ? r : 1;
}

/* As many ranges as the list has to grow for. */
static int answer_many(sd_bus_message *m)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;

        (void)sd_bus_message_new_method_return(m, &answer);
        (void)sd_bus_message_open_container(answer, 'a', "(tt)");
        for (uint64_t i = 0; i < 100; i++)
                (void)sd_bus_message_append(answer, "(tt)", 10 * i, i);
        (void)sd_bus_message_close_container(answer);
        return sd_bus_send(NULL, answer, NULL);
}

static int answer_property(sd_bus_message *m)
{
        uint32_t id = 0;

        (void)sd_bus_message_rewind(m, true);
        (void)sd_bus_message_read(m, "u", &id);
        if (strstr(sd_bus_message_get_path(m), "/file/"))
                return id == 1 ? sd_bus_reply_method_return(m, "v", "s", "Server: x\r\n")
                               : sd_bus_reply_method_errorf(
                                         m, "org.bitsd1.Error.BG_E_UNKNOWN_PROPERTY_ID", "no");
        switch (id) {
        case 1:
                return sd_bus_reply_method_return(m, "v", "u", 0x80000021);
        case 2:
                return sd_bus_reply_method_return(m, "v", "s", CLASS);
        case 3:
                return sd_bus_reply_method_return(m, "v", "b", true);
        case 4:
                return sd_bus_reply_method_return(m, "v", "u", 1); /* of a wrong type */
        case 5:
                return sd_bus_reply_method_return(m, "v", "t", UINT64_C(1) << 33);
        default:
                return sd_bus_reply_method_errorf(m, "org.bitsd1.Error.BG_E_UNKNOWN_PROPERTY_ID",
                                                  "no");
        }
}

static int check_access(sd_bus_message *m)
{
        const char *interface = "";

        (void)sd_bus_message_rewind(m, true);
        (void)sd_bus_message_read(m, "s", &interface);
        return strcmp(interface, "IBitsTokenOptions") == 0
                       ? sd_bus_reply_method_errorf(m, "org.bitsd1.Error.E_ACCESSDENIED", "no")
                       : sd_bus_reply_method_return(m, "");
}

static int on_call(sd_bus_message *m, bool *hang_up)
{
        const char *member = sd_bus_message_get_member(m);

        (void)hang_up;
#define ANSWER(name, ...)                                                                          \
        if (strcmp(member, name) == 0)                                                             \
        return sd_bus_reply_method_return(m, __VA_ARGS__)
        ANSWER("Hello", "s", ":1.0");
        ANSWER("GetJob", "o", JOB_PATH);
        ANSWER("GetAuthorization", "bt", false, UINT64_MAX / 2);
        if (strcmp(member, "ListFiles") == 0) {
                uint32_t from = 0, max;

                (void)sd_bus_message_read(m, "uu", &from, &max);
                return from ? sd_bus_reply_method_return(m, "a(ussttb)", 0)
                            : sd_bus_reply_method_return(m, "a(ussttb)", 1, 7, "http://x/", "/x",
                                                         UINT64_C(1), UINT64_C(0), false);
        }
        report_call(m);
        ANSWER("GetNotifyCmdLine", "ss", "/bin/true", "");
        ANSWER("ReplaceRemotePrefix", "i", S_FALSE);
        ANSWER("GetFileACLFlags", "u", 5);
        ANSWER("GetPeerCachingFlags", "u", 4);
        ANSWER("GetOwnerIntegrityLevel", "u", 0x3000);
        ANSWER("GetOwnerElevationState", "b", true);
        ANSWER("GetMaximumDownloadTime", "u", 7776000);
        ANSWER("GetValidationState", "b", true);
        ANSWER("IsDownloadedFromPeer", "b", false);
        ANSWER("GetPeerDownloadStats", "tt", UINT64_C(5) << 32, UINT64_C(0));
        ANSWER("GetFileRanges", "a(tt)", 0);
        if (strcmp(member, "Get") == 0) {
                const char *interface, *property;

                (void)sd_bus_message_rewind(m, true);
                (void)sd_bus_message_read(m, "ss", &interface, &property);
                return strcmp(property, "TemporaryName") == 0
                               ? sd_bus_reply_method_return(m, "v", "s", "/tmp/x.tmp")
                               : sd_bus_reply_method_return(m, "v", "u", 0);
        }
        if (strcmp(member, "GetFilledFileRanges") == 0)
                return answer_many(m);
        if (strcmp(member, "GetProperty") == 0)
                return answer_property(m);
        if (strcmp(member, "CheckAccess") == 0)
                return check_access(m);
        if (strcmp(member, "SetNotifyLevel") == 0 || strcmp(member, "SetNotifyInterface") == 0)
                return call_back(m);
        return sd_bus_reply_method_return(m, "");
}

/* ---- the test's side
 * ------------------------------------------------------------------------------- */

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
        IBackgroundCopyJob5 *job;
        IBackgroundCopyFile6 *file;
} Client;

static void expect_call(const char *text)
{
        assert_string_equal(peer_next('c').text, text);
}

static Client client_open(void)
{
        IEnumBackgroundCopyFiles *files;
        IBackgroundCopyFile *file;
        IBackgroundCopyJob *job;
        Client client;

        assert_int_equal(CoInitializeEx(NULL, COINIT_MULTITHREADED), S_OK);
        assert_int_equal(CoCreateInstance(&CLSID_BackgroundCopyManager10_1, NULL,
                                          CLSCTX_LOCAL_SERVER, &IID_IBackgroundCopyManager,
                                          (void **)&client.manager),
                         S_OK);
        assert_int_equal(IBackgroundCopyManager_GetJob(client.manager, &GUID_NULL, &job), S_OK);
        assert_int_equal(IBackgroundCopyJob_EnumFiles(job, &files), S_OK);
        assert_int_equal(IEnumBackgroundCopyFiles_Next(files, 1, &file, NULL), S_OK);
        IEnumBackgroundCopyFiles_Release(files);
        assert_int_equal(IBackgroundCopyJob_QueryInterface(job, &IID_IBackgroundCopyJob5,
                                                           (void **)&client.job),
                         S_OK);
        expect_call("Job.CheckAccess('IBackgroundCopyJob5')");
        assert_int_equal(IBackgroundCopyFile_QueryInterface(file, &IID_IBackgroundCopyFile6,
                                                            (void **)&client.file),
                         S_OK);
        assert_int_equal(IBackgroundCopyJob_Release(job), 1);
        assert_int_equal(IBackgroundCopyFile_Release(file), 1);
        return client;
}

static void client_close(Client *client)
{
        assert_int_equal(IBackgroundCopyFile6_Release(client->file), 0);
        assert_int_equal(IBackgroundCopyJob5_Release(client->job), 0);
        assert_int_equal(IBackgroundCopyManager_Release(client->manager), 0);
        CoUninitialize();
}

/* ---- tests
 * ----------------------------------------------------------------------------------------- */

static void test_queries(void **state)
{
        static const struct {
                const IID *iid;
                const char *asked;
        } of_job[] = {
                {&IID_IUnknown, NULL},
                {&IID_IBackgroundCopyJob, "Job.CheckAccess('IBackgroundCopyJob')"},
                {&IID_IBackgroundCopyJob2, "Job.CheckAccess('IBackgroundCopyJob2')"},
                {&IID_IBackgroundCopyJob3, "Job.CheckAccess('IBackgroundCopyJob3')"},
                {&IID_IBackgroundCopyJob4, "Job.CheckAccess('IBackgroundCopyJob4')"},
                {&IID_IBackgroundCopyJob5, "Job.CheckAccess('IBackgroundCopyJob5')"},
        };
        static const IID *const of_file[] = {
                &IID_IUnknown,
                &IID_IBackgroundCopyFile,
                &IID_IBackgroundCopyFile2,
                &IID_IBackgroundCopyFile3,
                &IID_IBackgroundCopyFile4,
                &IID_IBackgroundCopyFile5,
                &IID_IBackgroundCopyFile6,
        };
        Client client = client_open();
        void *other;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(of_job); i++) {
                assert_int_equal(
                        IBackgroundCopyJob5_QueryInterface(client.job, of_job[i].iid, &other),
                        S_OK);
                assert_ptr_equal(other, client.job); /* one object, and one identity */
                assert_int_equal(IBackgroundCopyJob5_Release(client.job), 1);
                if (of_job[i].asked)
                        expect_call(of_job[i].asked);
                assert_int_equal(
                        IBackgroundCopyFile6_QueryInterface(client.file, of_job[i].iid, &other),
                        i == 0 ? S_OK : E_NOINTERFACE);
        }
        IBackgroundCopyFile6_Release(client.file);
        for (size_t i = 0; i < ELEMENTS(of_file); i++) {
                assert_int_equal(
                        IBackgroundCopyFile6_QueryInterface(client.file, of_file[i], &other), S_OK);
                assert_ptr_equal(other, client.file);
                assert_int_equal(IBackgroundCopyFile6_Release(client.file), 1);
        }
        assert_int_equal(
                IBackgroundCopyJob5_QueryInterface(client.job, &IID_IBackgroundCopyFile2, &other),
                E_NOINTERFACE);
        assert_null(other);
        assert_int_equal(
                IBackgroundCopyJob5_QueryInterface(client.job, &IID_IBackgroundCopyManager, &other),
                E_NOINTERFACE);
        assert_int_equal(
                IBackgroundCopyJob5_QueryInterface(client.job, &IID_IBitsTokenOptions, &other),
                E_ACCESSDENIED);
        assert_null(other);
        expect_call("Job.CheckAccess('IBitsTokenOptions')");
        client_close(&client);
}

static void test_command_line(void **state)
{
        Client client = client_open();
        LPWSTR program, parameters;

        (void)state;
        assert_int_equal(
                IBackgroundCopyJob5_SetNotifyCmdLine(client.job, L"/bin/echo", L"echo d\u00fcnn"),
                S_OK);
        expect_call("Job.SetNotifyCmdLine('/bin/echo', 'echo d\xc3\xbcnn')");
        assert_int_equal(IBackgroundCopyJob5_SetNotifyCmdLine(client.job, L"/bin/true", NULL),
                         S_OK);
        expect_call("Job.SetNotifyCmdLine('/bin/true', '')");
        assert_int_equal(IBackgroundCopyJob5_SetNotifyCmdLine(client.job, NULL, NULL), S_OK);
        expect_call("Job.SetNotifyCmdLine('', '')");
        assert_int_equal(IBackgroundCopyJob5_SetNotifyCmdLine(client.job, NULL, L"x"),
                         E_INVALIDARG);

        assert_int_equal(IBackgroundCopyJob5_GetNotifyCmdLine(client.job, &program, &parameters),
                         S_OK);
        expect_call("Job.GetNotifyCmdLine()");
        assert_int_equal(wcscmp(program, L"/bin/true"), 0);
        assert_int_equal(wcscmp(parameters, L""), 0); /* a text, not NULL */
        CoTaskMemFree(program);
        CoTaskMemFree(parameters);
        assert_int_equal(IBackgroundCopyJob5_GetNotifyCmdLine(client.job, NULL, &parameters),
                         E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_GetNotifyCmdLine(client.job, &program, NULL),
                         E_INVALIDARG);
        client_close(&client);
}

#define TYPE_IS_ASKED "Properties.Get('org.bitsd1.Job', 'Type')"

static void test_replies(void **state)
{
        Client client = client_open();
        BG_JOB_REPLY_PROGRESS progress;
        UINT64 length;
        LPWSTR name;
        BYTE *data;

        (void)state;
        assert_int_equal(IBackgroundCopyJob5_GetReplyProgress(client.job, &progress), E_NOTIMPL);
        assert_int_equal(IBackgroundCopyJob5_GetReplyData(client.job, &data, &length), E_NOTIMPL);
        assert_int_equal(IBackgroundCopyJob5_SetReplyFileName(client.job, L"/tmp/x"), E_NOTIMPL);
        assert_int_equal(IBackgroundCopyJob5_SetReplyFileName(client.job, NULL), E_NOTIMPL);
        assert_int_equal(IBackgroundCopyJob5_GetReplyFileName(client.job, &name), E_NOTIMPL);
        for (int i = 0; i < 5; i++)
                expect_call(TYPE_IS_ASKED);
        assert_int_equal(IBackgroundCopyJob5_GetReplyProgress(client.job, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_GetReplyData(client.job, NULL, &length), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_GetReplyData(client.job, &data, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_GetReplyFileName(client.job, NULL), E_INVALIDARG);
        client_close(&client);
}

static void test_credentials(void **state)
{
        static WCHAR user[302], password[65538], short_text[] = L"x";
        static const struct {
                int target, scheme;
                LPWSTR user, password;
                HRESULT hr;
        } rows[] = {
                {0, 1, short_text, short_text, BG_E_INVALID_AUTH_TARGET},
                {3, 1, short_text, short_text, BG_E_INVALID_AUTH_TARGET},
                {1, 0, short_text, short_text, BG_E_INVALID_AUTH_SCHEME},
                {2, 6, short_text, short_text, BG_E_INVALID_AUTH_SCHEME},
                {1, BG_AUTH_SCHEME_BASIC, NULL, NULL, E_INVALIDARG},
                {1, BG_AUTH_SCHEME_DIGEST, short_text, NULL, E_INVALIDARG},
                {1, BG_AUTH_SCHEME_NTLM, NULL, short_text, E_INVALIDARG},
                {1, BG_AUTH_SCHEME_PASSPORT, NULL, NULL, E_INVALIDARG},
                {1, BG_AUTH_SCHEME_BASIC, user, short_text, BG_E_USERNAME_TOO_LARGE},
                {2, BG_AUTH_SCHEME_BASIC, user + 1, short_text, E_NOTIMPL}, /* 300 */
                {1, BG_AUTH_SCHEME_BASIC, short_text, password, BG_E_PASSWORD_TOO_LARGE},
                {1, BG_AUTH_SCHEME_BASIC, short_text, password + 1, E_NOTIMPL}, /* 65,536 */
                {1, BG_AUTH_SCHEME_NEGOTIATE, NULL, NULL, E_NOTIMPL},
        };
        Client client = client_open();

        (void)state;
        wmemset(user, L'u', ELEMENTS(user) - 1);
        wmemset(password, L'p', ELEMENTS(password) - 1);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                BG_AUTH_CREDENTIALS credentials = {
                        .Target = (BG_AUTH_TARGET)rows[i].target,
                        .Scheme = (BG_AUTH_SCHEME)rows[i].scheme,
                        .Credentials.Basic = {rows[i].user, rows[i].password},
                };

                assert_int_equal(IBackgroundCopyJob5_SetCredentials(client.job, &credentials),
                                 rows[i].hr);
                if (rows[i].hr == E_NOTIMPL)
                        expect_call(TYPE_IS_ASKED); /* and no password is sent anywhere */
        }
        assert_int_equal(IBackgroundCopyJob5_SetCredentials(client.job, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_RemoveCredentials(client.job, (BG_AUTH_TARGET)0,
                                                               BG_AUTH_SCHEME_NTLM),
                         BG_E_INVALID_AUTH_TARGET);
        assert_int_equal(IBackgroundCopyJob5_RemoveCredentials(client.job, BG_AUTH_TARGET_PROXY,
                                                               (BG_AUTH_SCHEME)6),
                         BG_E_INVALID_AUTH_SCHEME);
        assert_int_equal(IBackgroundCopyJob5_RemoveCredentials(client.job, BG_AUTH_TARGET_PROXY,
                                                               BG_AUTH_SCHEME_NTLM),
                         E_NOTIMPL);
        expect_call(TYPE_IS_ASKED);
        client_close(&client);
}

static void test_ranges(void **state)
{
        BG_FILE_RANGE ranges[] = {{100, 5}, {0, BG_LENGTH_TO_EOF}};
        static BG_FILE_RANGE too_many[60001];
        static WCHAR name[16385];
        Client client = client_open();
        BG_FILE_RANGE *got;
        DWORD n = 77;

        (void)state;
        assert_int_equal(
                IBackgroundCopyJob5_AddFileWithRanges(client.job, L"http://x/", L"/x", 2, ranges),
                S_OK);
        expect_call("Job.AddFileWithRanges('http://x/', '/x', a(r(100t, 5t), r(0t, "
                    "18446744073709551615t)))");
        assert_int_equal(
                IBackgroundCopyJob5_AddFileWithRanges(client.job, L"http://x/", L"/x", 0, ranges),
                E_INVALIDARG);
        assert_int_equal(
                IBackgroundCopyJob5_AddFileWithRanges(client.job, L"http://x/", L"/x", 1, NULL),
                E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_AddFileWithRanges(client.job, NULL, L"/x", 1, ranges),
                         E_INVALIDARG);
        assert_int_equal(
                IBackgroundCopyJob5_AddFileWithRanges(client.job, L"http://x/", NULL, 1, ranges),
                E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_AddFileWithRanges(client.job, L"http://x/", L"/x",
                                                               60001, too_many),
                         BG_E_TOO_MANY_RANGES_IN_FILE);
        wmemset(name, 0x10000, ELEMENTS(name) - 1); /* 4 bytes each */
        assert_int_equal(
                IBackgroundCopyJob5_AddFileWithRanges(client.job, name, L"/x", 60000, too_many),
                E_INVALIDARG);
        assert_int_equal(
                IBackgroundCopyJob5_AddFileWithRanges(client.job, name, L"", 60000, too_many),
                S_OK); /* the most that one message holds */
        (void)peer_next('c');

        assert_int_equal(IBackgroundCopyFile6_GetFileRanges(client.file, &n, &got), S_FALSE);
        expect_call("File.GetFileRanges()");
        assert_int_equal(n, 0);
        assert_null(got);
        assert_int_equal(IBackgroundCopyFile6_GetFilledFileRanges(client.file, &n, &got), S_OK);
        expect_call("File.GetFilledFileRanges()");
        assert_int_equal(n, 100);
        for (DWORD i = 0; i < n; i++) {
                assert_int_equal(got[i].InitialOffset, 10 * i);
                assert_int_equal(got[i].Length, i);
        }
        CoTaskMemFree(got);

        assert_int_equal(IBackgroundCopyFile6_RequestFileRanges(client.file, 1, ranges), S_OK);
        expect_call("File.RequestFileRanges(a(r(100t, 5t)))");
        assert_int_equal(IBackgroundCopyFile6_RequestFileRanges(client.file, 0, ranges),
                         E_INVALIDARG);
        assert_int_equal(IBackgroundCopyFile6_RequestFileRanges(client.file, 60001, too_many),
                         BG_E_TOO_MANY_RANGES_IN_FILE);
        assert_int_equal(IBackgroundCopyFile6_UpdateDownloadPosition(client.file, 1ULL << 40),
                         S_OK);
        expect_call("File.UpdateDownloadPosition(1099511627776t)");
        client_close(&client);
}

static void test_job_numbers(void **state)
{
        Client client = client_open();
        ULONG number;
        BOOL on;

        (void)state;
        assert_int_equal(IBackgroundCopyJob5_ReplaceRemotePrefix(client.job, L"a", L"b"), S_FALSE);
        expect_call("Job.ReplaceRemotePrefix('a', 'b')");
        assert_int_equal(IBackgroundCopyJob5_ReplaceRemotePrefix(client.job, NULL, L"b"),
                         E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_ReplaceRemotePrefix(client.job, L"a", NULL),
                         E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_SetFileACLFlags(client.job, BG_COPY_FILE_ALL), S_OK);
        expect_call("Job.SetFileACLFlags(15u)");
        assert_int_equal(IBackgroundCopyJob5_GetFileACLFlags(client.job, &number), S_OK);
        expect_call("Job.GetFileACLFlags()");
        assert_int_equal(number, 5);
        assert_int_equal(
                IBackgroundCopyJob5_SetPeerCachingFlags(client.job, BG_JOB_DISABLE_BRANCH_CACHE),
                S_OK);
        expect_call("Job.SetPeerCachingFlags(4u)");
        assert_int_equal(IBackgroundCopyJob5_GetPeerCachingFlags(client.job, &number), S_OK);
        expect_call("Job.GetPeerCachingFlags()");
        assert_int_equal(number, 4);
        assert_int_equal(IBackgroundCopyJob5_GetOwnerIntegrityLevel(client.job, &number), S_OK);
        expect_call("Job.GetOwnerIntegrityLevel()");
        assert_int_equal(number, 0x3000);
        assert_int_equal(IBackgroundCopyJob5_GetOwnerElevationState(client.job, &on), S_OK);
        expect_call("Job.GetOwnerElevationState()");
        assert_int_equal(on, TRUE);
        assert_int_equal(IBackgroundCopyJob5_SetMaximumDownloadTime(client.job, 60), S_OK);
        expect_call("Job.SetMaximumDownloadTime(60u)");
        assert_int_equal(IBackgroundCopyJob5_GetMaximumDownloadTime(client.job, &number), S_OK);
        expect_call("Job.GetMaximumDownloadTime()");
        assert_int_equal(number, 7776000);
        client_close(&client);
}

static void test_file(void **state)
{
        Client client = client_open();
        UINT64 origin, peers;
        LPWSTR name;
        BOOL on;

        (void)state;
        assert_int_equal(IBackgroundCopyFile6_SetRemoteName(client.file, L"http://y/"), S_OK);
        expect_call("File.SetRemoteName('http://y/')");
        assert_int_equal(IBackgroundCopyFile6_SetRemoteName(client.file, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyFile6_GetTemporaryName(client.file, &name), S_OK);
        expect_call("Properties.Get('org.bitsd1.File', 'TemporaryName')");
        assert_int_equal(wcscmp(name, L"/tmp/x.tmp"), 0);
        CoTaskMemFree(name);
        assert_int_equal(IBackgroundCopyFile6_SetValidationState(client.file, 2), S_OK);
        expect_call("File.SetValidationState(1b)");
        assert_int_equal(IBackgroundCopyFile6_SetValidationState(client.file, FALSE), S_OK);
        expect_call("File.SetValidationState(0b)");
        assert_int_equal(IBackgroundCopyFile6_GetValidationState(client.file, &on), S_OK);
        expect_call("File.GetValidationState()");
        assert_int_equal(on, TRUE);
        assert_int_equal(IBackgroundCopyFile6_IsDownloadedFromPeer(client.file, &on), S_OK);
        expect_call("File.IsDownloadedFromPeer()");
        assert_int_equal(on, FALSE);
        assert_int_equal(IBackgroundCopyFile6_GetPeerDownloadStats(client.file, &origin, &peers),
                         S_OK);
        expect_call("File.GetPeerDownloadStats()");
        assert_true(origin == UINT64_C(5) << 32 && peers == 0);
        client_close(&client);
}

static void test_job_properties(void **state)
{
        static const struct {
                int id;
                BITS_JOB_PROPERTY_VALUE value;
                const char *call;
        } rows[] = {
                {1, {.Dword = BITS_COST_STATE_TRANSFER_ALWAYS}, "1u, v(2147483903u)"},
                {2, {.ClsID = {0}}, "2u, v('')"},
                {3, {.Enable = 2}, "3u, v(1b)"},
                {4, {.Enable = FALSE}, "4u, v(0b)"},
                {5, {.Uint64 = UINT64_C(1) << 40}, "5u, v(1099511627776t)"},
                {6, {.Dword = 9}, "6u, v(9u)"},
                {7, {.Target = BG_AUTH_TARGET_PROXY}, "7u, v(2u)"},
                {9, {.Dword = 500}, "9u, v(500u)"},
                {10, {.Enable = TRUE}, "10u, v(1b)"},
                {-1, {.Dword = 0}, "4294967295u, v(0u)"},
        };
        BITS_JOB_PROPERTY_VALUE value;
        Client client = client_open();
        char text[128];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                assert_int_equal(IBackgroundCopyJob5_SetProperty(client.job,
                                                                 (BITS_JOB_PROPERTY_ID)rows[i].id,
                                                                 rows[i].value),
                                 S_OK);
                (void)snprintf(text, sizeof(text), "Job.SetProperty(%s)", rows[i].call);
                expect_call(text);
        }
        assert_int_equal(CLSIDFromString(L"{" CLASS "}", &value.ClsID), S_OK);
        assert_int_equal(IBackgroundCopyJob5_SetProperty(
                                 client.job, BITS_JOB_PROPERTY_NOTIFICATION_CLSID, value),
                         S_OK);
        expect_call("Job.SetProperty(2u, v('" CLASS "'))");
        client_close(&client);
}

static void test_job_properties_read(void **state)
{
        BITS_JOB_PROPERTY_VALUE value;
        Client client = client_open();
        GUID class;

        (void)state;
        assert_int_equal(CLSIDFromString(L"{" CLASS "}", &class), S_OK);
#define GET(id) IBackgroundCopyJob5_GetProperty(client.job, (BITS_JOB_PROPERTY_ID)(id), &value)
        assert_int_equal(GET(1), S_OK);
        assert_int_equal(value.Dword, BITS_COST_STATE_TRANSFER_UNRESTRICTED);
        assert_int_equal(GET(2), S_OK);
        assert_true(IsEqualGUID(&value.ClsID, &class));
        assert_int_equal(GET(3), S_OK);
        assert_int_equal(value.Enable, TRUE);
        assert_int_equal(GET(4), E_UNEXPECTED); /* the service has sent another type */
        assert_int_equal(value.Enable, TRUE);   /* untouched */
        assert_int_equal(GET(5), S_OK);
        assert_true(value.Uint64 == UINT64_C(1) << 33);
        assert_int_equal(GET(6), BG_E_UNKNOWN_PROPERTY_ID);
        for (int i = 1; i <= 6; i++) {
                char text[64];

                (void)snprintf(text, sizeof(text), "Job.GetProperty(%iu)", i);
                expect_call(text);
        }
        client_close(&client);
}

static void test_file_properties(void **state)
{
        BITS_FILE_PROPERTY_VALUE value = {.String = (LPWSTR)(uintptr_t)1}; /* never looked at */
        Client client = client_open();

        (void)state;
        assert_int_equal(IBackgroundCopyFile6_SetProperty(
                                 client.file, BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS, value),
                         S_OK);
        expect_call("File.SetProperty(1u, v(''))");
        assert_int_equal(
                IBackgroundCopyFile6_GetProperty(client.file, (BITS_FILE_PROPERTY_ID)2, &value),
                BG_E_UNKNOWN_PROPERTY_ID);
        expect_call("File.GetProperty(2u)");
        assert_int_equal(IBackgroundCopyFile6_GetProperty(
                                 client.file, BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS, &value),
                         S_OK);
        expect_call("File.GetProperty(1u)");
        assert_int_equal(wcscmp(value.String, L"Server: x\r\n"), 0);
        CoTaskMemFree(value.String);
        client_close(&client);
}

/* Up to 2.0 it is E_INVALIDARG, and nothing is asked: client_close() would find a report. */
static void test_null_pointers(void **state)
{
        Client client = client_open();
        BG_FILE_RANGE *ranges;
        UINT64 number;
        DWORD n;

        (void)state;
        assert_int_equal(IBackgroundCopyJob5_GetFileACLFlags(client.job, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyFile6_GetFileRanges(client.file, NULL, &ranges),
                         E_INVALIDARG);
        assert_int_equal(IBackgroundCopyFile6_GetFileRanges(client.file, &n, NULL), E_INVALIDARG);
        assert_int_equal(IBackgroundCopyJob5_GetPeerCachingFlags(client.job, NULL), NULL_POINTER);
        assert_int_equal(IBackgroundCopyJob5_GetOwnerIntegrityLevel(client.job, NULL),
                         NULL_POINTER);
        assert_int_equal(IBackgroundCopyJob5_GetOwnerElevationState(client.job, NULL),
                         NULL_POINTER);
        assert_int_equal(IBackgroundCopyJob5_GetMaximumDownloadTime(client.job, NULL),
                         NULL_POINTER);
        assert_int_equal(IBackgroundCopyJob5_GetProperty(client.job, 1, NULL), NULL_POINTER);
        assert_int_equal(IBackgroundCopyFile6_GetTemporaryName(client.file, NULL), NULL_POINTER);
        assert_int_equal(IBackgroundCopyFile6_GetValidationState(client.file, NULL), NULL_POINTER);
        assert_int_equal(IBackgroundCopyFile6_IsDownloadedFromPeer(client.file, NULL),
                         NULL_POINTER);
        assert_int_equal(IBackgroundCopyFile6_GetPeerDownloadStats(client.file, NULL, &number),
                         NULL_POINTER);
        assert_int_equal(IBackgroundCopyFile6_GetPeerDownloadStats(client.file, &number, NULL),
                         NULL_POINTER);
        assert_int_equal(IBackgroundCopyFile6_GetProperty(client.file, 1, NULL), NULL_POINTER);
        assert_int_equal(IBackgroundCopyFile6_RequestFileRanges(client.file, 1, NULL),
                         NULL_POINTER);
        assert_int_equal(IBackgroundCopyFile6_GetFilledFileRanges(client.file, NULL, &ranges),
                         NULL_POINTER);
        assert_int_equal(IBackgroundCopyFile6_GetFilledFileRanges(client.file, &n, NULL),
                         NULL_POINTER);
        assert_int_equal(IBackgroundCopyJob5_SetMaximumDownloadTime(client.job, 1), S_OK);
        expect_call("Job.SetMaximumDownloadTime(1u)"); /* the first that was asked */
        client_close(&client);
}

/* ---- callbacks
 * ------------------------------------------------------------------------------------- */

typedef struct Receiver {
        IBackgroundCopyCallback3 callback;
        atomic_uint refs, n_files, n_ranges;
        unsigned level; /* of 3 */
} Receiver;

static HRESULT receiver_query(IBackgroundCopyCallback3 *This, REFIID riid, void **ret)
{
        static const IID *const iids[] = {
                &IID_IUnknown,
                &IID_IBackgroundCopyCallback,
                &IID_IBackgroundCopyCallback2,
                &IID_IBackgroundCopyCallback3,
        };

        for (unsigned i = 0; i <= ((Receiver *)This)->level; i++)
                if (IsEqualIID(riid, iids[i])) {
                        IBackgroundCopyCallback3_AddRef(This);
                        *ret = This;
                        return S_OK;
                }
        return E_NOINTERFACE;
}

static ULONG receiver_add_ref(IBackgroundCopyCallback3 *This)
{
        return atomic_fetch_add(&((Receiver *)This)->refs, 1) + 1;
}

static ULONG receiver_release(IBackgroundCopyCallback3 *This)
{
        return atomic_fetch_sub(&((Receiver *)This)->refs, 1) - 1;
}

static HRESULT receiver_job(IBackgroundCopyCallback3 *This, IBackgroundCopyJob *job)
{
        (void)This;
        (void)job;
        return E_UNEXPECTED;
}

static HRESULT receiver_error(IBackgroundCopyCallback3 *This, IBackgroundCopyJob *job,
                              IBackgroundCopyError *error)
{
        (void)error;
        return receiver_job(This, job);
}

static HRESULT receiver_modification(IBackgroundCopyCallback3 *This, IBackgroundCopyJob *job,
                                     DWORD reserved)
{
        (void)reserved;
        return receiver_job(This, job);
}

/* Which file it is shows in the path of a call. */
static HRESULT use_file(IBackgroundCopyFile *file)
{
        IBackgroundCopyFile2 *newer;
        HRESULT hr;

        hr = IBackgroundCopyFile_QueryInterface(file, &IID_IBackgroundCopyFile2, (void **)&newer);
        if (SUCCEEDED(hr)) {
                hr = IBackgroundCopyFile2_SetRemoteName(newer, L"http://called/");
                IBackgroundCopyFile2_Release(newer);
        }
        return hr;
}

static HRESULT receiver_file(IBackgroundCopyCallback3 *This, IBackgroundCopyJob *job,
                             IBackgroundCopyFile *file)
{
        GUID id;

        atomic_fetch_add(&((Receiver *)This)->n_files, 1);
        if (IBackgroundCopyJob_GetId(job, &id) != S_OK || id.Data1 != 0x01234567)
                return E_UNEXPECTED;
        return use_file(file) == S_OK ? S_FALSE : E_UNEXPECTED;
}

static HRESULT receiver_ranges(IBackgroundCopyCallback3 *This, IBackgroundCopyJob *job,
                               IBackgroundCopyFile *file, DWORD n, const BG_FILE_RANGE ranges[])
{
        (void)job;
        (void)file;
        atomic_fetch_add(&((Receiver *)This)->n_ranges, 1);
        return n == 2 && ranges[0].Length == 10 && ranges[1].InitialOffset == 1ULL << 40 &&
                               ranges[1].Length == 5
                       ? E_ABORT
                       : E_UNEXPECTED;
}

static const IBackgroundCopyCallback3Vtbl receiver_vtbl = {
        receiver_query, receiver_add_ref,      receiver_release, receiver_job,
        receiver_error, receiver_modification, receiver_file,    receiver_ranges,
};

static void listen_at(unsigned level, const char *call, unsigned files, unsigned ranges)
{
        Receiver receiver = {.callback.lpVtbl = &receiver_vtbl, .refs = 1, .level = level};
        Client client = client_open();

        assert_int_equal(
                IBackgroundCopyJob5_SetNotifyInterface(client.job, (IUnknown *)&receiver.callback),
                S_OK);
        expect_call(call);
        if (files)
                expect_call("File.SetRemoteName('http://called/')");
        assert_int_equal(peer_next('a').value, files ? S_FALSE : S_OK);
        assert_int_equal(peer_next('a').value, ranges ? E_ABORT : S_OK);
        assert_int_equal(receiver.n_files, files);
        assert_int_equal(receiver.n_ranges, ranges);
        client_close(&client);
        while (receiver.refs > 1) /* the answer leaves before the last reference goes */
                Sleep(1);
}

/* The newest interface of the object is what the service is told, and all it is called for. */
static void test_callbacks(void **state)
{
        (void)state;
        listen_at(1, "Job.SetNotifyInterface(1b)", 0, 0);
        listen_at(2, "Job.SetNotifyLevel(2u)", 1, 0);
        listen_at(3, "Job.SetNotifyLevel(3u)", 1, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_queries),
                cmocka_unit_test(test_command_line),
                cmocka_unit_test(test_replies),
                cmocka_unit_test(test_credentials),
                cmocka_unit_test(test_ranges),
                cmocka_unit_test(test_job_numbers),
                cmocka_unit_test(test_file),
                cmocka_unit_test(test_job_properties),
                cmocka_unit_test(test_job_properties_read),
                cmocka_unit_test(test_file_properties),
                cmocka_unit_test(test_null_pointers),
                cmocka_unit_test(test_callbacks),
        };

        return cmocka_run_group_tests(tests, start_service, end_service);
}
