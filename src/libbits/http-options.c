/*
 * IBackgroundCopyJobHttpOptions3, which is every older one too. On the wire no headers are "", and
 * what NULL means of each argument is said here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "libbits/authorization.h"
#include "libbits/callback.h"
#include "libbits/job.h"
#include "libbits/text.h"

#define NULL_POINTER HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER)

enum {
        HASH_SIZE = 20, /* SHA-1 */
};

static Remote remote_of(IBackgroundCopyJobHttpOptions3 *This)
{
        Job *job = impl_from_http(This);

        return (Remote){job->path, "org.bitsd1.Job", &job->http_blanket};
}

static ULONG http_add_ref(IBackgroundCopyJobHttpOptions3 *This)
{
        return job_add_ref(impl_from_http(This));
}

static ULONG http_release(IBackgroundCopyJobHttpOptions3 *This)
{
        return job_release(impl_from_http(This));
}

static HRESULT http_query_interface(IBackgroundCopyJobHttpOptions3 *This, REFIID riid,
                                    void **ppvObject)
{
        Job *job = impl_from_http(This);

        return job_query(job, &job->http_blanket, riid, ppvObject);
}

/* ---- the client certificate --------------------------------------------------------------------
 */

typedef struct Certificate {
        uint32_t location;
        TextPair names; /* store, subject */
        uint8_t hash[HASH_SIZE];
} Certificate;

static void certificate_clear(Certificate *certificate)
{
        text_pair_clear(&certificate->names);
}

static int write_by_id(sd_bus_message *m, const void *arguments)
{
        const Certificate *c = arguments;
        int r = sd_bus_message_append(m, "us", c->location, c->names.first);

        return r < 0 ? r : sd_bus_message_append_array(m, 'y', c->hash, sizeof(c->hash));
}

static HRESULT http_set_certificate_by_id(IBackgroundCopyJobHttpOptions3 *This,
                                          BG_CERT_STORE_LOCATION StoreLocation, LPCWSTR StoreName,
                                          BYTE *pCertHashBlob)
{
        _cleanup_(certificate_clear) Certificate c = {.location = (uint32_t)StoreLocation};
        Remote remote = remote_of(This);
        HRESULT hr;

        if (!StoreName || !pCertHashBlob)
                return NULL_POINTER;
        hr = text_argument(StoreName, &c.names.first);
        if (FAILED(hr))
                return hr;
        memcpy(c.hash, pCertHashBlob, sizeof(c.hash));
        authorization_renew();
        return call_remote(&remote,
                           &(Call){"SetClientCertificateByID", write_by_id, &c, NULL, NULL});
}

static int write_by_name(sd_bus_message *m, const void *arguments)
{
        const Certificate *c = arguments;

        return sd_bus_message_append(m, "uss", c->location, c->names.first, c->names.second);
}

static HRESULT http_set_certificate_by_name(IBackgroundCopyJobHttpOptions3 *This,
                                            BG_CERT_STORE_LOCATION StoreLocation, LPCWSTR StoreName,
                                            LPCWSTR SubjectName)
{
        _cleanup_(certificate_clear) Certificate c = {.location = (uint32_t)StoreLocation};
        Remote remote = remote_of(This);
        HRESULT hr;

        if (!StoreName || !SubjectName)
                return NULL_POINTER;
        hr = text_pair_init(&c.names, StoreName, SubjectName);
        if (FAILED(hr))
                return hr;
        authorization_renew();
        return call_remote(&remote,
                           &(Call){"SetClientCertificateByName", write_by_name, &c, NULL, NULL});
}

static HRESULT http_remove_certificate(IBackgroundCopyJobHttpOptions3 *This)
{
        Remote remote = remote_of(This);

        return call_hresult(&remote, "RemoveClientCertificate");
}

static int read_certificate(sd_bus_message *m, void *ret)
{
        Certificate *c = ret;
        const void *hash;
        size_t size;
        int r;

        r = sd_bus_message_read(m, "u", &c->location);
        if (r >= 0)
                r = call_read_text(m, &c->names.first);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &hash, &size);
        if (r >= 0 && size != sizeof(c->hash))
                r = -EBADMSG;
        if (r < 0)
                return r;
        memcpy(c->hash, hash, sizeof(c->hash));
        return call_read_text(m, &c->names.second);
}

static HRESULT http_get_certificate(IBackgroundCopyJobHttpOptions3 *This,
                                    BG_CERT_STORE_LOCATION *pStoreLocation, LPWSTR *pStoreName,
                                    BYTE **ppCertHashBlob, LPWSTR *pSubjectName)
{
        _cleanup_(certificate_clear) Certificate c = {0};
        LPWSTR store = NULL, subject = NULL;
        Remote remote = remote_of(This);
        BYTE *hash = NULL;
        HRESULT hr;

        if (!pStoreLocation || !pStoreName || !ppCertHashBlob || !pSubjectName)
                return NULL_POINTER;
        hr = call_read(&remote, "GetClientCertificate", read_certificate, &c);
        if (SUCCEEDED(hr))
                hr = text_result(c.names.first, &store);
        if (SUCCEEDED(hr))
                hr = text_result(c.names.second, &subject);
        if (SUCCEEDED(hr)) {
                hash = CoTaskMemAlloc(sizeof(c.hash));
                hr = hash ? S_OK : E_OUTOFMEMORY;
        }
        if (FAILED(hr)) {
                free(store);
                free(subject);
                return hr;
        }
        memcpy(hash, c.hash, sizeof(c.hash));
        *pStoreLocation = (BG_CERT_STORE_LOCATION)c.location;
        *pStoreName = store;
        *ppCertHashBlob = hash;
        *pSubjectName = subject;
        return S_OK;
}

/* ---- headers -----------------------------------------------------------------------------------
 */

/* They may be as secret as a password. */
static int write_secret(sd_bus_message *m, const void *text)
{
        int r = sd_bus_message_sensitive(m);

        return r < 0 ? r : sd_bus_message_append_basic(m, 's', text);
}

static HRESULT http_set_headers(IBackgroundCopyJobHttpOptions3 *This, LPCWSTR RequestHeaders)
{
        _cleanup_(text_wipep) char *utf8 = NULL;
        Remote remote = remote_of(This);
        HRESULT hr = text_argument(RequestHeaders ? RequestHeaders : L"", &utf8);

        if (FAILED(hr))
                return hr;
        return call_remote(&remote, &(Call){"SetCustomHeaders", write_secret, utf8, NULL, NULL});
}

static HRESULT http_get_headers(IBackgroundCopyJobHttpOptions3 *This, LPWSTR *pRequestHeaders)
{
        _cleanup_(text_wipep) char *utf8 = NULL;
        Remote remote = remote_of(This);
        HRESULT hr;

        if (!pRequestHeaders)
                return NULL_POINTER;
        hr = call_read(&remote, "GetCustomHeaders", call_read_text, &utf8);
        if (FAILED(hr))
                return hr;
        *pRequestHeaders = NULL;
        return utf8[0] ? text_result(utf8, pRequestHeaders) : S_FALSE;
}

static HRESULT http_make_write_only(IBackgroundCopyJobHttpOptions3 *This)
{
        Remote remote = remote_of(This);

        return call_plain(&remote, "MakeCustomHeadersWriteOnly");
}

/* ---- flags, method, validation -----------------------------------------------------------------
 */

static HRESULT http_set_flags(IBackgroundCopyJobHttpOptions3 *This, ULONG Flags)
{
        Remote remote = remote_of(This);

        return call_number(&remote, "SetSecurityFlags", Flags);
}

static HRESULT http_get_flags(IBackgroundCopyJobHttpOptions3 *This, ULONG *pFlags)
{
        Remote remote = remote_of(This);
        uint32_t flags;
        HRESULT hr;

        if (!pFlags)
                return NULL_POINTER;
        hr = call_read(&remote, "GetSecurityFlags", call_read_number, &flags);
        if (SUCCEEDED(hr))
                *pFlags = flags;
        return hr;
}

static HRESULT http_set_method(IBackgroundCopyJobHttpOptions3 *This, LPCWSTR method)
{
        Remote remote = remote_of(This);

        return method ? call_text(&remote, "SetHttpMethod", method) : NULL_POINTER;
}

static HRESULT http_get_method(IBackgroundCopyJobHttpOptions3 *This, LPWSTR *method)
{
        _cleanup_(freep) char *utf8 = NULL;
        Remote remote = remote_of(This);
        HRESULT hr;

        if (!method)
                return NULL_POINTER;
        hr = call_read(&remote, "GetHttpMethod", call_read_text, &utf8);
        return FAILED(hr) ? hr : text_result(utf8, method);
}

static HRESULT http_set_validation(IBackgroundCopyJobHttpOptions3 *This,
                                   IUnknown *certValidationCallback)
{
        Remote remote = remote_of(This);

        return callback_set_validation(&remote, certValidationCallback);
}

const IBackgroundCopyJobHttpOptions3Vtbl http_options_vtbl = {
        .QueryInterface = http_query_interface,
        .AddRef = http_add_ref,
        .Release = http_release,
        .SetClientCertificateByID = http_set_certificate_by_id,
        .SetClientCertificateByName = http_set_certificate_by_name,
        .RemoveClientCertificate = http_remove_certificate,
        .GetClientCertificate = http_get_certificate,
        .SetCustomHeaders = http_set_headers,
        .GetCustomHeaders = http_get_headers,
        .SetSecurityFlags = http_set_flags,
        .GetSecurityFlags = http_get_flags,
        .SetHttpMethod = http_set_method,
        .GetHttpMethod = http_get_method,
        .SetServerCertificateValidationInterface = http_set_validation,
        .MakeCustomHeadersWriteOnly = http_make_write_only,
};
