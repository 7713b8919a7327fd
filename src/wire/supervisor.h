/*
 * bits-queue <-> bitsd: the socket pair that bits-queue finds as descriptor 3 (its bus listener is
 * 4). bitsd trusts nothing here but what it can check: a token by its cookie, a ticket by its MAC.
 */
#pragma once

#include "ticket.h"

#define SUPERVISOR_VERSION 3
#define SUPERVISOR_FD      3
#define LISTENER_FD        4
#define WORKER_FD          3 /* where a worker finds its socket to bits-queue */

/* With what bits-queue ends while its store cannot be opened: that is no fall, it is tried again
 * until it can. */
#define SUPERVISOR_EXIT_WAITING 75

enum SupervisorType {
        SUPERVISOR_START = 1, /* bitsd, first: mode, groups, keys */
        SUPERVISOR_QUERY,     /* queue + token: whose is it? */
        SUPERVISOR_QUERY_REPLY,
        SUPERVISOR_VERIFY, /* queue: is this ticket good? */
        SUPERVISOR_VERIFY_REPLY,
        SUPERVISOR_SPAWN,       /* queue, + token where one is to be used: start a worker */
        SUPERVISOR_SPAWN_REPLY, /* bitsd + the worker's socket when result is 0 */
        SUPERVISOR_STOP,        /* queue: end this worker (TERM, KILL after 5 s) */
        SUPERVISOR_EXITED,      /* bitsd: this worker has ended and is reaped */
        SUPERVISOR_REVOKED,     /* bitsd: tickets of uid with a lower epoch are void */
        SUPERVISOR_IDLE,        /* queue, user mode: no client and no runnable job for 60 s */
        SUPERVISOR_SETTINGS,    /* bitsd: the configuration was read again: read it too */
};

enum WorkerRole {
        WORKER_FILE = 1,
        WORKER_NET,
        WORKER_NOTIFY,
};

enum SupervisorFlag {
        SUPERVISOR_USER_MODE = 1,
        SUPERVISOR_RESTRICT_SYSTEM_ACCOUNTS = 2, /* RestrictedCallers=all: no exemption for them */
        SUPERVISOR_ALLOW_RESTRICTED = 4,         /* RestrictedCallers=none */
        SUPERVISOR_ROOT_JOBS = 8,                /* RootJobs=yes */
        SUPERVISOR_NOTIFY_ADMINISTRATORS = 16,   /* NotifyCommands= allows command lines to them */
        SUPERVISOR_NOTIFY_OTHERS = 32,           /* ... and to everybody else */
};

typedef struct SupervisorStart {
        WireHeader header;
        uint32_t version, flags;
        uint32_t admin_gid;      /* of AdminGroup; UINT32_MAX when there is no such group */
        uint32_t system_uid_max; /* accounts up to here are system accounts */
        uint8_t row_key[32];     /* MACs of the store's rows */
        uint8_t seal_key[32];    /* AEAD of secrets in the store */
} SupervisorStart;
WIRE_NO_PADDING(SupervisorStart, 24 + 64);

typedef struct SupervisorQuery { /* + descriptor */
        WireHeader header;
} SupervisorQuery;

typedef struct SupervisorQueryReply {
        WireHeader header;
        int32_t result; /* 0; -ENOKEY no token of ours; -EPROTO no descriptor */
        uint32_t uid, audience, uses;
        uint32_t administrator; /* 1: the token has the administrators' group, or is root's */
        uint32_t
                by_logon; /* 1: audience logged on as uid; 0: uid made it himself, in his session */
} SupervisorQueryReply;
WIRE_NO_PADDING(SupervisorQueryReply, 32);

typedef struct SupervisorVerify {
        WireHeader header;
        Ticket ticket;
} SupervisorVerify;
WIRE_NO_PADDING(SupervisorVerify, 8 + sizeof(Ticket));

typedef struct SupervisorVerifyReply {
        WireHeader header;
        int32_t result; /* 0; -EBADMSG not ours or altered; -EKEYREVOKED; -EKEYEXPIRED */
        uint32_t uid;
} SupervisorVerifyReply;
WIRE_NO_PADDING(SupervisorVerifyReply, 16);

typedef struct SupervisorSpawn { /* + token, when the worker shall have the token's identity */
        WireHeader header;
        uint32_t role; /* WorkerRole */
        uint32_t with_token;
        Ticket ticket; /* of the job's owner, in every case */
} SupervisorSpawn;
WIRE_NO_PADDING(SupervisorSpawn, 16 + sizeof(Ticket));

typedef struct SupervisorSpawnReply { /* + socket */
        WireHeader header;
        /* 0, or: -EBADMSG -EKEYREVOKED -EKEYEXPIRED the ticket; -ENOKEY the token is none; -EACCES
         * the token's audience, uses or administrator rule; -ESTALE the uid now has another name,
         * or none; -EPERM the account may not run now (expired, RootJobs=no); -EAGAIN too many
         * workers; -ETIMEDOUT the name service hangs; -ENOPKG
         * /etc/pam.d/bits-worker is missing; -EIO bits-become failed */
        int32_t result;
        uint32_t worker; /* id, never 0, never used twice by one bitsd */
        uint32_t uid, pid;
} SupervisorSpawnReply;
WIRE_NO_PADDING(SupervisorSpawnReply, 24);

typedef struct SupervisorStop {
        WireHeader header;
        uint32_t worker, reserved;
} SupervisorStop;

typedef struct SupervisorExited {
        WireHeader header;
        uint32_t worker;
        int32_t status; /* of wait(2) */
} SupervisorExited;

typedef struct SupervisorRevoked {
        WireHeader header;
        uint32_t uid, epoch;
} SupervisorRevoked;

typedef struct SupervisorIdle {
        WireHeader header;
} SupervisorIdle;

typedef struct SupervisorSettings { /* as in START */
        WireHeader header;
        uint32_t flags, admin_gid;
} SupervisorSettings;
WIRE_NO_PADDING(SupervisorSettings, 16);

typedef union SupervisorMessage { /* the largest that either side can receive */
        WireHeader header;
        SupervisorStart start;
        SupervisorQuery query;
        SupervisorQueryReply query_reply;
        SupervisorVerify verify;
        SupervisorVerifyReply verify_reply;
        SupervisorSpawn spawn;
        SupervisorSpawnReply spawn_reply;
        SupervisorStop stop;
        SupervisorExited exited;
        SupervisorRevoked revoked;
        SupervisorIdle idle;
        SupervisorSettings settings;
} SupervisorMessage;
