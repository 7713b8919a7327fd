/*
 * The Win32 calls that programs make around BITS: tokens, messages, time. Compatibility header of
 * bits: not Windows' own, and only as large as such programs need.
 *
 * Every BOOL call returns FALSE on failure and leaves the reason in GetLastError. The A forms take
 * UTF-8, whatever the locale.
 */
#ifndef BITS_COMPAT_WINDOWS_H
#define BITS_COMPAT_WINDOWS_H

#include <windef.h>

/* ---- errors
 * ---------------------------------------------------------------------------------------- */

/* The calling thread's last error (ERROR_*). A call that succeeds may leave it as it was. Pages:
 * GetLastError, SetLastError. */
STDAPI_(DWORD) GetLastError(void);
STDAPI_(void) SetLastError(DWORD dwErrCode);

/* ---- handles
 * --------------------------------------------------------------------------------------- */

#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)

/* Ends a handle; what was made from it (an impersonation, a job's helper token) goes on.
 * ERROR_INVALID_HANDLE no such handle, also the second time. Any thread. Page: CloseHandle. */
STDAPI_(BOOL) CloseHandle(HANDLE hObject);

/* Constants that mean the caller's own; closing them does nothing. Pages: GetCurrentProcess,
 * GetCurrentThread. */
STDAPI_(HANDLE) GetCurrentProcess(void);
STDAPI_(HANDLE) GetCurrentThread(void);
STDAPI_(DWORD) GetCurrentProcessId(void); /* Page: GetCurrentProcessId. */
STDAPI_(DWORD) GetCurrentThreadId(void);  /* Page: GetCurrentThreadId. */

/* ---- tokens
 * ---------------------------------------------------------------------------------------- */

#define TOKEN_ASSIGN_PRIMARY 0x0001u
#define TOKEN_DUPLICATE      0x0002u
#define TOKEN_IMPERSONATE    0x0004u
#define TOKEN_QUERY          0x0008u
#define TOKEN_ALL_ACCESS     0x000F01FFu

#define LOGON32_LOGON_INTERACTIVE       2u
#define LOGON32_LOGON_NETWORK           3u
#define LOGON32_LOGON_BATCH             4u
#define LOGON32_LOGON_SERVICE           5u
#define LOGON32_LOGON_UNLOCK            7u
#define LOGON32_LOGON_NETWORK_CLEARTEXT 8u
#define LOGON32_LOGON_NEW_CREDENTIALS   9u

#define LOGON32_PROVIDER_DEFAULT 0u
#define LOGON32_PROVIDER_WINNT35 1u
#define LOGON32_PROVIDER_WINNT40 2u
#define LOGON32_PROVIDER_WINNT50 3u

/* Logs a user on by password; *phToken serves the caller's own jobs (IBitsTokenOptions) and is
 * closed with CloseHandle. The password goes to PAM's service "bits-logon" through a pipe, and its
 * copies are wiped. lpszDomain: NULL, "", "." or this host's name for an account of this machine;
 * any other is put behind the name, as NAME@DOMAIN. dwLogonType: the types above are all the same
 * here, but NEW_CREDENTIALS, which cannot be had. May block for seconds, longer after wrong
 * passwords; any thread. GetLastError: ERROR_LOGON_FAILURE           unknown account, wrong or
 * locked password ERROR_ACCOUNT_EXPIRED, ERROR_PASSWORD_EXPIRED, ERROR_ACCOUNT_LOCKED_OUT,
 * ERROR_ACCOUNT_RESTRICTION ERROR_LOGON_TYPE_NOT_GRANTED  root, or log-ons are closed (nologin)
 *   ERROR_PRIVILEGE_NOT_HELD      the person's own service (user mode) cannot log on anybody
 *   ERROR_ACCESS_DENIED           the caller is restricted (NoNewPrivs)
 *   ERROR_NOT_ENOUGH_QUOTA        too many tokens, or log-ons under way
 *   ERROR_INVALID_PARAMETER       NULL, a type or provider not above, text that is not Unicode
 *   RPC_S_SERVER_UNAVAILABLE      no service; ERROR_TIMEOUT PAM did not answer
 *   ERROR_NOT_ENOUGH_MEMORY; ERROR_NOT_SUPPORTED PAM is not set up (no "bits-logon")
 * Pages: LogonUserW, LogonUserA. */
STDAPI_(BOOL)
LogonUserW(LPCWSTR lpszUsername, LPCWSTR lpszDomain, LPCWSTR lpszPassword, DWORD dwLogonType,
           DWORD dwLogonProvider, PHANDLE phToken);
STDAPI_(BOOL)
LogonUserA(LPCSTR lpszUsername, LPCSTR lpszDomain, LPCSTR lpszPassword, DWORD dwLogonType,
           DWORD dwLogonProvider, PHANDLE phToken);

/* A token of the calling process, for its own jobs; closed with CloseHandle. ProcessHandle is
 * GetCurrentProcess(); DesiredAccess is not used. ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER,
 * and of the service as for LogonUser. Any thread. Page: OpenProcessToken. */
STDAPI_(BOOL) OpenProcessToken(HANDLE ProcessHandle, DWORD DesiredAccess, PHANDLE TokenHandle);

/* The token that the calling thread impersonates; closed with CloseHandle. ThreadHandle is
 * GetCurrentThread(); the other two are not used. ERROR_NO_TOKEN it impersonates nobody;
 * ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY. Page: OpenThreadToken. */
STDAPI_(BOOL)
OpenThreadToken(HANDLE ThreadHandle, DWORD DesiredAccess, BOOL OpenAsSelf, PHANDLE TokenHandle);

/* From now on the calling thread speaks to BITS as the token's user, where cloaking is on
 * (objbase.h). Nothing else of the thread changes: files that it opens itself are opened as before.
 * The handle may be closed. ERROR_INVALID_HANDLE, ERROR_NOT_ENOUGH_MEMORY. Page:
 * ImpersonateLoggedOnUser. */
STDAPI_(BOOL) ImpersonateLoggedOnUser(HANDLE hToken);
STDAPI_(BOOL) RevertToSelf(void); /* Ends it; TRUE also when there was none. Page: RevertToSelf. */

/* Additions of bits: one process lets another use its identity, as a Windows client lets a service
 * impersonate it. The client makes a token for the jobs of the user it trusts, and sends its
 * descriptor over any unix socket (SCM_RIGHTS); the service makes a handle of what it received.
 *   bits_token_new      usage: BG_TOKEN_LOCAL_FILE, BG_TOKEN_NETWORK (bits4_0.h) or both. Root's is
 *                       for root only: ERROR_PRIVILEGE_NOT_HELD. Other errors as for LogonUser.
 *   bits_token_from_fd  fd stays the caller's. Whether it is a token is seen when it is used.
 *                       ERROR_INVALID_HANDLE not a socket; ERROR_INVALID_PARAMETER,
 *                       ERROR_NOT_ENOUGH_MEMORY, ERROR_TOO_MANY_OPEN_FILES.
 *   bits_token_fd       the handle's descriptor, valid until the handle is closed; -1 and
 *                       ERROR_INVALID_HANDLE.
 * Any thread; handles are closed with CloseHandle. Page: none; DESIGN and bits(7) explain tokens.
 */
STDAPI_(BOOL) bits_token_new(uint32_t audience_uid, DWORD usage, PHANDLE ret_token);
STDAPI_(BOOL) bits_token_from_fd(int fd, PHANDLE ret_token);
STDAPI_(int) bits_token_fd(HANDLE token);

/* ---- messages
 * -------------------------------------------------------------------------------------- */

typedef struct HWND__ *HWND; /* there are no windows: always NULL */

typedef struct tagPOINT {
        LONG x, y;
} POINT;

typedef struct tagMSG {
        HWND hwnd;
        UINT message;
        WPARAM wParam;
        LPARAM lParam;
        DWORD time; /* GetTickCount() when it was posted */
        POINT pt;   /* zero */
} MSG, *PMSG, *LPMSG;

#define WM_NULL 0x0000u
#define WM_QUIT 0x0012u
#define WM_USER 0x0400u
#define WM_APP  0x8000u

#define PM_NOREMOVE 0x0000u
#define PM_REMOVE   0x0001u
#define PM_NOYIELD  0x0002u

/* The next message of the calling thread's queue between wMsgFilterMin and wMsgFilterMax (0 and 0:
 * any), oldest first, WM_QUIT last. Before looking, both run the callbacks that wait for this
 * thread's apartment: a thread that never comes here gets none. hWnd is NULL or (HWND)-1.
 *   PeekMessage  does not wait: FALSE when there is no message. PM_REMOVE takes it off the queue.
 *   GetMessage   waits; 0 for WM_QUIT, -1 on error (ERROR_INVALID_WINDOW_HANDLE, ERROR_NOACCESS
 *                lpMsg is NULL, ERROR_NOT_ENOUGH_MEMORY), else positive.
 * Pages: PeekMessageW, GetMessage (and the A forms). */
STDAPI_(BOOL)
PeekMessageW(LPMSG lpMsg, HWND hWnd, UINT wMsgFilterMin, UINT wMsgFilterMax, UINT wRemoveMsg);
STDAPI_(BOOL)
PeekMessageA(LPMSG lpMsg, HWND hWnd, UINT wMsgFilterMin, UINT wMsgFilterMax, UINT wRemoveMsg);
STDAPI_(BOOL) GetMessageW(LPMSG lpMsg, HWND hWnd, UINT wMsgFilterMin, UINT wMsgFilterMax);
STDAPI_(BOOL) GetMessageA(LPMSG lpMsg, HWND hWnd, UINT wMsgFilterMin, UINT wMsgFilterMax);

/* There is no keyboard and no window: FALSE and 0. Pages: TranslateMessage, DispatchMessage. */
STDAPI_(BOOL) TranslateMessage(const MSG *lpMsg);
STDAPI_(LRESULT) DispatchMessageW(const MSG *lpMsg);
STDAPI_(LRESULT) DispatchMessageA(const MSG *lpMsg);

/* WM_QUIT with that exit code for the calling thread. Page: PostQuitMessage. */
STDAPI_(void) PostQuitMessage(int nExitCode);

/* A message for another thread's queue, which exists once that thread looked into it or is a
 * single-threaded apartment. PostMessage: hWnd is NULL, for the calling thread itself.
 * ERROR_INVALID_THREAD_ID; ERROR_INVALID_WINDOW_HANDLE; ERROR_NOT_ENOUGH_QUOTA 10,000 wait already;
 * ERROR_NOT_ENOUGH_MEMORY. Pages: PostThreadMessage, PostMessage (W, A). */
STDAPI_(BOOL) PostThreadMessageW(DWORD idThread, UINT Msg, WPARAM wParam, LPARAM lParam);
STDAPI_(BOOL) PostThreadMessageA(DWORD idThread, UINT Msg, WPARAM wParam, LPARAM lParam);
STDAPI_(BOOL) PostMessageW(HWND hWnd, UINT Msg, WPARAM wParam, LPARAM lParam);
STDAPI_(BOOL) PostMessageA(HWND hWnd, UINT Msg, WPARAM wParam, LPARAM lParam);

#define QS_ALLINPUT   0x04FFu
#define INFINITE      0xFFFFFFFFu
#define WAIT_OBJECT_0 0u
#define WAIT_TIMEOUT  258u
#define WAIT_FAILED   0xFFFFFFFFu

/* Waits at most dwMilliseconds (INFINITE) until there is something for PeekMessage to do: a message
 * or a callback; so that a loop of PeekMessage need not sleep. WAIT_OBJECT_0 there is;
 * WAIT_TIMEOUT; WAIT_FAILED (ERROR_INVALID_HANDLE: nCount is not 0, no handle here can be waited
 * for). Unlike on Windows old messages count as well as new ones. Page: MsgWaitForMultipleObjects.
 */
STDAPI_(DWORD)
MsgWaitForMultipleObjects(DWORD nCount, const HANDLE *pHandles, BOOL fWaitAll, DWORD dwMilliseconds,
                          DWORD dwWakeMask);

/* ---- time and language
 * ------------------------------------------------------------------------------- */

STDAPI_(DWORD) GetTickCount(void);         /* ms since boot, 32 bits of it. Page: GetTickCount. */
STDAPI_(ULONGLONG) GetTickCount64(void);   /* ms since boot. Page: GetTickCount64. */
STDAPI_(void) Sleep(DWORD dwMilliseconds); /* Runs no callbacks. Page: Sleep. */

typedef DWORD LCID;
typedef WORD LANGID;
#define LANG_NEUTRAL         0x00
#define LANG_GERMAN          0x07
#define LANG_ENGLISH         0x09
#define SUBLANG_NEUTRAL      0x00
#define SUBLANG_DEFAULT      0x01
#define SUBLANG_GERMAN       0x01
#define SUBLANG_ENGLISH_US   0x01
#define MAKELANGID(p, s)     ((LANGID)(((WORD)(s)) << 10 | (WORD)(p)))
#define PRIMARYLANGID(lang)  ((WORD)((lang)&0x3ff))
#define LANGIDFROMLCID(lcid) ((LANGID)(lcid))

/* The language for messages, by LC_ALL, LC_MESSAGES or LANG, whether or not the program has set its
 * locale by them: German (0x0407), or else U.S. English (0x0409), which are those that the service
 * has. Page: GetThreadLocale. */
STDAPI_(LCID) GetThreadLocale(void);

/* ---- A or W
 * ---------------------------------------------------------------------------------------- */

#ifdef UNICODE
#define LogonUser         LogonUserW
#define PeekMessage       PeekMessageW
#define GetMessage        GetMessageW
#define DispatchMessage   DispatchMessageW
#define PostThreadMessage PostThreadMessageW
#define PostMessage       PostMessageW
#else
#define LogonUser         LogonUserA
#define PeekMessage       PeekMessageA
#define GetMessage        GetMessageA
#define DispatchMessage   DispatchMessageA
#define PostThreadMessage PostThreadMessageA
#define PostMessage       PostMessageA
#endif

#ifndef WIN32_LEAN_AND_MEAN
#include <objbase.h>
#endif

#endif
