/*
 * Checkpoints: fdatasync, and other work on a disk, in threads, so that a slow one never stops the
 * loop. The threads are made after the sealing, on first use, and inherit the seal. A Sync belongs
 * to the threads from checkpoint_add() until its done is called, in the loop.
 */
#pragma once

#include <systemd/sd-event.h>

typedef struct Checkpoint Checkpoint;
typedef struct Sync Sync;

struct Sync {
        int fd;                  /* borrowed: must stay open until done */
        int (*work)(Sync *sync); /* in a thread, instead of fdatasync; NULL: that */
        int result;
        void (*done)(Sync *sync); /* result: 0 or -errno */
        Sync *next;               /* of one of Checkpoint's two lists */
};

int checkpoint_new(sd_event *event, Checkpoint **ret);
int checkpoint_add(Checkpoint *checkpoint, Sync *sync); /* -errno: no thread can be had */
