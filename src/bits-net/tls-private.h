/*
 * What the files of a Tls share: tls.c (its life, and the requests that it is for) and tls-check.c
 * (the server's certificate). Nobody else includes it.
 */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "tls.h"
#include "wire/net.h"

#define TLS_RULES_PREFIX "/nonexistent/" /* CURLOPT_CAPATH: see tls_set() */

enum {
        LISTS_MAX = 8, /* of one chain */
};

struct Tls {
        unsigned refs;
        TlsTrust *trust;
        Options *options; /* NULL: none */
        bool presents_itself;
        char *host, *authority;
        char rules[sizeof(TLS_RULES_PREFIX) + 2 * (size_t)EVP_MAX_MD_SIZE]; /* their name */
        bool plain; /* there are none but the system's */

        /* what ended a connection */
        bool certificate_wanted; /* by the server, and there is none for it */
        int alert;               /* the server's; 0: none */
        bool chain_too_large, no_memory;
        NetCertificate *unseen;
        TlsList missing[LISTS_MAX];
        size_t n_missing;
};

static inline uint32_t tls_flags(const Tls *tls)
{
        return tls->options ? tls->options->security_flags & NET_SSL_MASK : 0;
}

static inline bool tls_asks(const Tls *tls)
{
        return tls->options && tls->options->ask;
}

/* ---- tls-check.c ----------------------------------------------------------------------------- */

/* OpenSSL's whole check of a server's certificate; userdata is the Tls. */
int tls_check(X509_STORE_CTX *check, void *userdata);

/* Forgets the lists that were missing. */
void tls_lists_clear(Tls *tls);
