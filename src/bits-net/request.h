/*
 * Request: the easy handle for one Ask: what we say to servers and what we let libcurl do. One
 * policy for all transfers; who receives the answer is the caller's.
 */
#pragma once

#include <curl/curl.h>

#include "judge.h"
#include "options.h"
#include "redirect.h"
#include "tls.h"

typedef struct Request {
        const Ask *ask;
        const Redirect *redirect; /* where to, and what of the remote name's goes along */
        const Options *options;   /* NULL: none */
        Tls *tls;                 /* must live as long as the request */
        long buffer_bytes;        /* libcurl's receive buffer */
} Request;

/* What every request has, whoever makes it. */
void request_set_common(CURL *easy);

/* Options of easy, a handle without any. *ret_headers must live as long as the request; the caller
 * frees it with curl_slist_free_all(). 0, -ENOMEM, or -EINVAL for custom headers that cannot be
 * sent, and why. */
int request_set(CURL *easy, const Request *request, struct curl_slist **ret_headers,
                const char **ret_why);
