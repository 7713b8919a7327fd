/*
 * One connection: who is at the other end, as the kernel says; the sd-bus connection with its
 * objects; what it subscribed to and what it still has to be answered. It is ended at once and
 * freed after the round of the loop, so that nobody below loses it under his feet.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-bus.h>

#include "base/peer.h"
#include "bits-queue/job.h"
#include "bus.h"

typedef struct Callback Callback;
typedef struct Gate Gate;
typedef struct Reply Reply;

typedef enum Subscription {
        SUBSCRIPTION_NONE,
        SUBSCRIPTION_OWN, /* JobChanged and JobRemoved of the client's own jobs */
        SUBSCRIPTION_ALL, /* of all that it may touch */
} Subscription;

TAILQ_HEAD(ReplyList, Reply);
TAILQ_HEAD(CallbackList, Callback);

struct Client {
        Queue *queue;
        Listener *listener;
        TAILQ_ENTRY(Client) link;       /* Listener.strangers or .clients: oldest first */
        TAILQ_ENTRY(Client) wait_link;  /* Listener.waiting */
        TAILQ_ENTRY(Client) ended_link; /* Listener.ended */
        bool connected, waiting, ended;

        int socket;
        PeerCred cred;
        bool administrator;
        sd_bus *bus;
        Gate *gate;
        sd_event_source *deadline; /* of authentication */

        Subscription subscription;
        struct ReplyList replies; /* Reply.link: calls under way */
        size_t n_replies;
        struct CallbackList callbacks; /* Callback.link */
};

/* Takes the accepted socket over in every case. 0 or -errno: -EPERM for one whom nobody serves. */
int client_new(Listener *listener, Queue *queue, int fd, Client **ret);
Client *client_free(Client *client); /* NULL */
void clientp_free(Client **client);

/* The connection is over: jobs forget it now, listener frees it after this round. */
void client_end(Client *client);

/* S_OK; E_ACCESSDENIED for a caller that may not change anything (NoNewPrivs, see DESIGN of
 * restricted callers in bits(7)). Asks the kernel each time. */
HRESULT client_may_change(const Client *client);
/* Owner or administrator; jobs of uid 0 are for uid 0 alone. */
bool client_may_touch(const Client *client, const Job *job);
Caller client_caller(const Client *client);

/* Sends a signal or a call, unless the client lags behind: that ends it. 0 or -errno. */
int client_make_room(Client *client);
