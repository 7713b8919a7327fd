/*
 * Channel: the socket to bits-queue. Receives, checks and hands on its messages; sends ours without
 * ever blocking the loop. What cannot be sent at once waits in a list that stays short, because
 * progress and checkpoints of one transfer replace their forerunners and a full list stops the
 * reading.
 */
#pragma once

#include "wire/net.h"
#include "worker.h"

int channel_new(Worker *worker, int fd, Channel **ret); /* fd: the caller's, for good */

/* Sends one message, now or later. A peer that is gone ends the loop. */
void channel_send(Channel *channel, const void *message, size_t size);
