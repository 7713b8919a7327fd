/*
 * bits2_5.h: what BITS 2.5 added: what a job asks of HTTP. Included by bits.h; what is said there
 * of every call holds here, but that NULL is HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER).
 */
#include <bits.h> /* which includes this one when its turn has come */

#ifndef BITS_BITS2_5_H
#define BITS_BITS2_5_H

EXTERN_C const CLSID CLSID_BackgroundCopyManager2_5;
EXTERN_C const IID IID_IBackgroundCopyJobHttpOptions;

typedef struct IBackgroundCopyJobHttpOptions IBackgroundCopyJobHttpOptions;

#ifdef __cplusplus
class BackgroundCopyManager2_5;
BITS_UUID(BackgroundCopyManager2_5, CLSID_BackgroundCopyManager2_5)
#endif

/* IBackgroundCopyJobHttpOptions::SetSecurityFlags: what is looked at of a server's certificate. */
#define BG_SSL_ENABLE_CRL_CHECK         0x0001u /* whether it is revoked */
#define BG_SSL_IGNORE_CERT_CN_INVALID   0x0002u /* it may be for another name */
#define BG_SSL_IGNORE_CERT_DATE_INVALID 0x0004u /* it may have expired, or not be valid yet */
#define BG_SSL_IGNORE_UNKNOWN_CA        0x0008u /* nobody known need have signed it */
#define BG_SSL_IGNORE_CERT_WRONG_USAGE  0x0010u /* it need not be for servers */

/* The same: what a redirect does. One of the three policies, and perhaps the last bit. */
#define BG_HTTP_REDIRECT_POLICY_MASK                0x0700u
#define BG_HTTP_REDIRECT_POLICY_ALLOW_SILENT        0x0000u /* followed, the remote name stays */
#define BG_HTTP_REDIRECT_POLICY_ALLOW_REPORT        0x0100u /* followed, and is the remote name */
#define BG_HTTP_REDIRECT_POLICY_DISALLOW            0x0200u /* ERROR, and is the remote name */
#define BG_HTTP_REDIRECT_POLICY_ALLOW_HTTPS_TO_HTTP 0x0800u /* also to where there is no TLS */

/* Where a certificate store is. Only the first two have any here. Page: BG_CERT_STORE_LOCATION
 * enumeration (bits2_5.h). */
typedef enum {
        BG_CERT_STORE_LOCATION_CURRENT_USER = 0,  /* ~/.config/bits/certificates/STORE/ */
        BG_CERT_STORE_LOCATION_LOCAL_MACHINE = 1, /* /etc/bits/certificates/STORE/ */
        BG_CERT_STORE_LOCATION_CURRENT_SERVICE = 2,
        BG_CERT_STORE_LOCATION_SERVICES = 3,
        BG_CERT_STORE_LOCATION_USERS = 4,
        BG_CERT_STORE_LOCATION_CURRENT_USER_GROUP_POLICY = 5,
        BG_CERT_STORE_LOCATION_LOCAL_MACHINE_GROUP_POLICY = 6,
        BG_CERT_STORE_LOCATION_LOCAL_MACHINE_ENTERPRISE = 7,
} BG_CERT_STORE_LOCATION;

/* What a job asks of HTTP. Got by QueryInterface on a job. Certificate and headers are for its
 * owner alone: E_ACCESSDENIED for an administrator, too. TakeOwnership removes them. They go to the
 * server of the remote name that the owner gave and to no other, wherever redirects lead. Page:
 * IBackgroundCopyJobHttpOptions interface (bits2_5.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyJobHttpOptions
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyJobHttpOptions, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* The certificate that HTTPS servers are given, by the SHA-1 of its DER: 20 bytes. A store
         * is a directory of files *.pem, each with one certificate, its chain and its key (without
         * a password), that nobody but its owner (this user or root) and a group may read. The
         * owner's identity reads it, never a helper's, again whenever a transfer begins; what fails
         * then leads to ERROR with the same codes, and a helper token with BG_TOKEN_NETWORK to
         * ERROR with HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY), but in
         * root's jobs. Errors: those of every call; E_NOTIMPL (no location);
         * HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND) (no such store); CRYPT_E_NOT_FOUND (no such
         * certificate, or not its key); BG_E_STRING_TOO_LONG (more than 255 characters of UTF-16);
         * E_ACCESSDENIED (not the owner; others may read or change the file, or the owner may not;
         * no valid ticket; a restricted caller); BG_E_INVALID_STATE (the job is completed or
         * cancelled). Page: IBackgroundCopyJobHttpOptions::SetClientCertificateByID. */
        STDMETHOD(SetClientCertificateByID)(THIS_ BG_CERT_STORE_LOCATION StoreLocation,
                                            LPCWSTR StoreName, BYTE *pCertHashBlob) PURE;

        /* The same by its subject: the first one for clients, in the order of the files' names,
         * that has SubjectName in its values as they are encoded, in any case of ASCII letters:
         * "O=n3, OU=n2, CN=n1" is "n3, n2, n1". The one that is found is kept by its hash. Errors:
         * as above; E_INVALIDARG (an empty subject). Page:
         * IBackgroundCopyJobHttpOptions::SetClientCertificateByName. */
        STDMETHOD(SetClientCertificateByName)(THIS_ BG_CERT_STORE_LOCATION StoreLocation,
                                              LPCWSTR StoreName, LPCWSTR SubjectName) PURE;

        /* S_FALSE: there was none. Errors: those of every call; E_ACCESSDENIED (not the owner; a
         * restricted caller); BG_E_INVALID_STATE (the job is completed or cancelled). Page:
         * IBackgroundCopyJobHttpOptions::RemoveClientCertificate. */
        STDMETHOD(RemoveClientCertificate)(THIS) PURE;

        /* The certificate: store, 20 bytes of hash, subject as above, which may be empty. The
         * caller frees the three with CoTaskMemFree. Errors: those of every call; E_ACCESSDENIED
         * (not the owner); HRESULT_FROM_WIN32(RPC_X_BAD_STUB_DATA) (none is set). Page:
         * IBackgroundCopyJobHttpOptions::GetClientCertificate. */
        STDMETHOD(GetClientCertificate)(THIS_ BG_CERT_STORE_LOCATION *pStoreLocation,
                                        LPWSTR *pStoreName, BYTE **ppCertHashBlob,
                                        LPWSTR *pSubjectName) PURE;

        /* Headers of every request, a line each, ended by CRLF or LF; NULL removes them, and what
         * was there before goes in every case. Kept encrypted. BITS looks at no syntax; here a line
         * is refused that would begin another request or contradict the service's own: one without
         * a name and a colon, that begins with a blank or has a control character, an empty line
         * among others, and Accept-Encoding, Connection, Content-Length, Expect, Host,
         * HTTP2-Settings, If-Range, Keep-Alive, Proxy-Connection, Range, TE, Trailer,
         * Transfer-Encoding, Upgrade. Errors: those of every call, but that NULL is none;
         * BG_E_STRING_TOO_LONG (more than 16,383 characters of UTF-16); E_INVALIDARG (a line that
         * is refused); E_ACCESSDENIED (not the owner; a restricted caller); BG_E_INVALID_STATE (the
         * job is completed or cancelled). Page: IBackgroundCopyJobHttpOptions::SetCustomHeaders. */
        STDMETHOD(SetCustomHeaders)(THIS_ LPCWSTR RequestHeaders) PURE;

        /* The headers, each with CRLF; S_FALSE and NULL when there are none. The caller frees them
         * with CoTaskMemFree. Errors: those of every call; E_ACCESSDENIED (not the owner; they are
         * write-only). Page: IBackgroundCopyJobHttpOptions::GetCustomHeaders. */
        STDMETHOD(GetCustomHeaders)(THIS_ LPWSTR *pRequestHeaders) PURE;

        /* BG_SSL_* and BG_HTTP_REDIRECT_POLICY_*, from the next connection on; 0 is the default.
         * With BG_SSL_ENABLE_CRL_CHECK, a file that is partly there begins anew. Errors: those of
         * every call; E_NOTIMPL (other bits); E_ACCESSDENIED (a restricted caller);
         * BG_E_INVALID_STATE (the job is completed or cancelled). Page:
         * IBackgroundCopyJobHttpOptions::SetSecurityFlags. */
        STDMETHOD(SetSecurityFlags)(THIS_ ULONG Flags) PURE;

        /* The flags. Errors: those of every call. Page:
         * IBackgroundCopyJobHttpOptions::GetSecurityFlags. */
        STDMETHOD(GetSecurityFlags)(THIS_ ULONG *pFlags) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyJobHttpOptions, IID_IBackgroundCopyJobHttpOptions)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyJobHttpOptions_QueryInterface(This, riid, ppvObject)                        \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IBackgroundCopyJobHttpOptions_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IBackgroundCopyJobHttpOptions_Release(This) ((This)->lpVtbl->Release(This))
#define IBackgroundCopyJobHttpOptions_SetClientCertificateByID(This, StoreLocation, StoreName,     \
                                                               pCertHashBlob)                      \
        ((This)->lpVtbl->SetClientCertificateByID((This), (StoreLocation), (StoreName),            \
                                                  (pCertHashBlob)))
#define IBackgroundCopyJobHttpOptions_SetClientCertificateByName(This, StoreLocation, StoreName,   \
                                                                 SubjectName)                      \
        ((This)->lpVtbl->SetClientCertificateByName((This), (StoreLocation), (StoreName),          \
                                                    (SubjectName)))
#define IBackgroundCopyJobHttpOptions_RemoveClientCertificate(This)                                \
        ((This)->lpVtbl->RemoveClientCertificate(This))
#define IBackgroundCopyJobHttpOptions_GetClientCertificate(This, pStoreLocation, pStoreName,       \
                                                           ppCertHashBlob, pSubjectName)           \
        ((This)->lpVtbl->GetClientCertificate((This), (pStoreLocation), (pStoreName),              \
                                              (ppCertHashBlob), (pSubjectName)))
#define IBackgroundCopyJobHttpOptions_SetCustomHeaders(This, RequestHeaders)                       \
        ((This)->lpVtbl->SetCustomHeaders((This), (RequestHeaders)))
#define IBackgroundCopyJobHttpOptions_GetCustomHeaders(This, pRequestHeaders)                      \
        ((This)->lpVtbl->GetCustomHeaders((This), (pRequestHeaders)))
#define IBackgroundCopyJobHttpOptions_SetSecurityFlags(This, Flags)                                \
        ((This)->lpVtbl->SetSecurityFlags((This), (Flags)))
#define IBackgroundCopyJobHttpOptions_GetSecurityFlags(This, pFlags)                               \
        ((This)->lpVtbl->GetSecurityFlags((This), (pFlags)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_HTTP_OPTIONS_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_HTTP_OPTIONS_METHODS                                                                  \
        BITS_UNKNOWN_METHODS                                                                       \
        STDMETHOD(SetClientCertificateByID)(THIS_ BG_CERT_STORE_LOCATION StoreLocation,            \
                                            LPCWSTR StoreName, BYTE *pCertHashBlob) PURE;          \
        STDMETHOD(SetClientCertificateByName)(THIS_ BG_CERT_STORE_LOCATION StoreLocation,          \
                                              LPCWSTR StoreName, LPCWSTR SubjectName) PURE;        \
        STDMETHOD(RemoveClientCertificate)(THIS) PURE;                                             \
        STDMETHOD(GetClientCertificate)(THIS_ BG_CERT_STORE_LOCATION *pStoreLocation,              \
                                        LPWSTR *pStoreName, BYTE **ppCertHashBlob,                 \
                                        LPWSTR *pSubjectName) PURE;                                \
        STDMETHOD(SetCustomHeaders)(THIS_ LPCWSTR RequestHeaders) PURE;                            \
        STDMETHOD(GetCustomHeaders)(THIS_ LPWSTR *pRequestHeaders) PURE;                           \
        STDMETHOD(SetSecurityFlags)(THIS_ ULONG Flags) PURE;                                       \
        STDMETHOD(GetSecurityFlags)(THIS_ ULONG *pFlags) PURE;
/* clang-format on */
#endif

#endif
