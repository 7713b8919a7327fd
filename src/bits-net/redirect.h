/*
 * Redirect: where the requests of one transfer go, its remote name first and then where redirects
 * lead. Its one promise: what belongs to the remote name (custom headers, method,
 * client certificate) is for its scheme, host and port alone, and no more once a redirect has left
 * those, wherever later ones lead. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "wire/net.h"

typedef struct Redirect {
        char *first;        /* the remote name */
        char *url;          /* where the next request goes */
        const char *method; /* of the next request; the first one is the caller's */
        uint32_t hops;
        bool away; /* left the remote name's scheme, host or port */
} Redirect;

typedef enum RedirectVerdict {
        REDIRECT_FOLLOW,     /* url and method say how */
        REDIRECT_DISALLOWED, /* by the policy, which is told where it would have led */
        REDIRECT_FAIL,
} RedirectVerdict;

/* Of a URL as bits-queue sent it. -EINVAL: it is none, or names a user; -ENOMEM. method must
 * outlive it. */
int redirect_init(Redirect *redirect, const char *url, const char *method);
void redirect_deinit(Redirect *redirect);

/* Back to the remote name, for another question. 0 or -ENOMEM */
int redirect_restart(Redirect *redirect, const char *method);

/* Is a status one that sends elsewhere? */
bool redirect_is(uint32_t status);

/* An answer with that status and Location came from redirect->url. DISALLOWED: *ret_url is where
 * to, for free(). FAIL and DISALLOWED: *ret is why. */
RedirectVerdict redirect_follow(Redirect *redirect, uint32_t status, const char *location,
                                uint32_t security_flags, char **ret_url, Failure *ret);

/* "host:port" as NetAccepted has it, and the host alone, without brackets; for free(), NULL without
 * memory. */
char *redirect_authority(const char *url);
char *redirect_host(const char *url);
