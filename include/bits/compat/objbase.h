/*
 * The calls of COM that BITS programs make around the interfaces. Compatibility header of bits: not
 * Windows' own, and only as large as such programs need.
 */
#ifndef BITS_COMPAT_OBJBASE_H
#define BITS_COMPAT_OBJBASE_H

#include <unknwn.h>

typedef enum tagCOINIT {
        COINIT_MULTITHREADED = 0x0,
        COINIT_APARTMENTTHREADED = 0x2,
        COINIT_DISABLE_OLE1DDE = 0x4,   /* accepted, without meaning here */
        COINIT_SPEED_OVER_MEMORY = 0x8, /* likewise */
} COINIT;

enum {
        CLSCTX_INPROC_SERVER = 0x1,
        CLSCTX_INPROC_HANDLER = 0x2,
        CLSCTX_LOCAL_SERVER = 0x4,
        CLSCTX_REMOTE_SERVER = 0x10,
        CLSCTX_SERVER = CLSCTX_INPROC_SERVER | CLSCTX_LOCAL_SERVER | CLSCTX_REMOTE_SERVER,
        CLSCTX_ALL = CLSCTX_SERVER | CLSCTX_INPROC_HANDLER,
};

enum {
        EOAC_NONE = 0x0,
        EOAC_STATIC_CLOAKING = 0x20,  /* the identity of the first call, or of CoSetProxyBlanket */
        EOAC_DYNAMIC_CLOAKING = 0x40, /* the thread's identity at each call */
        EOAC_DEFAULT = 0x800,         /* CoSetProxyBlanket: as the process has it */
};

#define RPC_C_AUTHN_LEVEL_DEFAULT       0
#define RPC_C_AUTHN_LEVEL_NONE          1
#define RPC_C_AUTHN_LEVEL_CONNECT       2
#define RPC_C_AUTHN_LEVEL_CALL          3
#define RPC_C_AUTHN_LEVEL_PKT           4
#define RPC_C_AUTHN_LEVEL_PKT_INTEGRITY 5
#define RPC_C_AUTHN_LEVEL_PKT_PRIVACY   6

#define RPC_C_IMP_LEVEL_DEFAULT     0
#define RPC_C_IMP_LEVEL_ANONYMOUS   1
#define RPC_C_IMP_LEVEL_IDENTIFY    2 /* the default: the service learns who calls, no more */
#define RPC_C_IMP_LEVEL_IMPERSONATE 3 /* SetHelperToken needs this or more */
#define RPC_C_IMP_LEVEL_DELEGATE    4

#define RPC_C_AUTHN_NONE    0u
#define RPC_C_AUTHN_WINNT   10u
#define RPC_C_AUTHN_DEFAULT 0xffffffffu
#define RPC_C_AUTHZ_NONE    0u
#define RPC_C_AUTHZ_DEFAULT 0xffffffffu

#define COLE_DEFAULT_PRINCIPAL ((WCHAR *)(intptr_t)-1)
#define COLE_DEFAULT_AUTHINFO  ((void *)(intptr_t)-1)

typedef void *RPC_AUTH_IDENTITY_HANDLE;
typedef void *PSECURITY_DESCRIPTOR;
typedef struct tagSOLE_AUTHENTICATION_SERVICE SOLE_AUTHENTICATION_SERVICE;

/* Makes the calling thread an apartment of its own (COINIT_APARTMENTTHREADED: callbacks are
 * delivered while it pumps messages) or a member of the multithreaded one (callbacks come on a
 * thread of the library's). pvReserved is NULL. S_OK; S_FALSE already initialised, to be balanced
 * all the same; RPC_E_CHANGED_MODE the thread is of the other kind; E_INVALIDARG; E_OUTOFMEMORY.
 * Pages: CoInitializeEx, CoInitialize (which is COINIT_APARTMENTTHREADED). */
STDAPI CoInitializeEx(LPVOID pvReserved, DWORD dwCoInit);
STDAPI CoInitialize(LPVOID pvReserved);

/* Undoes one successful CoInitialize(Ex) of this thread. The last one of an apartment ends its
 * callbacks; the last one of the process ends the connection to the service. Page: CoUninitialize.
 */
STDAPI_(void) CoUninitialize(void);

/* The process's security for every pointer without a blanket of its own; once, before the first
 * call to the service. Only dwImpLevel (RPC_C_IMP_LEVEL_*) and the cloaking bits of dwCapabilities
 * count: who may call is the kernel's and the service's business here. S_OK; CO_E_NOTINITIALIZED;
 * RPC_E_TOO_LATE called before, or a call was made already; E_INVALIDARG a level out of range or
 * both kinds of cloaking. Any thread. Page: CoInitializeSecurity. */
STDAPI CoInitializeSecurity(PSECURITY_DESCRIPTOR pSecDesc, LONG cAuthSvc,
                            SOLE_AUTHENTICATION_SERVICE *asAuthSvc, void *pReserved1,
                            DWORD dwAuthnLevel, DWORD dwImpLevel, void *pAuthList,
                            DWORD dwCapabilities, void *pReserved3);

/* The same for one interface pointer; other pointers to the object are not changed, and pointers
 * that its methods return do not inherit it. Only dwImpLevel and the cloaking bits count
 * (RPC_C_IMP_LEVEL_DEFAULT, EOAC_DEFAULT: as the process has it). S_OK; E_INVALIDARG NULL, a level
 * out of range or both kinds of cloaking; E_NOINTERFACE the pointer is not the library's. Any
 * thread. Page: CoSetProxyBlanket. */
STDAPI CoSetProxyBlanket(IUnknown *pProxy, DWORD dwAuthnSvc, DWORD dwAuthzSvc,
                         WCHAR *pServerPrincName, DWORD dwAuthnLevel, DWORD dwImpLevel,
                         RPC_AUTH_IDENTITY_HANDLE pAuthInfo, DWORD dwCapabilities);

/* A new object of a class; here, a manager (bits.h). Finds the service; without a system service it
 * starts the person's own, which may take seconds. pUnkOuter is NULL, dwClsContext contains
 * CLSCTX_LOCAL_SERVER; the caller releases *ppv. S_OK; REGDB_E_CLASSNOTREG no such class (the way
 * to test for a version of BITS); CLASS_E_NOAGGREGATION; E_NOINTERFACE; CO_E_NOTINITIALIZED;
 * E_POINTER ppv is NULL; HRESULT_FROM_WIN32(RPC_S_SERVER_UNAVAILABLE) no service and none could be
 * started; E_OUTOFMEMORY. Any thread. Page: CoCreateInstance. */
STDAPI CoCreateInstance(REFCLSID rclsid, LPUNKNOWN pUnkOuter, DWORD dwClsContext, REFIID riid,
                        LPVOID *ppv);

/* Memory that passes between caller and library: every string that a method returns is freed with
 * CoTaskMemFree (NULL is accepted). NULL when there is none. Any thread. Pages:
 * CoTaskMemAlloc, CoTaskMemRealloc, CoTaskMemFree. */
STDAPI_(LPVOID) CoTaskMemAlloc(SIZE_T cb);
STDAPI_(LPVOID) CoTaskMemRealloc(LPVOID pv, SIZE_T cb);
STDAPI_(void) CoTaskMemFree(LPVOID pv);

/* The text "{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}". StringFromGUID2 writes it to lpsz, which has
 * room for cchMax characters, and returns 39 (characters with the NUL), or 0 when there is not
 * enough. The others return a string for CoTaskMemFree: S_OK, E_INVALIDARG, E_OUTOFMEMORY. Any
 * thread. Pages: StringFromGUID2, StringFromCLSID, StringFromIID. */
EXTERN_C int StringFromGUID2(REFGUID rguid, LPWSTR lpsz, int cchMax);
STDAPI StringFromCLSID(REFCLSID rclsid, LPWSTR *lplpsz);
STDAPI StringFromIID(REFIID rclsid, LPWSTR *lplpsz);

/* The way back; braces are required, case does not matter. S_OK; CO_E_CLASSSTRING, for
 * IIDFromString CO_E_IIDSTRING, no such text (CLSIDFromString knows no program names); E_INVALIDARG
 * NULL. Any thread. Pages: CLSIDFromString, IIDFromString. */
STDAPI CLSIDFromString(LPCWSTR lpsz, LPCLSID pclsid);
STDAPI IIDFromString(LPCWSTR lpsz, LPIID lpiid);

#endif
