/*
 * bits1_5.h: what BITS 1.5 added: a command line that is run when a job is done or fails,
 * credentials, and the replies of uploads. Included by bits.h; what is said there of every call
 * holds here.
 */
#include <bits.h> /* which includes this one when its turn has come */

#ifndef BITS_BITS1_5_H
#define BITS_BITS1_5_H

EXTERN_C const CLSID CLSID_BackgroundCopyManager1_5;
EXTERN_C const IID IID_IBackgroundCopyJob2;

typedef struct IBackgroundCopyJob2 IBackgroundCopyJob2;

#ifdef __cplusplus
class BackgroundCopyManager1_5;
BITS_UUID(BackgroundCopyManager1_5, CLSID_BackgroundCopyManager1_5)
#endif

/* Page: BG_AUTH_TARGET enumeration (bits1_5.h). */
typedef enum {
        BG_AUTH_TARGET_SERVER = 1,
        BG_AUTH_TARGET_PROXY = 2,
} BG_AUTH_TARGET;

/* Page: BG_AUTH_SCHEME enumeration (bits1_5.h). */
typedef enum {
        BG_AUTH_SCHEME_BASIC = 1,
        BG_AUTH_SCHEME_DIGEST = 2,
        BG_AUTH_SCHEME_NTLM = 3,
        BG_AUTH_SCHEME_NEGOTIATE = 4,
        BG_AUTH_SCHEME_PASSPORT = 5,
} BG_AUTH_SCHEME;

/* Page: BG_BASIC_CREDENTIALS structure (bits1_5.h). */
typedef struct {
        LPWSTR UserName; /* at most 300 characters */
        LPWSTR Password; /* at most 65,536; the caller wipes it after the call */
} BG_BASIC_CREDENTIALS;

/* Page: BG_AUTH_CREDENTIALS_UNION union (bits1_5.h). */
typedef union {
        BG_BASIC_CREDENTIALS Basic;
} BG_AUTH_CREDENTIALS_UNION;

/* Page: BG_AUTH_CREDENTIALS structure (bits1_5.h). */
typedef struct {
        BG_AUTH_TARGET Target;
        BG_AUTH_SCHEME Scheme;
        BG_AUTH_CREDENTIALS_UNION Credentials;
} BG_AUTH_CREDENTIALS;

/* Page: BG_JOB_REPLY_PROGRESS structure (bits1_5.h). */
typedef struct _BG_JOB_REPLY_PROGRESS {
        UINT64 BytesTotal; /* BG_SIZE_UNKNOWN until the reply begins */
        UINT64 BytesTransferred;
} BG_JOB_REPLY_PROGRESS;

/* A job with the methods of BITS 1.5. Got by QueryInterface on a job; the pointer is the job's
 * own, so that it serves as any older one too. Page: IBackgroundCopyJob2 interface (bits1_5.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyJob2
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyJob2, IBackgroundCopyJob)
{
        BITS_JOB_METHODS

        /* The program that is run when the job is TRANSFERRED or in ERROR (SetNotifyFlags says
         * which), as the user who calls this, without a shell; stored with the job. It finds the
         * job's id in BITS_JOB_ID, and may complete or change that job. Program: a full path, not
         * looked up; nothing in it is expanded.
         * Parameters: at most 4,000 characters, of which the first word is Program again; or
         * NULL. Both NULL: none any more. Also run for what happened before. Errors: those of
         * every call; E_INVALIDARG (also: Parameters without Program, or with another first
         * word; not a full path); BG_E_STRING_TOO_LONG; BG_E_INVALID_STATE (the job is completed
         * or cancelled); E_ACCESSDENIED (a restricted caller; or NotifyCommands= in bitsd.conf
         * allows him none: by default only administrators have one, which BITS does not know).
         * Page: IBackgroundCopyJob2::SetNotifyCmdLine. */
        STDMETHOD(SetNotifyCmdLine)(THIS_ LPCWSTR Program, LPCWSTR Parameters) PURE;

        /* Empty texts where nothing is set. The caller frees both with CoTaskMemFree. Errors:
         * those of every call. Page: IBackgroundCopyJob2::GetNotifyCmdLine. */
        STDMETHOD(GetNotifyCmdLine)(THIS_ LPWSTR *pProgram, LPWSTR *pParameters) PURE;

        /* How far the reply is. Errors: those of every call; E_NOTIMPL (not an upload-reply job;
         * the service has none yet). Page: IBackgroundCopyJob2::GetReplyProgress. */
        STDMETHOD(GetReplyProgress)(THIS_ BG_JOB_REPLY_PROGRESS *pProgress) PURE;

        /* The reply itself. The caller frees it with CoTaskMemFree. Errors: those of every call;
         * E_NOTIMPL (not an upload-reply job; the service has none yet). Page:
         * IBackgroundCopyJob2::GetReplyData. */
        STDMETHOD(GetReplyData)(THIS_ BYTE **ppBuffer, UINT64 *pLength) PURE;

        /* Where the reply goes; NULL is allowed. Errors: those of every call; E_NOTIMPL (not an
         * upload-reply job; the service has none yet). Page:
         * IBackgroundCopyJob2::SetReplyFileName. */
        STDMETHOD(SetReplyFileName)(THIS_ LPCWSTR ReplyFileName) PURE;

        /* Where the reply goes. The caller frees it with CoTaskMemFree. Errors: those of every
         * call; E_NOTIMPL (not an upload-reply job; the service has none yet). Page:
         * IBackgroundCopyJob2::GetReplyFileName. */
        STDMETHOD(GetReplyFileName)(THIS_ LPWSTR *pReplyFileName) PURE;

        /* Served from the version that authenticates on: until then arguments are checked, and
         * credentials that are good are refused, so that no password is kept which nothing would
         * use. BASIC, DIGEST and PASSPORT need a user and a password, NTLM and NEGOTIATE both or
         * neither. Errors: those of every call; BG_E_INVALID_AUTH_TARGET;
         * BG_E_INVALID_AUTH_SCHEME; E_INVALIDARG (also: a user or a password is missing);
         * BG_E_USERNAME_TOO_LARGE; BG_E_PASSWORD_TOO_LARGE; E_NOTIMPL (all is well, but not
         * served yet). Page: IBackgroundCopyJob2::SetCredentials. */
        STDMETHOD(SetCredentials)(THIS_ BG_AUTH_CREDENTIALS *credentials) PURE;

        /* As SetCredentials, which it undoes. Errors: those of every call;
         * BG_E_INVALID_AUTH_TARGET; BG_E_INVALID_AUTH_SCHEME; E_NOTIMPL. Page:
         * IBackgroundCopyJob2::RemoveCredentials. */
        STDMETHOD(RemoveCredentials)(THIS_ BG_AUTH_TARGET Target, BG_AUTH_SCHEME Scheme) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyJob2, IID_IBackgroundCopyJob2)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyJob2_QueryInterface       IBackgroundCopyJob_QueryInterface
#define IBackgroundCopyJob2_AddRef               IBackgroundCopyJob_AddRef
#define IBackgroundCopyJob2_Release              IBackgroundCopyJob_Release
#define IBackgroundCopyJob2_AddFileSet           IBackgroundCopyJob_AddFileSet
#define IBackgroundCopyJob2_AddFile              IBackgroundCopyJob_AddFile
#define IBackgroundCopyJob2_EnumFiles            IBackgroundCopyJob_EnumFiles
#define IBackgroundCopyJob2_Suspend              IBackgroundCopyJob_Suspend
#define IBackgroundCopyJob2_Resume               IBackgroundCopyJob_Resume
#define IBackgroundCopyJob2_Cancel               IBackgroundCopyJob_Cancel
#define IBackgroundCopyJob2_Complete             IBackgroundCopyJob_Complete
#define IBackgroundCopyJob2_GetId                IBackgroundCopyJob_GetId
#define IBackgroundCopyJob2_GetType              IBackgroundCopyJob_GetType
#define IBackgroundCopyJob2_GetProgress          IBackgroundCopyJob_GetProgress
#define IBackgroundCopyJob2_GetTimes             IBackgroundCopyJob_GetTimes
#define IBackgroundCopyJob2_GetState             IBackgroundCopyJob_GetState
#define IBackgroundCopyJob2_GetError             IBackgroundCopyJob_GetError
#define IBackgroundCopyJob2_GetOwner             IBackgroundCopyJob_GetOwner
#define IBackgroundCopyJob2_SetDisplayName       IBackgroundCopyJob_SetDisplayName
#define IBackgroundCopyJob2_GetDisplayName       IBackgroundCopyJob_GetDisplayName
#define IBackgroundCopyJob2_SetDescription       IBackgroundCopyJob_SetDescription
#define IBackgroundCopyJob2_GetDescription       IBackgroundCopyJob_GetDescription
#define IBackgroundCopyJob2_SetPriority          IBackgroundCopyJob_SetPriority
#define IBackgroundCopyJob2_GetPriority          IBackgroundCopyJob_GetPriority
#define IBackgroundCopyJob2_SetNotifyFlags       IBackgroundCopyJob_SetNotifyFlags
#define IBackgroundCopyJob2_GetNotifyFlags       IBackgroundCopyJob_GetNotifyFlags
#define IBackgroundCopyJob2_SetNotifyInterface   IBackgroundCopyJob_SetNotifyInterface
#define IBackgroundCopyJob2_GetNotifyInterface   IBackgroundCopyJob_GetNotifyInterface
#define IBackgroundCopyJob2_SetMinimumRetryDelay IBackgroundCopyJob_SetMinimumRetryDelay
#define IBackgroundCopyJob2_GetMinimumRetryDelay IBackgroundCopyJob_GetMinimumRetryDelay
#define IBackgroundCopyJob2_SetNoProgressTimeout IBackgroundCopyJob_SetNoProgressTimeout
#define IBackgroundCopyJob2_GetNoProgressTimeout IBackgroundCopyJob_GetNoProgressTimeout
#define IBackgroundCopyJob2_GetErrorCount        IBackgroundCopyJob_GetErrorCount
#define IBackgroundCopyJob2_SetProxySettings     IBackgroundCopyJob_SetProxySettings
#define IBackgroundCopyJob2_GetProxySettings     IBackgroundCopyJob_GetProxySettings
#define IBackgroundCopyJob2_TakeOwnership        IBackgroundCopyJob_TakeOwnership
#define IBackgroundCopyJob2_SetNotifyCmdLine(This, Program, Parameters)                            \
        ((This)->lpVtbl->SetNotifyCmdLine((This), (Program), (Parameters)))
#define IBackgroundCopyJob2_GetNotifyCmdLine(This, pProgram, pParameters)                          \
        ((This)->lpVtbl->GetNotifyCmdLine((This), (pProgram), (pParameters)))
#define IBackgroundCopyJob2_GetReplyProgress(This, pProgress)                                      \
        ((This)->lpVtbl->GetReplyProgress((This), (pProgress)))
#define IBackgroundCopyJob2_GetReplyData(This, ppBuffer, pLength)                                  \
        ((This)->lpVtbl->GetReplyData((This), (ppBuffer), (pLength)))
#define IBackgroundCopyJob2_SetReplyFileName(This, ReplyFileName)                                  \
        ((This)->lpVtbl->SetReplyFileName((This), (ReplyFileName)))
#define IBackgroundCopyJob2_GetReplyFileName(This, pReplyFileName)                                 \
        ((This)->lpVtbl->GetReplyFileName((This), (pReplyFileName)))
#define IBackgroundCopyJob2_SetCredentials(This, credentials)                                      \
        ((This)->lpVtbl->SetCredentials((This), (credentials)))
#define IBackgroundCopyJob2_RemoveCredentials(This, Target, Scheme)                                \
        ((This)->lpVtbl->RemoveCredentials((This), (Target), (Scheme)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_JOB2_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_JOB2_METHODS                                                                          \
        BITS_JOB_METHODS                                                                           \
        STDMETHOD(SetNotifyCmdLine)(THIS_ LPCWSTR Program, LPCWSTR Parameters) PURE;               \
        STDMETHOD(GetNotifyCmdLine)(THIS_ LPWSTR *pProgram, LPWSTR *pParameters) PURE;             \
        STDMETHOD(GetReplyProgress)(THIS_ BG_JOB_REPLY_PROGRESS *pProgress) PURE;                  \
        STDMETHOD(GetReplyData)(THIS_ BYTE **ppBuffer, UINT64 *pLength) PURE;                      \
        STDMETHOD(SetReplyFileName)(THIS_ LPCWSTR ReplyFileName) PURE;                             \
        STDMETHOD(GetReplyFileName)(THIS_ LPWSTR *pReplyFileName) PURE;                            \
        STDMETHOD(SetCredentials)(THIS_ BG_AUTH_CREDENTIALS *credentials) PURE;                    \
        STDMETHOD(RemoveCredentials)(THIS_ BG_AUTH_TARGET Target, BG_AUTH_SCHEME Scheme) PURE;
/* clang-format on */
#endif

#endif
