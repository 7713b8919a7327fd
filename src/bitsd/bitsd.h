/*
 * The context of the process, passed down to everything. No part keeps other mutable globals.
 */
#pragma once

#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "logon-delay.h"
#include "place.h"
#include "secrets.h"
#include "settings.h"

typedef struct Caller Caller;
typedef struct Keeper Keeper;
typedef struct Process Process;
typedef struct Supervisor Supervisor;
typedef struct Token Token;
typedef struct Worker Worker;

typedef struct Bitsd {
        sd_event *event;
        Place place;
        Settings settings;
        Secrets secrets;
        LogonDelay logon_delay;
        Keeper *keeper;
        Supervisor *supervisor;     /* NULL while no bits-queue is there */
        sd_event_source *accepting; /* of the identity socket */
        uint64_t drops_quiet_usec;  /* until then only n_drops tells of callers that are dropped */
        unsigned n_drops;
        int spare_fd; /* given up for a moment when descriptors run out */
        bool stopping;
        int exit_code;
        uint32_t admin_gid; /* UINT32_MAX: no such group */
        uint32_t last_worker;
        LIST_HEAD(, Caller) callers;
        LIST_HEAD(, Process) processes;
        LIST_HEAD(, Token) tokens;
        LIST_HEAD(, Worker) workers;
} Bitsd;

/* Ends every child, then the loop with code. Safe to call again. */
void bitsd_stop(Bitsd *bitsd, int code);
/* A child was reaped: whoever waits for that goes on. */
void bitsd_reaped(Bitsd *bitsd);
