/*
 * Transfer: one remote file into one descriptor, from NET_TRANSFER to NET_DONE or NET_FAILED. Its
 * invariant: `durable` bytes of one version are on the disk, and bits-queue is told no more than
 * that.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "options.h"
#include "wire/net.h"
#include "worker.h"

/* Takes fd, and a reference of options, which may be NULL. 0 also when the transfer failed at once,
 * which was then told; -EBADMSG for an id in use. */
int transfer_start(Worker *worker, const NetTransfer *message, Options *options, int fd);

Transfer *transfer_find(Worker *worker, uint32_t id);

int transfer_proceed(Transfer *transfer); /* -EBADMSG when it does not wait for that */
int transfer_span(Transfer *transfer, const NetSpan *span); /* the same */
int transfer_last_span(Transfer *transfer);                 /* the same */
void transfer_halt(Transfer *transfer);
void transfer_cancel(Transfer *transfer);

/* For Multi: the request has ended. */
void transfer_ended(void *transfer, CURLcode code);

/* For revocation.c: the lists that it may wait for are there, or not to be had. */
void transfer_lists_came(Transfer *transfer);

/* For limit.c. */
void transfer_let_go(Transfer *transfer);           /* goes on if the limit held it */
bool transfer_is_limited(const Transfer *transfer); /* has a request, not in the foreground */
CURL *transfer_request(const Transfer *transfer);
Transfer *transfer_next(const Transfer *transfer); /* of Worker.transfers */
