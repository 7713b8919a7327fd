/*
 * bits3_0.h: what BITS 3.0 added: the notification of each file, temporary names, validation,
 * the limit of the time spent. Included by bits.h; what is said there of every call holds here,
 * but that NULL is HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER), as from BITS 2.5 on.
 * IBitsPeerCacheAdministration and what belongs to it is not served, since the cache it is for
 * is gone from BITS 4.0 on: a QueryInterface for it answers E_NOINTERFACE, so it is not
 * declared. So is bits2_5.h, IBackgroundCopyJobHttpOptions: its class BackgroundCopyManager2_5
 * is not registered either.
 */
#include <bits.h> /* which includes this one when its turn has come */

#ifndef BITS_BITS3_0_H
#define BITS_BITS3_0_H

EXTERN_C const CLSID CLSID_BackgroundCopyManager3_0;
EXTERN_C const IID IID_IBackgroundCopyJob4, IID_IBackgroundCopyFile3, IID_IBackgroundCopyCallback2;

typedef struct IBackgroundCopyJob4 IBackgroundCopyJob4;
typedef struct IBackgroundCopyFile3 IBackgroundCopyFile3;
typedef struct IBackgroundCopyCallback2 IBackgroundCopyCallback2;

#ifdef __cplusplus
class BackgroundCopyManager3_0;
BITS_UUID(BackgroundCopyManager3_0, CLSID_BackgroundCopyManager3_0)
#endif

/* IBackgroundCopyJob::SetNotifyFlags: each file of a download (IBackgroundCopyCallback2). */
#define BG_NOTIFY_FILE_TRANSFERRED 0x0010u

/* IBackgroundCopyJob4::SetPeerCachingFlags */
#define BG_JOB_ENABLE_PEERCACHING_CLIENT 0x0001u
#define BG_JOB_ENABLE_PEERCACHING_SERVER 0x0002u
#define BG_JOB_DISABLE_BRANCH_CACHE      0x0004u

/* A job with the methods of BITS 3.0 and before. Got by QueryInterface on a job. Page:
 * IBackgroundCopyJob4 interface (bits3_0.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyJob4
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyJob4, IBackgroundCopyJob3)
{
        BITS_JOB3_METHODS

        /* Whether the job's files may come from and go to other machines: BG_JOB_* bits, at
         * first 0. Stored; there are no peers, as from BITS 4.0 on. Errors: those of every call;
         * E_NOTIMPL (unknown bits); BG_E_INVALID_STATE (the job is completed or cancelled);
         * E_ACCESSDENIED (a restricted caller). Page: IBackgroundCopyJob4::SetPeerCachingFlags. */
        STDMETHOD(SetPeerCachingFlags)(THIS_ DWORD Flags) PURE;

        /* The bits. Errors: those of every call. Page: IBackgroundCopyJob4::GetPeerCachingFlags. */
        STDMETHOD(GetPeerCachingFlags)(THIS_ DWORD *pFlags) PURE;

        /* Of the owner when he made the job or took it over: 0x2000; 0x3000 if he was an
         * administrator, 0x4000 if he was root. Errors: those of every call. Page:
         * IBackgroundCopyJob4::GetOwnerIntegrityLevel. */
        STDMETHOD(GetOwnerIntegrityLevel)(THIS_ ULONG *pLevel) PURE;

        /* Whether the owner was an administrator when he made the job or took it over. Errors:
         * those of every call. Page: IBackgroundCopyJob4::GetOwnerElevationState. */
        STDMETHOD(GetOwnerElevationState)(THIS_ BOOL *pElevated) PURE;

        /* Seconds that the job may spend CONNECTING and TRANSFERRING, counted from the last
         * Resume on; at first what the configuration says, 7,776,000 by default. Then: ERROR
         * with BG_E_MAXDOWNLOAD_TIMEOUT. Errors: those of every call; BG_E_INVALID_STATE (the
         * job is completed or cancelled); E_ACCESSDENIED (a restricted caller). Page:
         * IBackgroundCopyJob4::SetMaximumDownloadTime. */
        STDMETHOD(SetMaximumDownloadTime)(THIS_ ULONG Timeout) PURE;

        /* Seconds. Errors: those of every call. Page:
         * IBackgroundCopyJob4::GetMaximumDownloadTime. */
        STDMETHOD(GetMaximumDownloadTime)(THIS_ ULONG *pTimeout) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyJob4, IID_IBackgroundCopyJob4)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyJob4_QueryInterface       IBackgroundCopyJob_QueryInterface
#define IBackgroundCopyJob4_AddRef               IBackgroundCopyJob_AddRef
#define IBackgroundCopyJob4_Release              IBackgroundCopyJob_Release
#define IBackgroundCopyJob4_AddFileSet           IBackgroundCopyJob_AddFileSet
#define IBackgroundCopyJob4_AddFile              IBackgroundCopyJob_AddFile
#define IBackgroundCopyJob4_EnumFiles            IBackgroundCopyJob_EnumFiles
#define IBackgroundCopyJob4_Suspend              IBackgroundCopyJob_Suspend
#define IBackgroundCopyJob4_Resume               IBackgroundCopyJob_Resume
#define IBackgroundCopyJob4_Cancel               IBackgroundCopyJob_Cancel
#define IBackgroundCopyJob4_Complete             IBackgroundCopyJob_Complete
#define IBackgroundCopyJob4_GetId                IBackgroundCopyJob_GetId
#define IBackgroundCopyJob4_GetType              IBackgroundCopyJob_GetType
#define IBackgroundCopyJob4_GetProgress          IBackgroundCopyJob_GetProgress
#define IBackgroundCopyJob4_GetTimes             IBackgroundCopyJob_GetTimes
#define IBackgroundCopyJob4_GetState             IBackgroundCopyJob_GetState
#define IBackgroundCopyJob4_GetError             IBackgroundCopyJob_GetError
#define IBackgroundCopyJob4_GetOwner             IBackgroundCopyJob_GetOwner
#define IBackgroundCopyJob4_SetDisplayName       IBackgroundCopyJob_SetDisplayName
#define IBackgroundCopyJob4_GetDisplayName       IBackgroundCopyJob_GetDisplayName
#define IBackgroundCopyJob4_SetDescription       IBackgroundCopyJob_SetDescription
#define IBackgroundCopyJob4_GetDescription       IBackgroundCopyJob_GetDescription
#define IBackgroundCopyJob4_SetPriority          IBackgroundCopyJob_SetPriority
#define IBackgroundCopyJob4_GetPriority          IBackgroundCopyJob_GetPriority
#define IBackgroundCopyJob4_SetNotifyFlags       IBackgroundCopyJob_SetNotifyFlags
#define IBackgroundCopyJob4_GetNotifyFlags       IBackgroundCopyJob_GetNotifyFlags
#define IBackgroundCopyJob4_SetNotifyInterface   IBackgroundCopyJob_SetNotifyInterface
#define IBackgroundCopyJob4_GetNotifyInterface   IBackgroundCopyJob_GetNotifyInterface
#define IBackgroundCopyJob4_SetMinimumRetryDelay IBackgroundCopyJob_SetMinimumRetryDelay
#define IBackgroundCopyJob4_GetMinimumRetryDelay IBackgroundCopyJob_GetMinimumRetryDelay
#define IBackgroundCopyJob4_SetNoProgressTimeout IBackgroundCopyJob_SetNoProgressTimeout
#define IBackgroundCopyJob4_GetNoProgressTimeout IBackgroundCopyJob_GetNoProgressTimeout
#define IBackgroundCopyJob4_GetErrorCount        IBackgroundCopyJob_GetErrorCount
#define IBackgroundCopyJob4_SetProxySettings     IBackgroundCopyJob_SetProxySettings
#define IBackgroundCopyJob4_GetProxySettings     IBackgroundCopyJob_GetProxySettings
#define IBackgroundCopyJob4_TakeOwnership        IBackgroundCopyJob_TakeOwnership
#define IBackgroundCopyJob4_SetNotifyCmdLine     IBackgroundCopyJob2_SetNotifyCmdLine
#define IBackgroundCopyJob4_GetNotifyCmdLine     IBackgroundCopyJob2_GetNotifyCmdLine
#define IBackgroundCopyJob4_GetReplyProgress     IBackgroundCopyJob2_GetReplyProgress
#define IBackgroundCopyJob4_GetReplyData         IBackgroundCopyJob2_GetReplyData
#define IBackgroundCopyJob4_SetReplyFileName     IBackgroundCopyJob2_SetReplyFileName
#define IBackgroundCopyJob4_GetReplyFileName     IBackgroundCopyJob2_GetReplyFileName
#define IBackgroundCopyJob4_SetCredentials       IBackgroundCopyJob2_SetCredentials
#define IBackgroundCopyJob4_RemoveCredentials    IBackgroundCopyJob2_RemoveCredentials
#define IBackgroundCopyJob4_ReplaceRemotePrefix  IBackgroundCopyJob3_ReplaceRemotePrefix
#define IBackgroundCopyJob4_AddFileWithRanges    IBackgroundCopyJob3_AddFileWithRanges
#define IBackgroundCopyJob4_SetFileACLFlags      IBackgroundCopyJob3_SetFileACLFlags
#define IBackgroundCopyJob4_GetFileACLFlags      IBackgroundCopyJob3_GetFileACLFlags
#define IBackgroundCopyJob4_SetPeerCachingFlags(This, Flags)                                       \
        ((This)->lpVtbl->SetPeerCachingFlags((This), (Flags)))
#define IBackgroundCopyJob4_GetPeerCachingFlags(This, pFlags)                                      \
        ((This)->lpVtbl->GetPeerCachingFlags((This), (pFlags)))
#define IBackgroundCopyJob4_GetOwnerIntegrityLevel(This, pLevel)                                   \
        ((This)->lpVtbl->GetOwnerIntegrityLevel((This), (pLevel)))
#define IBackgroundCopyJob4_GetOwnerElevationState(This, pElevated)                                \
        ((This)->lpVtbl->GetOwnerElevationState((This), (pElevated)))
#define IBackgroundCopyJob4_SetMaximumDownloadTime(This, Timeout)                                  \
        ((This)->lpVtbl->SetMaximumDownloadTime((This), (Timeout)))
#define IBackgroundCopyJob4_GetMaximumDownloadTime(This, pTimeout)                                 \
        ((This)->lpVtbl->GetMaximumDownloadTime((This), (pTimeout)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_JOB4_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_JOB4_METHODS                                                                          \
        BITS_JOB3_METHODS                                                                          \
        STDMETHOD(SetPeerCachingFlags)(THIS_ DWORD Flags) PURE;                                    \
        STDMETHOD(GetPeerCachingFlags)(THIS_ DWORD *pFlags) PURE;                                  \
        STDMETHOD(GetOwnerIntegrityLevel)(THIS_ ULONG *pLevel) PURE;                               \
        STDMETHOD(GetOwnerElevationState)(THIS_ BOOL *pElevated) PURE;                             \
        STDMETHOD(SetMaximumDownloadTime)(THIS_ ULONG Timeout) PURE;                               \
        STDMETHOD(GetMaximumDownloadTime)(THIS_ ULONG *pTimeout) PURE;
/* clang-format on */
#endif

/* A file with the methods of BITS 3.0 and before. Got by QueryInterface on a file. Page:
 * IBackgroundCopyFile3 interface (bits3_0.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyFile3
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyFile3, IBackgroundCopyFile2)
{
        BITS_FILE2_METHODS

        /* Where the file is until Complete, which may be read while it grows; empty until the
         * transfer has begun, and when there is none any more. The caller frees it with
         * CoTaskMemFree. Errors: those of every call. Page:
         * IBackgroundCopyFile3::GetTemporaryName. */
        STDMETHOD(GetTemporaryName)(THIS_ LPWSTR *pFilename) PURE;

        /* The caller's verdict on a file that is whole. FALSE: it is dropped, its progress is 0,
         * and the job goes to ERROR with BG_E_VALIDATION_FAILED; Resume fetches it again.
         * Complete implies TRUE. Errors: those of every call; E_PENDING (the file is not whole);
         * BG_E_INVALID_STATE (the job is completed or cancelled); E_ACCESSDENIED (a restricted
         * caller). Page: IBackgroundCopyFile3::SetValidationState. */
        STDMETHOD(SetValidationState)(THIS_ BOOL state) PURE;

        /* The verdict; FALSE also before any. Errors: those of every call. Page:
         * IBackgroundCopyFile3::GetValidationState. */
        STDMETHOD(GetValidationState)(THIS_ BOOL *pState) PURE;

        /* Whether a part of it came from a peer: FALSE, there are none. Errors: those of every
         * call. Page: IBackgroundCopyFile3::IsDownloadedFromPeer. */
        STDMETHOD(IsDownloadedFromPeer)(THIS_ BOOL *pVal) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyFile3, IID_IBackgroundCopyFile3)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyFile3_QueryInterface IBackgroundCopyFile_QueryInterface
#define IBackgroundCopyFile3_AddRef         IBackgroundCopyFile_AddRef
#define IBackgroundCopyFile3_Release        IBackgroundCopyFile_Release
#define IBackgroundCopyFile3_GetRemoteName  IBackgroundCopyFile_GetRemoteName
#define IBackgroundCopyFile3_GetLocalName   IBackgroundCopyFile_GetLocalName
#define IBackgroundCopyFile3_GetProgress    IBackgroundCopyFile_GetProgress
#define IBackgroundCopyFile3_GetFileRanges  IBackgroundCopyFile2_GetFileRanges
#define IBackgroundCopyFile3_SetRemoteName  IBackgroundCopyFile2_SetRemoteName
#define IBackgroundCopyFile3_GetTemporaryName(This, pFilename)                                     \
        ((This)->lpVtbl->GetTemporaryName((This), (pFilename)))
#define IBackgroundCopyFile3_SetValidationState(This, state)                                       \
        ((This)->lpVtbl->SetValidationState((This), (state)))
#define IBackgroundCopyFile3_GetValidationState(This, pState)                                      \
        ((This)->lpVtbl->GetValidationState((This), (pState)))
#define IBackgroundCopyFile3_IsDownloadedFromPeer(This, pVal)                                      \
        ((This)->lpVtbl->IsDownloadedFromPeer((This), (pVal)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_FILE3_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_FILE3_METHODS                                                                         \
        BITS_FILE2_METHODS                                                                         \
        STDMETHOD(GetTemporaryName)(THIS_ LPWSTR *pFilename) PURE;                                 \
        STDMETHOD(SetValidationState)(THIS_ BOOL state) PURE;                                      \
        STDMETHOD(GetValidationState)(THIS_ BOOL *pState) PURE;                                    \
        STDMETHOD(IsDownloadedFromPeer)(THIS_ BOOL *pVal) PURE;
/* clang-format on */
#endif

/* IBackgroundCopyCallback with the notification of files. SetNotifyInterface asks the object for
 * it. Page: IBackgroundCopyCallback2 interface (bits3_0.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyCallback2
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyCallback2, IBackgroundCopyCallback)
{
        BITS_CALLBACK_METHODS

        /* One file is whole (BG_NOTIFY_FILE_TRANSFERRED): one after the other, and all before
         * JobTransferred. Result: S_OK; a failure asks for another call. Page:
         * IBackgroundCopyCallback2::FileTransferred. */
        STDMETHOD(FileTransferred)(THIS_ IBackgroundCopyJob *pJob, IBackgroundCopyFile *pFile) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyCallback2, IID_IBackgroundCopyCallback2)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyCallback2_QueryInterface  IBackgroundCopyCallback_QueryInterface
#define IBackgroundCopyCallback2_AddRef          IBackgroundCopyCallback_AddRef
#define IBackgroundCopyCallback2_Release         IBackgroundCopyCallback_Release
#define IBackgroundCopyCallback2_JobTransferred  IBackgroundCopyCallback_JobTransferred
#define IBackgroundCopyCallback2_JobError        IBackgroundCopyCallback_JobError
#define IBackgroundCopyCallback2_JobModification IBackgroundCopyCallback_JobModification
#define IBackgroundCopyCallback2_FileTransferred(This, pJob, pFile)                                \
        ((This)->lpVtbl->FileTransferred((This), (pJob), (pFile)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_CALLBACK2_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_CALLBACK2_METHODS                                                                     \
        BITS_CALLBACK_METHODS                                                                      \
        STDMETHOD(FileTransferred)(THIS_ IBackgroundCopyJob *pJob, IBackgroundCopyFile *pFile) PURE;
/* clang-format on */
#endif

#endif
