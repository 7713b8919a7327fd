/*
 * Revocation: the revocation lists that certificates name, fetched when a job that checks them
 * meets one that is not there. What comes is bad until the authority's signature says otherwise;
 * then it is the system's, for all jobs of the worker. Bounded in size, time and number, by plain
 * HTTP alone: a list is signed, and TLS would need lists of its own.
 */
#pragma once

#include <openssl/x509.h>

typedef struct Fetch Fetch;
typedef struct Worker Worker;

typedef struct Revocation {
        Fetch *fetches; /* Fetch.next */
        unsigned n_fetches;
        struct Multi *multi; /* made when first needed: NULL */
} Revocation;

/* The URL of the list that covers a certificate, for free(); NULL when it names none that we could
 * fetch. */
char *revocation_url(const X509 *certificate);

/* Fetches the list of that authority; transfer_lists_came() of all that wait, when none is under
 * way any more. 0, also when it is under way already, or -errno. */
int revocation_fetch(Worker *worker, const char *url, X509 *authority);
