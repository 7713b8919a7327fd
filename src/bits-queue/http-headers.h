/*
 * Request headers as a client gives them: whether they may go into a request, and as what. The
 * documentation checks no syntax; but what would begin another request, or contradict what bits-net
 * says itself, is not a header that a server could judge.
 */
#pragma once

#include <bitsmsg.h>

enum {
        HEADERS_MAX = 16384, /* UTF-16 units, with a NUL */
        METHOD_MAX = 63,
};

/* The lines of text, each ended by CRLF, in ret; "" when there is none. A line may end in LF alone,
 * and the last one in nothing. BG_E_STRING_TOO_LONG; E_INVALIDARG, and what is wrong in ret_why
 * (static); E_OUTOFMEMORY. */
HRESULT headers_normalize(const char *text, char **ret, const char **ret_why);

/* A request method: RFC 9110's token, of one whose answer is a file. E_INVALIDARG. */
HRESULT method_check(const char *method);
