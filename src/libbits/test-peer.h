/*
 * The least service that can speak, for tests: a child process that answers each call by the test's
 * own function, and tells the test what it saw through a pipe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

typedef struct PeerReport {
        char what;
        int64_t value;
        char text[256];
} PeerReport;

/* In the child: a method call. Sets *hang_up to end the connection; < 0 is an error. */
typedef int (*PeerHandler)(sd_bus_message *m, bool *hang_up);

int peer_start(PeerHandler handler); /* and lets the library find it; for a group's set-up */
int peer_end(void);

void peer_report(const PeerReport *report); /* in the child */
PeerReport peer_next(char what);            /* in the test: fails when it is of another kind */
