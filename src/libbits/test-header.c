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
                {SLOT(IBackgroundCopyJob, AddFileSet), 3},
                {SLOT(IBackgroundCopyJob, AddFile), 4},
                {SLOT(IBackgroundCopyJob, EnumFiles), 5},
                {SLOT(IBackgroundCopyJob, Suspend), 6},
                {SLOT(IBackgroundCopyJob, Resume), 7},
                {SLOT(IBackgroundCopyJob, Cancel), 8},
                {SLOT(IBackgroundCopyJob, Complete), 9},
                {SLOT(IBackgroundCopyJob, GetId), 10},
                {SLOT(IBackgroundCopyJob, GetType), 11},
                {SLOT(IBackgroundCopyJob, GetProgress), 12},
                {SLOT(IBackgroundCopyJob, GetTimes), 13},
                {SLOT(IBackgroundCopyJob, GetState), 14},
                {SLOT(IBackgroundCopyJob, GetError), 15},
                {SLOT(IBackgroundCopyJob, GetOwner), 16},
                {SLOT(IBackgroundCopyJob, SetDisplayName), 17},
                {SLOT(IBackgroundCopyJob, GetDisplayName), 18},
                {SLOT(IBackgroundCopyJob, SetDescription), 19},
                {SLOT(IBackgroundCopyJob, GetDescription), 20},
                {SLOT(IBackgroundCopyJob, SetPriority), 21},
                {SLOT(IBackgroundCopyJob, GetPriority), 22},
                {SLOT(IBackgroundCopyJob, SetNotifyFlags), 23},
                {SLOT(IBackgroundCopyJob, GetNotifyFlags), 24},
                {SLOT(IBackgroundCopyJob, SetNotifyInterface), 25},
                {SLOT(IBackgroundCopyJob, GetNotifyInterface), 26},
                {SLOT(IBackgroundCopyJob, SetMinimumRetryDelay), 27},
                {SLOT(IBackgroundCopyJob, GetMinimumRetryDelay), 28},
                {SLOT(IBackgroundCopyJob, SetNoProgressTimeout), 29},
                {SLOT(IBackgroundCopyJob, GetNoProgressTimeout), 30},
                {SLOT(IBackgroundCopyJob, GetErrorCount), 31},
                {SLOT(IBackgroundCopyJob, SetProxySettings), 32},
                {SLOT(IBackgroundCopyJob, GetProxySettings), 33},
                {SLOT(IBackgroundCopyJob, TakeOwnership), 34},
                {SLOTS(IBackgroundCopyJob), 35},
                {SLOT(IBitsTokenOptions, SetHelperTokenFlags), 3},
                {SLOT(IBitsTokenOptions, GetHelperTokenFlags), 4},
                {SLOT(IBitsTokenOptions, SetHelperToken), 5},
                {SLOT(IBitsTokenOptions, ClearHelperToken), 6},
                {SLOT(IBitsTokenOptions, GetHelperTokenSid), 7},
                {SLOTS(IBitsTokenOptions), 8},
                {SLOT(IBackgroundCopyFile, GetRemoteName), 3},
                {SLOT(IBackgroundCopyFile, GetLocalName), 4},
                {SLOT(IBackgroundCopyFile, GetProgress), 5},
                {SLOTS(IBackgroundCopyFile), 6},
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
                {SLOT(IBackgroundCopyCallback, JobTransferred), 3},
                {SLOT(IBackgroundCopyCallback, JobError), 4},
                {SLOT(IBackgroundCopyCallback, JobModification), 5},
                {SLOTS(IBackgroundCopyCallback), 6},
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
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_identifiers),
                cmocka_unit_test(test_texts_that_are_no_guid),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
