/*
 * bits2_0.h: what BITS 2.0 added: parts of files, and remote names that change. Included by
 * bits.h; what is said there of every call holds here.
 */
#include <bits.h> /* which includes this one when its turn has come */

#ifndef BITS_BITS2_0_H
#define BITS_BITS2_0_H

EXTERN_C const CLSID CLSID_BackgroundCopyManager2_0;
EXTERN_C const IID IID_IBackgroundCopyJob3, IID_IBackgroundCopyFile2;

typedef struct IBackgroundCopyJob3 IBackgroundCopyJob3;
typedef struct IBackgroundCopyFile2 IBackgroundCopyFile2;

#ifdef __cplusplus
class BackgroundCopyManager2_0;
BITS_UUID(BackgroundCopyManager2_0, CLSID_BackgroundCopyManager2_0)
#endif

#define BG_LENGTH_TO_EOF ((UINT64)-1)

/* IBackgroundCopyJob3::SetFileACLFlags */
#define BG_COPY_FILE_OWNER 1u
#define BG_COPY_FILE_GROUP 2u
#define BG_COPY_FILE_DACL  4u
#define BG_COPY_FILE_SACL  8u
#define BG_COPY_FILE_ALL   15u

/* Page: BG_FILE_RANGE structure (bits2_0.h). */
typedef struct _BG_FILE_RANGE {
        UINT64 InitialOffset; /* in bytes, from 0 */
        UINT64 Length;        /* in bytes, not 0; BG_LENGTH_TO_EOF: to the end */
} BG_FILE_RANGE;

/* A job with the methods of BITS 2.0 and before. Got by QueryInterface on a job. Page:
 * IBackgroundCopyJob3 interface (bits2_0.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyJob3
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyJob3, IBackgroundCopyJob2)
{
        BITS_JOB2_METHODS

        /* The files whose remote name begins with OldPrefix, to the letter, get NewPrefix in its
         * place, each as by IBackgroundCopyFile2::SetRemoteName; all or none. S_OK; S_FALSE (no
         * name begins so). Errors: those of every call; E_INVALIDARG (also: an empty text; a new
         * name would be too long or invalid); E_NOTIMPL (not a download); BG_E_INVALID_STATE
         * (the job is completed or cancelled); E_ACCESSDENIED (a restricted caller). Page:
         * IBackgroundCopyJob3::ReplaceRemotePrefix. */
        STDMETHOD(ReplaceRemotePrefix)(THIS_ LPCWSTR OldPrefix, LPCWSTR NewPrefix) PURE;

        /* Adds a file that is made of parts of the remote one, one after the other in the order
         * given, which need not be ascending. Errors: those of every call, and of AddFile;
         * E_INVALIDARG (also: no ranges); BG_E_INVALID_RANGE (an offset of BG_LENGTH_TO_EOF, a
         * length of 0, an end beyond 2^63 - 1); BG_E_OVERLAPPING_RANGES;
         * BG_E_TOO_MANY_RANGES_IN_FILE (by the configuration, not for administrators; more than
         * 60,000 for nobody); E_NOTIMPL (not a download). A range beyond the remote file's end
         * is found when it runs: ERROR with BG_E_INVALID_RANGE. Page:
         * IBackgroundCopyJob3::AddFileWithRanges. */
        STDMETHOD(AddFileWithRanges)(THIS_ LPCWSTR RemoteUrl, LPCWSTR LocalName, DWORD RangeCount,
                                     BG_FILE_RANGE Ranges[]) PURE;

        /* Which security information goes with a file that comes from an SMB server:
         * BG_COPY_FILE_* bits, at first 0. Stored; no server of that kind is spoken to yet.
         * Errors: those of every call; E_INVALIDARG (unknown bits); BG_E_INVALID_STATE (the job
         * is completed or cancelled); E_ACCESSDENIED (a restricted caller). Page:
         * IBackgroundCopyJob3::SetFileACLFlags. */
        STDMETHOD(SetFileACLFlags)(THIS_ DWORD Flags) PURE;

        /* The bits. Errors: those of every call. Page: IBackgroundCopyJob3::GetFileACLFlags. */
        STDMETHOD(GetFileACLFlags)(THIS_ DWORD *Flags) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyJob3, IID_IBackgroundCopyJob3)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyJob3_QueryInterface       IBackgroundCopyJob_QueryInterface
#define IBackgroundCopyJob3_AddRef               IBackgroundCopyJob_AddRef
#define IBackgroundCopyJob3_Release              IBackgroundCopyJob_Release
#define IBackgroundCopyJob3_AddFileSet           IBackgroundCopyJob_AddFileSet
#define IBackgroundCopyJob3_AddFile              IBackgroundCopyJob_AddFile
#define IBackgroundCopyJob3_EnumFiles            IBackgroundCopyJob_EnumFiles
#define IBackgroundCopyJob3_Suspend              IBackgroundCopyJob_Suspend
#define IBackgroundCopyJob3_Resume               IBackgroundCopyJob_Resume
#define IBackgroundCopyJob3_Cancel               IBackgroundCopyJob_Cancel
#define IBackgroundCopyJob3_Complete             IBackgroundCopyJob_Complete
#define IBackgroundCopyJob3_GetId                IBackgroundCopyJob_GetId
#define IBackgroundCopyJob3_GetType              IBackgroundCopyJob_GetType
#define IBackgroundCopyJob3_GetProgress          IBackgroundCopyJob_GetProgress
#define IBackgroundCopyJob3_GetTimes             IBackgroundCopyJob_GetTimes
#define IBackgroundCopyJob3_GetState             IBackgroundCopyJob_GetState
#define IBackgroundCopyJob3_GetError             IBackgroundCopyJob_GetError
#define IBackgroundCopyJob3_GetOwner             IBackgroundCopyJob_GetOwner
#define IBackgroundCopyJob3_SetDisplayName       IBackgroundCopyJob_SetDisplayName
#define IBackgroundCopyJob3_GetDisplayName       IBackgroundCopyJob_GetDisplayName
#define IBackgroundCopyJob3_SetDescription       IBackgroundCopyJob_SetDescription
#define IBackgroundCopyJob3_GetDescription       IBackgroundCopyJob_GetDescription
#define IBackgroundCopyJob3_SetPriority          IBackgroundCopyJob_SetPriority
#define IBackgroundCopyJob3_GetPriority          IBackgroundCopyJob_GetPriority
#define IBackgroundCopyJob3_SetNotifyFlags       IBackgroundCopyJob_SetNotifyFlags
#define IBackgroundCopyJob3_GetNotifyFlags       IBackgroundCopyJob_GetNotifyFlags
#define IBackgroundCopyJob3_SetNotifyInterface   IBackgroundCopyJob_SetNotifyInterface
#define IBackgroundCopyJob3_GetNotifyInterface   IBackgroundCopyJob_GetNotifyInterface
#define IBackgroundCopyJob3_SetMinimumRetryDelay IBackgroundCopyJob_SetMinimumRetryDelay
#define IBackgroundCopyJob3_GetMinimumRetryDelay IBackgroundCopyJob_GetMinimumRetryDelay
#define IBackgroundCopyJob3_SetNoProgressTimeout IBackgroundCopyJob_SetNoProgressTimeout
#define IBackgroundCopyJob3_GetNoProgressTimeout IBackgroundCopyJob_GetNoProgressTimeout
#define IBackgroundCopyJob3_GetErrorCount        IBackgroundCopyJob_GetErrorCount
#define IBackgroundCopyJob3_SetProxySettings     IBackgroundCopyJob_SetProxySettings
#define IBackgroundCopyJob3_GetProxySettings     IBackgroundCopyJob_GetProxySettings
#define IBackgroundCopyJob3_TakeOwnership        IBackgroundCopyJob_TakeOwnership
#define IBackgroundCopyJob3_SetNotifyCmdLine     IBackgroundCopyJob2_SetNotifyCmdLine
#define IBackgroundCopyJob3_GetNotifyCmdLine     IBackgroundCopyJob2_GetNotifyCmdLine
#define IBackgroundCopyJob3_GetReplyProgress     IBackgroundCopyJob2_GetReplyProgress
#define IBackgroundCopyJob3_GetReplyData         IBackgroundCopyJob2_GetReplyData
#define IBackgroundCopyJob3_SetReplyFileName     IBackgroundCopyJob2_SetReplyFileName
#define IBackgroundCopyJob3_GetReplyFileName     IBackgroundCopyJob2_GetReplyFileName
#define IBackgroundCopyJob3_SetCredentials       IBackgroundCopyJob2_SetCredentials
#define IBackgroundCopyJob3_RemoveCredentials    IBackgroundCopyJob2_RemoveCredentials
#define IBackgroundCopyJob3_ReplaceRemotePrefix(This, OldPrefix, NewPrefix)                        \
        ((This)->lpVtbl->ReplaceRemotePrefix((This), (OldPrefix), (NewPrefix)))
#define IBackgroundCopyJob3_AddFileWithRanges(This, RemoteUrl, LocalName, RangeCount, Ranges)      \
        ((This)->lpVtbl->AddFileWithRanges((This), (RemoteUrl), (LocalName), (RangeCount),         \
                                           (Ranges)))
#define IBackgroundCopyJob3_SetFileACLFlags(This, Flags)                                           \
        ((This)->lpVtbl->SetFileACLFlags((This), (Flags)))
#define IBackgroundCopyJob3_GetFileACLFlags(This, Flags)                                           \
        ((This)->lpVtbl->GetFileACLFlags((This), (Flags)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_JOB3_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_JOB3_METHODS                                                                          \
        BITS_JOB2_METHODS                                                                          \
        STDMETHOD(ReplaceRemotePrefix)(THIS_ LPCWSTR OldPrefix, LPCWSTR NewPrefix) PURE;           \
        STDMETHOD(AddFileWithRanges)(THIS_ LPCWSTR RemoteUrl, LPCWSTR LocalName, DWORD RangeCount, \
                                     BG_FILE_RANGE Ranges[]) PURE;                                 \
        STDMETHOD(SetFileACLFlags)(THIS_ DWORD Flags) PURE;                                        \
        STDMETHOD(GetFileACLFlags)(THIS_ DWORD *Flags) PURE;
/* clang-format on */
#endif

/* A file with the methods of BITS 2.0. Got by QueryInterface on a file; the pointer is the
 * file's own. Page: IBackgroundCopyFile2 interface (bits2_0.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyFile2
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyFile2, IBackgroundCopyFile)
{
        BITS_FILE_METHODS

        /* The ranges of AddFileWithRanges, in its order. The caller frees them with
         * CoTaskMemFree. S_OK; S_FALSE (the whole file: *RangeCount is 0, *Ranges NULL). Errors:
         * those of every call. Page: IBackgroundCopyFile2::GetFileRanges. */
        STDMETHOD(GetFileRanges)(THIS_ DWORD *RangeCount, BG_FILE_RANGE **Ranges) PURE;

        /* Another remote name, of any protocol. A file that is partly there goes on if size and
         * time of the new source are those of the old, and else begins anew; one that is
         * whole stays. Lasting from the next Resume on. Errors: those of every call;
         * E_INVALIDARG (also: too long, or of an unknown protocol); E_NOTIMPL (not a download);
         * BG_E_INVALID_STATE (the job is completed or cancelled); E_ACCESSDENIED (a restricted
         * caller). Page: IBackgroundCopyFile2::SetRemoteName. */
        STDMETHOD(SetRemoteName)(THIS_ LPCWSTR Val) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyFile2, IID_IBackgroundCopyFile2)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyFile2_QueryInterface IBackgroundCopyFile_QueryInterface
#define IBackgroundCopyFile2_AddRef         IBackgroundCopyFile_AddRef
#define IBackgroundCopyFile2_Release        IBackgroundCopyFile_Release
#define IBackgroundCopyFile2_GetRemoteName  IBackgroundCopyFile_GetRemoteName
#define IBackgroundCopyFile2_GetLocalName   IBackgroundCopyFile_GetLocalName
#define IBackgroundCopyFile2_GetProgress    IBackgroundCopyFile_GetProgress
#define IBackgroundCopyFile2_GetFileRanges(This, RangeCount, Ranges)                               \
        ((This)->lpVtbl->GetFileRanges((This), (RangeCount), (Ranges)))
#define IBackgroundCopyFile2_SetRemoteName(This, Val) ((This)->lpVtbl->SetRemoteName((This), (Val)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_FILE2_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_FILE2_METHODS                                                                         \
        BITS_FILE_METHODS                                                                          \
        STDMETHOD(GetFileRanges)(THIS_ DWORD *RangeCount, BG_FILE_RANGE **Ranges) PURE;            \
        STDMETHOD(SetRemoteName)(THIS_ LPCWSTR Val) PURE;
/* clang-format on */
#endif

#endif
