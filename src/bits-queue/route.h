/*
 * Is there a network to a host? Asks the kernel's routing tables over netlink, and is told of every
 * change. Sends nothing to any host and resolves no name: an address is asked for by its own route;
 * for a name, any route that leads off this machine over a link that is up counts. What stays on
 * this machine never depends on it.
 *
 * Without netlink (a sandbox that forbids it) everything counts as reachable, which is logged.
 */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

typedef struct Routes Routes;

/* changed is called from the loop when some route, or the state of a link, has changed. */
int routes_new(sd_event *event, void (*changed)(void *userdata), void *userdata, Routes **ret);
Routes *routes_free(Routes *routes); /* NULL */

/* How a remote name travels. */
typedef enum Reach {
        REACH_LOCAL, /* not over a network: a file, or this machine's loopback */
        REACH_YES,
        REACH_NO, /* no route */
} Reach;

Reach routes_reach(Routes *routes, const char *url);
