/*
 * Calls the interfaces after the first of a job and its file, and prints for each call one line:
 * name, result, values. What they should be is test_interfaces.py's to say.
 *
 * usage: interfaces URL LOCAL MISSING-URL
 */
#define COBJMACROS
#include <bits.h>
#include <stdarg.h>
#include <stdio.h>
#include <windows.h>

static HRESULT say(const char *name, HRESULT hr, const char *format, ...)
{
        va_list values;

        printf("%s %08x", name, (unsigned)hr);
        if (SUCCEEDED(hr) && format) {
                va_start(values, format);
                printf(" ");
                vprintf(format, values);
                va_end(values);
        }
        printf("\n");
        return hr;
}

/* First the call, then its values. */
static HRESULT result;
#define SAY(name, call, ...) (result = (call), say(name, result, __VA_ARGS__))

static void classes(void)
{
        static const struct {
                const char *name;
                const CLSID *clsid;
        } rows[] = {
                {"1_0", &CLSID_BackgroundCopyManager},
                {"1_5", &CLSID_BackgroundCopyManager1_5},
                {"2_0", &CLSID_BackgroundCopyManager2_0},
                {"2_5", &CLSID_BackgroundCopyManager2_5},
                {"3_0", &CLSID_BackgroundCopyManager3_0},
                {"4_0", &CLSID_BackgroundCopyManager4_0},
                {"5_0", &CLSID_BackgroundCopyManager5_0},
                {"10_1", &CLSID_BackgroundCopyManager10_1},
                {"10_2", &CLSID_BackgroundCopyManager10_2},
                {"10_3", &CLSID_BackgroundCopyManager10_3},
        };
        /* of what comes before BITS 1.5, and is of another kind */
        static const CLSID legacy = {
                0x69ad4aee, 0x51be, 0x439b, {0xa9, 0x2c, 0x86, 0xae, 0x49, 0x0e, 0x8b, 0x30}};
        IBackgroundCopyManager *manager;
        char name[32];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                HRESULT hr = CoCreateInstance(rows[i].clsid, NULL, CLSCTX_LOCAL_SERVER,
                                              &IID_IBackgroundCopyManager, (void **)&manager);

                snprintf(name, sizeof(name), "class-%s", rows[i].name);
                if (SUCCEEDED(say(name, hr, NULL)))
                        IBackgroundCopyManager_Release(manager);
        }
        SAY("class-legacy",
            CoCreateInstance(&legacy, NULL, CLSCTX_LOCAL_SERVER, &IID_IBackgroundCopyManager,
                             (void **)&manager),
            NULL);
}

static void languages(IBackgroundCopyManager *manager)
{
        static const DWORD ids[] = {0x0409, 0x0407, 0x0c07, 0x040c, 0};
        char name[32];
        LPWSTR text = NULL;

        for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
                HRESULT hr = IBackgroundCopyManager_GetErrorDescription(manager, BG_E_EMPTY, ids[i],
                                                                        &text);

                snprintf(name, sizeof(name), "text-%04x", ids[i]);
                if (SUCCEEDED(say(name, hr, "%ls", text)))
                        CoTaskMemFree(text);
        }
}

static void command_line(IBackgroundCopyJob2 *job)
{
        LPWSTR program = NULL, parameters = NULL;
        HRESULT hr;

        hr = IBackgroundCopyJob2_GetNotifyCmdLine(job, &program, &parameters);
        if (SUCCEEDED(say("GetNotifyCmdLine", hr, "'%ls' '%ls'", program, parameters))) {
                CoTaskMemFree(program);
                CoTaskMemFree(parameters);
        }
        SAY("SetNotifyCmdLine-parameters-alone",
            IBackgroundCopyJob2_SetNotifyCmdLine(job, NULL, L"x"), NULL);
        SAY("SetNotifyCmdLine-none", IBackgroundCopyJob2_SetNotifyCmdLine(job, NULL, NULL), NULL);
}

static void not_served(IBackgroundCopyJob2 *job)
{
        WCHAR name[] = L"user", password[] = L"secret";
        BG_AUTH_CREDENTIALS credentials = {
                BG_AUTH_TARGET_SERVER, BG_AUTH_SCHEME_BASIC, {{name, password}}};
        BG_JOB_REPLY_PROGRESS progress;
        UINT64 length;
        LPWSTR text;
        BYTE *data;

        SAY("GetReplyProgress", IBackgroundCopyJob2_GetReplyProgress(job, &progress), NULL);
        SAY("GetReplyData", IBackgroundCopyJob2_GetReplyData(job, &data, &length), NULL);
        SAY("SetReplyFileName", IBackgroundCopyJob2_SetReplyFileName(job, NULL), NULL);
        SAY("GetReplyFileName", IBackgroundCopyJob2_GetReplyFileName(job, &text), NULL);
        SAY("SetCredentials", IBackgroundCopyJob2_SetCredentials(job, &credentials), NULL);
        credentials.Target = 3;
        SAY("SetCredentials-target", IBackgroundCopyJob2_SetCredentials(job, &credentials), NULL);
        SAY("RemoveCredentials",
            IBackgroundCopyJob2_RemoveCredentials(job, BG_AUTH_TARGET_SERVER, BG_AUTH_SCHEME_BASIC),
            NULL);
}

static void numbers(IBackgroundCopyJob4 *job)
{
        ULONG value = 0;
        BOOL on = FALSE;

#define GET(name, method)     SAY(name, IBackgroundCopyJob4_##method(job, &value), "%x", value)
#define SET(name, method, to) SAY(name, IBackgroundCopyJob4_##method(job, to), NULL)
        GET("GetFileACLFlags", GetFileACLFlags);
        SET("SetFileACLFlags", SetFileACLFlags, BG_COPY_FILE_ALL);
        SET("SetFileACLFlags-unknown", SetFileACLFlags, 16);
        GET("GetFileACLFlags-after", GetFileACLFlags);
        GET("GetPeerCachingFlags", GetPeerCachingFlags);
        SET("SetPeerCachingFlags", SetPeerCachingFlags, BG_JOB_DISABLE_BRANCH_CACHE);
        GET("GetPeerCachingFlags-after", GetPeerCachingFlags);
        GET("GetOwnerIntegrityLevel", GetOwnerIntegrityLevel);
        SAY("GetOwnerElevationState", IBackgroundCopyJob4_GetOwnerElevationState(job, &on), "%d",
            on);
        GET("GetMaximumDownloadTime", GetMaximumDownloadTime);
        SET("SetMaximumDownloadTime", SetMaximumDownloadTime, 3600);
        GET("GetMaximumDownloadTime-after", GetMaximumDownloadTime);
        SAY("GetMaximumDownloadTime-null", IBackgroundCopyJob4_GetMaximumDownloadTime(job, NULL),
            NULL);
}

static void properties(IBackgroundCopyJob5 *job)
{
        static const CLSID some = {0x01234567, 0x89ab, 0xcdef, {1, 2, 3, 4, 5, 6, 7, 8}};
        BITS_JOB_PROPERTY_VALUE value = {0}, wanted = {.Dword = 1};

#define PUT(name, id, ...)                                                                         \
        SAY("SetProperty-" name,                                                                   \
            IBackgroundCopyJob5_SetProperty(job, (BITS_JOB_PROPERTY_ID)(id),                       \
                                            (BITS_JOB_PROPERTY_VALUE){__VA_ARGS__}),               \
            NULL)
#define TAKE(name, id, format, member)                                                             \
        SAY("GetProperty-" name,                                                                   \
            IBackgroundCopyJob5_GetProperty(job, (BITS_JOB_PROPERTY_ID)(id), &value), format,      \
            value.member)
        PUT("cost", BITS_JOB_PROPERTY_ID_COST_FLAGS, .Dword = BITS_COST_STATE_TRANSFER_ALWAYS);
        TAKE("cost", BITS_JOB_PROPERTY_ID_COST_FLAGS, "%x", Dword);
        PUT("class", BITS_JOB_PROPERTY_NOTIFICATION_CLSID, .ClsID = some);
        TAKE("class", BITS_JOB_PROPERTY_NOTIFICATION_CLSID, "%x", ClsID.Data1);
        TAKE("dynamic", BITS_JOB_PROPERTY_DYNAMIC_CONTENT, "%d", Enable);
        TAKE("performance", BITS_JOB_PROPERTY_HIGH_PERFORMANCE, "%d", Enable);
        PUT("size-0", BITS_JOB_PROPERTY_MAX_DOWNLOAD_SIZE, .Uint64 = 0);
        PUT("size", BITS_JOB_PROPERTY_MAX_DOWNLOAD_SIZE, .Uint64 = 1ULL << 40);
        TAKE("size", BITS_JOB_PROPERTY_MAX_DOWNLOAD_SIZE, "%llx", Uint64);
        PUT("server-credentials", BITS_JOB_PROPERTY_USE_STORED_CREDENTIALS,
            .Target = BG_AUTH_TARGET_SERVER);
        TAKE("interval", BITS_JOB_PROPERTY_MINIMUM_NOTIFICATION_INTERVAL_MS, "%u", Dword);
        PUT("interval", BITS_JOB_PROPERTY_MINIMUM_NOTIFICATION_INTERVAL_MS, .Dword = 1000);
        TAKE("interval-after", BITS_JOB_PROPERTY_MINIMUM_NOTIFICATION_INTERVAL_MS, "%u", Dword);
        TAKE("on-demand", BITS_JOB_PROPERTY_ON_DEMAND_MODE, "%d", Enable);
        TAKE("unknown", 6, "%u", Dword);
        SAY("SetProperty-unknown", IBackgroundCopyJob5_SetProperty(job, 99, wanted), NULL);
}

static void files(IBackgroundCopyJob3 *job, LPCWSTR url, LPCWSTR local)
{
        BG_FILE_RANGE ranges[] = {{100, 50}, {0, 10}}, overlapping[] = {{0, 10}, {5, 10}};

        SAY("AddFileWithRanges", IBackgroundCopyJob3_AddFileWithRanges(job, url, local, 2, ranges),
            NULL);
        SAY("AddFileWithRanges-overlap",
            IBackgroundCopyJob3_AddFileWithRanges(job, url, local, 2, overlapping), NULL);
        SAY("AddFile", IBackgroundCopyJob3_AddFile(job, url, local), NULL);
        SAY("ReplaceRemotePrefix-none",
            IBackgroundCopyJob3_ReplaceRemotePrefix(job, L"http://nobody/", L"http://other/"),
            NULL);
}

static void file_calls(IBackgroundCopyFile6 *file)
{
        BG_FILE_RANGE *ranges = NULL;
        BITS_FILE_PROPERTY_VALUE value = {NULL};
        UINT64 origin = 0, peers = 0;
        DWORD n = 0;
        LPWSTR text = NULL;
        HRESULT hr;
        BOOL on = FALSE;

        hr = IBackgroundCopyFile6_GetFileRanges(file, &n, &ranges);
        say("GetFileRanges", hr, "%u %d", n, ranges != NULL);
        if (SUCCEEDED(hr))
                CoTaskMemFree(ranges);
        hr = IBackgroundCopyFile6_GetTemporaryName(file, &text);
        if (SUCCEEDED(say("GetTemporaryName", hr, "'%ls'", text)))
                CoTaskMemFree(text);
        SAY("SetValidationState", IBackgroundCopyFile6_SetValidationState(file, TRUE), NULL);
        SAY("GetValidationState", IBackgroundCopyFile6_GetValidationState(file, &on), "%d", on);
        SAY("IsDownloadedFromPeer", IBackgroundCopyFile6_IsDownloadedFromPeer(file, &on), "%d", on);
        SAY("GetPeerDownloadStats",
            IBackgroundCopyFile6_GetPeerDownloadStats(file, &origin, &peers), "%llu %llu", origin,
            peers);
        SAY("File-SetProperty", IBackgroundCopyFile6_SetProperty(file, 1, value), NULL);
        SAY("File-SetProperty-unknown", IBackgroundCopyFile6_SetProperty(file, 2, value), NULL);
        hr = IBackgroundCopyFile6_GetProperty(file, 1, &value);
        if (SUCCEEDED(say("File-GetProperty", hr, "'%ls'", value.String)))
                CoTaskMemFree(value.String);
        hr = IBackgroundCopyFile6_GetFilledFileRanges(file, &n, &ranges);
        say("GetFilledFileRanges", hr, "%u", n);
        if (SUCCEEDED(hr))
                CoTaskMemFree(ranges);
        SAY("SetRemoteName-bad", IBackgroundCopyFile6_SetRemoteName(file, L"gopher://x/"), NULL);
}

static void http_options(IBackgroundCopyJob5 *job)
{
        IBackgroundCopyJobHttpOptions3 *http;
        BG_CERT_STORE_LOCATION location;
        LPWSTR text = NULL;
        ULONG flags = 0;
        BYTE hash[20] = {0}, *found;

        if (FAILED(SAY("QueryInterface-http",
                       IBackgroundCopyJob5_QueryInterface(job, &IID_IBackgroundCopyJobHttpOptions3,
                                                          (void **)&http),
                       NULL)))
                return;
        SAY("GetCustomHeaders-none", IBackgroundCopyJobHttpOptions3_GetCustomHeaders(http, &text),
            NULL);
        SAY("SetCustomHeaders", IBackgroundCopyJobHttpOptions3_SetCustomHeaders(http, L"A: b\n"),
            NULL);
        SAY("SetCustomHeaders-bad",
            IBackgroundCopyJobHttpOptions3_SetCustomHeaders(http, L"Host: x"), NULL);
        if (SUCCEEDED(SAY("GetCustomHeaders",
                          IBackgroundCopyJobHttpOptions3_GetCustomHeaders(http, &text), "%.4ls",
                          text)))
                CoTaskMemFree(text);
        SAY("MakeCustomHeadersWriteOnly",
            IBackgroundCopyJobHttpOptions3_MakeCustomHeadersWriteOnly(http), NULL);
        SAY("GetCustomHeaders-write-only",
            IBackgroundCopyJobHttpOptions3_GetCustomHeaders(http, &text), NULL);
        SAY("SetSecurityFlags",
            IBackgroundCopyJobHttpOptions3_SetSecurityFlags(
                    http, BG_HTTP_REDIRECT_POLICY_ALLOW_REPORT | BG_SSL_IGNORE_UNKNOWN_CA),
            NULL);
        SAY("SetSecurityFlags-unknown", IBackgroundCopyJobHttpOptions3_SetSecurityFlags(http, 0x20),
            NULL);
        SAY("GetSecurityFlags", IBackgroundCopyJobHttpOptions3_GetSecurityFlags(http, &flags), "%x",
            flags);
        SAY("SetClientCertificateByID",
            IBackgroundCopyJobHttpOptions3_SetClientCertificateByID(
                    http, BG_CERT_STORE_LOCATION_CURRENT_USER, L"there-is-none", hash),
            NULL);
        SAY("GetClientCertificate",
            IBackgroundCopyJobHttpOptions3_GetClientCertificate(http, &location, &text, &found,
                                                                &text),
            NULL);
        SAY("RemoveClientCertificate", IBackgroundCopyJobHttpOptions3_RemoveClientCertificate(http),
            NULL);
        SAY("SetServerCertificateValidationInterface",
            IBackgroundCopyJobHttpOptions3_SetServerCertificateValidationInterface(http, NULL),
            NULL);
        SAY("SetHttpMethod", IBackgroundCopyJobHttpOptions3_SetHttpMethod(http, L"GET"), NULL);
        if (SUCCEEDED(SAY("GetHttpMethod",
                          IBackgroundCopyJobHttpOptions3_GetHttpMethod(http, &text), "%ls", text)))
                CoTaskMemFree(text);
        IBackgroundCopyJobHttpOptions3_Release(http);
}

static HRESULT use_job(IBackgroundCopyManager *manager, LPCWSTR url, LPCWSTR local)
{
        IEnumBackgroundCopyFiles *list;
        IBackgroundCopyFile *file;
        IBackgroundCopyFile6 *newest_file;
        IBackgroundCopyJob5 *newest;
        IBackgroundCopyJob *job;
        HRESULT hr;
        GUID id;

        hr = IBackgroundCopyManager_CreateJob(manager, L"interfaces", BG_JOB_TYPE_DOWNLOAD, &id,
                                              &job);
        if (FAILED(say("CreateJob", hr, NULL)))
                return hr;
        hr = IBackgroundCopyJob_QueryInterface(job, &IID_IBackgroundCopyJob5, (void **)&newest);
        say("QueryInterface-job", hr, NULL);
        command_line((IBackgroundCopyJob2 *)newest);
        not_served((IBackgroundCopyJob2 *)newest);
        numbers((IBackgroundCopyJob4 *)newest);
        properties(newest);
        http_options(newest);
        files((IBackgroundCopyJob3 *)newest, url, local);
        hr = IBackgroundCopyJob_EnumFiles(job, &list);
        while (SUCCEEDED(hr) && IEnumBackgroundCopyFiles_Next(list, 1, &file, NULL) == S_OK) {
                hr = IBackgroundCopyFile_QueryInterface(file, &IID_IBackgroundCopyFile6,
                                                        (void **)&newest_file);
                say("QueryInterface-file", hr, NULL);
                file_calls(newest_file);
                IBackgroundCopyFile6_Release(newest_file);
                IBackgroundCopyFile_Release(file);
        }
        IEnumBackgroundCopyFiles_Release(list);
        SAY("Cancel", IBackgroundCopyJob5_Cancel(newest), NULL);
        SAY("SetMaximumDownloadTime-ended", IBackgroundCopyJob5_SetMaximumDownloadTime(newest, 1),
            NULL);
        IBackgroundCopyJob5_Release(newest);
        IBackgroundCopyJob_Release(job);
        return S_OK;
}

static void error_texts(IBackgroundCopyError *error)
{
        static const DWORD ids[] = {0x0409, 0x0407, 0x040c, 0};
        char name[32];
        LPWSTR text = NULL;

        for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
                snprintf(name, sizeof(name), "error-%04x", ids[i]);
                SAY(name, IBackgroundCopyError_GetErrorDescription(error, ids[i], &text), "%ls",
                    text);
                if (SUCCEEDED(result))
                        CoTaskMemFree(text);
                snprintf(name, sizeof(name), "context-%04x", ids[i]);
                SAY(name, IBackgroundCopyError_GetErrorContextDescription(error, ids[i], &text),
                    "%ls", text);
                if (SUCCEEDED(result))
                        CoTaskMemFree(text);
        }
}

/* A job that fails, for the texts of its error. */
static HRESULT fail_job(IBackgroundCopyManager *manager, LPCWSTR missing, LPCWSTR local)
{
        BG_JOB_STATE state = BG_JOB_STATE_QUEUED;
        IBackgroundCopyError *error;
        IBackgroundCopyJob *job;
        HRESULT hr;
        GUID id;

        hr = IBackgroundCopyManager_CreateJob(manager, L"error", BG_JOB_TYPE_DOWNLOAD, &id, &job);
        if (FAILED(hr))
                return hr;
        hr = IBackgroundCopyJob_AddFile(job, missing, local);
        if (SUCCEEDED(hr))
                hr = IBackgroundCopyJob_Resume(job);
        while (SUCCEEDED(hr) && state != BG_JOB_STATE_ERROR) {
                Sleep(20);
                hr = IBackgroundCopyJob_GetState(job, &state);
        }
        if (SUCCEEDED(hr))
                hr = IBackgroundCopyJob_GetError(job, &error);
        if (SUCCEEDED(hr)) {
                error_texts(error);
                IBackgroundCopyError_Release(error);
        }
        IBackgroundCopyJob_Cancel(job);
        IBackgroundCopyJob_Release(job);
        return hr;
}

static void widen(const char *text, WCHAR *ret, size_t size)
{
        size_t i;

        for (i = 0; text[i] && i < size - 1; i++)
                ret[i] = (WCHAR)text[i];
        ret[i] = 0;
}

int main(int argc, char *argv[])
{
        IBackgroundCopyManager *manager;
        WCHAR url[2201], local[4096], missing[2201];
        HRESULT hr;

        if (argc != 4)
                return 2;
        widen(argv[1], url, sizeof(url) / sizeof(url[0]));
        widen(argv[2], local, sizeof(local) / sizeof(local[0]));
        widen(argv[3], missing, sizeof(missing) / sizeof(missing[0]));
        hr = CoInitializeEx(NULL, COINIT_MULTITHREADED);
        if (SUCCEEDED(hr))
                classes();
        hr = CoCreateInstance(&CLSID_BackgroundCopyManager10_1, NULL, CLSCTX_LOCAL_SERVER,
                              &IID_IBackgroundCopyManager, (void **)&manager);
        if (FAILED(hr))
                return 1;
        languages(manager);
        hr = use_job(manager, url, local);
        if (SUCCEEDED(hr))
                hr = fail_job(manager, missing, local);
        IBackgroundCopyManager_Release(manager);
        CoUninitialize();
        return FAILED(hr);
}
