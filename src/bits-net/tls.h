/*
 * Tls: who is at the other end of the connections that one request makes, and who we are there.
 * The system decides, less what the job's flags forgive, and the job's owner where he wants to be
 * asked; each before the first byte of a request. Its invariant: a connection that was made under
 * one set of rules carries no request that has another.
 */
#pragma once

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "failure.h"
#include "options.h"
#include "wire/net.h"

/* What the system trusts, where libcurl was built to look: a file, which is opened before the seal
 * and read when it is first needed, and a directory, where revocation lists are, too. */
typedef struct TlsTrust {
        X509_STORE *store;
        BIO *file; /* not yet read; NULL: there is none */
        int index; /* of an SSL_CTX's Tls */
} TlsTrust;

typedef struct Tls Tls;

typedef struct TlsList { /* a revocation list that is not there */
        char *url;       /* where it is */
        X509 *authority; /* whose it is */
} TlsList;

int tls_trust_init(TlsTrust *trust);

/* For requests to url; options: NULL for none; presents_itself: with the job's client certificate.
 * NULL without memory. */
Tls *tls_new(TlsTrust *trust, Options *options, bool presents_itself, const char *url);
Tls *tls_unref(Tls *tls); /* NULL */

/* Sets all options of easy that are about TLS; tls must live as long as the request. 0 or -ENOMEM
 */
int tls_set(Tls *tls, CURL *easy);

/* The certificate that the owner is to be asked about, which ended the connection; else NULL. As
 * transfer id tells it. */
const NetCertificate *tls_unseen(Tls *tls, uint32_t id);

/* The lists for want of which a connection ended, and of nothing else; how many. */
size_t tls_missing(const Tls *tls, const TlsList **ret);

/* Why a request ended that ended by code, if that is known here. */
bool tls_failure(const Tls *tls, CURLcode code, Failure *ret);
