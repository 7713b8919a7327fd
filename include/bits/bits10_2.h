/*
 * bits10_2.h: what BITS 10.2 added: a job's own request method. Included by bits.h; what is said
 * there of every call holds here, but that NULL is HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER).
 */
#include <bits.h> /* which includes this one when its turn has come */

#ifndef BITS_BITS10_2_H
#define BITS_BITS10_2_H

EXTERN_C const CLSID CLSID_BackgroundCopyManager10_2;
EXTERN_C const IID IID_IBackgroundCopyJobHttpOptions2;

typedef struct IBackgroundCopyJobHttpOptions2 IBackgroundCopyJobHttpOptions2;

#ifdef __cplusplus
class BackgroundCopyManager10_2;
BITS_UUID(BackgroundCopyManager10_2, CLSID_BackgroundCopyManager10_2)
#endif

/* HTTP options with the method of the request. Got by QueryInterface on a job. Page:
 * IBackgroundCopyJobHttpOptions2 interface (bits10_2.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyJobHttpOptions2
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyJobHttpOptions2, IBackgroundCopyJobHttpOptions)
{
        BITS_HTTP_OPTIONS_METHODS

        /* The method of the request, before the first Resume; "GET" is the default and changes
         * nothing. With another one the job's priority is BG_JOB_PRIORITY_FOREGROUND for good, a
         * request is sent once between two calls of Resume whatever becomes of it, errors that are
         * tried again otherwise lead to ERROR, and Resume begins the file anew. Errors: those of
         * every call; E_INVALIDARG (no token of at most 63 characters; CONNECT, HEAD and TRACE,
         * whose answers are no files); BG_E_READ_ONLY_PROPERTY_AFTER_RESUME;
         * BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD (the job has dynamic content, on-demand mode
         * or ranges; and these, and another priority, when a method is set); E_ACCESSDENIED (a
         * restricted caller); BG_E_INVALID_STATE (the job is completed or cancelled). Page:
         * IBackgroundCopyJobHttpOptions2::SetHttpMethod. */
        STDMETHOD(SetHttpMethod)(THIS_ LPCWSTR method) PURE;

        /* The method. The caller frees it with CoTaskMemFree. Errors: those of every call. Page:
         * IBackgroundCopyJobHttpOptions2::GetHttpMethod. */
        STDMETHOD(GetHttpMethod)(THIS_ LPWSTR *method) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyJobHttpOptions2, IID_IBackgroundCopyJobHttpOptions2)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyJobHttpOptions2_QueryInterface IBackgroundCopyJobHttpOptions_QueryInterface
#define IBackgroundCopyJobHttpOptions2_AddRef         IBackgroundCopyJobHttpOptions_AddRef
#define IBackgroundCopyJobHttpOptions2_Release        IBackgroundCopyJobHttpOptions_Release
#define IBackgroundCopyJobHttpOptions2_SetClientCertificateByID                                    \
        IBackgroundCopyJobHttpOptions_SetClientCertificateByID
#define IBackgroundCopyJobHttpOptions2_SetClientCertificateByName                                  \
        IBackgroundCopyJobHttpOptions_SetClientCertificateByName
#define IBackgroundCopyJobHttpOptions2_RemoveClientCertificate                                     \
        IBackgroundCopyJobHttpOptions_RemoveClientCertificate
#define IBackgroundCopyJobHttpOptions2_GetClientCertificate                                        \
        IBackgroundCopyJobHttpOptions_GetClientCertificate
#define IBackgroundCopyJobHttpOptions2_SetCustomHeaders                                            \
        IBackgroundCopyJobHttpOptions_SetCustomHeaders
#define IBackgroundCopyJobHttpOptions2_GetCustomHeaders                                            \
        IBackgroundCopyJobHttpOptions_GetCustomHeaders
#define IBackgroundCopyJobHttpOptions2_SetSecurityFlags                                            \
        IBackgroundCopyJobHttpOptions_SetSecurityFlags
#define IBackgroundCopyJobHttpOptions2_GetSecurityFlags                                            \
        IBackgroundCopyJobHttpOptions_GetSecurityFlags
#define IBackgroundCopyJobHttpOptions2_SetHttpMethod(This, method)                                 \
        ((This)->lpVtbl->SetHttpMethod((This), (method)))
#define IBackgroundCopyJobHttpOptions2_GetHttpMethod(This, method)                                 \
        ((This)->lpVtbl->GetHttpMethod((This), (method)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_HTTP_OPTIONS2_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_HTTP_OPTIONS2_METHODS                                                                 \
        BITS_HTTP_OPTIONS_METHODS                                                                  \
        STDMETHOD(SetHttpMethod)(THIS_ LPCWSTR method) PURE;                                       \
        STDMETHOD(GetHttpMethod)(THIS_ LPWSTR *method) PURE;
/* clang-format on */
#endif

#endif
