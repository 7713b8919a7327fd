/*
 * The basic Win32 types that BITS and the programs around it use. Compatibility header of bits: not
 * Windows' own, and only as large as such programs need.
 *
 * LONG, DWORD, ULONG, BOOL and HRESULT have 32 bits; WCHAR is the platform's wchar_t (UTF-32 here).
 */
#ifndef BITS_COMPAT_WINDEF_H
#define BITS_COMPAT_WINDEF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include <winerror.h>

#ifdef __cplusplus
#define EXTERN_C extern "C"
#else
#define EXTERN_C extern
#endif

/* One calling convention here, so these say nothing. */
#define WINAPI
#define APIENTRY
#define CALLBACK
#define STDMETHODCALLTYPE
#define STDAPICALLTYPE

#define STDAPI           EXTERN_C HRESULT STDAPICALLTYPE
#define STDAPI_(type)    EXTERN_C type STDAPICALLTYPE
#define STDMETHODIMP     HRESULT STDMETHODCALLTYPE
#define STDMETHODIMP_(t) t STDMETHODCALLTYPE

#define VOID  void
#define CONST const

typedef char CHAR;
typedef wchar_t WCHAR;
typedef uint8_t BYTE;
typedef uint16_t WORD;
typedef int32_t INT, LONG, BOOL;
typedef uint32_t UINT, ULONG, DWORD;
typedef long long INT64, LONGLONG;
typedef unsigned long long UINT64, ULONGLONG, DWORD64;
typedef intptr_t INT_PTR, LONG_PTR, LPARAM, LRESULT;
typedef uintptr_t UINT_PTR, ULONG_PTR, DWORD_PTR, WPARAM;
typedef size_t SIZE_T;

typedef void *PVOID, *LPVOID, *HANDLE;
typedef HANDLE *PHANDLE, *LPHANDLE;
typedef CHAR *PSTR, *LPSTR;
typedef const CHAR *PCSTR, *LPCSTR;
typedef WCHAR *PWSTR, *LPWSTR;
typedef const WCHAR *PCWSTR, *LPCWSTR;
typedef DWORD *PDWORD, *LPDWORD;
typedef BOOL *PBOOL, *LPBOOL;
typedef BYTE *PBYTE, *LPBYTE;

#ifdef UNICODE
typedef WCHAR TCHAR;
#define BITS_TEXT(text) L##text
#else
typedef CHAR TCHAR;
#define BITS_TEXT(text) text
#endif
#define TEXT(text) BITS_TEXT(text)
typedef TCHAR *LPTSTR, *PTSTR;
typedef const TCHAR *LPCTSTR, *PCTSTR;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

#define MAX_PATH 260

/* 100 ns units since 1 January 1601, UTC. */
typedef struct _FILETIME {
        DWORD dwLowDateTime;
        DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

typedef struct _GUID {
        uint32_t Data1;
        uint16_t Data2;
        uint16_t Data3;
        uint8_t Data4[8];
} GUID, IID, CLSID, *LPGUID, *LPIID, *LPCLSID;

#ifdef __cplusplus
typedef const GUID &REFGUID;
typedef const IID &REFIID;
typedef const CLSID &REFCLSID;

static inline bool IsEqualGUID(REFGUID a, REFGUID b)
{
        return memcmp(&a, &b, sizeof(GUID)) == 0;
}
static inline bool operator==(REFGUID a, REFGUID b)
{
        return IsEqualGUID(a, b);
}
static inline bool operator!=(REFGUID a, REFGUID b)
{
        return !IsEqualGUID(a, b);
}
#else
typedef const GUID *REFGUID;
typedef const IID *REFIID;
typedef const CLSID *REFCLSID;

#define IsEqualGUID(a, b) (memcmp((a), (b), sizeof(GUID)) == 0)
#endif
#define IsEqualIID(a, b)   IsEqualGUID(a, b)
#define IsEqualCLSID(a, b) IsEqualGUID(a, b)

#define ZeroMemory(destination, length)         memset((destination), 0, (length))
#define CopyMemory(destination, source, length) memcpy((destination), (source), (length))
#define FillMemory(destination, length, fill)   memset((destination), (fill), (length))
/* Not removed by the compiler, for passwords. */
#define SecureZeroMemory(destination, length) explicit_bzero((destination), (length))

#define LOWORD(value)     ((WORD)((DWORD_PTR)(value)&0xffff))
#define HIWORD(value)     ((WORD)(((DWORD_PTR)(value) >> 16) & 0xffff))
#define MAKELONG(low, hi) ((LONG)((DWORD)(WORD)(low) | (DWORD)(WORD)(hi) << 16))

#endif
