/*
 * The socket to bits-queue, which may have been taken over: every message is checked before it is
 * believed, and one that is not exactly right ends it. What it does not read in time ends it as
 * well.
 */
#pragma once

#include "bitsd.h"

/* Takes *sock over on success and sends START. */
int supervisor_open(Bitsd *bitsd, int *sock);
void supervisor_close(Bitsd *bitsd);
/* What START said of flags and group is another now, or what bits-queue reads itself may be. */
void supervisor_settings(Bitsd *bitsd);
/* Queues behind what bits-queue has not read yet; without a bits-queue the message is dropped. The
 * caller keeps fd (or -1). */
void supervisor_send(Bitsd *bitsd, const void *message, size_t size, int fd);
