/*
 * The check of a message from bits-queue: type, size, descriptor, every field. Pure, and done
 * before anything of the message is used.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wire/net.h"

/* 0, or -EBADMSG for a message that bits-queue never sends. size bytes of message were received. */
int message_check(const NetMessage *message, size_t size, bool with_fd);
