/*
 * The Win32 error codes and HRESULTs that BITS and the programs around it use, with their
 * documented values. Not a copy of a whole Windows header: what is not here was not needed yet.
 */
#ifndef BITS_COMPAT_WINERROR_H
#define BITS_COMPAT_WINERROR_H

#include <stdint.h>

typedef int32_t HRESULT;

#define _HRESULT_TYPEDEF_(code) ((HRESULT)code)

#define SUCCEEDED(hr)        (((HRESULT)(hr)) >= 0)
#define FAILED(hr)           (((HRESULT)(hr)) < 0)
#define HRESULT_CODE(hr)     ((hr)&0xFFFF)
#define HRESULT_FACILITY(hr) (((hr) >> 16) & 0x1FFF)
#define FACILITY_WIN32       7
#define HRESULT_FROM_WIN32(x)                                                                      \
        ((HRESULT)(x) <= 0                                                                         \
                 ? (HRESULT)(x)                                                                    \
                 : (HRESULT)(((uint32_t)(x)&0x0000FFFFU) | (FACILITY_WIN32 << 16) | 0x80000000U))

#define S_OK                     _HRESULT_TYPEDEF_(0x00000000L)
#define S_FALSE                  _HRESULT_TYPEDEF_(0x00000001L)
#define E_NOTIMPL                _HRESULT_TYPEDEF_(0x80004001L)
#define E_NOINTERFACE            _HRESULT_TYPEDEF_(0x80004002L)
#define E_POINTER                _HRESULT_TYPEDEF_(0x80004003L)
#define E_ABORT                  _HRESULT_TYPEDEF_(0x80004004L)
#define E_FAIL                   _HRESULT_TYPEDEF_(0x80004005L)
#define E_PENDING                _HRESULT_TYPEDEF_(0x8000000AL)
#define E_UNEXPECTED             _HRESULT_TYPEDEF_(0x8000FFFFL)
#define E_ACCESSDENIED           _HRESULT_TYPEDEF_(0x80070005L)
#define E_HANDLE                 _HRESULT_TYPEDEF_(0x80070006L)
#define E_OUTOFMEMORY            _HRESULT_TYPEDEF_(0x8007000EL)
#define E_INVALIDARG             _HRESULT_TYPEDEF_(0x80070057L)
#define CO_E_NOTINITIALIZED      _HRESULT_TYPEDEF_(0x800401F0L)
#define CO_E_CLASSSTRING         _HRESULT_TYPEDEF_(0x800401F3L)
#define CO_E_IIDSTRING           _HRESULT_TYPEDEF_(0x800401F4L)
#define CO_E_SERVER_EXEC_FAILURE _HRESULT_TYPEDEF_(0x80080005L)
#define CO_E_FAILEDTOIMPERSONATE _HRESULT_TYPEDEF_(0x80010123L)
#define RPC_E_CHANGED_MODE       _HRESULT_TYPEDEF_(0x80010106L)
#define RPC_E_TOO_LATE           _HRESULT_TYPEDEF_(0x80010119L)
#define RPC_E_DISCONNECTED       _HRESULT_TYPEDEF_(0x80010108L)
#define RPC_E_WRONG_THREAD       _HRESULT_TYPEDEF_(0x8001010EL)
#define REGDB_E_CLASSNOTREG      _HRESULT_TYPEDEF_(0x80040154L)
#define CLASS_E_NOAGGREGATION    _HRESULT_TYPEDEF_(0x80040110L)
#define CRYPT_E_NOT_FOUND        _HRESULT_TYPEDEF_(0x80092004L)

#define NO_ERROR                                        0L
#define ERROR_SUCCESS                                   0L
#define ERROR_INVALID_FUNCTION                          1L
#define ERROR_FILE_NOT_FOUND                            2L
#define ERROR_PATH_NOT_FOUND                            3L
#define ERROR_TOO_MANY_OPEN_FILES                       4L
#define ERROR_ACCESS_DENIED                             5L
#define ERROR_INVALID_HANDLE                            6L
#define ERROR_NOT_ENOUGH_MEMORY                         8L
#define ERROR_OUTOFMEMORY                               14L
#define ERROR_NOT_SAME_DEVICE                           17L
#define ERROR_WRITE_PROTECT                             19L
#define ERROR_WRITE_FAULT                               29L
#define ERROR_READ_FAULT                                30L
#define ERROR_SHARING_VIOLATION                         32L
#define ERROR_HANDLE_EOF                                38L
#define ERROR_HANDLE_DISK_FULL                          39L
#define ERROR_NOT_SUPPORTED                             50L
#define ERROR_FILE_EXISTS                               80L
#define ERROR_INVALID_PARAMETER                         87L
#define ERROR_DISK_FULL                                 112L
#define ERROR_CALL_NOT_IMPLEMENTED                      120L
#define ERROR_INSUFFICIENT_BUFFER                       122L
#define ERROR_INVALID_NAME                              123L
#define ERROR_DIR_NOT_EMPTY                             145L
#define ERROR_BUSY                                      170L
#define ERROR_ALREADY_EXISTS                            183L
#define ERROR_FILENAME_EXCED_RANGE                      206L
#define ERROR_FILE_TOO_LARGE                            223L
#define ERROR_DIRECTORY                                 267L
#define ERROR_NOACCESS                                  998L
#define ERROR_IO_DEVICE                                 1117L
#define ERROR_TOO_MANY_LINKS                            1142L
#define ERROR_DISK_QUOTA_EXCEEDED                       1295L
#define ERROR_LOGON_FAILURE                             1326L
#define ERROR_ACCOUNT_RESTRICTION                       1327L
#define ERROR_INVALID_LOGON_HOURS                       1328L
#define ERROR_PASSWORD_EXPIRED                          1330L
#define ERROR_ACCOUNT_DISABLED                          1331L
#define ERROR_NO_SUCH_PRIVILEGE                         1313L
#define ERROR_PRIVILEGE_NOT_HELD                        1314L
#define ERROR_BAD_IMPERSONATION_LEVEL                   1346L
#define ERROR_NO_TOKEN                                  1008L
#define ERROR_NO_SUCH_DOMAIN                            1355L
#define ERROR_LOGON_NOT_GRANTED                         1380L
#define ERROR_LOGON_TYPE_NOT_GRANTED                    1385L
#define ERROR_ACCOUNT_EXPIRED                           1793L
#define ERROR_RESOURCE_LANG_NOT_FOUND                   1815L
#define ERROR_NOT_ENOUGH_QUOTA                          1816L
#define ERROR_PASSWORD_MUST_CHANGE                      1907L
#define ERROR_ACCOUNT_LOCKED_OUT                        1909L
#define ERROR_INVALID_WINDOW_HANDLE                     1400L
#define ERROR_INVALID_THREAD_ID                         1444L
#define ERROR_TIMEOUT                                   1460L
#define RPC_S_SERVER_UNAVAILABLE                        1722L
#define RPC_S_CALL_FAILED                               1726L
#define RPC_X_NULL_REF_POINTER                          1780L
#define RPC_X_BAD_STUB_DATA                             1783L
#define ERROR_WINHTTP_TIMEOUT                           12002L
#define ERROR_WINHTTP_INVALID_URL                       12005L
#define ERROR_WINHTTP_NAME_NOT_RESOLVED                 12007L
#define ERROR_WINHTTP_CANNOT_CONNECT                    12029L
#define ERROR_WINHTTP_CONNECTION_ERROR                  12030L
#define ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED           12044L
#define ERROR_WINHTTP_SECURE_CERT_DATE_INVALID          12037L
#define ERROR_WINHTTP_SECURE_CERT_CN_INVALID            12038L
#define ERROR_WINHTTP_SECURE_INVALID_CA                 12045L
#define ERROR_WINHTTP_SECURE_CERT_REV_FAILED            12057L
#define ERROR_WINHTTP_INVALID_SERVER_RESPONSE           12152L
#define ERROR_WINHTTP_SECURE_CHANNEL_ERROR              12157L
#define ERROR_WINHTTP_SECURE_CERT_REVOKED               12170L
#define ERROR_WINHTTP_SECURE_FAILURE                    12175L
#define ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE           12179L
#define ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY 12186L

#endif
