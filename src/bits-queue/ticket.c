#include "ticket.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commit.h"
#include "job.h"
#include "queue.h"
#include "schedule.h"
#include "store/store.h"
#include "supervisor.h"
#include "trouble.h"

struct Tickets {
        Queue *queue;
        void *by_uid; /* tsearch(3) of Entry */
};

typedef struct Entry {
        uid_t uid; /* first: the key */
        Ticket ticket;
} Entry;

static int compare(const void *a, const void *b)
{
        uid_t x = ((const Entry *)a)->uid, y = ((const Entry *)b)->uid;

        return (x > y) - (x < y);
}

static Entry *find(Tickets *tickets, uid_t uid)
{
        Entry **found = tfind(&(Entry){.uid = uid}, &tickets->by_uid, compare);

        return found ? *found : NULL;
}

static int remember(Queue *queue, const Ticket *ticket)
{
        Tickets *tickets = queue->tickets;
        Entry *entry = find(tickets, ticket->uid);

        if (!entry) {
                entry = calloc(1, sizeof(*entry));
                if (!entry)
                        return -ENOMEM;
                entry->uid = ticket->uid;
                if (!tsearch(entry, &tickets->by_uid, compare)) {
                        free(entry);
                        return -ENOMEM;
                }
        }
        entry->ticket = *ticket;
        return 0;
}

int tickets_new(Queue *queue, Tickets **ret)
{
        int r;

        *ret = calloc(1, sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        (*ret)->queue = queue;
        r = store_load_tickets(queue->store, remember);
        return r;
}

Tickets *tickets_free(Tickets *tickets)
{
        if (!tickets)
                return NULL;
        tdestroy(tickets->by_uid, free);
        free(tickets);
        return NULL;
}

static int64_t now_sec(void)
{
        return (int64_t)(now_realtime_usec() / 1000000);
}

const Ticket *tickets_find(Tickets *tickets, uid_t uid)
{
        Entry *entry = find(tickets, uid);

        return entry && entry->ticket.expires_sec > now_sec() ? &entry->ticket : NULL;
}

bool tickets_needed(Tickets *tickets, const Caller *caller, uint64_t *ret_expires_usec)
{
        const Ticket *ticket = tickets_find(tickets, caller->uid);

        *ret_expires_usec = 0;
        if (!ticket)
                return true;
        *ret_expires_usec = (uint64_t)ticket->expires_sec * 1000000;
        return ticket->expires_sec - now_sec() < TICKET_LIFETIME_SEC / 2 ||
               (caller->administrator && !(ticket->flags & TICKET_ADMINISTRATOR));
}

typedef struct Authorization {
        Queue *queue;
        Ticket ticket;
        Done done;
} Authorization;

static void on_verified(void *userdata, const SupervisorMessage *message, int fd)
{
        _cleanup_(freep) Authorization *a = userdata;
        int r = message->verify_reply.result;

        closep(&fd);
        if (r == 0 && message->verify_reply.uid != a->ticket.uid)
                r = -EBADMSG;
        if (r == 0 && trouble_error(a->queue->trouble) < 0)
                (void)trouble_spend_reserve(a->queue->trouble); /* it may be needed to cancel */
        if (r == 0)
                r = store_put_ticket(a->queue->store, &a->ticket);
        if (r == 0)
                r = remember(a->queue, &a->ticket);
        if (r == 0)
                schedule_unblock(a->queue->scheduler);
        else
                log_notice("ticket of uid %u refused: %s", a->ticket.uid, strerror(-r));
        commit_then(a->queue, r == 0 ? S_OK : E_ACCESSDENIED, a->done);
}

void tickets_authorize(Tickets *tickets, const Caller *caller, const void *data, size_t size,
                       Done done)
{
        _cleanup_(freep) Authorization *a = NULL;

        if (size != sizeof(Ticket)) {
                done_call(&done, E_INVALIDARG);
                return;
        }
        a = calloc(1, sizeof(*a));
        if (!a) {
                done_call(&done, E_OUTOFMEMORY);
                return;
        }
        a->queue = tickets->queue;
        a->done = done;
        memcpy(&a->ticket, data, sizeof(a->ticket));
        if (a->ticket.uid != caller->uid ||
            !wire_text_ok(a->ticket.account, sizeof(a->ticket.account))) {
                done_call(&done, E_ACCESSDENIED);
                return;
        }
        if (supervisor_verify(a->queue->supervisor, &a->ticket, on_verified, a) < 0)
                done_call(&done, E_UNEXPECTED);
        else
                a = NULL; /* on_verified() frees it */
}

static void forget(Tickets *tickets, Entry *entry)
{
        tdelete(entry, &tickets->by_uid, compare);
        free(entry);
}

void tickets_revoked(Tickets *tickets, uid_t uid, uint32_t epoch)
{
        Entry *entry = find(tickets, uid);

        if (entry && entry->ticket.epoch < epoch)
                forget(tickets, entry);
}

void tickets_refused(Tickets *tickets, uid_t uid)
{
        Entry *entry = find(tickets, uid);

        if (entry)
                forget(tickets, entry);
}
