/*
 * A service on the system bus that we ask something: whether it is there, and when to ask again.
 * Never waits for it. The bus itself may come, go and come back, or not be there at all.
 */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

typedef struct Neighbour Neighbour;

/* What is asked about: on is called with the bus when there is reason to ask, first of all soon
 * after new, and with NULL when the bus has gone. */
typedef struct NeighbourKind {
        const char *name;  /* "org.freedesktop.login1" */
        const char *match; /* signals of its that are such a reason */
        void (*on)(void *userdata, sd_bus *bus);
} NeighbourKind;

int neighbour_new(sd_event *event, const NeighbourKind *kind, void *userdata, Neighbour **ret);
Neighbour *neighbour_free(Neighbour *neighbour); /* NULL */

/* As sd_bus_call_method_async() to its name, but does not start it when it is not running. */
int neighbour_call(Neighbour *neighbour, const char *path, const char *interface,
                   const char *member, sd_bus_message_handler_t answer, void *userdata,
                   const char *types, ...);
