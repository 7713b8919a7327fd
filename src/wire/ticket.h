/*
 * The ticket: what lets an owner's identity outlive a restart (DESIGN.md §3). bitsd makes and
 * checks it under a key that nobody else can read; libbits carries it; bits-queue stores one per
 * owner. The fields may be read for display and for renewal, but only bitsd may believe them.
 */
#pragma once

#include "wire.h"

#define TICKET_LIFETIME_SEC (90 * 24 * 3600)
#define TICKET_VERSION      1

enum TicketFlag {
        TICKET_ADMINISTRATOR = 1, /* the process that asked was an administrator's */
};

typedef struct Ticket {
        uint32_t version;
        uint32_t uid;
        uint32_t flags;
        uint32_t epoch;                  /* of the uid when issued; REVOKE makes older ones void */
        int64_t issued_sec, expires_sec; /* CLOCK_REALTIME */
        char account[WIRE_ACCOUNT_SIZE]; /* the uid must still belong to it */
        uint8_t mac[32];                 /* HMAC-SHA-256 of all before it */
} Ticket;
WIRE_NO_PADDING(Ticket, 16 + 16 + WIRE_ACCOUNT_SIZE + 32);
