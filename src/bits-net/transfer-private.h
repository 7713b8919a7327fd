/*
 * What the files of a transfer share: transfer.c (its life, and bits-queue's orders),
 * transfer-request.c (the request under way and its answer), transfer-target.c (the local file).
 * Nobody else includes it.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "answer.h"
#include "checkpoint.h"
#include "closing.h"
#include "failure.h"
#include "header.h"
#include "judge.h"
#include "options.h"
#include "redirect.h"
#include "tls.h"
#include "transfer.h"
#include "wire/net.h"
#include "worker.h"

typedef enum TransferState {
        TRANSFER_ASKING = 1, /* no answer that counts yet */
        TRANSFER_WAITING,    /* the answer is of another version; NET_PROCEED lets it in */
        TRANSFER_RECEIVING,
        TRANSFER_WANTING,   /* ranged: the span has ended; bits-queue says what is next */
        TRANSFER_FINISHING, /* all is in the file; the last sync */
        TRANSFER_CLOSING,   /* failed or cancelled; a sync may still run */
        TRANSFER_ENDED,
        TRANSFER_STATE_COUNT,
} TransferState;

typedef enum TransferEvent {
        EVENT_AGAIN,    /* the answer is no use: another request */
        EVENT_CONTINUE, /* the answer is what was asked for */
        EVENT_RESTART,  /* the answer is the whole file, of another version */
        EVENT_PROCEED,
        EVENT_RECEIVED, /* nothing is missing any more */
        EVENT_SPAN_END, /* ranged: the span is in, or was halted */
        EVENT_SPAN,     /* the next one */
        EVENT_FAIL,
        EVENT_CANCEL,
        EVENT_SYNCED, /* no sync runs and none is wanted */
        EVENT_COUNT,
} TransferEvent;

struct Transfer {
        Transfer *next; /* Worker.transfers */
        Worker *worker;
        uint32_t id;
        TransferState state;
        int fd;
        Options *options; /* NULL: none */
        Redirect redirect;
        NetValidator version; /* of the bytes that are there */
        char *version_url;    /* where its ETag is from; NULL: the remote name */

        CURL *easy; /* NULL: no request */
        struct curl_slist *headers;
        Tls *tls;
        Ask ask; /* its validator: what of version counts there */
        Answer answer;
        Header header;    /* of answer, as text */
        int header_error; /* it cannot be kept */
        size_t discarded; /* of a redirect's body */
        enum {
                LISTS_UNTRIED,
                LISTS_AWAITED, /* then there is no request */
                LISTS_TRIED,
        } lists; /* revocation lists that the server's certificate needs */
        bool judged;
        Judgement judgement; /* of answer, when judged */
        Closing closing;     /* of a connection whose end is that of the answer's content */
        size_t header_bytes; /* of all answers to the request */
        bool delivered;      /* the request ended well while we waited for NET_PROCEED */

        bool foreground, held;    /* held: by the limit */
        bool seal_syncs;          /* the last sync of what is small is the seal's */
        bool ranged;              /* span after span; else one span to the end of the file */
        NetSpan span;             /* that is under way, or was the last */
        uint64_t span_begin;      /* the offset at which it begins */
        bool responded;           /* NET_RESPONSE was sent */
        uint64_t size;            /* of the whole remote file; NET_SIZE_UNKNOWN */
        uint64_t offset, durable; /* bytes of the stream in the file; of these on the disk */
        uint64_t room;            /* for so many more the disk was looked at; of unknown size */
        bool dirty;               /* the file differs from what the last sync began with */
        bool syncing;
        Sync sync;
        uint64_t sync_offset;   /* durable after sync */
        uint64_t dirty_usec;    /* since when dirty */
        sd_event_source *timer; /* for the checkpoint of a slow transfer */
        uint64_t progress_usec; /* when the last NET_PROGRESS was sent */
        uint64_t progress_offset;

        bool failed;     /* failure is set; the first one counts */
        bool keep_dirty; /* cancelled, or the disk failed: no sync on the way out */
        Failure failure;
};

/* ---- transfer.c ------------------------------------------------------------------------------ */

/* Changes the state by an event that fits it, as the caller knows. */
void transfer_must(Transfer *t, TransferEvent event);

/* Notes why it fails; the first failure counts. Who calls sees to transfer_fail(). */
void transfer_set_failure(Transfer *t, Failure failure);

/* The same, for a remote file that is another version: nothing that is there counts. */
void transfer_set_changed(Transfer *t);

/* Leaves for CLOSING with a failure that is set. t may be gone after this. */
void transfer_fail(Transfer *t);

/* FINISHING and CLOSING: one more sync if there is something to keep, then the last word. t may be
 * gone after this. */
void transfer_finish(Transfer *t);

/* Tells bits-queue an offset: NET_PROGRESS, NET_CHECKPOINT, NET_WANT or NET_DONE. */
void transfer_send_offset(Transfer *t, enum NetType type, uint64_t offset);

/* ---- transfer-request.c ---------------------------------------------------------------------- */

/* Asks for what is missing, where t->redirect leads. May set a failure. */
void transfer_ask(Transfer *t);

/* Ends the request, if there is one; nothing more is heard of it. */
void transfer_stop_request(Transfer *t);

/* Takes in what was held back, and reads on. t may be gone after this. */
void transfer_go_on(Transfer *t);

/* The body is in: is it the whole of it? t may be gone after this. */
void transfer_received(Transfer *t);

/* Ranged: the span has ended, and bits-queue is asked for the next. */
void transfer_span_end(Transfer *t);

/* ---- transfer-target.c ----------------------------------------------------------------------- */

/* Where the next byte goes in the file, and the end of the span there; NET_SIZE_UNKNOWN. */
uint64_t transfer_position(const Transfer *t);
uint64_t transfer_local_end(const Transfer *t);

/* The first byte may be written: makes room for all, with nothing beyond the offset of a file that
 * is written from its begin to its end. May set a failure. */
void transfer_prepare(Transfer *t);

/* Writes what comes next, and tells of it now and then. May set a failure. */
void transfer_store(Transfer *t, const char *data, size_t size);

/* Begins to make durable what is in the file; none may be under way. 0 or -errno. */
int transfer_sync(Transfer *t);
