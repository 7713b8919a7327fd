/*
 * bits4_0.h: what BITS 4.0 added: helper tokens, and where a file's bytes came from. Included by
 * bits.h; what is said there of every call holds here, but that NULL is
 * HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER).
 */
#include <bits.h> /* which includes this one when its turn has come */

#ifndef BITS_BITS4_0_H
#define BITS_BITS4_0_H

EXTERN_C const CLSID CLSID_BackgroundCopyManager4_0;
EXTERN_C const IID IID_IBitsTokenOptions, IID_IBackgroundCopyFile4;

typedef struct IBitsTokenOptions IBitsTokenOptions;
typedef struct IBackgroundCopyFile4 IBackgroundCopyFile4;

#ifdef __cplusplus
class BackgroundCopyManager4_0;
BITS_UUID(BackgroundCopyManager4_0, CLSID_BackgroundCopyManager4_0)
#endif

/* IBitsTokenOptions::SetHelperTokenFlags: the local files are opened as the token's user, and
 * belong to him; servers and proxies are spoken to as him. */
#define BG_TOKEN_LOCAL_FILE 0x0001u
#define BG_TOKEN_NETWORK    0x0002u

/* A job's helper token: a second identity for its local files, or for its servers and proxies.
 * Got by QueryInterface on a job, by its owner only: E_ACCESSDENIED for all others. BITS hands it
 * to administrators as well; here one takes the ownership of the job first, so that nobody but its
 * owner ever gives a job an identity. Page: IBitsTokenOptions interface (bits4_0.h). */
#undef INTERFACE
#define INTERFACE IBitsTokenOptions
/* clang-format off */
DECLARE_INTERFACE_(IBitsTokenOptions, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* What the token is for: BG_TOKEN_LOCAL_FILE, BG_TOKEN_NETWORK, both, or 0: off. Stored
         * with the job; may come before or after SetHelperToken. Another file identity begins
         * unfinished files anew. Errors: those of every call; E_NOTIMPL (unknown bits);
         * E_ACCESSDENIED (not the owner; a restricted caller); BG_E_INVALID_STATE (the job is
         * completed or cancelled). Page: IBitsTokenOptions::SetHelperTokenFlags. */
        STDMETHOD(SetHelperTokenFlags)(THIS_ DWORD UsageFlags) PURE;

        /* The flags. Errors: those of every call. Page: IBitsTokenOptions::GetHelperTokenFlags. */
        STDMETHOD(GetHelperTokenFlags)(THIS_ DWORD *pFlags) PURE;

        /* Makes the caller's token the job's: with cloaking, the one that the thread
         * impersonates, else the process's own. It replaces an earlier one. Never stored: after
         * a restart of the service the job needs it again (ERROR with BG_E_TOKEN_REQUIRED; set
         * it and Resume). Errors: those of every call; CO_E_FAILEDTOIMPERSONATE (the
         * impersonation level is below RPC_C_IMP_LEVEL_IMPERSONATE: CoInitializeSecurity,
         * CoSetProxyBlanket); E_ACCESSDENIED (not the owner; an administrator's token for the
         * job of somebody who is none; not a token, or one for another audience; a restricted
         * caller); BG_E_INVALID_STATE (the job is completed or cancelled). Page:
         * IBitsTokenOptions::SetHelperToken. */
        STDMETHOD(SetHelperToken)(THIS) PURE;

        /* Drops the token and keeps the flags. Errors: those of every call; E_ACCESSDENIED (not
         * the owner; a restricted caller); BG_E_INVALID_STATE (the job is completed or
         * cancelled). Page: IBitsTokenOptions::ClearHelperToken. */
        STDMETHOD(ClearHelperToken)(THIS) PURE;

        /* The token's user as a SID (S-1-22-1-UID); NULL when there is none. The caller frees it
         * with CoTaskMemFree. Errors: those of every call. Page:
         * IBitsTokenOptions::GetHelperTokenSid. */
        STDMETHOD(GetHelperTokenSid)(THIS_ LPWSTR *pSid) PURE;
};
/* clang-format on */

BITS_UUID(IBitsTokenOptions, IID_IBitsTokenOptions)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBitsTokenOptions_QueryInterface(This, riid, ppvObject)                                    \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IBitsTokenOptions_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IBitsTokenOptions_Release(This) ((This)->lpVtbl->Release(This))
#define IBitsTokenOptions_SetHelperTokenFlags(This, UsageFlags)                                    \
        ((This)->lpVtbl->SetHelperTokenFlags((This), (UsageFlags)))
#define IBitsTokenOptions_GetHelperTokenFlags(This, pFlags)                                        \
        ((This)->lpVtbl->GetHelperTokenFlags((This), (pFlags)))
#define IBitsTokenOptions_SetHelperToken(This)   ((This)->lpVtbl->SetHelperToken(This))
#define IBitsTokenOptions_ClearHelperToken(This) ((This)->lpVtbl->ClearHelperToken(This))
#define IBitsTokenOptions_GetHelperTokenSid(This, pSid)                                            \
        ((This)->lpVtbl->GetHelperTokenSid((This), (pSid)))
#endif

/* A file with the method of BITS 4.0 and those before. Got by QueryInterface on a file. Page:
 * IBackgroundCopyFile4 interface (bits4_0.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyFile4
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyFile4, IBackgroundCopyFile3)
{
        BITS_FILE3_METHODS

        /* Bytes that came from the server, and from peers: 0, there are none. Errors: those of
         * every call. Page: IBackgroundCopyFile4::GetPeerDownloadStats. */
        STDMETHOD(GetPeerDownloadStats)(THIS_ UINT64 *pFromOrigin, UINT64 *pFromPeers) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyFile4, IID_IBackgroundCopyFile4)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyFile4_QueryInterface       IBackgroundCopyFile_QueryInterface
#define IBackgroundCopyFile4_AddRef               IBackgroundCopyFile_AddRef
#define IBackgroundCopyFile4_Release              IBackgroundCopyFile_Release
#define IBackgroundCopyFile4_GetRemoteName        IBackgroundCopyFile_GetRemoteName
#define IBackgroundCopyFile4_GetLocalName         IBackgroundCopyFile_GetLocalName
#define IBackgroundCopyFile4_GetProgress          IBackgroundCopyFile_GetProgress
#define IBackgroundCopyFile4_GetFileRanges        IBackgroundCopyFile2_GetFileRanges
#define IBackgroundCopyFile4_SetRemoteName        IBackgroundCopyFile2_SetRemoteName
#define IBackgroundCopyFile4_GetTemporaryName     IBackgroundCopyFile3_GetTemporaryName
#define IBackgroundCopyFile4_SetValidationState   IBackgroundCopyFile3_SetValidationState
#define IBackgroundCopyFile4_GetValidationState   IBackgroundCopyFile3_GetValidationState
#define IBackgroundCopyFile4_IsDownloadedFromPeer IBackgroundCopyFile3_IsDownloadedFromPeer
#define IBackgroundCopyFile4_GetPeerDownloadStats(This, pFromOrigin, pFromPeers)                   \
        ((This)->lpVtbl->GetPeerDownloadStats((This), (pFromOrigin), (pFromPeers)))
#endif

#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_FILE4_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_FILE4_METHODS                                                                         \
        BITS_FILE3_METHODS                                                                         \
        STDMETHOD(GetPeerDownloadStats)(THIS_ UINT64 *pFromOrigin, UINT64 *pFromPeers) PURE;
/* clang-format on */
#endif

#endif
