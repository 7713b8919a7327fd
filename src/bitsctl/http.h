/*
 * What a job asks of HTTP, as the command line has it: options of create and transfer, and of the
 * command "http", which changes and shows them of a job that is there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "service.h"

typedef struct Options Options;

typedef struct HttpSettings {
        char *headers; /* owned; lines; NULL: not given */
        bool no_headers, write_only, no_certificate, dynamic;
        const char *method, *certificate;
        const char *store;             /* NULL: "MY" */
        uint32_t ssl_flags, redirects; /* BG_SSL_*, BG_HTTP_REDIRECT_POLICY_* */
        bool has_ssl_flags, has_redirects;
} HttpSettings;

enum HttpOption { /* long options; no other has these numbers */
        HTTP_HEADER = 1024,
        HTTP_HEADERS_FILE,
        HTTP_NO_HEADERS,
        HTTP_WRITE_ONLY,
        HTTP_METHOD,
        HTTP_TLS,
        HTTP_REDIRECTS,
        HTTP_DYNAMIC,
        HTTP_CERTIFICATE,
        HTTP_NO_CERTIFICATE,
        HTTP_STORE,
        HTTP_END,
};

/* clang-format off */
#define HTTP_LONG_OPTIONS                                                                          \
        {"header", required_argument, NULL, HTTP_HEADER},                                          \
        {"headers-file", required_argument, NULL, HTTP_HEADERS_FILE},                              \
        {"no-headers", no_argument, NULL, HTTP_NO_HEADERS},                                        \
        {"write-only", no_argument, NULL, HTTP_WRITE_ONLY},                                        \
        {"method", required_argument, NULL, HTTP_METHOD},                                          \
        {"tls", required_argument, NULL, HTTP_TLS},                                                \
        {"redirects", required_argument, NULL, HTTP_REDIRECTS},                                    \
        {"dynamic", no_argument, NULL, HTTP_DYNAMIC},                                              \
        {"certificate", required_argument, NULL, HTTP_CERTIFICATE},                                \
        {"no-certificate", no_argument, NULL, HTTP_NO_CERTIFICATE},                                \
        {"store", required_argument, NULL, HTTP_STORE}
/* clang-format on */

/* 0, -ENOMEM, or -EINVAL, said why. */
int http_take_option(HttpSettings *settings, int option, const char *value);
void http_clear(HttpSettings *settings);
void http_print_help(void);

/* Tells the service. 0 or as service_call(). */
int http_configure(Service *service, const HttpSettings *settings, const char *path);

int command_http(Service *service, const Options *options);
