/*
 * Where the service lives: its directories, its lock and its two listeners. Everything is root's
 * (user mode: the user's) and nobody else's to write, or the service does not start.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "wire/become.h"

typedef struct Place {
        bool user_mode;
        char libexec[BECOME_DIRECTORY_SIZE];
        char runtime[BECOME_DIRECTORY_SIZE];
        char state[BECOME_DIRECTORY_SIZE];
        int state_fd, identity_fd,
                lock_fd; /* directories, and the lock that says we are the only one */
        int identity_listener, bus_listener;
} Place;

/* Fills in what the command line has left empty. */
int place_defaults(Place *place);
/* Directories and lock; -EBUSY when another bitsd has it, -EPERM for a directory that is not ours.
 */
int place_open(Place *place);
/* Both listeners, where a dead bitsd may have left its own. */
int place_listen(Place *place);
/* The directory of bits-queue, which must be its own. */
int place_give_queue(const Place *place, uid_t uid, gid_t gid);
void place_close(Place *place);
