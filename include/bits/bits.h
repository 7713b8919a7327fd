/*
 * bits.h: the Background Intelligent Transfer Service for C (lpVtbl; COBJMACROS) and C++ (abstract
 * classes; __uuidof; CComPtr of atlbase.h). Everything here is documented under the page named with
 * it.
 *
 * What holds for every call, and is not repeated:
 *   text      NUL-terminated wide strings, Unicode whatever the locale; at most 65,536 characters
 * are looked at, which is more than any limit. results   out parameters are set on success only,
 * and must not be NULL: E_INVALIDARG. Strings are freed with CoTaskMemFree, interfaces with
 * Release. threads   every pointer may be used from every thread, and calls block until the service
 * answers. errors    "those of every call" are: E_INVALIDARG (NULL, or text that is not Unicode);
 *             E_OUTOFMEMORY; E_ACCESSDENIED (neither owner nor administrator; or the pointer's
 *             impersonation level is RPC_C_IMP_LEVEL_ANONYMOUS);
 *             HRESULT_FROM_WIN32(RPC_S_SERVER_UNAVAILABLE) (the service cannot be reached: the call
 * was not made); HRESULT_FROM_WIN32(RPC_S_CALL_FAILED) (it went away during the call: the call may
 * have been made; the next one connects again); BG_E_NOT_FOUND (the service no longer knows the
 * job). limits    characters are code points.
 */
#ifndef BITS_BITS_H
#define BITS_BITS_H

#include <objbase.h>

#include <bitsmsg.h>

EXTERN_C const CLSID CLSID_BackgroundCopyManager;
EXTERN_C const IID IID_IBackgroundCopyManager, IID_IBackgroundCopyJob, IID_IBackgroundCopyFile,
        IID_IBackgroundCopyError, IID_IEnumBackgroundCopyJobs, IID_IEnumBackgroundCopyFiles,
        IID_IBackgroundCopyCallback, IID_AsyncIBackgroundCopyCallback;

typedef struct IBackgroundCopyManager IBackgroundCopyManager;
typedef struct IBackgroundCopyJob IBackgroundCopyJob;
typedef struct IBackgroundCopyFile IBackgroundCopyFile;
typedef struct IBackgroundCopyError IBackgroundCopyError;
typedef struct IEnumBackgroundCopyJobs IEnumBackgroundCopyJobs;
typedef struct IEnumBackgroundCopyFiles IEnumBackgroundCopyFiles;
typedef struct IBackgroundCopyCallback IBackgroundCopyCallback;
typedef struct AsyncIBackgroundCopyCallback AsyncIBackgroundCopyCallback;

#ifdef __cplusplus
class BackgroundCopyManager; /* __uuidof(BackgroundCopyManager) is its CLSID */
BITS_UUID(BackgroundCopyManager, CLSID_BackgroundCopyManager)
#endif

#define BG_SIZE_UNKNOWN ((UINT64)-1)

/* IBackgroundCopyManager::EnumJobs */
#define BG_JOB_ENUM_ALL_USERS 0x0001u

/* IBackgroundCopyJob::SetNotifyFlags */
#define BG_NOTIFY_JOB_TRANSFERRED  0x0001u
#define BG_NOTIFY_JOB_ERROR        0x0002u
#define BG_NOTIFY_DISABLE          0x0004u /* overrides the others */
#define BG_NOTIFY_JOB_MODIFICATION 0x0008u

/* Page: BG_JOB_STATE enumeration (bits.h). */
typedef enum {
        BG_JOB_STATE_QUEUED = 0,
        BG_JOB_STATE_CONNECTING = 1,
        BG_JOB_STATE_TRANSFERRING = 2,
        BG_JOB_STATE_SUSPENDED = 3,
        BG_JOB_STATE_ERROR = 4,           /* needs Resume, Complete or Cancel */
        BG_JOB_STATE_TRANSIENT_ERROR = 5, /* tried again by itself */
        BG_JOB_STATE_TRANSFERRED = 6,     /* needs Complete */
        BG_JOB_STATE_ACKNOWLEDGED = 7,    /* completed */
        BG_JOB_STATE_CANCELLED = 8,
} BG_JOB_STATE;

/* Page: BG_JOB_TYPE enumeration (bits.h). */
typedef enum {
        BG_JOB_TYPE_DOWNLOAD = 0,
        BG_JOB_TYPE_UPLOAD = 1,
        BG_JOB_TYPE_UPLOAD_REPLY = 2,
} BG_JOB_TYPE;

/* Page: BG_JOB_PRIORITY enumeration (bits.h). */
typedef enum {
        BG_JOB_PRIORITY_FOREGROUND = 0,
        BG_JOB_PRIORITY_HIGH = 1,
        BG_JOB_PRIORITY_NORMAL = 2,
        BG_JOB_PRIORITY_LOW = 3,
} BG_JOB_PRIORITY;

/* Page: BG_JOB_PROXY_USAGE enumeration (bits.h). */
typedef enum {
        BG_JOB_PROXY_USAGE_PRECONFIG = 0,
        BG_JOB_PROXY_USAGE_NO_PROXY = 1,
        BG_JOB_PROXY_USAGE_OVERRIDE = 2,
        BG_JOB_PROXY_USAGE_AUTODETECT = 3,
} BG_JOB_PROXY_USAGE;

/* Page: BG_ERROR_CONTEXT enumeration (bits.h). */
typedef enum {
        BG_ERROR_CONTEXT_NONE = 0,
        BG_ERROR_CONTEXT_UNKNOWN = 1,
        BG_ERROR_CONTEXT_GENERAL_QUEUE_MANAGER = 2,
        BG_ERROR_CONTEXT_QUEUE_MANAGER_NOTIFICATION = 3,
        BG_ERROR_CONTEXT_LOCAL_FILE = 4,
        BG_ERROR_CONTEXT_REMOTE_FILE = 5,
        BG_ERROR_CONTEXT_GENERAL_TRANSPORT = 6,
        BG_ERROR_CONTEXT_REMOTE_APPLICATION = 7,
        BG_ERROR_CONTEXT_SERVER_CERTIFICATE_CALLBACK = 8,
} BG_ERROR_CONTEXT;

/* Page: BG_FILE_PROGRESS structure (bits.h). */
typedef struct _BG_FILE_PROGRESS {
        UINT64 BytesTotal; /* BG_SIZE_UNKNOWN until it is known */
        UINT64 BytesTransferred;
        BOOL Completed; /* the file has its final name */
} BG_FILE_PROGRESS;

/* Page: BG_JOB_PROGRESS structure (bits.h). */
typedef struct _BG_JOB_PROGRESS {
        UINT64 BytesTotal; /* BG_SIZE_UNKNOWN while a file's is */
        UINT64 BytesTransferred;
        ULONG FilesTotal;
        ULONG FilesTransferred;
} BG_JOB_PROGRESS;

/* Page: BG_JOB_TIMES structure (bits.h). */
typedef struct _BG_JOB_TIMES {
        FILETIME CreationTime;
        FILETIME ModificationTime;
        FILETIME TransferCompletionTime; /* zero until the job is TRANSFERRED */
} BG_JOB_TIMES;

/* Page: BG_FILE_INFO structure (bits.h). */
typedef struct _BG_FILE_INFO {
        LPWSTR RemoteName; /* http: or https: URL without user information; at most 2,200
                              characters */
        LPWSTR LocalName;  /* full path; its directory exists */
} BG_FILE_INFO;

/* The way in: made by CoCreateInstance with CLSID_BackgroundCopyManager. Creates and finds jobs.
 * Page: IBackgroundCopyManager interface (bits.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyManager
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyManager, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* Creates a job that belongs to the process's user, SUSPENDED and empty. DisplayName: at
         * most 256 characters, need not be unique. *pJobId: its id, for GetJob. *ppJob: the job.
         * The caller releases it. Errors: those of every call; E_INVALIDARG (also: the name is
         * too long); E_NOTIMPL (a type that is not served); BG_E_TOO_MANY_JOBS_PER_USER,
         * BG_E_TOO_MANY_JOBS_PER_MACHINE (not for administrators); E_ACCESSDENIED (a restricted
         * caller, or the thread impersonates). Page: IBackgroundCopyManager::CreateJob. */
        STDMETHOD(CreateJob)(THIS_ LPCWSTR DisplayName, BG_JOB_TYPE Type, GUID *pJobId,
                             IBackgroundCopyJob **ppJob) PURE;

        /* Opens a job that is neither completed nor cancelled; for its owner and for
         * administrators. The caller releases it. Errors: those of every call; BG_E_NOT_FOUND;
         * E_ACCESSDENIED (somebody else's job, or the thread impersonates). Page:
         * IBackgroundCopyManager::GetJob. */
        STDMETHOD(GetJob)(THIS_ REFGUID jobID, IBackgroundCopyJob **ppJob) PURE;

        /* The jobs of this moment in the order of their creation: 0 the caller's,
         * BG_JOB_ENUM_ALL_USERS everybody's (administrators only). The list is a snapshot, its
         * jobs are live. The caller releases it. Errors: those of every call; E_INVALIDARG
         * (also: other flags); E_ACCESSDENIED (not an administrator, or the thread
         * impersonates). Page: IBackgroundCopyManager::EnumJobs. */
        STDMETHOD(EnumJobs)(THIS_ DWORD dwFlags, IEnumBackgroundCopyJobs **ppEnum) PURE;

        /* The text of a code, for people. LanguageId: LANGIDFROMLCID(GetThreadLocale()), or any
         * English or German, of whatever country. The caller frees it with CoTaskMemFree.
         * Errors: those of every call; HRESULT_FROM_WIN32(ERROR_RESOURCE_LANG_NOT_FOUND) (no
         * text for the code, or not in that language). Page:
         * IBackgroundCopyManager::GetErrorDescription. */
        STDMETHOD(GetErrorDescription)(THIS_ HRESULT hResult, DWORD LanguageId,
                                       LPWSTR *pErrorDescription) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyManager, IID_IBackgroundCopyManager)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyManager_QueryInterface(This, riid, ppvObject)                               \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IBackgroundCopyManager_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IBackgroundCopyManager_Release(This) ((This)->lpVtbl->Release(This))
#define IBackgroundCopyManager_CreateJob(This, DisplayName, Type, pJobId, ppJob)                   \
        ((This)->lpVtbl->CreateJob((This), (DisplayName), (Type), (pJobId), (ppJob)))
#define IBackgroundCopyManager_GetJob(This, jobID, ppJob)                                          \
        ((This)->lpVtbl->GetJob((This), (jobID), (ppJob)))
#define IBackgroundCopyManager_EnumJobs(This, dwFlags, ppEnum)                                     \
        ((This)->lpVtbl->EnumJobs((This), (dwFlags), (ppEnum)))
#define IBackgroundCopyManager_GetErrorDescription(This, hResult, LanguageId, pErrorDescription)   \
        ((This)->lpVtbl->GetErrorDescription((This), (hResult), (LanguageId), (pErrorDescription)))
#endif

/* One job. It lives in the service: releasing the last pointer changes nothing there.
 * QueryInterface checks that the caller is the owner or an administrator (IBitsTokenOptions,
 * bits4_0.h: the owner), and fails E_ACCESSDENIED while the thread impersonates with cloaking;
 * pointers already held go on working. After Complete or Cancel the getters still answer, for as
 * long as the pointer is held and the service runs, at most an hour. Page: IBackgroundCopyJob
 * interface (bits.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyJob
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyJob, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* Adds cFileCount files, all or none. Errors: those of every call, and of AddFile.
         * BG_E_TOO_MANY_FILES_IN_JOB also for a set whose names have more than 900,000 bytes
         * together: add it in parts. Page: IBackgroundCopyJob::AddFileSet. */
        STDMETHOD(AddFileSet)(THIS_ ULONG cFileCount, BG_FILE_INFO *pFileSet) PURE;

        /* Adds a file, in any state before Complete and Cancel; a job that was TRANSFERRED needs
         * Resume for it. RemoteUrl: at most 2,200 characters, escaped by the caller. LocalName:
         * a full path in a directory that the job's file identity may write (BG_FILE_INFO).
         * Errors: those of every call; E_INVALIDARG (a name is NULL, too long, relative, or of
         * an unknown protocol); E_ACCESSDENIED (the file identity may not write there; a
         * restricted caller; the service has no authorisation of the owner's);
         * BG_E_TOKEN_REQUIRED (BG_TOKEN_LOCAL_FILE is set and there is no token);
         * BG_E_TOO_MANY_FILES_IN_JOB (not for administrators); BG_E_INVALID_STATE (the job is
         * completed or cancelled); file-system errors as HRESULT_FROM_WIN32, as
         * ERROR_PATH_NOT_FOUND. Page: IBackgroundCopyJob::AddFile. */
        STDMETHOD(AddFile)(THIS_ LPCWSTR RemoteUrl, LPCWSTR LocalName) PURE;

        /* The files of this moment in the order of AddFile; a snapshot of live files. The caller
         * releases it. Errors: those of every call. Page: IBackgroundCopyJob::EnumFiles. */
        STDMETHOD(EnumFiles)(THIS_ IEnumBackgroundCopyFiles **pEnum) PURE;

        /* Stops the transfer: SUSPENDED, with what has come so far. Jobs in ERROR and
         * TRANSFERRED stay so. Errors: those of every call; BG_E_INVALID_STATE (the job is
         * completed or cancelled); E_ACCESSDENIED (a restricted caller). Page:
         * IBackgroundCopyJob::Suspend. */
        STDMETHOD(Suspend)(THIS) PURE;

        /* SUSPENDED, ERROR and TRANSIENT_ERROR become QUEUED; no effect on a job that is queued
         * or runs. Errors: those of every call; BG_E_EMPTY (no files); BG_E_INVALID_STATE (the
         * job is completed or cancelled); E_ACCESSDENIED (a restricted caller). Page:
         * IBackgroundCopyJob::Resume. */
        STDMETHOD(Resume)(THIS) PURE;

        /* Ends the job and deletes its temporary files. S_OK; BG_S_UNABLE_TO_DELETE_FILES
         * (ended, but some temporary files could not be deleted now). Errors: those of every
         * call; BG_E_INVALID_STATE (the job is completed or cancelled); E_ACCESSDENIED (a
         * restricted caller). Page: IBackgroundCopyJob::Cancel. */
        STDMETHOD(Cancel)(THIS) PURE;

        /* Gives the transferred files their names, deletes the others, ends the job. S_OK;
         * BG_S_PARTIAL_COMPLETE (some files had not been transferred);
         * BG_S_UNABLE_TO_DELETE_FILES. Errors: those of every call; BG_E_INVALID_STATE (the job
         * is completed or cancelled); BG_E_TOKEN_REQUIRED (the job needs its helper token
         * again); file-system errors as HRESULT_FROM_WIN32: the job stays, and Complete may be
         * repeated; E_ACCESSDENIED (also: a restricted caller). Page:
         * IBackgroundCopyJob::Complete. */
        STDMETHOD(Complete)(THIS) PURE;

        /* The job's id. Errors: E_INVALIDARG. Page: IBackgroundCopyJob::GetId. */
        STDMETHOD(GetId)(THIS_ GUID *pVal) PURE;

        /* The type, as it was created. Errors: those of every call. Page:
         * IBackgroundCopyJob::GetType. */
        STDMETHOD(GetType)(THIS_ BG_JOB_TYPE *pVal) PURE;

        /* Bytes and files, all and transferred. Errors: those of every call. Page:
         * IBackgroundCopyJob::GetProgress. */
        STDMETHOD(GetProgress)(THIS_ BG_JOB_PROGRESS *pVal) PURE;

        /* When it was created, changed, and transferred (zero: not yet); UTC. Errors: those of
         * every call. Page: IBackgroundCopyJob::GetTimes. */
        STDMETHOD(GetTimes)(THIS_ BG_JOB_TIMES *pVal) PURE;

        /* The state. Errors: those of every call. Page: IBackgroundCopyJob::GetState. */
        STDMETHOD(GetState)(THIS_ BG_JOB_STATE *pVal) PURE;

        /* The last failure, as it is now: the object does not change with the job. The caller
         * releases it. Errors: those of every call; BG_E_ERROR_INFORMATION_UNAVAILABLE (not in
         * ERROR or TRANSIENT_ERROR). Page: IBackgroundCopyJob::GetError. */
        STDMETHOD(GetError)(THIS_ IBackgroundCopyError **ppError) PURE;

        /* The owner as a SID: S-1-22-1-UID. The caller frees it with CoTaskMemFree. Errors:
         * those of every call. Page: IBackgroundCopyJob::GetOwner. */
        STDMETHOD(GetOwner)(THIS_ LPWSTR *pVal) PURE;

        /* At most 256 characters. Errors: those of every call; BG_E_STRING_TOO_LONG;
         * BG_E_INVALID_STATE (the job is completed or cancelled); E_ACCESSDENIED (a restricted
         * caller). Page: IBackgroundCopyJob::SetDisplayName. */
        STDMETHOD(SetDisplayName)(THIS_ LPCWSTR Val) PURE;

        /* The caller frees it with CoTaskMemFree. Errors: those of every call. Page:
         * IBackgroundCopyJob::GetDisplayName. */
        STDMETHOD(GetDisplayName)(THIS_ LPWSTR *pVal) PURE;

        /* At most 1,024 characters; empty at first. Errors: those of every call;
         * BG_E_STRING_TOO_LONG; BG_E_INVALID_STATE (the job is completed or cancelled);
         * E_ACCESSDENIED (a restricted caller). Page: IBackgroundCopyJob::SetDescription. */
        STDMETHOD(SetDescription)(THIS_ LPCWSTR Val) PURE;

        /* The caller frees it with CoTaskMemFree. Errors: those of every call. Page:
         * IBackgroundCopyJob::GetDescription. */
        STDMETHOD(GetDescription)(THIS_ LPWSTR *pVal) PURE;

        /* At first BG_JOB_PRIORITY_NORMAL. Errors: those of every call; E_NOTIMPL (no such
         * priority); BG_E_INVALID_STATE (the job is completed or cancelled); E_ACCESSDENIED (a
         * restricted caller). Page: IBackgroundCopyJob::SetPriority. */
        STDMETHOD(SetPriority)(THIS_ BG_JOB_PRIORITY Val) PURE;

        /* The priority. Errors: those of every call. Page: IBackgroundCopyJob::GetPriority. */
        STDMETHOD(GetPriority)(THIS_ BG_JOB_PRIORITY *pVal) PURE;

        /* Which events to announce: BG_NOTIFY_* bits (bits3_0.h and bits10_1.h have more); at
         * first JOB_TRANSFERRED and JOB_ERROR. Errors: those of every call; E_NOTIMPL (unknown
         * bits); BG_E_INVALID_STATE (the job is completed or cancelled); E_ACCESSDENIED (a
         * restricted caller). Page: IBackgroundCopyJob::SetNotifyFlags. */
        STDMETHOD(SetNotifyFlags)(THIS_ ULONG Val) PURE;

        /* The bits. Errors: those of every call. Page: IBackgroundCopyJob::GetNotifyFlags. */
        STDMETHOD(GetNotifyFlags)(THIS_ ULONG *pVal) PURE;

        /* The object that is called from now on, by the newest IBackgroundCopyCallback (3, 2)
         * that it has, in the calling thread's apartment; NULL: nobody. It is kept (AddRef)
         * until it is replaced, the job ends through this process, the apartment or the process
         * ends, or the service restarts: then it is lost and must be set again. What happened
         * before (TRANSFERRED, ERROR) is announced now. The last caller of all processes wins.
         * Errors: those of every call; E_NOINTERFACE (no IBackgroundCopyCallback);
         * CO_E_NOTINITIALIZED (the thread is in no apartment); BG_E_INVALID_STATE (the job is
         * completed or cancelled); E_ACCESSDENIED (a restricted caller). Page:
         * IBackgroundCopyJob::SetNotifyInterface. */
        STDMETHOD(SetNotifyInterface)(THIS_ IUnknown *Val) PURE;

        /* The object that this process has set, or NULL; another process's cannot be had. The
         * caller releases it. Errors: those of every call. Page:
         * IBackgroundCopyJob::GetNotifyInterface. */
        STDMETHOD(GetNotifyInterface)(THIS_ IUnknown **ppVal) PURE;

        /* Seconds from a transient error to the next try; at first 600, at least 5. Errors:
         * those of every call; BG_E_INVALID_STATE (the job is completed or cancelled);
         * E_ACCESSDENIED (a restricted caller). Page: IBackgroundCopyJob::SetMinimumRetryDelay. */
        STDMETHOD(SetMinimumRetryDelay)(THIS_ ULONG Seconds) PURE;

        /* Seconds. Errors: those of every call. Page: IBackgroundCopyJob::GetMinimumRetryDelay. */
        STDMETHOD(GetMinimumRetryDelay)(THIS_ ULONG *Seconds) PURE;

        /* Seconds without progress after which transient errors become ERROR; at first
         * 1,209,600; 0: at once. Errors: those of every call; BG_E_INVALID_STATE (the job is
         * completed or cancelled); E_ACCESSDENIED (a restricted caller). Page:
         * IBackgroundCopyJob::SetNoProgressTimeout. */
        STDMETHOD(SetNoProgressTimeout)(THIS_ ULONG Seconds) PURE;

        /* Seconds. Errors: those of every call. Page: IBackgroundCopyJob::GetNoProgressTimeout. */
        STDMETHOD(GetNoProgressTimeout)(THIS_ ULONG *Seconds) PURE;

        /* How often the transfer was interrupted by an error. Errors: those of every call. Page:
         * IBackgroundCopyJob::GetErrorCount. */
        STDMETHOD(GetErrorCount)(THIS_ ULONG *Errors) PURE;

        /* The job's proxies; both lists are NULL but for BG_JOB_PROXY_USAGE_OVERRIDE. Errors:
         * those of every call; E_NOTIMPL (the service does not take this setting);
         * BG_E_INVALID_STATE (the job is completed or cancelled); E_ACCESSDENIED (a restricted
         * caller). Page: IBackgroundCopyJob::SetProxySettings. */
        STDMETHOD(SetProxySettings)(THIS_ BG_JOB_PROXY_USAGE ProxyUsage, const WCHAR *ProxyList,
                                    const WCHAR *ProxyBypassList) PURE;

        /* NULL lists are unset. The caller frees both with CoTaskMemFree. Errors: those of every
         * call. Page: IBackgroundCopyJob::GetProxySettings. */
        STDMETHOD(GetProxySettings)(THIS_ BG_JOB_PROXY_USAGE *pProxyUsage, LPWSTR *pProxyList,
                                    LPWSTR *pProxyBypassList) PURE;

        /* Makes the caller, an administrator, the owner. Errors: those of every call; E_NOTIMPL
         * (the service does not change owners); E_ACCESSDENIED (not an administrator, or the
         * thread impersonates); BG_E_INVALID_STATE (the job is completed or cancelled). Page:
         * IBackgroundCopyJob::TakeOwnership. */
        STDMETHOD(TakeOwnership)(THIS) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyJob, IID_IBackgroundCopyJob)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyJob_QueryInterface(This, riid, ppvObject)                                   \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IBackgroundCopyJob_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IBackgroundCopyJob_Release(This) ((This)->lpVtbl->Release(This))
#define IBackgroundCopyJob_AddFileSet(This, cFileCount, pFileSet)                                  \
        ((This)->lpVtbl->AddFileSet((This), (cFileCount), (pFileSet)))
#define IBackgroundCopyJob_AddFile(This, RemoteUrl, LocalName)                                     \
        ((This)->lpVtbl->AddFile((This), (RemoteUrl), (LocalName)))
#define IBackgroundCopyJob_EnumFiles(This, pEnum)    ((This)->lpVtbl->EnumFiles((This), (pEnum)))
#define IBackgroundCopyJob_Suspend(This)             ((This)->lpVtbl->Suspend(This))
#define IBackgroundCopyJob_Resume(This)              ((This)->lpVtbl->Resume(This))
#define IBackgroundCopyJob_Cancel(This)              ((This)->lpVtbl->Cancel(This))
#define IBackgroundCopyJob_Complete(This)            ((This)->lpVtbl->Complete(This))
#define IBackgroundCopyJob_GetId(This, pVal)         ((This)->lpVtbl->GetId((This), (pVal)))
#define IBackgroundCopyJob_GetType(This, pVal)       ((This)->lpVtbl->GetType((This), (pVal)))
#define IBackgroundCopyJob_GetProgress(This, pVal)   ((This)->lpVtbl->GetProgress((This), (pVal)))
#define IBackgroundCopyJob_GetTimes(This, pVal)      ((This)->lpVtbl->GetTimes((This), (pVal)))
#define IBackgroundCopyJob_GetState(This, pVal)      ((This)->lpVtbl->GetState((This), (pVal)))
#define IBackgroundCopyJob_GetError(This, ppError)   ((This)->lpVtbl->GetError((This), (ppError)))
#define IBackgroundCopyJob_GetOwner(This, pVal)      ((This)->lpVtbl->GetOwner((This), (pVal)))
#define IBackgroundCopyJob_SetDisplayName(This, Val) ((This)->lpVtbl->SetDisplayName((This), (Val)))
#define IBackgroundCopyJob_GetDisplayName(This, pVal)                                              \
        ((This)->lpVtbl->GetDisplayName((This), (pVal)))
#define IBackgroundCopyJob_SetDescription(This, Val) ((This)->lpVtbl->SetDescription((This), (Val)))
#define IBackgroundCopyJob_GetDescription(This, pVal)                                              \
        ((This)->lpVtbl->GetDescription((This), (pVal)))
#define IBackgroundCopyJob_SetPriority(This, Val)    ((This)->lpVtbl->SetPriority((This), (Val)))
#define IBackgroundCopyJob_GetPriority(This, pVal)   ((This)->lpVtbl->GetPriority((This), (pVal)))
#define IBackgroundCopyJob_SetNotifyFlags(This, Val) ((This)->lpVtbl->SetNotifyFlags((This), (Val)))
#define IBackgroundCopyJob_GetNotifyFlags(This, pVal)                                              \
        ((This)->lpVtbl->GetNotifyFlags((This), (pVal)))
#define IBackgroundCopyJob_SetNotifyInterface(This, Val)                                           \
        ((This)->lpVtbl->SetNotifyInterface((This), (Val)))
#define IBackgroundCopyJob_GetNotifyInterface(This, ppVal)                                         \
        ((This)->lpVtbl->GetNotifyInterface((This), (ppVal)))
#define IBackgroundCopyJob_SetMinimumRetryDelay(This, Seconds)                                     \
        ((This)->lpVtbl->SetMinimumRetryDelay((This), (Seconds)))
#define IBackgroundCopyJob_GetMinimumRetryDelay(This, Seconds)                                     \
        ((This)->lpVtbl->GetMinimumRetryDelay((This), (Seconds)))
#define IBackgroundCopyJob_SetNoProgressTimeout(This, Seconds)                                     \
        ((This)->lpVtbl->SetNoProgressTimeout((This), (Seconds)))
#define IBackgroundCopyJob_GetNoProgressTimeout(This, Seconds)                                     \
        ((This)->lpVtbl->GetNoProgressTimeout((This), (Seconds)))
#define IBackgroundCopyJob_GetErrorCount(This, Errors)                                             \
        ((This)->lpVtbl->GetErrorCount((This), (Errors)))
#define IBackgroundCopyJob_SetProxySettings(This, ProxyUsage, ProxyList, ProxyBypassList)          \
        ((This)->lpVtbl->SetProxySettings((This), (ProxyUsage), (ProxyList), (ProxyBypassList)))
#define IBackgroundCopyJob_GetProxySettings(This, pProxyUsage, pProxyList, pProxyBypassList)       \
        ((This)->lpVtbl->GetProxySettings((This), (pProxyUsage), (pProxyList), (pProxyBypassList)))
#define IBackgroundCopyJob_TakeOwnership(This) ((This)->lpVtbl->TakeOwnership(This))
#endif

/* The same for the tables of later interfaces. */
#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_JOB_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_JOB_METHODS                                                                           \
        BITS_UNKNOWN_METHODS                                                                       \
        STDMETHOD(AddFileSet)(THIS_ ULONG cFileCount, BG_FILE_INFO *pFileSet) PURE;                \
        STDMETHOD(AddFile)(THIS_ LPCWSTR RemoteUrl, LPCWSTR LocalName) PURE;                       \
        STDMETHOD(EnumFiles)(THIS_ IEnumBackgroundCopyFiles **pEnum) PURE;                         \
        STDMETHOD(Suspend)(THIS) PURE;                                                             \
        STDMETHOD(Resume)(THIS) PURE;                                                              \
        STDMETHOD(Cancel)(THIS) PURE;                                                              \
        STDMETHOD(Complete)(THIS) PURE;                                                            \
        STDMETHOD(GetId)(THIS_ GUID *pVal) PURE;                                                   \
        STDMETHOD(GetType)(THIS_ BG_JOB_TYPE *pVal) PURE;                                          \
        STDMETHOD(GetProgress)(THIS_ BG_JOB_PROGRESS *pVal) PURE;                                  \
        STDMETHOD(GetTimes)(THIS_ BG_JOB_TIMES *pVal) PURE;                                        \
        STDMETHOD(GetState)(THIS_ BG_JOB_STATE *pVal) PURE;                                        \
        STDMETHOD(GetError)(THIS_ IBackgroundCopyError **ppError) PURE;                            \
        STDMETHOD(GetOwner)(THIS_ LPWSTR *pVal) PURE;                                              \
        STDMETHOD(SetDisplayName)(THIS_ LPCWSTR Val) PURE;                                         \
        STDMETHOD(GetDisplayName)(THIS_ LPWSTR *pVal) PURE;                                        \
        STDMETHOD(SetDescription)(THIS_ LPCWSTR Val) PURE;                                         \
        STDMETHOD(GetDescription)(THIS_ LPWSTR *pVal) PURE;                                        \
        STDMETHOD(SetPriority)(THIS_ BG_JOB_PRIORITY Val) PURE;                                    \
        STDMETHOD(GetPriority)(THIS_ BG_JOB_PRIORITY *pVal) PURE;                                  \
        STDMETHOD(SetNotifyFlags)(THIS_ ULONG Val) PURE;                                           \
        STDMETHOD(GetNotifyFlags)(THIS_ ULONG *pVal) PURE;                                         \
        STDMETHOD(SetNotifyInterface)(THIS_ IUnknown *Val) PURE;                                   \
        STDMETHOD(GetNotifyInterface)(THIS_ IUnknown **ppVal) PURE;                                \
        STDMETHOD(SetMinimumRetryDelay)(THIS_ ULONG Seconds) PURE;                                 \
        STDMETHOD(GetMinimumRetryDelay)(THIS_ ULONG *Seconds) PURE;                                \
        STDMETHOD(SetNoProgressTimeout)(THIS_ ULONG Seconds) PURE;                                 \
        STDMETHOD(GetNoProgressTimeout)(THIS_ ULONG *Seconds) PURE;                                \
        STDMETHOD(GetErrorCount)(THIS_ ULONG *Errors) PURE;                                        \
        STDMETHOD(SetProxySettings)(THIS_ BG_JOB_PROXY_USAGE ProxyUsage, const WCHAR *ProxyList,   \
                                    const WCHAR *ProxyBypassList) PURE;                            \
        STDMETHOD(GetProxySettings)(THIS_ BG_JOB_PROXY_USAGE *pProxyUsage, LPWSTR *pProxyList,     \
                                    LPWSTR *pProxyBypassList) PURE;                                \
        STDMETHOD(TakeOwnership)(THIS) PURE;
/* clang-format on */
#endif

/* One file of a job. Page: IBackgroundCopyFile interface (bits.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyFile
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyFile, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* The remote name of now. The caller frees it with CoTaskMemFree. Errors: those of every
         * call. Page: IBackgroundCopyFile::GetRemoteName. */
        STDMETHOD(GetRemoteName)(THIS_ LPWSTR *pVal) PURE;

        /* The final name, as it was added. The caller frees it with CoTaskMemFree. Errors: those
         * of every call. Page: IBackgroundCopyFile::GetLocalName. */
        STDMETHOD(GetLocalName)(THIS_ LPWSTR *pVal) PURE;

        /* Bytes, and whether the file is there for its user. Errors: those of every call. Page:
         * IBackgroundCopyFile::GetProgress. */
        STDMETHOD(GetProgress)(THIS_ BG_FILE_PROGRESS *pVal) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyFile, IID_IBackgroundCopyFile)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyFile_QueryInterface(This, riid, ppvObject)                                  \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IBackgroundCopyFile_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IBackgroundCopyFile_Release(This) ((This)->lpVtbl->Release(This))
#define IBackgroundCopyFile_GetRemoteName(This, pVal)                                              \
        ((This)->lpVtbl->GetRemoteName((This), (pVal)))
#define IBackgroundCopyFile_GetLocalName(This, pVal) ((This)->lpVtbl->GetLocalName((This), (pVal)))
#define IBackgroundCopyFile_GetProgress(This, pVal)  ((This)->lpVtbl->GetProgress((This), (pVal)))
#endif

/* The same for the tables of later interfaces. */
#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_FILE_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_FILE_METHODS                                                                          \
        BITS_UNKNOWN_METHODS                                                                       \
        STDMETHOD(GetRemoteName)(THIS_ LPWSTR *pVal) PURE;                                         \
        STDMETHOD(GetLocalName)(THIS_ LPWSTR *pVal) PURE;                                          \
        STDMETHOD(GetProgress)(THIS_ BG_FILE_PROGRESS *pVal) PURE;
/* clang-format on */
#endif

/* What went wrong: a snapshot, which stays as it is when the job goes on. Page:
 * IBackgroundCopyError interface (bits.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyError
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyError, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* Where, and the code. Errors: E_INVALIDARG. Page: IBackgroundCopyError::GetError. */
        STDMETHOD(GetError)(THIS_ BG_ERROR_CONTEXT *pContext, HRESULT *pCode) PURE;

        /* The file that failed. The caller releases it. Errors: E_INVALIDARG;
         * BG_E_FILE_NOT_AVAILABLE (it was not about a file; *pVal is NULL); E_OUTOFMEMORY. Page:
         * IBackgroundCopyError::GetFile. */
        STDMETHOD(GetFile)(THIS_ IBackgroundCopyFile **pVal) PURE;

        /* The failure in words: in English as exact as the service knows it, with a second line where
         * a server's error page said something, in German (see
         * IBackgroundCopyManager::GetErrorDescription) that of the code. The caller frees it
         * with CoTaskMemFree. Errors: those of every call; E_INVALIDARG (also: LanguageId is 0);
         * HRESULT_FROM_WIN32(ERROR_RESOURCE_LANG_NOT_FOUND). Page:
         * IBackgroundCopyError::GetErrorDescription. */
        STDMETHOD(GetErrorDescription)(THIS_ DWORD LanguageId, LPWSTR *pErrorDescription) PURE;

        /* The context in words. The caller frees it with CoTaskMemFree. Errors: as
         * GetErrorDescription. Page: IBackgroundCopyError::GetErrorContextDescription. */
        STDMETHOD(GetErrorContextDescription)(THIS_ DWORD LanguageId,
                                              LPWSTR *pContextDescription) PURE;

        /* "http" or "file". The caller frees it with CoTaskMemFree. Errors: E_INVALIDARG;
         * BG_E_PROTOCOL_NOT_AVAILABLE (it was not about a transfer; *pProtocol is NULL);
         * E_OUTOFMEMORY. Page: IBackgroundCopyError::GetProtocol. */
        STDMETHOD(GetProtocol)(THIS_ LPWSTR *pProtocol) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyError, IID_IBackgroundCopyError)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyError_QueryInterface(This, riid, ppvObject)                                 \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IBackgroundCopyError_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IBackgroundCopyError_Release(This) ((This)->lpVtbl->Release(This))
#define IBackgroundCopyError_GetError(This, pContext, pCode)                                       \
        ((This)->lpVtbl->GetError((This), (pContext), (pCode)))
#define IBackgroundCopyError_GetFile(This, pVal) ((This)->lpVtbl->GetFile((This), (pVal)))
#define IBackgroundCopyError_GetErrorDescription(This, LanguageId, pErrorDescription)              \
        ((This)->lpVtbl->GetErrorDescription((This), (LanguageId), (pErrorDescription)))
#define IBackgroundCopyError_GetErrorContextDescription(This, LanguageId, pContextDescription)     \
        ((This)->lpVtbl->GetErrorContextDescription((This), (LanguageId), (pContextDescription)))
#define IBackgroundCopyError_GetProtocol(This, pProtocol)                                          \
        ((This)->lpVtbl->GetProtocol((This), (pProtocol)))
#endif

/* A list of jobs as it was when EnumJobs made it. Page: IEnumBackgroundCopyJobs interface
 * (bits.h). */
#undef INTERFACE
#define INTERFACE IEnumBackgroundCopyJobs
/* clang-format off */
DECLARE_INTERFACE_(IEnumBackgroundCopyJobs, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* The next celt jobs into rgelt, their number into *pceltFetched, which may be NULL when
         * celt is 1. The caller releases each. S_OK; S_FALSE (fewer than celt were left).
         * Errors: E_INVALIDARG. Page: IEnumBackgroundCopyJobs::Next. */
        STDMETHOD(Next)(THIS_ ULONG celt, IBackgroundCopyJob **rgelt, ULONG *pceltFetched) PURE;

        /* Passes over celt of them. S_OK; S_FALSE (fewer were left: now at the end). Page:
         * IEnumBackgroundCopyJobs::Skip. */
        STDMETHOD(Skip)(THIS_ ULONG celt) PURE;

        /* Back to the first. S_OK. Page: IEnumBackgroundCopyJobs::Reset. */
        STDMETHOD(Reset)(THIS) PURE;

        /* Another enumerator at the same place. The caller releases it. Errors: E_INVALIDARG;
         * E_OUTOFMEMORY. Page: IEnumBackgroundCopyJobs::Clone. */
        STDMETHOD(Clone)(THIS_ IEnumBackgroundCopyJobs **ppEnum) PURE;

        /* How many there are in the whole list. Errors: E_INVALIDARG. Page:
         * IEnumBackgroundCopyJobs::GetCount. */
        STDMETHOD(GetCount)(THIS_ ULONG *puCount) PURE;
};
/* clang-format on */

BITS_UUID(IEnumBackgroundCopyJobs, IID_IEnumBackgroundCopyJobs)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IEnumBackgroundCopyJobs_QueryInterface(This, riid, ppvObject)                              \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IEnumBackgroundCopyJobs_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IEnumBackgroundCopyJobs_Release(This) ((This)->lpVtbl->Release(This))
#define IEnumBackgroundCopyJobs_Next(This, celt, rgelt, pceltFetched)                              \
        ((This)->lpVtbl->Next((This), (celt), (rgelt), (pceltFetched)))
#define IEnumBackgroundCopyJobs_Skip(This, celt)    ((This)->lpVtbl->Skip((This), (celt)))
#define IEnumBackgroundCopyJobs_Reset(This)         ((This)->lpVtbl->Reset(This))
#define IEnumBackgroundCopyJobs_Clone(This, ppEnum) ((This)->lpVtbl->Clone((This), (ppEnum)))
#define IEnumBackgroundCopyJobs_GetCount(This, puCount)                                            \
        ((This)->lpVtbl->GetCount((This), (puCount)))
#endif

/* A list of files as it was when EnumFiles made it. Page: IEnumBackgroundCopyFiles interface
 * (bits.h). */
#undef INTERFACE
#define INTERFACE IEnumBackgroundCopyFiles
/* clang-format off */
DECLARE_INTERFACE_(IEnumBackgroundCopyFiles, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* The next celt files into rgelt, their number into *pceltFetched, which may be NULL
         * when celt is 1. The caller releases each. S_OK; S_FALSE (fewer than celt were left).
         * Errors: E_INVALIDARG. Page: IEnumBackgroundCopyFiles::Next. */
        STDMETHOD(Next)(THIS_ ULONG celt, IBackgroundCopyFile **rgelt, ULONG *pceltFetched) PURE;

        /* Passes over celt of them. S_OK; S_FALSE (fewer were left: now at the end). Page:
         * IEnumBackgroundCopyFiles::Skip. */
        STDMETHOD(Skip)(THIS_ ULONG celt) PURE;

        /* Back to the first. S_OK. Page: IEnumBackgroundCopyFiles::Reset. */
        STDMETHOD(Reset)(THIS) PURE;

        /* Another enumerator at the same place. The caller releases it. Errors: E_INVALIDARG;
         * E_OUTOFMEMORY. Page: IEnumBackgroundCopyFiles::Clone. */
        STDMETHOD(Clone)(THIS_ IEnumBackgroundCopyFiles **ppEnum) PURE;

        /* How many there are in the whole list. Errors: E_INVALIDARG. Page:
         * IEnumBackgroundCopyFiles::GetCount. */
        STDMETHOD(GetCount)(THIS_ ULONG *puCount) PURE;
};
/* clang-format on */

BITS_UUID(IEnumBackgroundCopyFiles, IID_IEnumBackgroundCopyFiles)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IEnumBackgroundCopyFiles_QueryInterface(This, riid, ppvObject)                             \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IEnumBackgroundCopyFiles_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IEnumBackgroundCopyFiles_Release(This) ((This)->lpVtbl->Release(This))
#define IEnumBackgroundCopyFiles_Next(This, celt, rgelt, pceltFetched)                             \
        ((This)->lpVtbl->Next((This), (celt), (rgelt), (pceltFetched)))
#define IEnumBackgroundCopyFiles_Skip(This, celt)    ((This)->lpVtbl->Skip((This), (celt)))
#define IEnumBackgroundCopyFiles_Reset(This)         ((This)->lpVtbl->Reset(This))
#define IEnumBackgroundCopyFiles_Clone(This, ppEnum) ((This)->lpVtbl->Clone((This), (ppEnum)))
#define IEnumBackgroundCopyFiles_GetCount(This, puCount)                                           \
        ((This)->lpVtbl->GetCount((This), (puCount)))
#endif

/* Implemented by the program, registered by SetNotifyInterface. In a single-threaded apartment
 * it is called while the thread pumps messages (PeekMessage, GetMessage), in the multithreaded
 * one from a thread of the library's. Objects that it gets are valid during the call: AddRef to
 * keep one, do not free anything. Its methods may call BITS; they should not block. Delivery is
 * at least once: a result that is a failure is delivered again later. Page:
 * IBackgroundCopyCallback interface (bits.h). */
#undef INTERFACE
#define INTERFACE IBackgroundCopyCallback
/* clang-format off */
DECLARE_INTERFACE_(IBackgroundCopyCallback, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* All files are there: usually the place for Complete. Result: S_OK; a failure asks for
         * another call. Page: IBackgroundCopyCallback::JobTransferred. */
        STDMETHOD(JobTransferred)(THIS_ IBackgroundCopyJob *pJob) PURE;

        /* The job is in ERROR: cure it and Resume, or Cancel. Result: S_OK; a failure asks for
         * another call. Page: IBackgroundCopyCallback::JobError. */
        STDMETHOD(JobError)(THIS_ IBackgroundCopyJob *pJob, IBackgroundCopyError *pError) PURE;

        /* Something changed: a property, the state, the progress; several changes may be one
         * call. dwReserved: 0. The result is not used. Page:
         * IBackgroundCopyCallback::JobModification. */
        STDMETHOD(JobModification)(THIS_ IBackgroundCopyJob *pJob, DWORD dwReserved) PURE;
};
/* clang-format on */

BITS_UUID(IBackgroundCopyCallback, IID_IBackgroundCopyCallback)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IBackgroundCopyCallback_QueryInterface(This, riid, ppvObject)                              \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IBackgroundCopyCallback_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IBackgroundCopyCallback_Release(This) ((This)->lpVtbl->Release(This))
#define IBackgroundCopyCallback_JobTransferred(This, pJob)                                         \
        ((This)->lpVtbl->JobTransferred((This), (pJob)))
#define IBackgroundCopyCallback_JobError(This, pJob, pError)                                       \
        ((This)->lpVtbl->JobError((This), (pJob), (pError)))
#define IBackgroundCopyCallback_JobModification(This, pJob, dwReserved)                            \
        ((This)->lpVtbl->JobModification((This), (pJob), (dwReserved)))
#endif

/* The same for the tables of later interfaces. */
#if defined(__cplusplus) && !defined(CINTERFACE)
#define BITS_CALLBACK_METHODS /* inherited */
#else
/* clang-format off */
#define BITS_CALLBACK_METHODS                                                                      \
        BITS_UNKNOWN_METHODS                                                                       \
        STDMETHOD(JobTransferred)(THIS_ IBackgroundCopyJob *pJob) PURE;                            \
        STDMETHOD(JobError)(THIS_ IBackgroundCopyJob *pJob, IBackgroundCopyError *pError) PURE;    \
        STDMETHOD(JobModification)(THIS_ IBackgroundCopyJob *pJob, DWORD dwReserved) PURE;
/* clang-format on */
#endif

/* The asynchronous form of IBackgroundCopyCallback, for programs that name it. It is never
 * called: SetNotifyInterface wants the form above. Page: none. */
#undef INTERFACE
#define INTERFACE AsyncIBackgroundCopyCallback
/* clang-format off */
DECLARE_INTERFACE_(AsyncIBackgroundCopyCallback, IUnknown)
{
        BITS_UNKNOWN_METHODS

        /* Starts JobTransferred. Page: IBackgroundCopyCallback::JobTransferred. */
        STDMETHOD(Begin_JobTransferred)(THIS_ IBackgroundCopyJob *pJob) PURE;

        /* Its result. Page: IBackgroundCopyCallback::JobTransferred. */
        STDMETHOD(Finish_JobTransferred)(THIS) PURE;

        /* Starts JobError. Page: IBackgroundCopyCallback::JobError. */
        STDMETHOD(Begin_JobError)(THIS_ IBackgroundCopyJob *pJob,
                                  IBackgroundCopyError *pError) PURE;

        /* Its result. Page: IBackgroundCopyCallback::JobError. */
        STDMETHOD(Finish_JobError)(THIS) PURE;

        /* Starts JobModification. Page: IBackgroundCopyCallback::JobModification. */
        STDMETHOD(Begin_JobModification)(THIS_ IBackgroundCopyJob *pJob, DWORD dwReserved) PURE;

        /* Its result. Page: IBackgroundCopyCallback::JobModification. */
        STDMETHOD(Finish_JobModification)(THIS) PURE;
};
/* clang-format on */

BITS_UUID(AsyncIBackgroundCopyCallback, IID_AsyncIBackgroundCopyCallback)

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define AsyncIBackgroundCopyCallback_QueryInterface(This, riid, ppvObject)                         \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define AsyncIBackgroundCopyCallback_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define AsyncIBackgroundCopyCallback_Release(This) ((This)->lpVtbl->Release(This))
#define AsyncIBackgroundCopyCallback_Begin_JobTransferred(This, pJob)                              \
        ((This)->lpVtbl->Begin_JobTransferred((This), (pJob)))
#define AsyncIBackgroundCopyCallback_Finish_JobTransferred(This)                                   \
        ((This)->lpVtbl->Finish_JobTransferred(This))
#define AsyncIBackgroundCopyCallback_Begin_JobError(This, pJob, pError)                            \
        ((This)->lpVtbl->Begin_JobError((This), (pJob), (pError)))
#define AsyncIBackgroundCopyCallback_Finish_JobError(This) ((This)->lpVtbl->Finish_JobError(This))
#define AsyncIBackgroundCopyCallback_Begin_JobModification(This, pJob, dwReserved)                 \
        ((This)->lpVtbl->Begin_JobModification((This), (pJob), (dwReserved)))
#define AsyncIBackgroundCopyCallback_Finish_JobModification(This)                                  \
        ((This)->lpVtbl->Finish_JobModification(This))
#endif

/* The versions in their order: each builds on the ones before. */
/* clang-format off */
#include <bits1_5.h>
#include <bits2_0.h>
#include <bits3_0.h>
#include <bits4_0.h>
#include <bits5_0.h>
#include <bits10_1.h>
/* clang-format on */

#endif
