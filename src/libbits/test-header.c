/* The headers in C against the documentation: sizes, slots, values and identifiers. */
#define COBJMACROS
#define UNICODE
#include <bits.h>
#include <windows.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* Where the documentation counts a method; inherited ones are 0 to 2. */
#define SLOT(interface, method) (offsetof(interface##Vtbl, method) / sizeof(void *))
#define SLOTS(interface)        (sizeof(interface##Vtbl) / sizeof(void *))

static void test_types(void **state)
{
        (void)state;
        assert_int_equal(sizeof(LONG), 4);
        assert_int_equal(sizeof(DWORD), 4);
        assert_int_equal(sizeof(ULONG), 4);
        assert_int_equal(sizeof(BOOL), 4);
        assert_int_equal(sizeof(HRESULT), 4);
        assert_int_equal(sizeof(UINT64), 8);
        assert_int_equal(sizeof(WCHAR), sizeof(wchar_t));
        assert_int_equal(sizeof(GUID), 16);
        assert_int_equal(sizeof(FILETIME), 8);
        assert_int_equal(sizeof(BG_JOB_STATE), 4);
        assert_int_equal(sizeof(BG_FILE_PROGRESS), 24);
        assert_int_equal(offsetof(BG_FILE_PROGRESS, BytesTransferred), 8);
        assert_int_equal(offsetof(BG_FILE_PROGRESS, Completed), 16);
        assert_int_equal(sizeof(BG_JOB_PROGRESS), 24);
        assert_int_equal(offsetof(BG_JOB_PROGRESS, FilesTotal), 16);
        assert_int_equal(offsetof(BG_JOB_PROGRESS, FilesTransferred), 20);
        assert_int_equal(sizeof(BG_JOB_TIMES), 24);
        assert_int_equal(offsetof(BG_JOB_TIMES, TransferCompletionTime), 16);
        assert_int_equal(sizeof(BG_FILE_RANGE), 16);
        assert_int_equal(offsetof(BG_FILE_RANGE, Length), 8);
        assert_int_equal(sizeof(BG_JOB_REPLY_PROGRESS), 16);
        assert_int_equal(offsetof(BG_JOB_REPLY_PROGRESS, BytesTransferred), 8);
        assert_int_equal(offsetof(BG_BASIC_CREDENTIALS, Password), sizeof(void *));
        assert_int_equal(offsetof(BG_AUTH_CREDENTIALS, Scheme), 4);
        assert_int_equal(offsetof(BG_AUTH_CREDENTIALS, Credentials.Basic.UserName), 8);
        assert_int_equal(sizeof(BITS_JOB_PROPERTY_VALUE), 16);
        assert_int_equal(sizeof(BITS_FILE_PROPERTY_VALUE), sizeof(void *));
        assert_int_equal(sizeof(BITS_JOB_TRANSFER_POLICY), 4);
        assert_int_equal(sizeof(BG_FILE_INFO), 2 * sizeof(void *));
        assert_int_equal(offsetof(BG_FILE_INFO, LocalName), sizeof(void *));
}

static void test_slots(void **state)
{
        static const struct {
                size_t is, should_be;
        } rows[] = {
                {SLOT(IBackgroundCopyManager, QueryInterface), 0},
                {SLOT(IBackgroundCopyManager, AddRef), 1},
                {SLOT(IBackgroundCopyManager, Release), 2},
                {SLOT(IBackgroundCopyManager, CreateJob), 3},
                {SLOT(IBackgroundCopyManager, GetJob), 4},
                {SLOT(IBackgroundCopyManager, EnumJobs), 5},
                {SLOT(IBackgroundCopyManager, GetErrorDescription), 6},
                {SLOTS(IBackgroundCopyManager), 7},
                {SLOT(IBitsTokenOptions, SetHelperTokenFlags), 3},
                {SLOT(IBitsTokenOptions, GetHelperTokenFlags), 4},
                {SLOT(IBitsTokenOptions, SetHelperToken), 5},
                {SLOT(IBitsTokenOptions, ClearHelperToken), 6},
                {SLOT(IBitsTokenOptions, GetHelperTokenSid), 7},
                {SLOTS(IBitsTokenOptions), 8},
                {SLOT(IBackgroundCopyError, GetError), 3},
                {SLOT(IBackgroundCopyError, GetFile), 4},
                {SLOT(IBackgroundCopyError, GetErrorDescription), 5},
                {SLOT(IBackgroundCopyError, GetErrorContextDescription), 6},
                {SLOT(IBackgroundCopyError, GetProtocol), 7},
                {SLOTS(IBackgroundCopyError), 8},
                {SLOT(IEnumBackgroundCopyJobs, Next), 3},
                {SLOT(IEnumBackgroundCopyJobs, Skip), 4},
                {SLOT(IEnumBackgroundCopyJobs, Reset), 5},
                {SLOT(IEnumBackgroundCopyJobs, Clone), 6},
                {SLOT(IEnumBackgroundCopyJobs, GetCount), 7},
                {SLOTS(IEnumBackgroundCopyJobs), 8},
                {SLOT(IEnumBackgroundCopyFiles, Next), 3},
                {SLOT(IEnumBackgroundCopyFiles, Skip), 4},
                {SLOT(IEnumBackgroundCopyFiles, Reset), 5},
                {SLOT(IEnumBackgroundCopyFiles, Clone), 6},
                {SLOT(IEnumBackgroundCopyFiles, GetCount), 7},
                {SLOTS(IEnumBackgroundCopyFiles), 8},
                {SLOT(AsyncIBackgroundCopyCallback, Begin_JobTransferred), 3},
                {SLOT(AsyncIBackgroundCopyCallback, Finish_JobTransferred), 4},
                {SLOT(AsyncIBackgroundCopyCallback, Begin_JobError), 5},
                {SLOT(AsyncIBackgroundCopyCallback, Finish_JobError), 6},
                {SLOT(AsyncIBackgroundCopyCallback, Begin_JobModification), 7},
                {SLOT(AsyncIBackgroundCopyCallback, Finish_JobModification), 8},
                {SLOTS(AsyncIBackgroundCopyCallback), 9},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                assert_int_equal(rows[i].is, rows[i].should_be);
}

/* clang-format off */
/* Each table is the one before and its own methods, so the numbers go on. */
#define ROW(I, method, slot) {SLOT(I, method), slot},
#define JOB_SLOTS(I)                                                                               \
        ROW(I, QueryInterface, 0) ROW(I, AddRef, 1) ROW(I, Release, 2) ROW(I, AddFileSet, 3)       \
        ROW(I, AddFile, 4) ROW(I, EnumFiles, 5) ROW(I, Suspend, 6) ROW(I, Resume, 7)               \
        ROW(I, Cancel, 8) ROW(I, Complete, 9) ROW(I, GetId, 10) ROW(I, GetType, 11)                \
        ROW(I, GetProgress, 12) ROW(I, GetTimes, 13) ROW(I, GetState, 14) ROW(I, GetError, 15)     \
        ROW(I, GetOwner, 16) ROW(I, SetDisplayName, 17) ROW(I, GetDisplayName, 18)                 \
        ROW(I, SetDescription, 19) ROW(I, GetDescription, 20) ROW(I, SetPriority, 21)              \
        ROW(I, GetPriority, 22) ROW(I, SetNotifyFlags, 23) ROW(I, GetNotifyFlags, 24)              \
        ROW(I, SetNotifyInterface, 25) ROW(I, GetNotifyInterface, 26)                              \
        ROW(I, SetMinimumRetryDelay, 27) ROW(I, GetMinimumRetryDelay, 28)                          \
        ROW(I, SetNoProgressTimeout, 29) ROW(I, GetNoProgressTimeout, 30)                          \
        ROW(I, GetErrorCount, 31) ROW(I, SetProxySettings, 32) ROW(I, GetProxySettings, 33)        \
        ROW(I, TakeOwnership, 34)
#define JOB2_SLOTS(I)                                                                              \
        JOB_SLOTS(I) ROW(I, SetNotifyCmdLine, 35) ROW(I, GetNotifyCmdLine, 36)                     \
        ROW(I, GetReplyProgress, 37) ROW(I, GetReplyData, 38) ROW(I, SetReplyFileName, 39)         \
        ROW(I, GetReplyFileName, 40) ROW(I, SetCredentials, 41) ROW(I, RemoveCredentials, 42)
#define JOB3_SLOTS(I)                                                                              \
        JOB2_SLOTS(I) ROW(I, ReplaceRemotePrefix, 43) ROW(I, AddFileWithRanges, 44)                \
        ROW(I, SetFileACLFlags, 45) ROW(I, GetFileACLFlags, 46)
#define JOB4_SLOTS(I)                                                                              \
        JOB3_SLOTS(I) ROW(I, SetPeerCachingFlags, 47) ROW(I, GetPeerCachingFlags, 48)              \
        ROW(I, GetOwnerIntegrityLevel, 49) ROW(I, GetOwnerElevationState, 50)                      \
        ROW(I, SetMaximumDownloadTime, 51) ROW(I, GetMaximumDownloadTime, 52)
#define JOB5_SLOTS(I)                                                                              \
        JOB4_SLOTS(I) ROW(I, SetProperty, 53) ROW(I, GetProperty, 54)
#define FILE_SLOTS(I)                                                                              \
        ROW(I, QueryInterface, 0) ROW(I, AddRef, 1) ROW(I, Release, 2) ROW(I, GetRemoteName, 3)    \
        ROW(I, GetLocalName, 4) ROW(I, GetProgress, 5)
#define FILE2_SLOTS(I)                                                                             \
        FILE_SLOTS(I) ROW(I, GetFileRanges, 6) ROW(I, SetRemoteName, 7)
#define FILE3_SLOTS(I)                                                                             \
        FILE2_SLOTS(I) ROW(I, GetTemporaryName, 8) ROW(I, SetValidationState, 9)                   \
        ROW(I, GetValidationState, 10) ROW(I, IsDownloadedFromPeer, 11)
#define FILE4_SLOTS(I)                                                                             \
        FILE3_SLOTS(I) ROW(I, GetPeerDownloadStats, 12)
#define FILE5_SLOTS(I)                                                                             \
        FILE4_SLOTS(I) ROW(I, SetProperty, 13) ROW(I, GetProperty, 14)
#define FILE6_SLOTS(I)                                                                             \
        FILE5_SLOTS(I) ROW(I, UpdateDownloadPosition, 15) ROW(I, RequestFileRanges, 16)            \
        ROW(I, GetFilledFileRanges, 17)
#define CALLBACK_SLOTS(I)                                                                          \
        ROW(I, QueryInterface, 0) ROW(I, AddRef, 1) ROW(I, Release, 2) ROW(I, JobTransferred, 3)   \
        ROW(I, JobError, 4) ROW(I, JobModification, 5)
#define CALLBACK2_SLOTS(I)                                                                         \
        CALLBACK_SLOTS(I) ROW(I, FileTransferred, 6)
#define CALLBACK3_SLOTS(I)                                                                         \
        CALLBACK2_SLOTS(I) ROW(I, FileRangesTransferred, 7)

#define HTTP_SLOTS(I)                                                                              \
        ROW(I, QueryInterface, 0) ROW(I, AddRef, 1) ROW(I, Release, 2)                             \
        ROW(I, SetClientCertificateByID, 3) ROW(I, SetClientCertificateByName, 4)                  \
        ROW(I, RemoveClientCertificate, 5) ROW(I, GetClientCertificate, 6)                         \
        ROW(I, SetCustomHeaders, 7) ROW(I, GetCustomHeaders, 8) ROW(I, SetSecurityFlags, 9)        \
        ROW(I, GetSecurityFlags, 10)
#define HTTP2_SLOTS(I)                                                                             \
        HTTP_SLOTS(I) ROW(I, SetHttpMethod, 11) ROW(I, GetHttpMethod, 12)
#define HTTP3_SLOTS(I)                                                                             \
        HTTP2_SLOTS(I) ROW(I, SetServerCertificateValidationInterface, 13)                         \
        ROW(I, MakeCustomHeadersWriteOnly, 14)

/* clang-format on */
static void test_inherited_slots(void **state)
{
        static const struct {
                size_t is, should_be;
        } rows[] = {
                JOB_SLOTS(IBackgroundCopyJob){SLOTS(IBackgroundCopyJob), 35},
                JOB2_SLOTS(IBackgroundCopyJob2){SLOTS(IBackgroundCopyJob2), 43},
                JOB3_SLOTS(IBackgroundCopyJob3){SLOTS(IBackgroundCopyJob3), 47},
                JOB4_SLOTS(IBackgroundCopyJob4){SLOTS(IBackgroundCopyJob4), 53},
                JOB5_SLOTS(IBackgroundCopyJob5){SLOTS(IBackgroundCopyJob5), 55},
                FILE_SLOTS(IBackgroundCopyFile){SLOTS(IBackgroundCopyFile), 6},
                FILE2_SLOTS(IBackgroundCopyFile2){SLOTS(IBackgroundCopyFile2), 8},
                FILE3_SLOTS(IBackgroundCopyFile3){SLOTS(IBackgroundCopyFile3), 12},
                FILE4_SLOTS(IBackgroundCopyFile4){SLOTS(IBackgroundCopyFile4), 13},
                FILE5_SLOTS(IBackgroundCopyFile5){SLOTS(IBackgroundCopyFile5), 15},
                FILE6_SLOTS(IBackgroundCopyFile6){SLOTS(IBackgroundCopyFile6), 18},
                CALLBACK_SLOTS(IBackgroundCopyCallback){SLOTS(IBackgroundCopyCallback), 6},
                CALLBACK2_SLOTS(IBackgroundCopyCallback2){SLOTS(IBackgroundCopyCallback2), 7},
                CALLBACK3_SLOTS(IBackgroundCopyCallback3){SLOTS(IBackgroundCopyCallback3), 8},
                HTTP_SLOTS(IBackgroundCopyJobHttpOptions){SLOTS(IBackgroundCopyJobHttpOptions), 11},
                HTTP2_SLOTS(IBackgroundCopyJobHttpOptions2){SLOTS(IBackgroundCopyJobHttpOptions2),
                                                            13},
                HTTP3_SLOTS(IBackgroundCopyJobHttpOptions3){SLOTS(IBackgroundCopyJobHttpOptions3),
                                                            15},
                {SLOT(IBackgroundCopyServerCertificateValidationCallback,
                      ValidateServerCertificate),
                 3},
                {SLOTS(IBackgroundCopyServerCertificateValidationCallback), 4},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                assert_int_equal(rows[i].is, rows[i].should_be);
}

static void test_values(void **state)
{
        (void)state;
        assert_int_equal(BG_JOB_STATE_QUEUED, 0);
        assert_int_equal(BG_JOB_STATE_CONNECTING, 1);
        assert_int_equal(BG_JOB_STATE_TRANSFERRING, 2);
        assert_int_equal(BG_JOB_STATE_SUSPENDED, 3);
        assert_int_equal(BG_JOB_STATE_ERROR, 4);
        assert_int_equal(BG_JOB_STATE_TRANSIENT_ERROR, 5);
        assert_int_equal(BG_JOB_STATE_TRANSFERRED, 6);
        assert_int_equal(BG_JOB_STATE_ACKNOWLEDGED, 7);
        assert_int_equal(BG_JOB_STATE_CANCELLED, 8);
        assert_int_equal(BG_JOB_TYPE_DOWNLOAD, 0);
        assert_int_equal(BG_JOB_TYPE_UPLOAD, 1);
        assert_int_equal(BG_JOB_TYPE_UPLOAD_REPLY, 2);
        assert_int_equal(BG_JOB_PRIORITY_FOREGROUND, 0);
        assert_int_equal(BG_JOB_PRIORITY_HIGH, 1);
        assert_int_equal(BG_JOB_PRIORITY_NORMAL, 2);
        assert_int_equal(BG_JOB_PRIORITY_LOW, 3);
        assert_int_equal(BG_JOB_PROXY_USAGE_PRECONFIG, 0);
        assert_int_equal(BG_JOB_PROXY_USAGE_NO_PROXY, 1);
        assert_int_equal(BG_JOB_PROXY_USAGE_OVERRIDE, 2);
        assert_int_equal(BG_JOB_PROXY_USAGE_AUTODETECT, 3);
        assert_int_equal(BG_ERROR_CONTEXT_NONE, 0);
        assert_int_equal(BG_ERROR_CONTEXT_UNKNOWN, 1);
        assert_int_equal(BG_ERROR_CONTEXT_GENERAL_QUEUE_MANAGER, 2);
        assert_int_equal(BG_ERROR_CONTEXT_QUEUE_MANAGER_NOTIFICATION, 3);
        assert_int_equal(BG_ERROR_CONTEXT_LOCAL_FILE, 4);
        assert_int_equal(BG_ERROR_CONTEXT_REMOTE_FILE, 5);
        assert_int_equal(BG_ERROR_CONTEXT_GENERAL_TRANSPORT, 6);
        assert_int_equal(BG_ERROR_CONTEXT_REMOTE_APPLICATION, 7);
        assert_int_equal(BG_ERROR_CONTEXT_SERVER_CERTIFICATE_CALLBACK, 8);
        assert_int_equal(BG_NOTIFY_JOB_TRANSFERRED, 1);
        assert_int_equal(BG_NOTIFY_JOB_ERROR, 2);
        assert_int_equal(BG_NOTIFY_DISABLE, 4);
        assert_int_equal(BG_NOTIFY_JOB_MODIFICATION, 8);
        assert_int_equal(BG_JOB_ENUM_ALL_USERS, 1);
        assert_true(BG_SIZE_UNKNOWN == 0xffffffffffffffffULL);
        assert_int_equal(BG_TOKEN_LOCAL_FILE, 1);
        assert_int_equal(BG_TOKEN_NETWORK, 2);
        assert_int_equal((uint32_t)CO_E_FAILEDTOIMPERSONATE, 0x80010123);
        assert_int_equal((uint32_t)HRESULT_FROM_WIN32(RPC_S_SERVER_UNAVAILABLE), 0x800706ba);
}

static void test_all_values(void **state)
{
        static const struct {
                uint32_t is, should_be;
        } rows[] = {
                {(uint32_t)BG_JOB_STATE_CONNECTING, 1},
                {(uint32_t)BG_JOB_STATE_TRANSFERRING, 2},
                {(uint32_t)BG_JOB_STATE_ERROR, 4},
                {(uint32_t)BG_JOB_STATE_ACKNOWLEDGED, 7},
                {(uint32_t)BG_JOB_TYPE_DOWNLOAD, 0},
                {(uint32_t)BG_JOB_TYPE_UPLOAD, 1},
                {(uint32_t)BG_JOB_PRIORITY_HIGH, 1},
                {(uint32_t)BG_JOB_PRIORITY_NORMAL, 2},
                {(uint32_t)BG_JOB_PROXY_USAGE_PRECONFIG, 0},
                {(uint32_t)BG_JOB_PROXY_USAGE_NO_PROXY, 1},
                {(uint32_t)BG_JOB_PROXY_USAGE_OVERRIDE, 2},
                {(uint32_t)BG_ERROR_CONTEXT_NONE, 0},
                {(uint32_t)BG_ERROR_CONTEXT_UNKNOWN, 1},
                {(uint32_t)BG_ERROR_CONTEXT_GENERAL_QUEUE_MANAGER, 2},
                {(uint32_t)BG_ERROR_CONTEXT_QUEUE_MANAGER_NOTIFICATION, 3},
                {(uint32_t)BG_ERROR_CONTEXT_REMOTE_FILE, 5},
                {(uint32_t)BG_ERROR_CONTEXT_GENERAL_TRANSPORT, 6},
                {(uint32_t)BG_ERROR_CONTEXT_REMOTE_APPLICATION, 7},
                {(uint32_t)BG_AUTH_TARGET_SERVER, 1},
                {(uint32_t)BG_AUTH_TARGET_PROXY, 2},
                {(uint32_t)BG_AUTH_SCHEME_BASIC, 1},
                {(uint32_t)BG_AUTH_SCHEME_DIGEST, 2},
                {(uint32_t)BG_AUTH_SCHEME_NTLM, 3},
                {(uint32_t)BG_AUTH_SCHEME_NEGOTIATE, 4},
                {(uint32_t)BG_AUTH_SCHEME_PASSPORT, 5},
                {(uint32_t)BG_COPY_FILE_OWNER, 1},
                {(uint32_t)BG_COPY_FILE_GROUP, 2},
                {(uint32_t)BG_COPY_FILE_DACL, 4},
                {(uint32_t)BG_COPY_FILE_SACL, 8},
                {(uint32_t)BG_COPY_FILE_ALL, 15},
                {(uint32_t)BG_NOTIFY_FILE_TRANSFERRED, 0x10},
                {(uint32_t)BG_NOTIFY_FILE_RANGES_TRANSFERRED, 0x20},
                {(uint32_t)BG_JOB_ENABLE_PEERCACHING_CLIENT, 1},
                {(uint32_t)BG_JOB_ENABLE_PEERCACHING_SERVER, 2},
                {(uint32_t)BG_JOB_DISABLE_BRANCH_CACHE, 4},
                {(uint32_t)BITS_COST_STATE_UNRESTRICTED, 0x1},
                {(uint32_t)BITS_COST_STATE_CAPPED_USAGE_UNKNOWN, 0x2},
                {(uint32_t)BITS_COST_STATE_BELOW_CAP, 0x4},
                {(uint32_t)BITS_COST_STATE_NEAR_CAP, 0x8},
                {(uint32_t)BITS_COST_STATE_OVERCAP_CHARGED, 0x10},
                {(uint32_t)BITS_COST_STATE_OVERCAP_THROTTLED, 0x20},
                {(uint32_t)BITS_COST_STATE_USAGE_BASED, 0x40},
                {(uint32_t)BITS_COST_STATE_ROAMING, 0x80},
                {(uint32_t)BITS_COST_STATE_RESERVED, 0x40000000},
                {(uint32_t)BITS_COST_OPTION_IGNORE_CONGESTION, 0x80000000},
                {(uint32_t)BITS_COST_STATE_TRANSFER_ALWAYS, 0x800000ff},
                {(uint32_t)BITS_COST_STATE_TRANSFER_NOT_ROAMING, 0x8000007f},
                {(uint32_t)BITS_COST_STATE_TRANSFER_NO_SURCHARGE, 0x8000006f},
                {(uint32_t)BITS_COST_STATE_TRANSFER_STANDARD, 0x80000067},
                {(uint32_t)BITS_COST_STATE_TRANSFER_UNRESTRICTED, 0x80000021},
                {(uint32_t)BITS_JOB_TRANSFER_POLICY_ALWAYS, 0x800000ff},
                {(uint32_t)BITS_JOB_TRANSFER_POLICY_NOT_ROAMING, 0x8000007f},
                {(uint32_t)BITS_JOB_TRANSFER_POLICY_NO_SURCHARGE, 0x8000006f},
                {(uint32_t)BITS_JOB_TRANSFER_POLICY_STANDARD, 0x80000067},
                {(uint32_t)BITS_JOB_TRANSFER_POLICY_UNRESTRICTED, 0x80000021},
                {(uint32_t)BITS_JOB_PROPERTY_ID_COST_FLAGS, 1},
                {(uint32_t)BITS_JOB_PROPERTY_NOTIFICATION_CLSID, 2},
                {(uint32_t)BITS_JOB_PROPERTY_DYNAMIC_CONTENT, 3},
                {(uint32_t)BITS_JOB_PROPERTY_HIGH_PERFORMANCE, 4},
                {(uint32_t)BITS_JOB_PROPERTY_MAX_DOWNLOAD_SIZE, 5},
                {(uint32_t)BITS_JOB_PROPERTY_USE_STORED_CREDENTIALS, 7},
                {(uint32_t)BITS_JOB_PROPERTY_MINIMUM_NOTIFICATION_INTERVAL_MS, 9},
                {(uint32_t)BITS_JOB_PROPERTY_ON_DEMAND_MODE, 10},
                {(uint32_t)BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS, 1},
                {(uint32_t)BG_SSL_ENABLE_CRL_CHECK, 0x1},
                {(uint32_t)BG_SSL_IGNORE_CERT_CN_INVALID, 0x2},
                {(uint32_t)BG_SSL_IGNORE_CERT_DATE_INVALID, 0x4},
                {(uint32_t)BG_SSL_IGNORE_UNKNOWN_CA, 0x8},
                {(uint32_t)BG_SSL_IGNORE_CERT_WRONG_USAGE, 0x10},
                {(uint32_t)BG_HTTP_REDIRECT_POLICY_MASK, 0x700},
                {(uint32_t)BG_HTTP_REDIRECT_POLICY_ALLOW_SILENT, 0},
                {(uint32_t)BG_HTTP_REDIRECT_POLICY_ALLOW_REPORT, 0x100},
                {(uint32_t)BG_HTTP_REDIRECT_POLICY_DISALLOW, 0x200},
                {(uint32_t)BG_HTTP_REDIRECT_POLICY_ALLOW_HTTPS_TO_HTTP, 0x800},
                {(uint32_t)BG_CERT_STORE_LOCATION_CURRENT_USER, 0},
                {(uint32_t)BG_CERT_STORE_LOCATION_LOCAL_MACHINE, 1},
                {(uint32_t)BG_CERT_STORE_LOCATION_CURRENT_SERVICE, 2},
                {(uint32_t)BG_CERT_STORE_LOCATION_SERVICES, 3},
                {(uint32_t)BG_CERT_STORE_LOCATION_USERS, 4},
                {(uint32_t)BG_CERT_STORE_LOCATION_CURRENT_USER_GROUP_POLICY, 5},
                {(uint32_t)BG_CERT_STORE_LOCATION_LOCAL_MACHINE_GROUP_POLICY, 6},
                {(uint32_t)BG_CERT_STORE_LOCATION_LOCAL_MACHINE_ENTERPRISE, 7},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                assert_int_equal(rows[i].is, rows[i].should_be);
        assert_true(BG_LENGTH_TO_EOF == 0xffffffffffffffffULL);
}

static void test_identifiers(void **state)
{
        static const struct {
                const GUID *id;
                const WCHAR *text;
        } rows[] = {
                {&CLSID_BackgroundCopyManager, L"{4991D34B-80A1-4291-83B6-3328366B9097}"},
                {&CLSID_BackgroundCopyManager4_0, L"{BB6DF56B-CACE-11DC-9992-0019B93A3A84}"},
                {&IID_IUnknown, L"{00000000-0000-0000-C000-000000000046}"},
                {&IID_IBackgroundCopyManager, L"{5CE34C0D-0DC9-4C1F-897C-DAA1B78CEE7C}"},
                {&IID_IBackgroundCopyJob, L"{37668D37-507E-4160-9316-26306D150B12}"},
                {&IID_IBackgroundCopyFile, L"{01B7BD23-FB88-4A77-8490-5891D3E4653A}"},
                {&IID_IBackgroundCopyError, L"{19C613A0-FCB8-4F28-81AE-897C3D078F81}"},
                {&IID_IEnumBackgroundCopyJobs, L"{1AF4F612-3B71-466F-8F58-7B6F73AC57AD}"},
                {&IID_IEnumBackgroundCopyFiles, L"{CA51E165-C365-424C-8D41-24AAA4FF3C40}"},
                {&IID_IBackgroundCopyCallback, L"{97EA99C7-0186-4AD4-8DF9-C5B4E0ED6B22}"},
                {&IID_AsyncIBackgroundCopyCallback, L"{CA29D251-B4BB-4679-A3D9-AE8006119D54}"},
                {&IID_IBitsTokenOptions, L"{9A2584C3-F7D2-457A-9A5E-22B67BFFC7D2}"},
                {&CLSID_BackgroundCopyManager1_5, L"{F087771F-D74F-4C1A-BB8A-E16ACA9124EA}"},
                {&CLSID_BackgroundCopyManager2_0, L"{6D18AD12-BDE3-4393-B311-099C346E6DF9}"},
                {&CLSID_BackgroundCopyManager3_0, L"{659CDEA7-489E-11D9-A9CD-000D56965251}"},
                {&CLSID_BackgroundCopyManager5_0, L"{1ECCA34C-E88A-44E3-8D6A-8921BDE9E452}"},
                {&CLSID_BackgroundCopyManager10_1, L"{4BD3E4E1-7BD4-4A2B-9964-496400DE5193}"},
                {&CLSID_BackgroundCopyManager2_5, L"{03CA98D6-FF5D-49B8-ABC6-03DD84127020}"},
                {&CLSID_BackgroundCopyManager10_2, L"{4575438F-A6C8-4976-B0FE-2F26B80D959E}"},
                {&CLSID_BackgroundCopyManager10_3, L"{5FD42AD5-C04E-4D36-ADC7-E08FF15737AD}"},
                {&IID_IBackgroundCopyJobHttpOptions, L"{F1BD1079-9F01-4BDC-8036-F09B70095066}"},
                {&IID_IBackgroundCopyJobHttpOptions2, L"{B591A192-A405-4FC3-8323-4C5C542578FC}"},
                {&IID_IBackgroundCopyJobHttpOptions3, L"{8A9263D3-FD4C-4EDA-9B28-30132A4D4E3C}"},
                {&IID_IBackgroundCopyServerCertificateValidationCallback,
                 L"{4CEC0D02-DEF7-4158-813A-C32A46945FF7}"},
                {&IID_IBackgroundCopyJob2, L"{54B50739-686F-45EB-9DFF-D6A9A0FAA9AF}"},
                {&IID_IBackgroundCopyJob3, L"{443C8934-90FF-48ED-BCDE-26F5C7450042}"},
                {&IID_IBackgroundCopyJob4, L"{659CDEAE-489E-11D9-A9CD-000D56965251}"},
                {&IID_IBackgroundCopyJob5, L"{E847030C-BBBA-4657-AF6D-484AA42BF1FE}"},
                {&IID_IBackgroundCopyFile2, L"{83E81B93-0873-474D-8A8C-F2018B1A939C}"},
                {&IID_IBackgroundCopyFile3, L"{659CDEAA-489E-11D9-A9CD-000D56965251}"},
                {&IID_IBackgroundCopyFile4, L"{EF7E0655-7888-4960-B0E5-730846E03492}"},
                {&IID_IBackgroundCopyFile5, L"{85C1657F-DAFC-40E8-8834-DF18EA25717E}"},
                {&IID_IBackgroundCopyFile6, L"{CF6784F7-D677-49FD-9368-CB47AEE9D1AD}"},
                {&IID_IBackgroundCopyCallback2, L"{659CDEAC-489E-11D9-A9CD-000D56965251}"},
                {&IID_IBackgroundCopyCallback3, L"{98C97BD2-E32B-4AD8-A528-95FD8B16BD42}"},
        };
        WCHAR text[39];
        LPWSTR made;
        GUID back;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                assert_int_equal(StringFromGUID2(rows[i].id, text, 39), 39);
                assert_int_equal(wcscmp(text, rows[i].text), 0);
                assert_int_equal(CLSIDFromString(rows[i].text, &back), S_OK);
                assert_true(IsEqualGUID(&back, rows[i].id));
        }
        assert_int_equal(StringFromGUID2(rows[0].id, text, 38), 0);
        assert_int_equal(StringFromCLSID(rows[1].id, &made), S_OK);
        assert_int_equal(wcscmp(made, rows[1].text), 0);
        CoTaskMemFree(made);
}

static void test_texts_that_are_no_guid(void **state)
{
        static const WCHAR *const texts[] = {
                L"",
                L"4991D34B-80A1-4291-83B6-3328366B9097",
                L"{4991D34B-80A1-4291-83B6-3328366B9097",
                L"{4991D34B-80A1-4291-83B6-3328366B9097}}",
                L"{4991D34B-80A1-4291-83B6-3328366B909G}",
                L"{4991D34B-80A1-4291-83B6-3328366B909\u0667}",
                L"{4991D34B080A1-4291-83B6-3328366B9097}",
        };
        GUID id;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                assert_int_equal(CLSIDFromString(texts[i], &id), CO_E_CLASSSTRING);
                assert_int_equal(IIDFromString(texts[i], &id), CO_E_IIDSTRING);
        }
        assert_int_equal(IIDFromString(NULL, &id), E_INVALIDARG);
        assert_int_equal(IIDFromString(texts[0], NULL), E_INVALIDARG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_types),
                cmocka_unit_test(test_slots),
                cmocka_unit_test(test_inherited_slots),
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_all_values),
                cmocka_unit_test(test_identifiers),
                cmocka_unit_test(test_texts_that_are_no_guid),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
