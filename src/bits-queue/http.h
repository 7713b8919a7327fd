/*
 * What a job asks of HTTP: IBackgroundCopyJobHttpOptions, its successors, and what follows from
 * them for the job. What of it goes with a transfer is transfer-http.c's.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/secret.h"

typedef struct File File;
typedef struct Job Job;

#define SSL_ENABLE_CRL_CHECK   0x0001u /* values of BG_SSL_*, BG_HTTP_REDIRECT_POLICY_* */
#define SSL_FLAGS_ALL          0x001fu
#define REDIRECT_POLICY_MASK   0x0700u
#define REDIRECT_ALLOW_SILENT  0x0000u
#define REDIRECT_ALLOW_REPORT  0x0100u
#define REDIRECT_DISALLOW      0x0200u
#define REDIRECT_HTTPS_TO_HTTP 0x0800u

typedef struct HttpOptions { /* of a job */
        uint32_t security_flags;
        char *method;   /* owned; NULL: GET */
        Sealed headers; /* lines as bits-net gets them */
        bool headers_write_only;
        bool asks;               /* a server's certificate is also for the client to accept */
        char *certificate_store; /* owned; NULL: no client certificate */
        char *certificate_subject;
        uint32_t certificate_location; /* FileStore */
        uint8_t certificate_hash[20];  /* SHA-1 of its DER */
} HttpOptions;

static inline void http_options_drop_certificate(HttpOptions *options)
{
        free(options->certificate_store);
        free(options->certificate_subject);
        options->certificate_store = options->certificate_subject = NULL;
}

static inline void http_options_clear(HttpOptions *options)
{
        http_options_drop_certificate(options);
        free(options->method);
        sealed_clear(&options->headers);
        *options = (HttpOptions){0};
}

/* SetSecurityFlags: E_NOTIMPL (unknown bits, no policy); BG_E_INVALID_STATE. Files that are partly
 * there begin anew when revocation is to be checked from now on. */
HRESULT job_set_security_flags(Job *job, uint32_t flags);

/* SetHttpMethod: BG_E_READ_ONLY_PROPERTY_AFTER_RESUME, E_INVALIDARG,
 * BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD, BG_E_INVALID_STATE. The job's priority is FOREGROUND
 * from then on. */
HRESULT job_set_http_method(Job *job, const char *method);
const char *job_http_method(const Job *job);

/* SetCustomHeaders: "" removes. As headers_normalize(), and BG_E_INVALID_STATE. */
HRESULT job_set_custom_headers(Job *job, const char *text, const char **ret_why);
/* S_FALSE: none; E_ACCESSDENIED: write-only. The text is for secret_free(). */
HRESULT job_get_custom_headers(const Job *job, char **ret, size_t *ret_size);
HRESULT job_make_headers_write_only(Job *job);

/* For a change of the owner: what was his goes with him. Stores nothing. */
void job_drop_http_secrets(Job *job);

/* Is the file's remote name at the server that its owner named? What he gave for that one, headers
 * and certificate, is for no other, where a redirect may have led. */
bool http_is_at_home(const File *file);

/* With dynamic content or a method of its own, an HTTP transfer that did not come to its end begins
 * at 0. */
bool http_starts_over(const File *file);
/* The request of a file whose job has a method was sent, and may have had its effect: it is not
 * sent again but by Resume. */
bool http_is_spent(const File *file);
void job_allow_requests(Job *job); /* Resume: stores the files that it concerns */
