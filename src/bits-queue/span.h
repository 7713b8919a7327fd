/*
 * Spans: in which order a transfer fetches a file, and what of that is durable. The invariant: what
 * is there already, and what was sent for, is never sent for again. Knows the file and the stream
 * of wire/net.h; transfer-net.c talks to bits-net.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "range.h"
#include "wire/net.h"

typedef struct File File;

typedef struct Spans {
        uint64_t begin; /* offset of the stream where sent[0] begins: all before is durable */
        NetSpan *sent;  /* owned; in the order of the stream, not durable yet */
        size_t n_sent;
} Spans;

void spans_start(Spans *spans, const File *file); /* a new stream: sent is empty */
void spans_deinit(Spans *spans);

/* Must the file be fetched in pieces, or is it one stream from its offset to its end? */
bool spans_are_needed(const File *file);

/* What is to be fetched next, and notes it as sent: 1; 0: nothing is left, or wanted; -ENOMEM. */
int spans_next(Spans *spans, const File *file, NetSpan *ret);
/* A plain transfer: from begin to the end of the file. 0 or -ENOMEM. */
int spans_plain(Spans *spans);

/* Is there something to be fetched before what is on its way now? received: of the stream. */
bool spans_should_halt(const Spans *spans, const File *file, uint64_t received);

/* The remote file has size bytes: a last span to the end gets its length. False: it begins there.
 */
bool spans_resolve(Spans *spans, uint64_t size);
/* One past the last byte of the stream that was sent for; NET_SIZE_UNKNOWN. */
uint64_t spans_end(const Spans *spans);
/* The last span ended at offset. False when that cannot be. */
bool spans_cut(Spans *spans, uint64_t offset);

/* The stream is durable up to offset: takes the first piece of that, with its place in the local
 * file. False when there is none. */
bool spans_take(Spans *spans, uint64_t offset, FileRange *ret);
