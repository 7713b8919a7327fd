/*
 * Limit: an administrator's cap on all transfers of this worker that are not in the foreground. One
 * bucket of bytes fills at the rate; a transfer that finds it empty is held until there is some.
 * What is held is not read from its connection, whose receive window is kept to about what the rate
 * needs, so that the surplus waits at the server and not in a router's queue.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

typedef struct Limit Limit;
typedef struct Worker Worker;

int limit_new(Worker *worker, Limit **ret);

void limit_set(Limit *limit, uint64_t bytes_per_sec); /* 0: none */

/* May size bytes be taken now? If not, transfer_let_go() is called when they may. */
bool limit_take(Limit *limit, size_t size);
