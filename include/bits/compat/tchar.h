/*
 * Text that is wide with _UNICODE and UTF-8 without. Compatibility header of bits: not Windows'
 * own, and only as large as such programs need.
 */
#ifndef BITS_COMPAT_TCHAR_H
#define BITS_COMPAT_TCHAR_H

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#ifdef _UNICODE
typedef wchar_t _TCHAR;
#define BITS_T(text) L##text
#define _tcslen      wcslen
#define _tcscmp      wcscmp
#define _tcsncmp     wcsncmp
#define _tcschr      wcschr
#define _tcsrchr     wcsrchr
#define _tprintf     wprintf
#define _ftprintf    fwprintf
#define _fputts      fputws
#else
typedef char _TCHAR;
#define BITS_T(text) text
#define _tcslen      strlen
#define _tcscmp      strcmp
#define _tcsncmp     strncmp
#define _tcschr      strchr
#define _tcsrchr     strrchr
#define _tprintf     printf
#define _ftprintf    fprintf
#define _fputts      fputs
#endif
#define _T(text)    BITS_T(text)
#define _TEXT(text) BITS_T(text)

#endif
