/*
 * bits5_0.h: what BITS 5.0 added, and 10.1 enlarged: properties by number. Included by bits.h;
 * what is said there of every call holds here, but that NULL is
 * HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER).
 */
#include <bits.h> /* which includes this one when its turn has come */

#ifndef BITS_BITS5_0_H
#define BITS_BITS5_0_H

EXTERN_C const CLSID CLSID_BackgroundCopyManager5_0;
EXTERN_C const IID IID_IBackgroundCopyJob5, IID_IBackgroundCopyFile5;

typedef struct IBackgroundCopyJob5 IBackgroundCopyJob5;
typedef struct IBackgroundCopyFile5 IBackgroundCopyFile5;

#ifdef __cplusplus
class BackgroundCopyManager5_0;
BITS_UUID(BackgroundCopyManager5_0, CLSID_BackgroundCopyManager5_0)
#endif

/* What the network costs; a job runs while the bit of now is among its
 * BITS_JOB_PROPERTY_ID_COST_FLAGS. */
#define BITS_COST_STATE_UNRESTRICTED         0x00000001u
#define BITS_COST_STATE_CAPPED_USAGE_UNKNOWN 0x00000002u
#define BITS_COST_STATE_BELOW_CAP            0x00000004u
#define BITS_COST_STATE_NEAR_CAP             0x00000008u
#define BITS_COST_STATE_OVERCAP_CHARGED      0x00000010u
#define BITS_COST_STATE_OVERCAP_THROTTLED    0x00000020u
#define BITS_COST_STATE_USAGE_BASED          0x00000040u
#define BITS_COST_STATE_ROAMING              0x00000080u
#define BITS_COST_STATE_RESERVED             0x40000000u
#define BITS_COST_OPTION_IGNORE_CONGESTION   0x80000000u

/* The usual sets of them. */
#define BITS_COST_STATE_TRANSFER_ALWAYS       0x800000ffu
#define BITS_COST_STATE_TRANSFER_NOT_ROAMING  0x8000007fu
#define BITS_COST_STATE_TRANSFER_NO_SURCHARGE 0x8000006fu
#define BITS_COST_STATE_TRANSFER_STANDARD     0x80000067u
#define BITS_COST_STATE_TRANSFER_UNRESTRICTED 0x80000021u

/* Page: BITS_JOB_TRANSFER_POLICY enumeration (bits5_0.h). */
typedef enum {
        BITS_JOB_TRANSFER_POLICY_ALWAYS = (int)BITS_COST_STATE_TRANSFER_ALWAYS,
        BITS_JOB_TRANSFER_POLICY_NOT_ROAMING = (int)BITS_COST_STATE_TRANSFER_NOT_ROAMING,
        BITS_JOB_TRANSFER_POLICY_NO_SURCHARGE = (int)BITS_COST_STATE_TRANSFER_NO_SURCHARGE,
        BITS_JOB_TRANSFER_POLICY_STANDARD = (int)BITS_COST_STATE_TRANSFER_STANDARD,
        BITS_JOB_TRANSFER_POLICY_UNRESTRICTED = (int)BITS_COST_STATE_TRANSFER_UNRESTRICTED,
} BITS_JOB_TRANSFER_POLICY;

/* With the member of the value, what it is at first, and when it may be set; the last two are of
 * BITS 10.1. Page: BITS_JOB_PROPERTY_ID enumeration (bits5_0.h). */
typedef enum {
        /* Dword: BITS_COST_* bits. By priority and configuration. Any time. */
        BITS_JOB_PROPERTY_ID_COST_FLAGS = 1,
        /* ClsID: stored, no class is ever created. GUID_NULL. Any time. */
        BITS_JOB_PROPERTY_NOTIFICATION_CLSID = 2,
        /* Enable: the server need not know sizes and ranges; content without a size may end with
         * its connection, and whether it is whole is the client's to judge. FALSE. Downloads,
         * before Resume. */
        BITS_JOB_PROPERTY_DYNAMIC_CONTENT = 3,
        /* Enable: progress is not kept over a crash. FALSE. Downloads, before AddFile. */
        BITS_JOB_PROPERTY_HIGH_PERFORMANCE = 4,
        /* Uint64: bytes in all, not 0. Unlimited. Downloads, before Resume. */
        BITS_JOB_PROPERTY_MAX_DOWNLOAD_SIZE = 5,
        /* Target: only BG_AUTH_TARGET_PROXY. None. Any time. */
        BITS_JOB_PROPERTY_USE_STORED_CREDENTIALS = 7,
        /* Dword: ms between JobModification calls. 500. Any time. */
        BITS_JOB_PROPERTY_MINIMUM_NOTIFICATION_INTERVAL_MS = 9,
        /* Enable: only what IBackgroundCopyFile6 asks for is fetched. FALSE. Downloads, before
         * Resume. */
        BITS_JOB_PROPERTY_ON_DEMAND_MODE = 10,
} BITS_JOB_PROPERTY_ID;

/* Page: BITS_JOB_PROPERTY_VALUE union (bits5_0.h). */
typedef union {
        DWORD Dword;
        GUID ClsID;
        BOOL Enable;
        UINT64 Uint64;
        BG_AUTH_TARGET Target;
} BITS_JOB_PROPERTY_VALUE;

/* Page: BITS_FILE_PROPERTY_ID enumeration (bits5_0.h). */
typedef enum {
        /* String, read-only: the headers of the last answer for this file; empty so far. */
        BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS = 1,
} BITS_FILE_PROPERTY_ID;

/* Page: BITS_FILE_PROPERTY_VALUE union (bits5_0.h). */
typedef union {
        LPWSTR String;
} BITS_FILE_PROPERTY_VALUE;

/* A job with all methods of downloads; the newest of its interfaces. Got by QueryInterface on a
 * job. Page: IBackgroundCopyJob5 interface (bits5_0.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyJob5
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyJob5, IBackgroundCopyJob4)
{
        BITS_JOB4_METHODS

        /* Sets a property; only the member that the number names is looked at. Errors: those of
         * every call; BG_E_UNKNOWN_PROPERTY_ID; BG_E_READ_ONLY_PROPERTY_AFTER_ADDFILE,
         * BG_E_READ_ONLY_PROPERTY_AFTER_RESUME (too late);
         * BG_E_PROPERTY_SUPPORTED_FOR_DOWNLOAD_JOBS_ONLY; BG_E_UNSUPPORTED_JOB_CONFIGURATION
         * (not together with what is set already); BG_E_MAX_DOWNLOAD_SIZE_INVALID_VALUE (0);
         * BG_E_USE_STORED_CREDENTIALS_NOT_SUPPORTED (not the proxy); BG_E_INVALID_STATE (the job
         * is completed or cancelled); E_ACCESSDENIED (a restricted caller). Page:
         * IBackgroundCopyJob5::SetProperty. */
        STDMETHOD(SetProperty)(THIS_ BITS_JOB_PROPERTY_ID PropertyId,
                               BITS_JOB_PROPERTY_VALUE PropertyValue) PURE;

        /* A property. Errors: those of every call; BG_E_UNKNOWN_PROPERTY_ID. Page:
         * IBackgroundCopyJob5::GetProperty. */
        STDMETHOD(GetProperty)(THIS_ BITS_JOB_PROPERTY_ID PropertyId,
                               BITS_JOB_PROPERTY_VALUE *PropertyValue) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyJob5, IID_IBackgroundCopyJob5)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyJob5_QueryInterface         IBackgroundCopyJob_QueryInterface
#define IBackgroundCopyJob5_AddRef                 IBackgroundCopyJob_AddRef
#define IBackgroundCopyJob5_Release                IBackgroundCopyJob_Release
#define IBackgroundCopyJob5_AddFileSet             IBackgroundCopyJob_AddFileSet
#define IBackgroundCopyJob5_AddFile                IBackgroundCopyJob_AddFile
#define IBackgroundCopyJob5_EnumFiles              IBackgroundCopyJob_EnumFiles
#define IBackgroundCopyJob5_Suspend                IBackgroundCopyJob_Suspend
#define IBackgroundCopyJob5_Resume                 IBackgroundCopyJob_Resume
#define IBackgroundCopyJob5_Cancel                 IBackgroundCopyJob_Cancel
#define IBackgroundCopyJob5_Complete               IBackgroundCopyJob_Complete
#define IBackgroundCopyJob5_GetId                  IBackgroundCopyJob_GetId
#define IBackgroundCopyJob5_GetType                IBackgroundCopyJob_GetType
#define IBackgroundCopyJob5_GetProgress            IBackgroundCopyJob_GetProgress
#define IBackgroundCopyJob5_GetTimes               IBackgroundCopyJob_GetTimes
#define IBackgroundCopyJob5_GetState               IBackgroundCopyJob_GetState
#define IBackgroundCopyJob5_GetError               IBackgroundCopyJob_GetError
#define IBackgroundCopyJob5_GetOwner               IBackgroundCopyJob_GetOwner
#define IBackgroundCopyJob5_SetDisplayName         IBackgroundCopyJob_SetDisplayName
#define IBackgroundCopyJob5_GetDisplayName         IBackgroundCopyJob_GetDisplayName
#define IBackgroundCopyJob5_SetDescription         IBackgroundCopyJob_SetDescription
#define IBackgroundCopyJob5_GetDescription         IBackgroundCopyJob_GetDescription
#define IBackgroundCopyJob5_SetPriority            IBackgroundCopyJob_SetPriority
#define IBackgroundCopyJob5_GetPriority            IBackgroundCopyJob_GetPriority
#define IBackgroundCopyJob5_SetNotifyFlags         IBackgroundCopyJob_SetNotifyFlags
#define IBackgroundCopyJob5_GetNotifyFlags         IBackgroundCopyJob_GetNotifyFlags
#define IBackgroundCopyJob5_SetNotifyInterface     IBackgroundCopyJob_SetNotifyInterface
#define IBackgroundCopyJob5_GetNotifyInterface     IBackgroundCopyJob_GetNotifyInterface
#define IBackgroundCopyJob5_SetMinimumRetryDelay   IBackgroundCopyJob_SetMinimumRetryDelay
#define IBackgroundCopyJob5_GetMinimumRetryDelay   IBackgroundCopyJob_GetMinimumRetryDelay
#define IBackgroundCopyJob5_SetNoProgressTimeout   IBackgroundCopyJob_SetNoProgressTimeout
#define IBackgroundCopyJob5_GetNoProgressTimeout   IBackgroundCopyJob_GetNoProgressTimeout
#define IBackgroundCopyJob5_GetErrorCount          IBackgroundCopyJob_GetErrorCount
#define IBackgroundCopyJob5_SetProxySettings       IBackgroundCopyJob_SetProxySettings
#define IBackgroundCopyJob5_GetProxySettings       IBackgroundCopyJob_GetProxySettings
#define IBackgroundCopyJob5_TakeOwnership          IBackgroundCopyJob_TakeOwnership
#define IBackgroundCopyJob5_SetNotifyCmdLine       IBackgroundCopyJob2_SetNotifyCmdLine
#define IBackgroundCopyJob5_GetNotifyCmdLine       IBackgroundCopyJob2_GetNotifyCmdLine
#define IBackgroundCopyJob5_GetReplyProgress       IBackgroundCopyJob2_GetReplyProgress
#define IBackgroundCopyJob5_GetReplyData           IBackgroundCopyJob2_GetReplyData
#define IBackgroundCopyJob5_SetReplyFileName       IBackgroundCopyJob2_SetReplyFileName
#define IBackgroundCopyJob5_GetReplyFileName       IBackgroundCopyJob2_GetReplyFileName
#define IBackgroundCopyJob5_SetCredentials         IBackgroundCopyJob2_SetCredentials
#define IBackgroundCopyJob5_RemoveCredentials      IBackgroundCopyJob2_RemoveCredentials
#define IBackgroundCopyJob5_ReplaceRemotePrefix    IBackgroundCopyJob3_ReplaceRemotePrefix
#define IBackgroundCopyJob5_AddFileWithRanges      IBackgroundCopyJob3_AddFileWithRanges
#define IBackgroundCopyJob5_SetFileACLFlags        IBackgroundCopyJob3_SetFileACLFlags
#define IBackgroundCopyJob5_GetFileACLFlags        IBackgroundCopyJob3_GetFileACLFlags
#define IBackgroundCopyJob5_SetPeerCachingFlags    IBackgroundCopyJob4_SetPeerCachingFlags
#define IBackgroundCopyJob5_GetPeerCachingFlags    IBackgroundCopyJob4_GetPeerCachingFlags
#define IBackgroundCopyJob5_GetOwnerIntegrityLevel IBackgroundCopyJob4_GetOwnerIntegrityLevel
#define IBackgroundCopyJob5_GetOwnerElevationState IBackgroundCopyJob4_GetOwnerElevationState
#define IBackgroundCopyJob5_SetMaximumDownloadTime IBackgroundCopyJob4_SetMaximumDownloadTime
#define IBackgroundCopyJob5_GetMaximumDownloadTime IBackgroundCopyJob4_GetMaximumDownloadTime
#define IBackgroundCopyJob5_SetProperty(This, PropertyId, PropertyValue)                           \
        ((This)->lpVtbl->SetProperty((This), (PropertyId), (PropertyValue)))
#define IBackgroundCopyJob5_GetProperty(This, PropertyId, PropertyValue)                           \
        ((This)->lpVtbl->GetProperty((This), (PropertyId), (PropertyValue)))
#endif

/* A file with the methods of BITS 5.0 and before. Got by QueryInterface on a file. Page:
 * IBackgroundCopyFile5 interface (bits5_0.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyFile5
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyFile5, IBackgroundCopyFile4)
{
        BITS_FILE4_METHODS

        /* There is no property that could be set. Errors: those of every call;
         * BG_E_READ_ONLY_PROPERTY; BG_E_UNKNOWN_PROPERTY_ID. Page:
         * IBackgroundCopyFile5::SetProperty. */
        STDMETHOD(SetProperty)(THIS_ BITS_FILE_PROPERTY_ID PropertyId,
                               BITS_FILE_PROPERTY_VALUE PropertyValue) PURE;

        /* A property. The caller frees String with CoTaskMemFree. Errors: those of every call;
         * BG_E_UNKNOWN_PROPERTY_ID. Page: IBackgroundCopyFile5::GetProperty. */
        STDMETHOD(GetProperty)(THIS_ BITS_FILE_PROPERTY_ID PropertyId,
                               BITS_FILE_PROPERTY_VALUE *PropertyValue) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyFile5, IID_IBackgroundCopyFile5)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyFile5_QueryInterface       IBackgroundCopyFile_QueryInterface
#define IBackgroundCopyFile5_AddRef               IBackgroundCopyFile_AddRef
#define IBackgroundCopyFile5_Release              IBackgroundCopyFile_Release
#define IBackgroundCopyFile5_GetRemoteName        IBackgroundCopyFile_GetRemoteName
#define IBackgroundCopyFile5_GetLocalName         IBackgroundCopyFile_GetLocalName
#define IBackgroundCopyFile5_GetProgress          IBackgroundCopyFile_GetProgress
#define IBackgroundCopyFile5_GetFileRanges        IBackgroundCopyFile2_GetFileRanges
#define IBackgroundCopyFile5_SetRemoteName        IBackgroundCopyFile2_SetRemoteName
#define IBackgroundCopyFile5_GetTemporaryName     IBackgroundCopyFile3_GetTemporaryName
#define IBackgroundCopyFile5_SetValidationState   IBackgroundCopyFile3_SetValidationState
#define IBackgroundCopyFile5_GetValidationState   IBackgroundCopyFile3_GetValidationState
#define IBackgroundCopyFile5_IsDownloadedFromPeer IBackgroundCopyFile3_IsDownloadedFromPeer
#define IBackgroundCopyFile5_GetPeerDownloadStats IBackgroundCopyFile4_GetPeerDownloadStats
#define IBackgroundCopyFile5_SetProperty(This, PropertyId, PropertyValue)                          \
        ((This)->lpVtbl->SetProperty((This), (PropertyId), (PropertyValue)))
#define IBackgroundCopyFile5_GetProperty(This, PropertyId, PropertyValue)                          \
        ((This)->lpVtbl->GetProperty((This), (PropertyId), (PropertyValue)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_FILE5_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_FILE5_METHODS                                                                         \
        BITS_FILE4_METHODS                                                                         \
        STDMETHOD(SetProperty)(THIS_ BITS_FILE_PROPERTY_ID PropertyId,                             \
                               BITS_FILE_PROPERTY_VALUE PropertyValue) PURE;                       \
        STDMETHOD(GetProperty)(THIS_ BITS_FILE_PROPERTY_ID PropertyId,                             \
                               BITS_FILE_PROPERTY_VALUE *PropertyValue) PURE;
/* clang-format on */
#endif

#endif
