/*
 * What bitsd says on the identity socket, checked: pure functions of one message's bytes and of
 * whether a descriptor came with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wire/identity.h"

/* data needs no alignment. */

/* 0; -EPROTONOSUPPORT when it is another version's, or no HELLO; -EPROTO. */
int identity_hello_check(const void *data, size_t size);

/* 0 when it is a complete answer to request, good or bad, else -EPROTO. A descriptor is there
 * exactly when request was for a token and the answer is good; a ticket, likewise. */
int identity_reply_check(const WireHeader *request, const void *data, size_t size, bool with_fd);
