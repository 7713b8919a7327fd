/*
 * bits10_1.h: what BITS 10.1 added: ranges on demand. Included by bits.h; what is said there of
 * every call holds here, but that NULL is HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER).
 */
#include <bits.h> /* which includes this one when its turn has come */

#ifndef BITS_BITS10_1_H
#define BITS_BITS10_1_H

EXTERN_C const CLSID CLSID_BackgroundCopyManager10_1;
EXTERN_C const IID IID_IBackgroundCopyFile6, IID_IBackgroundCopyCallback3;

typedef struct IBackgroundCopyFile6 IBackgroundCopyFile6;
typedef struct IBackgroundCopyCallback3 IBackgroundCopyCallback3;

#ifdef __cplusplus
class BackgroundCopyManager10_1;
BITS_UUID(BackgroundCopyManager10_1, CLSID_BackgroundCopyManager10_1)
#endif

/* IBackgroundCopyJob::SetNotifyFlags: each range of a file (IBackgroundCopyCallback3). */
#define BG_NOTIFY_FILE_RANGES_TRANSFERRED 0x0020u

/* A file with all methods; the newest of its interfaces. Got by QueryInterface on a file. "On
 * demand" below is what needs a download over HTTP, of static content, without ranges of
 * AddFileWithRanges, from a server that serves ranges. Page: IBackgroundCopyFile6 interface
 * (bits10_1.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyFile6
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyFile6, IBackgroundCopyFile5)
{
        BITS_FILE5_METHODS

        /* What is missing from this byte on comes first, then what is missing before it; a
         * position beyond the end is that of the first byte. Errors: those of every call;
         * BG_E_RANDOM_ACCESS_NOT_SUPPORTED (not on demand); BG_E_INVALID_STATE (the job is
         * completed or cancelled); E_ACCESSDENIED (a restricted caller). Page:
         * IBackgroundCopyFile6::UpdateDownloadPosition. */
        STDMETHOD(UpdateDownloadPosition)(THIS_ UINT64 offset) PURE;

        /* Ranges that come next; they may overlap each other and what is there. When all that
         * was asked for is there: TRANSFERRED if it is the whole file, else SUSPENDED. Errors:
         * those of every call; E_INVALIDARG (no ranges); BG_E_INVALID_RANGE (beyond the end, or
         * a length of 0); BG_E_RANDOM_ACCESS_NOT_SUPPORTED (not on demand);
         * BG_E_TOO_MANY_RANGES_IN_FILE (with those that wait and the pieces that are there;
         * administrators may have more); BG_E_INVALID_STATE (the job is completed or cancelled);
         * E_ACCESSDENIED (a restricted caller). Page: IBackgroundCopyFile6::RequestFileRanges. */
        STDMETHOD(RequestFileRanges)(THIS_ DWORD rangeCount, const BG_FILE_RANGE ranges[]) PURE;

        /* The ranges that are there, merged and ascending; *ranges is NULL when there are none.
         * The caller frees them with CoTaskMemFree. Errors: those of every call. Page:
         * IBackgroundCopyFile6::GetFilledFileRanges. */
        STDMETHOD(GetFilledFileRanges)(THIS_ DWORD *rangeCount, BG_FILE_RANGE **ranges) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyFile6, IID_IBackgroundCopyFile6)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyFile6_QueryInterface       IBackgroundCopyFile_QueryInterface
#define IBackgroundCopyFile6_AddRef               IBackgroundCopyFile_AddRef
#define IBackgroundCopyFile6_Release              IBackgroundCopyFile_Release
#define IBackgroundCopyFile6_GetRemoteName        IBackgroundCopyFile_GetRemoteName
#define IBackgroundCopyFile6_GetLocalName         IBackgroundCopyFile_GetLocalName
#define IBackgroundCopyFile6_GetProgress          IBackgroundCopyFile_GetProgress
#define IBackgroundCopyFile6_GetFileRanges        IBackgroundCopyFile2_GetFileRanges
#define IBackgroundCopyFile6_SetRemoteName        IBackgroundCopyFile2_SetRemoteName
#define IBackgroundCopyFile6_GetTemporaryName     IBackgroundCopyFile3_GetTemporaryName
#define IBackgroundCopyFile6_SetValidationState   IBackgroundCopyFile3_SetValidationState
#define IBackgroundCopyFile6_GetValidationState   IBackgroundCopyFile3_GetValidationState
#define IBackgroundCopyFile6_IsDownloadedFromPeer IBackgroundCopyFile3_IsDownloadedFromPeer
#define IBackgroundCopyFile6_GetPeerDownloadStats IBackgroundCopyFile4_GetPeerDownloadStats
#define IBackgroundCopyFile6_SetProperty          IBackgroundCopyFile5_SetProperty
#define IBackgroundCopyFile6_GetProperty          IBackgroundCopyFile5_GetProperty
#define IBackgroundCopyFile6_UpdateDownloadPosition(This, offset)                                  \
        ((This)->lpVtbl->UpdateDownloadPosition((This), (offset)))
#define IBackgroundCopyFile6_RequestFileRanges(This, rangeCount, ranges)                           \
        ((This)->lpVtbl->RequestFileRanges((This), (rangeCount), (ranges)))
#define IBackgroundCopyFile6_GetFilledFileRanges(This, rangeCount, ranges)                         \
        ((This)->lpVtbl->GetFilledFileRanges((This), (rangeCount), (ranges)))
#endif

/* IBackgroundCopyCallback2 with the notification of ranges. SetNotifyInterface asks the object
 * for it. Page: IBackgroundCopyCallback3 interface (bits10_1.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyCallback3
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyCallback3, IBackgroundCopyCallback2)
{
        BITS_CALLBACK2_METHODS

        /* Ranges were written since the last call (BG_NOTIFY_FILE_RANGES_TRANSFERRED, on demand
         * only); they need not be those that were asked for. ranges is valid during the call.
         * The result is not used. Page: IBackgroundCopyCallback3::FileRangesTransferred. */
        STDMETHOD(FileRangesTransferred)(THIS_ IBackgroundCopyJob *job, IBackgroundCopyFile *file,
                                         DWORD rangeCount, const BG_FILE_RANGE ranges[]) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyCallback3, IID_IBackgroundCopyCallback3)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyCallback3_QueryInterface  IBackgroundCopyCallback_QueryInterface
#define IBackgroundCopyCallback3_AddRef          IBackgroundCopyCallback_AddRef
#define IBackgroundCopyCallback3_Release         IBackgroundCopyCallback_Release
#define IBackgroundCopyCallback3_JobTransferred  IBackgroundCopyCallback_JobTransferred
#define IBackgroundCopyCallback3_JobError        IBackgroundCopyCallback_JobError
#define IBackgroundCopyCallback3_JobModification IBackgroundCopyCallback_JobModification
#define IBackgroundCopyCallback3_FileTransferred IBackgroundCopyCallback2_FileTransferred
#define IBackgroundCopyCallback3_FileRangesTransferred(This, job, file, rangeCount, ranges)        \
        ((This)->lpVtbl->FileRangesTransferred((This), (job), (file), (rangeCount), (ranges)))
#endif

#endif
