/*
 * Failure: why a transfer ended, in the terms of NET_FAILED. The one place of bits-net that knows
 * which HRESULT, context and class a cause has; pure. The first line of a text is ours, and names
 * no URL and no secret.
 */
#pragma once

#include <bitsmsg.h>
#include <stdint.h>

#include "wire/net.h"

typedef struct Failure {
        HRESULT hresult;
        enum NetContext context;
        enum NetClass class;
        uint32_t http_status;     /* 0: none came */
        int64_t retry_after_usec; /* -1: the server named no moment */
        char text[NET_TEXT_SIZE];
} Failure;

/* The answer breaks HTTP's rules or ours, or its status is no success; context REMOTE_FILE. */
Failure failure_from_answer(HRESULT hresult, uint32_t status, const char *text);
Failure failure_from_status(uint32_t status, int64_t retry_after_usec);
/* Adds the first words of the answer's body, as a second line. */
void failure_quote(Failure *failure, const char *body, size_t size);

/* A redirect that is not followed. Not the Win32 form of the status, which BITS' documentation has
 * for a policy that disallows it: those numbers mean other things. */
Failure failure_from_redirect(uint32_t status, const char *text);

/* What ended a TLS connection, where libcurl does not know it. */
Failure failure_from_tls(HRESULT hresult, enum NetContext context, const char *text);

/* A local error of the temporary file; what names the action: "write". */
Failure failure_from_errno(int error, const char *what);
/* The same of a local file that is copied; context REMOTE_FILE. */
Failure failure_from_source(int error, enum NetClass class, const char *what);
Failure failure_from_file(HRESULT hresult, const char *text);

/* curl_code is a CURLcode other than CURLE_OK; verify_result is CURLINFO_SSL_VERIFYRESULT. */
Failure failure_from_curl(int curl_code, long verify_result, uint32_t status);

/* Not the world's doing: cancelled, or refused by a limit of ours. */
Failure failure_from_worker(HRESULT hresult, enum NetClass class, const char *text);
Failure failure_no_memory(void);
