/*
 * A child: starts as bits-become, may become bits-queue or a worker under the same pid. It stays in
 * the list until it is reaped, so a pid found there is never somebody else's.
 */
#pragma once

#include "bitsd.h"

typedef void (*process_exited_t)(void *userdata, int status);

struct Process {
        Bitsd *bitsd;
        pid_t pid;
        sd_event_source *child, *killer;
        process_exited_t exited; /* may be NULL; called once, then the process is freed */
        void *userdata;
        LIST_ENTRY(Process) link; /* Bitsd.processes */
};

/* Executes bits-become with a copy of sock as its descriptor 3. */
int process_start(Bitsd *bitsd, int sock, Process **ret);
void process_watch(Process *process, process_exited_t exited, void *userdata);
void process_end(Process *process); /* TERM, and KILL after 5 s */
void process_kill(Process *process);
bool process_is_ours(const Bitsd *bitsd, pid_t pid);
