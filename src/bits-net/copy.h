/*
 * Copy: a local file into one descriptor, from NET_COPY to NET_DONE or NET_FAILED; the twin of
 * Transfer, with the same invariant. It works in the threads of the checkpoints, one step at a
 * time, and never looks at a name.
 */
#pragma once

#include "wire/net.h"
#include "worker.h"

/* Takes both descriptors. 0 also when the copy failed at once, which was then told; -EBADMSG for an
 * id in use. */
int copy_start(Worker *worker, const NetCopy *message, int source, int target);

Copy *copy_find(Worker *worker, uint32_t id);

int copy_proceed(Copy *copy); /* -EBADMSG when it does not wait for that */
void copy_cancel(Copy *copy);
