/*
 * bits10_3.h: what BITS 10.3 added: the client's own judgement of a server's certificate, and
 * headers that nobody reads back. Included by bits.h; what is said there of every call holds here,
 * but that NULL is HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER). The newest of BITS' interfaces end
 * here.
 */
#include <bits.h> /* which includes this one when its turn has come */

#ifndef BITS_BITS10_3_H
#define BITS_BITS10_3_H

EXTERN_C const CLSID CLSID_BackgroundCopyManager10_3;
EXTERN_C const IID IID_IBackgroundCopyJobHttpOptions3,
        IID_IBackgroundCopyServerCertificateValidationCallback;

typedef struct IBackgroundCopyJobHttpOptions3 IBackgroundCopyJobHttpOptions3;
typedef struct IBackgroundCopyServerCertificateValidationCallback
        IBackgroundCopyServerCertificateValidationCallback;

#ifdef __cplusplus
class BackgroundCopyManager10_3;
BITS_UUID(BackgroundCopyManager10_3, CLSID_BackgroundCopyManager10_3)
#endif

/* HTTP options with all methods; the newest of its interfaces. Got by QueryInterface on a job.
 * Page: IBackgroundCopyJobHttpOptions3 interface (bits10_3.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyJobHttpOptions3
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyJobHttpOptions3, IBackgroundCopyJobHttpOptions2)
{
        BITS_HTTP_OPTIONS2_METHODS

        /* The object that is asked about servers' certificates, queried for
         * IBackgroundCopyServerCertificateValidationCallback; NULL: nobody. It is called in the
         * apartment of the thread that sets it. The last caller's counts, and what was accepted
         * before is forgotten. It does not outlive this process or the service, but that somebody
         * is to be asked does: then the job goes to ERROR with
         * BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED, until it is set again and the job
         * resumed. Errors: those of every call, but that NULL is none; E_NOINTERFACE;
         * CO_E_NOTINITIALIZED; BG_E_READ_ONLY_WHEN_JOB_ACTIVE (neither SUSPENDED nor ERROR nor
         * TRANSFERRED); E_ACCESSDENIED (a restricted caller); BG_E_INVALID_STATE (the job is
         * completed or cancelled). Page:
         * IBackgroundCopyJobHttpOptions3::SetServerCertificateValidationInterface. */
        STDMETHOD(SetServerCertificateValidationInterface)(THIS_ IUnknown *certValidationCallback)
                PURE;

        /* From now on, for good, nobody reads the custom headers back; they can be replaced.
         * Errors: those of every call; E_ACCESSDENIED (not the owner; a restricted caller). Page:
         * IBackgroundCopyJobHttpOptions3::MakeCustomHeadersWriteOnly. */
        STDMETHOD(MakeCustomHeadersWriteOnly)(THIS) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyJobHttpOptions3, IID_IBackgroundCopyJobHttpOptions3)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyJobHttpOptions3_QueryInterface IBackgroundCopyJobHttpOptions_QueryInterface
#define IBackgroundCopyJobHttpOptions3_AddRef         IBackgroundCopyJobHttpOptions_AddRef
#define IBackgroundCopyJobHttpOptions3_Release        IBackgroundCopyJobHttpOptions_Release
#define IBackgroundCopyJobHttpOptions3_SetClientCertificateByID                                    \
        IBackgroundCopyJobHttpOptions_SetClientCertificateByID
#define IBackgroundCopyJobHttpOptions3_SetClientCertificateByName                                  \
        IBackgroundCopyJobHttpOptions_SetClientCertificateByName
#define IBackgroundCopyJobHttpOptions3_RemoveClientCertificate                                     \
        IBackgroundCopyJobHttpOptions_RemoveClientCertificate
#define IBackgroundCopyJobHttpOptions3_GetClientCertificate                                        \
        IBackgroundCopyJobHttpOptions_GetClientCertificate
#define IBackgroundCopyJobHttpOptions3_SetCustomHeaders                                            \
        IBackgroundCopyJobHttpOptions_SetCustomHeaders
#define IBackgroundCopyJobHttpOptions3_GetCustomHeaders                                            \
        IBackgroundCopyJobHttpOptions_GetCustomHeaders
#define IBackgroundCopyJobHttpOptions3_SetSecurityFlags                                            \
        IBackgroundCopyJobHttpOptions_SetSecurityFlags
#define IBackgroundCopyJobHttpOptions3_GetSecurityFlags                                            \
        IBackgroundCopyJobHttpOptions_GetSecurityFlags
#define IBackgroundCopyJobHttpOptions3_SetHttpMethod IBackgroundCopyJobHttpOptions2_SetHttpMethod
#define IBackgroundCopyJobHttpOptions3_GetHttpMethod IBackgroundCopyJobHttpOptions2_GetHttpMethod
#define IBackgroundCopyJobHttpOptions3_SetServerCertificateValidationInterface(                    \
        This, certValidationCallback)                                                              \
        ((This)->lpVtbl->SetServerCertificateValidationInterface((This), (certValidationCallback)))
#define IBackgroundCopyJobHttpOptions3_MakeCustomHeadersWriteOnly(This)                            \
        ((This)->lpVtbl->MakeCustomHeadersWriteOnly(This))
#endif

/* The client's judge of servers' certificates. Page:
 * IBackgroundCopyServerCertificateValidationCallback interface (bits10_3.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyServerCertificateValidationCallback
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyServerCertificateValidationCallback, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* The system's validation, as the security flags have it, has accepted a server's
         * certificate, and no request was sent to it yet. Success: it is trusted, and the same
         * certificate of that server and port is not asked about again. Failure: the job goes to
         * TRANSIENT_ERROR with this code and BG_ERROR_CONTEXT_SERVER_CERTIFICATE_CALLBACK, and the
         * next try asks again. certData is its DER, certEncodingType 1 (X509_ASN_ENCODING), and
         * certStoreData the DER of its chain's certificates end to end, where Windows has a
         * serialized store. All arguments are valid during the call; no answer within five minutes
         * is a failure. Page:
         * IBackgroundCopyServerCertificateValidationCallback::ValidateServerCertificate. */
        STDMETHOD(ValidateServerCertificate)(THIS_ IBackgroundCopyJob *job,
                                             IBackgroundCopyFile *file, DWORD certLength,
                                             const BYTE certData[], DWORD certEncodingType,
                                             DWORD certStoreLength,
                                             const BYTE certStoreData[]) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyServerCertificateValidationCallback,
          IID_IBackgroundCopyServerCertificateValidationCallback)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyServerCertificateValidationCallback_QueryInterface(This, riid, ppvObject)   \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IBackgroundCopyServerCertificateValidationCallback_AddRef(This)                            \
        ((This)->lpVtbl->AddRef(This))
#define IBackgroundCopyServerCertificateValidationCallback_Release(This)                           \
        ((This)->lpVtbl->Release(This))
#define IBackgroundCopyServerCertificateValidationCallback_ValidateServerCertificate(              \
        This, job, file, certLength, certData, certEncodingType, certStoreLength, certStoreData)   \
        ((This)->lpVtbl->ValidateServerCertificate((This), (job), (file), (certLength),            \
                                                   (certData), (certEncodingType),                 \
                                                   (certStoreLength), (certStoreData)))
#endif

#endif
