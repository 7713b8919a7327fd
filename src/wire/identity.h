/*
 * Anybody <-> bitsd, on the identity socket (/run/bits/identity; user mode: runtime directory).
 *
 * bitsd speaks first: HELLO with a nonce. The caller sends one request that repeats it, gets one
 * REPLY, and bitsd closes. Who asks is SO_PEERCRED of the connection, never a field: a process that
 * merely writes on somebody else's connection gets that somebody's token, and one that is led to
 * write blindly does not know the nonce.
 */
#pragma once

#include "ticket.h"

#define IDENTITY_VERSION    1
#define IDENTITY_NONCE_SIZE 16
#define IDENTITY_SOCKET     "identity" /* in the runtime directory, beside "bus" */

enum IdentityType {
        IDENTITY_HELLO = 1, /* bitsd: version, nonce */
        IDENTITY_MINT,      /* a token of myself, for the jobs of audience */
        IDENTITY_LOGON,     /* a token of account, by the password in the pipe that comes with it */
        IDENTITY_TICKET,    /* a ticket of myself */
        IDENTITY_REVOKE,    /* void all my tickets, hang up all my tokens, end my workers */
        IDENTITY_REPLY, /* bitsd; the token's descriptor comes with a good answer to MINT, LOGON */
};

enum TokenUse { /* what a token may be used for; values of BG_TOKEN_* */
        TOKEN_LOCAL_FILE = 1,
        TOKEN_NETWORK = 2,
};

typedef struct IdentityHello {
        WireHeader header;
        uint32_t version, reserved;
        uint8_t nonce[IDENTITY_NONCE_SIZE];
} IdentityHello;
WIRE_NO_PADDING(IdentityHello, 16 + IDENTITY_NONCE_SIZE);

typedef struct IdentityRequest {
        WireHeader header;
        uint8_t nonce[IDENTITY_NONCE_SIZE];
        uint32_t audience; /* MINT: uid whose jobs may use the token; LOGON's is the caller's */
        uint32_t uses;     /* MINT, LOGON: TokenUse bits, at least one */
        char account[WIRE_ACCOUNT_SIZE]; /* LOGON: account name as PAM knows it */
} IdentityRequest;
WIRE_NO_PADDING(IdentityRequest, 8 + IDENTITY_NONCE_SIZE + 8 + WIRE_ACCOUNT_SIZE);

/* REPLY's result: 0, a LogonResult (positive), or -errno:
 *   -EPROTO      wrong nonce, size, type, text or descriptor
 *   -EACCES      restricted caller (NoNewPrivs, or a worker of the service's)
 *   -EPERM       not allowed to this caller: root's token for another audience; unknown own
 * account; LOGON in user mode -EDQUOT      too many tokens, or log-ons under way, for this uid
 *   -EMFILE      too many tokens in all
 *   -ETIMEDOUT   PAM or the name service did not answer
 *   -ENOPKG      /etc/pam.d/bits-logon is missing
 *   -EIO         bits-become failed */
enum LogonResult {
        LOGON_FAILURE = 1, /* unknown account, wrong password or locked password, all alike */
        LOGON_ACCOUNT_EXPIRED,
        LOGON_PASSWORD_EXPIRED,   /* or must be changed */
        LOGON_ACCOUNT_LOCKED_OUT, /* PAM counted too many failures */
        LOGON_RESTRICTED,         /* right password, but PAM's account rules refuse */
        LOGON_NOT_GRANTED,        /* root; or /run/nologin */
};

typedef struct IdentityReply {
        WireHeader header;
        int32_t result;
        uint32_t uid;  /* of the token or ticket */
        Ticket ticket; /* TICKET only, else zero */
} IdentityReply;
WIRE_NO_PADDING(IdentityReply, 16 + sizeof(Ticket));
