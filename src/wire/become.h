/*
 * bitsd <-> bits-become, on the socket pair that bits-become finds as descriptor 3.
 *
 * One request, one task. bits-become answers with one BecomeReply for each descriptor that the task
 * yields (with one when it yields none) and hangs up, by exit or by exec. bitsd acts at the
 * hang-up: a reply with an error is the answer, whatever came before it; a hang-up before all has
 * come is -EIO.
 *
 * The request comes from root's own process and is believed. The reply may come from a process that
 * is a user's already: bitsd compares the owner of every descriptor with what it expected.
 */
#pragma once

#include "wire.h"

#define BECOME_FD             3
#define BECOME_DIRECTORY_SIZE 1024

enum BecomeType {
        BECOME_RESOLVE = 1, /* ids of account and group; -ENOENT without that account */
        BECOME_NAME,        /* the account of uid; -EPERM when it has none */
        BECOME_MINT,        /* + uid's connection: a token with the caller's groups */
        BECOME_LOGON,       /* + caller's connection, on which an IdentityRequest and a pipe wait */
        BECOME_QUEUE,       /* + bus listener: become bits-queue, as account */
        BECOME_WORKER,      /* + token, or none: become the worker of role, as uid */
        BECOME_REPLY,
};

typedef struct BecomeRequest {
        WireHeader header;
        uint32_t user_mode; /* 1: no PAM, no change of identity; every uid but the own is refused */
        uint32_t role;      /* WORKER: WorkerRole */
        uint32_t uid;       /* NAME, MINT, WORKER */
        uint32_t reserved;
        char account[WIRE_ACCOUNT_SIZE]; /* RESOLVE, LOGON, QUEUE; WORKER: what uid must be called
                                          */
        char group[WIRE_ACCOUNT_SIZE];   /* RESOLVE */
        char libexec[BECOME_DIRECTORY_SIZE];                               /* QUEUE, WORKER */
        char state[BECOME_DIRECTORY_SIZE], runtime[BECOME_DIRECTORY_SIZE]; /* QUEUE */
} BecomeRequest;
WIRE_NO_PADDING(BecomeRequest, 24 + 2 * WIRE_ACCOUNT_SIZE + 3 * BECOME_DIRECTORY_SIZE);

/* Descriptors: MINT, LOGON the end that bitsd keeps, then the end of the holder; QUEUE bitsd's end
 * of the supervisor pair; WORKER bits-queue's end of the worker's pair. */
typedef struct BecomeReply {
        WireHeader header;
        int32_t result; /* 0, -errno, or LOGON: a LogonResult */
        uint32_t uid, gid;
        uint32_t group_gid;              /* RESOLVE; UINT32_MAX when there is no such group */
        char account[WIRE_ACCOUNT_SIZE]; /* NAME, MINT, LOGON */
} BecomeReply;
WIRE_NO_PADDING(BecomeReply, 24 + WIRE_ACCOUNT_SIZE);
