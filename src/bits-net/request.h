/*
 * Request: the easy handle for one Ask: what we say to servers and what we let libcurl do. One
 * policy for all transfers; who receives the answer is the caller's.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "judge.h"

/* The url as libcurl shall have it, percent-encoded where it must be; the caller frees it with
 * curl_free(). NULL when it is no URL. */
char *request_url(const char *url);

/* Scheme, host and port: are two URLs of one server? */
bool request_same_host(const char *a, const char *b);

/* Options of easy, a handle without any. *ret_headers must live as long as the request; the caller
 * frees it with curl_slist_free_all(). buffer_bytes is libcurl's receive buffer. 0 or -ENOMEM. */
int request_set(CURL *easy, const char *url, const Ask *ask, long buffer_bytes,
                struct curl_slist **ret_headers);
