/*
 * One connection to the bus: who it is, by the kernel, and how much it may take. Counted, because
 * answers may come after it has gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "base/peer.h"
#include "bus/bus.h"
#include "bus/gate.h"
#include "job.h"

typedef struct Callback Callback;

/* What a message is for: filled by the object lookup, valid while the message is handled. */
typedef struct Target {
        Client *client;
        Job *job;
        File *file;
} Target;

typedef enum Subscription {
        SUBSCRIBED_NOT,
        SUBSCRIBED_OWN,
        SUBSCRIBED_ALL,
} Subscription;

struct Client {
        Listener *listener;       /* NULL once it has gone */
        TAILQ_ENTRY(Client) link; /* Listener.clients */
        unsigned refs;
        int fd; /* the client's socket, for what the kernel says of it; the gate's */
        PeerCred cred;
        bool administrator;
        bool connected; /* authenticated */
        bool closing;
        bool receives;                     /* or did: some job may have it as its receiver */
        Subscription subscription, events; /* JobChanged and JobRemoved; JobEvent */
        size_t n_calls;                    /* taken and not answered yet: each holds its message */
        sd_bus *bus;
        Gate *gate;
        sd_event_source *deadline, *close_later;
        Target target;
        TAILQ_HEAD(, Callback) callbacks; /* Callback.link: with the client */
};

/* Takes fd over. 0 or -errno. */
int client_new(Listener *listener, int fd, const PeerCred *cred, Client **ret);
Client *client_ref(Client *client);
Client *client_unref(Client *client); /* NULL */

/* Ends the connection: from the loop, not from within the call. Harmless when it has ended. */
void client_close(Client *client, const char *why);
/* At once; only for the listener. */
void client_destroy(Client *client);

/* Asks the kernel again whether it is an administrator. */
void client_refresh(Client *client);

Queue *client_queue(const Client *client);
Caller client_caller(const Client *client);

/* A sandboxed caller whose calls that change something are refused (DESIGN.md §3); but the command
 * line of a job may change that job (NULL: it is about none). Asks the kernel now. */
bool client_is_restricted(const Client *client, const Job *job);

/* May the caller see what happened to jobs of owner? */
bool client_may_see_history(const Client *client, uid_t owner);
/* May the caller see and touch the job? behaviour.md §5; a job of root's only root. */
bool client_may_access(const Client *client, const Job *job);

/* Messages that wait for the client to read. */
uint64_t client_queued(const Client *client);

/* Something is about to be sent that the client did not ask for: false, and the connection is
 * ended, when it does not read. */
bool client_can_take(Client *client);

/* A call of the client's is about to be answered: false, and the connection is ended, when he does
 * not read, and too many answers wait for its user. */
bool client_may_ask(Client *client);
