/*
 * What stands between a client's socket and sd-bus, which would buffer 128 MiB of anybody before
 * refusing it. The gate reads the socket and passes on, over a socket pair, one message at a time,
 * and only when the one before has been taken and its owner lets it; too long a message, too many
 * descriptors or noise end it. So one connection holds one message here at most. Output does not
 * come through it. Understands nothing of what passes.
 */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#define GATE_DESCRIPTORS_MAX 4 /* in one message */

typedef struct Gate Gate;

typedef struct GateOwner {
        /* May another message pass now? */
        bool (*ready)(void *userdata);
        /* The gate waits: gate_continue() is wanted after each round of the loop. */
        void (*waits)(void *userdata);
        /* The client hung up (-EPIPE) or broke a rule; the gate reads no more. It may not be freed
         * from within. */
        void (*ended)(void *userdata, int error);
} GateOwner;

/* Watches the non-blocking stream socket, which stays the caller's and must outlive the gate. What
 * passes comes out of *ret_output, which is the caller's to close. 0 or -errno. */
int gate_new(sd_event *event, int socket, const GateOwner *owner, void *userdata, int *ret_output,
             Gate **ret);
Gate *gate_free(Gate *gate); /* NULL */

/* sd-bus is through with authentication: messages may pass. -EPROTO when the gate has not seen
 * the end of it. */
int gate_open(Gate *gate);

/* Goes on if it can; true while it still waits. */
bool gate_continue(Gate *gate);

/* Reads no more, says no more. */
void gate_stop(Gate *gate);
