/*
 * What other processes say to bitsd, checked: pure functions of one message's bytes and of whether
 * a descriptor came with it. What passes has its type's exact size, a known type, its numbers in
 * range, its texts terminated, and nothing in fields that its type does not use.
 *
 * Not here: what depends on the state (nonce, user mode, which worker), and whether a ticket or a
 * token is genuine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns 0 or -EPROTO. data needs no alignment. */

/* Of bits-queue (wire/supervisor.h). A ticket may hold anything: bits-queue has it from its
 * clients, and its MAC is what tells. */
int queue_request_check(const void *data, size_t size, bool with_fd);

/* Of anybody (wire/identity.h). */
int caller_request_check(const void *data, size_t size, bool with_fd);

/* Of bits-become, which works on a request of type task (BecomeType) and has replied n_before times
 * already (wire/become.h). */
int become_reply_check(uint32_t task, size_t n_before, const void *data, size_t size, bool with_fd);

/* How many replies, each with a descriptor, task yields when all goes well; 0: one without. */
size_t become_reply_fds(uint32_t task);
