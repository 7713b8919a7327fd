/*
 * A worker: from the order that bits-queue may give, to the moment its process is reaped. It never
 * outlives what it was started from: the owner's ticket, the token, bits-queue.
 */
#pragma once

#include "bitsd.h"
#include "order.h"
#include "wire/supervisor.h"

/* More than an owner's jobs need, even each with its own token. */
#define WORKERS_PER_OWNER_MAX 96
#define WORKERS_MAX           512

struct Worker {
        Bitsd *bitsd;
        Order *order;     /* while bits-become is on its way to be it */
        Process *process; /* from then on */
        Token *token;     /* NULL: with the owner's own identity */
        sd_event_source *expiry;
        uint32_t id, role, sequence;
        uid_t uid;
        int refusal;             /* found while the order was under way */
        bool announced;          /* bits-queue knows of it */
        Ticket ticket;           /* of the owner */
        LIST_ENTRY(Worker) link; /* Bitsd.workers */
};

/* Checks the request and gives the order; token_fd is -1 or the token, which stays the caller's.
 * The answer goes to bits-queue by itself, unless this returns an error. */
int worker_start(Bitsd *bitsd, const SupervisorSpawn *request, int token_fd);
Worker *worker_find(const Bitsd *bitsd, uint32_t id);
void worker_end(Worker *worker);
void worker_end_of_token(Bitsd *bitsd, const Token *token);
void worker_end_of_owner(Bitsd *bitsd, uid_t uid);
void worker_end_all(Bitsd *bitsd);
