/* IBackgroundCopyJobHttpOptions3 against a service that tells how it was called: what goes over the
 * wire, what comes back, and what is refused without asking. */
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

#define JOB_PATH "/org/bitsd1/job/0123456789abcdef0123456789abcdef"

#define NULL_POINTER HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER)

static const BYTE hash[20] = {1, 2, 3};

/* ---- the service
 * --------------------------------------------------------------------------------- */

/* Arguments of the types that are in these calls. */
static void render(sd_bus_message *m, FILE *f)
{
        const char *comma = "", *text;
        const void *bytes;
        uint32_t number;
        size_t size;
        char type;

        for (; sd_bus_message_peek_type(m, &type, NULL) > 0; comma = ", ") {
                (void)fputs(comma, f);
                if (type == 'a') {
                        (void)sd_bus_message_read_array(m, 'y', &bytes, &size);
                        (void)fprintf(f, "%zu bytes %d", size, ((const uint8_t *)bytes)[1]);
                } else if (type == 's') {
                        (void)sd_bus_message_read_basic(m, type, &text);
                        (void)fprintf(f, "'%s'", text);
                } else {
                        (void)sd_bus_message_read_basic(m, type, &number);
                        (void)fprintf(f, "%u%c", number, type);
                }
        }
}

static void report_call(sd_bus_message *m)
{
        PeerReport report = {.what = 'c'};
        FILE *f = fmemopen(report.text, sizeof(report.text), "w");

        (void)fprintf(f, "%s(", sd_bus_message_get_member(m));
        render(m, f);
        (void)fputs(")", f);
        (void)fclose(f);
        peer_report(&report);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        int32_t hr = 1;

        (void)userdata;
        (void)error;
        (void)sd_bus_message_read(m, "i", &hr);
        peer_report(&(PeerReport){.what = 'a', .value = hr});
        return 0;
}

/* Asks the client about a certificate. */
static int ask(sd_bus *bus)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        (void)sd_bus_message_new_method_call(bus, &m, NULL, "/org/bitsd1/callback",
                                             "org.bitsd1.Callback", "ValidateServerCertificate");
        (void)sd_bus_message_append(m, "ou", JOB_PATH, 7);
        (void)sd_bus_message_append_array(m, 'y', "end", 3);
        (void)sd_bus_message_append(m, "u", 1);
        (void)sd_bus_message_append_array(m, 'y', "chain", 5);
        return sd_bus_call_async(bus, NULL, m, on_answer, NULL, 0);
}

static int answer_certificate(sd_bus_message *m)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;

        (void)sd_bus_message_new_method_return(m, &answer);
        (void)sd_bus_message_append(answer, "us", 1, "MY");
        (void)sd_bus_message_append_array(answer, 'y', hash, sizeof(hash));
        (void)sd_bus_message_append(answer, "s", "gr\303\274n");
        return sd_bus_send(NULL, answer, NULL);
}

static int on_call(sd_bus_message *m, bool *hang_up)
{
        const char *member = sd_bus_message_get_member(m);
        static unsigned n_asked;

        (void)hang_up;
#define ANSWER(name, ...)                                                                          \
        if (strcmp(member, name) == 0)                                                             \
        return sd_bus_reply_method_return(m, __VA_ARGS__)
        ANSWER("Hello", "s", ":1.0");
        ANSWER("GetJob", "o", JOB_PATH);
        ANSWER("GetAuthorization", "bt", false, UINT64_MAX / 2);
        report_call(m);
        ANSWER("RemoveClientCertificate", "i", S_FALSE);
        ANSWER("GetSecurityFlags", "u", 0x901);
        ANSWER("GetHttpMethod", "s", "REPORT");
        if (strcmp(member, "GetCustomHeaders") == 0) /* none, and then some */
                return sd_bus_reply_method_return(m, "s", n_asked++ ? "A: b\r\n" : "");
        if (strcmp(member, "GetClientCertificate") == 0)
                return answer_certificate(m);
        if (strcmp(member, "SetDisplayName") == 0)
                (void)ask(sd_bus_message_get_bus(m));
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

static void expect_call(const char *text)
{
        assert_string_equal(peer_next('c').text, text);
}

typedef struct Client {
        IBackgroundCopyManager *manager;
        IBackgroundCopyJob *job;
        IBackgroundCopyJobHttpOptions3 *http;
} Client;

static Client client_open(void)
{
        Client client;

        assert_int_equal(CoInitializeEx(NULL, COINIT_MULTITHREADED), S_OK);
        assert_int_equal(CoCreateInstance(&CLSID_BackgroundCopyManager10_3, NULL,
                                          CLSCTX_LOCAL_SERVER, &IID_IBackgroundCopyManager,
                                          (void **)&client.manager),
                         S_OK);
        assert_int_equal(IBackgroundCopyManager_GetJob(client.manager, &GUID_NULL, &client.job),
                         S_OK);
        assert_int_equal(IBackgroundCopyJob_QueryInterface(client.job,
                                                           &IID_IBackgroundCopyJobHttpOptions3,
                                                           (void **)&client.http),
                         S_OK);
        expect_call("CheckAccess('IBackgroundCopyJobHttpOptions3')");
        return client;
}

static void client_close(Client *client)
{
        IBackgroundCopyJobHttpOptions3_Release(client->http);
        assert_int_equal(IBackgroundCopyJob_Release(client->job), 0);
        assert_int_equal(IBackgroundCopyManager_Release(client->manager), 0);
        CoUninitialize();
}

/* ---- tests
 * ----------------------------------------------------------------------------------------- */

static void test_queries(void **state)
{
        static const IID *const iids[] = {&IID_IBackgroundCopyJobHttpOptions,
                                          &IID_IBackgroundCopyJobHttpOptions2};
        static const char *const calls[] = {"CheckAccess('IBackgroundCopyJobHttpOptions')",
                                            "CheckAccess('IBackgroundCopyJobHttpOptions2')"};
        Client client = client_open();
        void *other;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(iids); i++) {
                assert_int_equal(IBackgroundCopyJob_QueryInterface(client.job, iids[i], &other),
                                 S_OK);
                assert_ptr_equal(other, client.http);
                IBackgroundCopyJobHttpOptions3_Release(client.http);
                expect_call(calls[i]);
        }
        assert_int_equal(
                IBackgroundCopyJobHttpOptions3_QueryInterface(client.http, &IID_IUnknown, &other),
                S_OK);
        assert_ptr_equal(other, client.job); /* one object, and one identity */
        IBackgroundCopyJob_Release(client.job);
        assert_int_equal(CoSetProxyBlanket((IUnknown *)client.http, RPC_C_AUTHN_DEFAULT,
                                           RPC_C_AUTHZ_DEFAULT, NULL, RPC_C_AUTHN_LEVEL_DEFAULT,
                                           RPC_C_IMP_LEVEL_ANONYMOUS, NULL, EOAC_DEFAULT),
                         S_OK);
        assert_int_equal(IBackgroundCopyJobHttpOptions3_SetSecurityFlags(client.http, 0),
                         E_ACCESSDENIED);
        client_close(&client);
}

static void test_certificate(void **state)
{
        BG_CERT_STORE_LOCATION location;
        Client client = client_open();
        IBackgroundCopyJobHttpOptions3 *http = client.http;
        LPWSTR store, subject;
        BYTE *found;

        (void)state;
        assert_int_equal(IBackgroundCopyJobHttpOptions3_SetClientCertificateByID(
                                 http, BG_CERT_STORE_LOCATION_LOCAL_MACHINE, L"MY", (BYTE *)hash),
                         S_OK);
        expect_call("SetClientCertificateByID(1u, 'MY', 20 bytes 2)");
        assert_int_equal(IBackgroundCopyJobHttpOptions3_SetClientCertificateByName(
                                 http, BG_CERT_STORE_LOCATION_CURRENT_USER, L"MY", L"gr\u00fcn"),
                         S_OK);
        expect_call("SetClientCertificateByName(0u, 'MY', 'gr\303\274n')");
        assert_int_equal(IBackgroundCopyJobHttpOptions3_GetClientCertificate(
                                 http, &location, &store, &found, &subject),
                         S_OK);
        expect_call("GetClientCertificate()");
        assert_int_equal(location, BG_CERT_STORE_LOCATION_LOCAL_MACHINE);
        assert_int_equal(wcscmp(store, L"MY"), 0);
        assert_int_equal(wcscmp(subject, L"gr\u00fcn"), 0);
        assert_memory_equal(found, hash, sizeof(hash));
        CoTaskMemFree(store);
        CoTaskMemFree(subject);
        CoTaskMemFree(found);
        assert_int_equal(IBackgroundCopyJobHttpOptions3_RemoveClientCertificate(http), S_FALSE);
        expect_call("RemoveClientCertificate()");
        client_close(&client);
}

static void test_headers(void **state)
{
        LPWSTR text = (LPWSTR)(uintptr_t)1;
        Client client = client_open();
        IBackgroundCopyJobHttpOptions3 *http = client.http;

        (void)state;
        assert_int_equal(IBackgroundCopyJobHttpOptions3_SetCustomHeaders(http, L"A: b\r\n"), S_OK);
        expect_call("SetCustomHeaders('A: b\r\n')");
        assert_int_equal(IBackgroundCopyJobHttpOptions3_SetCustomHeaders(http, NULL), S_OK);
        expect_call("SetCustomHeaders('')");
        assert_int_equal(IBackgroundCopyJobHttpOptions3_GetCustomHeaders(http, &text), S_FALSE);
        assert_null(text);
        expect_call("GetCustomHeaders()");
        assert_int_equal(IBackgroundCopyJobHttpOptions3_GetCustomHeaders(http, &text), S_OK);
        assert_int_equal(wcscmp(text, L"A: b\r\n"), 0);
        expect_call("GetCustomHeaders()");
        CoTaskMemFree(text);
        assert_int_equal(IBackgroundCopyJobHttpOptions3_MakeCustomHeadersWriteOnly(http), S_OK);
        expect_call("MakeCustomHeadersWriteOnly()");
        client_close(&client);
}

static void test_flags_and_method(void **state)
{
        Client client = client_open();
        IBackgroundCopyJobHttpOptions3 *http = client.http;
        LPWSTR method;
        ULONG flags;

        (void)state;
        assert_int_equal(IBackgroundCopyJobHttpOptions3_SetSecurityFlags(http, 0x108), S_OK);
        expect_call("SetSecurityFlags(264u)");
        assert_int_equal(IBackgroundCopyJobHttpOptions3_GetSecurityFlags(http, &flags), S_OK);
        assert_int_equal(flags, 0x901);
        expect_call("GetSecurityFlags()");
        assert_int_equal(IBackgroundCopyJobHttpOptions3_SetHttpMethod(http, L"POST"), S_OK);
        expect_call("SetHttpMethod('POST')");
        assert_int_equal(IBackgroundCopyJobHttpOptions3_GetHttpMethod(http, &method), S_OK);
        assert_int_equal(wcscmp(method, L"REPORT"), 0);
        expect_call("GetHttpMethod()");
        CoTaskMemFree(method);
        client_close(&client);
}

/* Nothing of it is asked. */
static void test_null_pointers(void **state)
{
        BG_CERT_STORE_LOCATION location;
        Client client = client_open();
        IBackgroundCopyJobHttpOptions3 *http = client.http;
        BYTE *bytes = NULL;
        LPWSTR text;

        (void)state;
#define IS_NULL_POINTER(call) assert_int_equal(call, NULL_POINTER)
        IS_NULL_POINTER(IBackgroundCopyJobHttpOptions3_SetClientCertificateByID(http, 0, NULL,
                                                                                (BYTE *)hash));
        IS_NULL_POINTER(
                IBackgroundCopyJobHttpOptions3_SetClientCertificateByID(http, 0, L"MY", NULL));
        IS_NULL_POINTER(
                IBackgroundCopyJobHttpOptions3_SetClientCertificateByName(http, 0, NULL, L"x"));
        IS_NULL_POINTER(
                IBackgroundCopyJobHttpOptions3_SetClientCertificateByName(http, 0, L"MY", NULL));
        IS_NULL_POINTER(IBackgroundCopyJobHttpOptions3_GetClientCertificate(http, NULL, &text,
                                                                            &bytes, &text));
        IS_NULL_POINTER(IBackgroundCopyJobHttpOptions3_GetClientCertificate(http, &location, NULL,
                                                                            &bytes, &text));
        IS_NULL_POINTER(IBackgroundCopyJobHttpOptions3_GetClientCertificate(http, &location, &text,
                                                                            NULL, &text));
        IS_NULL_POINTER(IBackgroundCopyJobHttpOptions3_GetClientCertificate(http, &location, &text,
                                                                            &bytes, NULL));
        IS_NULL_POINTER(IBackgroundCopyJobHttpOptions3_GetCustomHeaders(http, NULL));
        IS_NULL_POINTER(IBackgroundCopyJobHttpOptions3_GetSecurityFlags(http, NULL));
        IS_NULL_POINTER(IBackgroundCopyJobHttpOptions3_SetHttpMethod(http, NULL));
        IS_NULL_POINTER(IBackgroundCopyJobHttpOptions3_GetHttpMethod(http, NULL));
        client_close(&client);
}

/* ---- the judge of certificates
 * -------------------------------------------------------------------- */

typedef struct Judge {
        IBackgroundCopyServerCertificateValidationCallback callback;
        atomic_uint refs, asked;
        HRESULT verdict;
} Judge;

static HRESULT judge_query(IBackgroundCopyServerCertificateValidationCallback *This, REFIID riid,
                           void **ret)
{
        if (!IsEqualIID(riid, &IID_IUnknown) &&
            !IsEqualIID(riid, &IID_IBackgroundCopyServerCertificateValidationCallback))
                return E_NOINTERFACE;
        atomic_fetch_add(&((Judge *)This)->refs, 1);
        *ret = This;
        return S_OK;
}

static ULONG judge_add_ref(IBackgroundCopyServerCertificateValidationCallback *This)
{
        return atomic_fetch_add(&((Judge *)This)->refs, 1) + 1;
}

static ULONG judge_release(IBackgroundCopyServerCertificateValidationCallback *This)
{
        return atomic_fetch_sub(&((Judge *)This)->refs, 1) - 1;
}

static HRESULT judge_validate(IBackgroundCopyServerCertificateValidationCallback *This,
                              IBackgroundCopyJob *job, IBackgroundCopyFile *file, DWORD certLength,
                              const BYTE certData[], DWORD certEncodingType, DWORD certStoreLength,
                              const BYTE certStoreData[])
{
        Judge *judge = (Judge *)This;
        GUID id;

        atomic_fetch_add(&judge->asked, 1);
        if (IBackgroundCopyJob_GetId(job, &id) != S_OK || id.Data1 != 0x01234567 || !file ||
            certLength != 3 || memcmp(certData, "end", 3) != 0 || certEncodingType != 1 ||
            certStoreLength != 5 || memcmp(certStoreData, "chain", 5) != 0)
                return E_UNEXPECTED;
        return judge->verdict;
}

static const IBackgroundCopyServerCertificateValidationCallbackVtbl judge_vtbl = {
        judge_query, judge_add_ref, judge_release, judge_validate};

static void make_ask(Client *client, HRESULT expected)
{
        assert_int_equal(IBackgroundCopyJob_SetDisplayName(client->job, L"ask"), S_OK);
        expect_call("SetDisplayName('ask')");
        assert_int_equal(peer_next('a').value, expected);
}

static void test_validation(void **state)
{
        Judge judge = {.callback.lpVtbl = &judge_vtbl, .refs = 1, .verdict = E_ABORT};
        Client client = client_open();
        IBackgroundCopyJobHttpOptions3 *http = client.http;

        (void)state;
        make_ask(&client, RPC_E_DISCONNECTED); /* nobody is there */
        assert_int_equal(IBackgroundCopyJobHttpOptions3_SetServerCertificateValidationInterface(
                                 http, (IUnknown *)&judge.callback),
                         S_OK);
        expect_call("SetServerCertificateValidationInterface(1b)");
        make_ask(&client, E_ABORT);
        judge.verdict = S_OK;
        make_ask(&client, S_OK);
        assert_int_equal(judge.asked, 2);

        /* who is told of the job is another object, and another matter */
        assert_int_equal(IBackgroundCopyJob_SetNotifyInterface(client.job, NULL), S_OK);
        expect_call("SetNotifyInterface(0b)");
        make_ask(&client, S_OK);
        assert_int_equal(
                IBackgroundCopyJobHttpOptions3_SetServerCertificateValidationInterface(http, NULL),
                S_OK);
        expect_call("SetServerCertificateValidationInterface(0b)");
        make_ask(&client, RPC_E_DISCONNECTED);
        client_close(&client);
        while (judge.refs > 1) /* the answer leaves before the last reference goes */
                Sleep(1);
}

/* The manager is an object, and no judge. */
static void test_no_judge(void **state)
{
        Client client = client_open();

        (void)state;
        assert_int_equal(IBackgroundCopyJobHttpOptions3_SetServerCertificateValidationInterface(
                                 client.http, (IUnknown *)client.manager),
                         E_NOINTERFACE);
        client_close(&client);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_queries),       cmocka_unit_test(test_certificate),
                cmocka_unit_test(test_headers),       cmocka_unit_test(test_flags_and_method),
                cmocka_unit_test(test_null_pointers), cmocka_unit_test(test_validation),
                cmocka_unit_test(test_no_judge),
        };

        return cmocka_run_group_tests(tests, start_service, end_service);
}
