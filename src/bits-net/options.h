/*
 * Options: what a job asks of HTTP beyond a plain GET, for one transfer. Its own copy of what came
 * with NET_HTTP, checked; what is secret in it is wiped with it. Which server may see what of it is
 * redirect.c's and transfer-request.c's.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/net.h"

typedef struct Options {
        unsigned refs;
        uint32_t security_flags; /* NetSecurity */
        bool ask;
        char method[NET_METHOD_SIZE]; /* never "" */
        char *headers;                /* lines, as they came */
        char *certificate;            /* PEM */
        size_t certificate_size;      /* 0: none */
        NetAccepted *accepted;
        size_t n_accepted;
} Options;

/* Of a message that was checked, and the parts that its descriptor has. 0, -ENOMEM, or -EBADMSG for
 * what bits-queue never sends. */
int options_new(const NetHttp *http, const void *parts, size_t size, Options **ret);

/* The same from the descriptor, a memfd that nobody can change any more. */
int options_read(const NetHttp *http, int fd, Options **ret);

Options *options_ref(Options *options);
Options *options_unref(Options *options); /* NULL */

/* Appends the custom headers in libcurl's form. 0, -ENOMEM, or -EINVAL and why not: the text names
 * nothing that the user wrote. */
int options_headers(const Options *options, struct curl_slist **headers, const char **ret_why);
