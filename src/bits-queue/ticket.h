/*
 * The tickets that owners have given: one each, as bitsd made it. Without a valid one no worker
 * starts for an owner, and his jobs wait.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "done.h"
#include "wire/ticket.h"

typedef struct Caller Caller;
typedef struct Queue Queue;
typedef struct Tickets Tickets;

int tickets_new(Queue *queue, Tickets **ret); /* loads the store's */
Tickets *tickets_free(Tickets *tickets);      /* NULL */

/* The owner's ticket; NULL when there is none or it has expired. Borrowed until the next call. */
const Ticket *tickets_find(Tickets *tickets, uid_t uid);

/* Does this caller have to bring a new one? *ret_expires_usec of the one there is, or 0. */
bool tickets_needed(Tickets *tickets, const Caller *caller, uint64_t *ret_expires_usec);

/* Manager.Authorize: checked by bitsd, stored, done. E_INVALIDARG: not a ticket's size;
 * E_ACCESSDENIED: not the caller's, or not valid. */
void tickets_authorize(Tickets *tickets, const Caller *caller, const void *data, size_t size,
                       Done done);

void tickets_revoked(Tickets *tickets, uid_t uid, uint32_t epoch);
/* bitsd refused it: forget it, so that its jobs wait for a new one. */
void tickets_refused(Tickets *tickets, uid_t uid);
