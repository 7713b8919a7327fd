/*
 * The life of a transfer: its states, its begin, bits-queue's orders, its failure and its last
 * word. The invariant: whatever happens, one NET_DONE or NET_FAILED is the last that bits-queue
 * hears of it, after the descriptor was closed. The request is transfer-request.c's, what is in the
 * file and on the disk transfer-target.c's.
 */
#include "transfer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "channel.h"
#include "multi.h"
#include "target.h"
#include "transfer-private.h"

enum {
        UNSYNCED_MAX = 1024 * 1024,
};

static const uint8_t next_state[TRANSFER_STATE_COUNT][EVENT_COUNT] = {
        /* 0: event refused */
        [TRANSFER_ASKING] = {[EVENT_AGAIN] = TRANSFER_ASKING,
                             [EVENT_CONTINUE] = TRANSFER_RECEIVING,
                             [EVENT_RESTART] = TRANSFER_WAITING,
                             [EVENT_RECEIVED] = TRANSFER_FINISHING,
                             [EVENT_SPAN_END] = TRANSFER_WANTING,
                             [EVENT_FAIL] = TRANSFER_CLOSING,
                             [EVENT_CANCEL] = TRANSFER_CLOSING},
        [TRANSFER_WAITING] = {[EVENT_PROCEED] = TRANSFER_RECEIVING,
                              [EVENT_FAIL] = TRANSFER_CLOSING,
                              [EVENT_CANCEL] = TRANSFER_CLOSING},
        [TRANSFER_RECEIVING] = {[EVENT_RECEIVED] = TRANSFER_FINISHING,
                                [EVENT_SPAN_END] = TRANSFER_WANTING,
                                [EVENT_FAIL] = TRANSFER_CLOSING,
                                [EVENT_CANCEL] = TRANSFER_CLOSING},
        [TRANSFER_WANTING] = {[EVENT_SPAN] = TRANSFER_ASKING,
                              [EVENT_RECEIVED] = TRANSFER_FINISHING,
                              [EVENT_FAIL] = TRANSFER_CLOSING,
                              [EVENT_CANCEL] = TRANSFER_CLOSING},
        [TRANSFER_FINISHING] = {[EVENT_FAIL] = TRANSFER_CLOSING,
                                [EVENT_CANCEL] = TRANSFER_CLOSING,
                                [EVENT_SYNCED] = TRANSFER_ENDED},
        [TRANSFER_CLOSING] = {[EVENT_FAIL] = TRANSFER_CLOSING,
                              [EVENT_CANCEL] = TRANSFER_CLOSING,
                              [EVENT_SYNCED] = TRANSFER_ENDED},
};

Transfer *transfer_next(const Transfer *t)
{
        return t->next;
}

static int transfer_change(Transfer *t, TransferEvent event)
{
        uint8_t state = next_state[t->state][event];

        if (!state)
                return -EBADMSG;
        t->state = (TransferState)state;
        return 0;
}

void transfer_must(Transfer *t, TransferEvent event)
{
        int r = transfer_change(t, event);

        assert(r == 0);
        (void)r;
}

void transfer_send_offset(Transfer *t, enum NetType type, uint64_t offset)
{
        NetOffset message = {.header = {.type = type, .sequence = t->id}, .offset = offset};

        channel_send(t->worker->channel, &message, sizeof(message));
}

static void send_failed(Worker *worker, uint32_t id, const Failure *failure, uint64_t durable)
{
        NetFailed message = {
                .header = {.type = NET_FAILED, .sequence = id},
                .hresult = failure->hresult,
                .context = failure->context,
                .class = failure->class,
                .http_status = failure->http_status,
                .retry_after_usec = failure->retry_after_usec,
                .offset = durable,
        };

        memcpy(message.text, failure->text, sizeof(message.text));
        channel_send(worker->channel, &message, sizeof(message));
}

static void transfer_free(Transfer *t)
{
        for (Transfer **p = &t->worker->transfers; *p; p = &(*p)->next)
                if (*p == t) {
                        *p = t->next;
                        t->worker->n_transfers--;
                        break;
                }
        transfer_stop_request(t);
        sd_event_source_disable_unref(t->timer);
        header_deinit(&t->header);
        redirect_deinit(&t->redirect);
        options_unref(t->options);
        free(t->version_url);
        close_fd(t->fd);
        free(t);
}

void transfer_set_failure(Transfer *t, Failure failure)
{
        if (t->failed)
                return;
        t->failed = true;
        t->keep_dirty = failure.context == NET_CONTEXT_LOCAL_FILE;
        t->failure = failure;
}

void transfer_set_changed(Transfer *t)
{
        Failure failure = failure_from_answer(BG_E_REMOTE_FILE_CHANGED, t->answer.status,
                                              "the remote file is another version");

        failure.class = NET_CHANGED;
        t->durable = 0;
        t->offset = 0;
        transfer_set_failure(t, failure);
        t->keep_dirty = true; /* of no use any more */
}

void transfer_fail(Transfer *t)
{
        assert(t->failed);
        transfer_stop_request(t);
        transfer_must(t, EVENT_FAIL);
        transfer_finish(t);
}

/* Little is lost if it must be fetched again, and the seal flushes the file in any case. */
static bool is_left_to_seal(const Transfer *t)
{
        return t->seal_syncs && t->state == TRANSFER_FINISHING && !t->ranged && !t->failed &&
               t->offset - t->durable <= UNSYNCED_MAX;
}

/* Some file systems write at the close, and tell nobody else how that went. */
static void close_unsynced(Transfer *t)
{
        int r = close(t->fd) < 0 && errno != EINTR ? -errno : 0;

        t->fd = -1;
        if (r < 0) {
                transfer_set_failure(t, failure_from_errno(r, "close"));
                transfer_must(t, EVENT_FAIL);
        }
}

void transfer_finish(Transfer *t)
{
        Worker *worker = t->worker;
        bool unsynced = t->dirty && is_left_to_seal(t);

        if (t->syncing)
                return;
        if (unsynced)
                close_unsynced(t);
        else if (t->dirty && !t->keep_dirty) {
                int r = transfer_sync(t);

                if (r == 0) {
                        if (t->state == TRANSFER_FINISHING) /* its place is free meanwhile */
                                transfer_send_offset(t, NET_PROGRESS, t->offset);
                        return;
                }
                transfer_set_failure(t, failure_from_errno(r, "start a thread"));
                if (t->state == TRANSFER_FINISHING)
                        transfer_must(t, EVENT_FAIL);
        }

        transfer_must(t, EVENT_SYNCED);
        t->fd = close_fd(t->fd); /* before bits-queue hears of the end */
        if (t->failed)
                send_failed(worker, t->id, &t->failure, t->durable);
        else if (unsynced)
                transfer_send_offset(t, NET_RECEIVED, t->offset);
        else
                transfer_send_offset(t, NET_DONE, t->durable);
        transfer_free(t);
}

/* ---- bits-queue's orders --------------------------------------------------------------------- */

int transfer_proceed(Transfer *t)
{
        int r = transfer_change(t, EVENT_PROCEED);

        if (r < 0)
                return r;
        t->offset = 0;
        transfer_prepare(t);
        if (t->failed) {
                transfer_fail(t);
                return 0;
        }
        if (t->delivered) {
                transfer_received(t);
                return 0;
        }
        transfer_go_on(t);
        return 0;
}

/* Bytes of one version are there: with no validator to tell it, no other answer can join them. */
static bool transfer_can_go_on(const Transfer *t)
{
        return t->offset == 0 || validator_proves(&t->version);
}

static const char *transfer_method(const Transfer *t)
{
        return t->options ? t->options->method : "GET";
}

int transfer_span(Transfer *t, const NetSpan *span)
{
        int r = transfer_change(t, EVENT_SPAN);

        if (r < 0)
                return t->state == TRANSFER_CLOSING ? 0 : r; /* it failed meanwhile */
        t->span = *span;
        t->span_begin = t->offset;
        if (!transfer_can_go_on(t))
                transfer_set_failure(
                        t, failure_from_answer(BG_E_INSUFFICIENT_RANGE_SUPPORT, t->answer.status,
                                               "the server tells nothing by which two answers can "
                                               "be known to be of one version"));
        else if (redirect_restart(&t->redirect, transfer_method(t)) < 0)
                transfer_set_failure(t, failure_no_memory());
        else
                transfer_ask(t);
        if (t->failed)
                transfer_fail(t);
        return 0;
}

void transfer_halt(Transfer *t)
{
        if (t->state != TRANSFER_ASKING && t->state != TRANSFER_RECEIVING)
                return;
        t->ranged = true;
        transfer_stop_request(t);
        if (t->failed) /* its end was about to be seen to */
                transfer_fail(t);
        else
                transfer_span_end(t);
}

int transfer_last_span(Transfer *t)
{
        int r;

        if (t->state == TRANSFER_CLOSING)
                return 0;
        if (t->state != TRANSFER_WANTING)
                return -EBADMSG;
        r = transfer_change(t, EVENT_RECEIVED);
        transfer_finish(t);
        return r;
}

void transfer_cancel(Transfer *t)
{
        transfer_stop_request(t);
        t->failed = true;
        t->keep_dirty = true;
        t->failure = failure_from_worker(E_ABORT, NET_FATAL, "cancelled");
        transfer_must(t, EVENT_CANCEL);
        transfer_finish(t);
}

Transfer *transfer_find(Worker *worker, uint32_t id)
{
        for (Transfer *t = worker->transfers; t; t = t->next)
                if (t->id == id)
                        return t;
        return NULL;
}

static Transfer *transfer_new(Worker *worker, const NetTransfer *message)
{
        Transfer *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->worker = worker;
        t->id = message->header.sequence;
        t->state = TRANSFER_ASKING;
        t->fd = -1;
        t->foreground = message->flags & NET_FOREGROUND;
        t->seal_syncs = message->flags & NET_SEAL_SYNCS;
        t->ranged = message->ranged;
        t->offset = t->durable = t->span_begin = message->begin;
        t->span = t->ranged ? message->span
                            : (NetSpan){message->begin, message->begin, NET_SIZE_UNKNOWN};
        t->ask.dynamic = message->dynamic;
        t->version = message->begin > 0 ? message->validator
                                        : (NetValidator){NET_SIZE_UNKNOWN, INT64_MIN, ""};
        t->size = NET_SIZE_UNKNOWN;
        t->next = worker->transfers;
        worker->transfers = t;
        worker->n_transfers++;
        return t;
}

static void transfer_begin(Transfer *t, const char *url)
{
        int r = redirect_init(&t->redirect, url, transfer_method(t));

        if (r == -EINVAL)
                transfer_set_failure(t, failure_from_curl(CURLE_URL_MALFORMAT, 0, 0));
        else if (r < 0)
                transfer_set_failure(t, failure_no_memory());
        else if (t->ranged && !transfer_can_go_on(t))
                transfer_set_changed(t);
        else
                transfer_ask(t);
}

int transfer_start(Worker *worker, const NetTransfer *message, Options *options, int fd)
{
        _cleanup_(closep) int file = fd;
        Failure failure;
        Transfer *t;

        if (transfer_find(worker, message->header.sequence))
                return -EBADMSG;

        if (target_check(file, message->begin, &failure) < 0) {
                file = close_fd(file);
                send_failed(worker, message->header.sequence, &failure, 0);
                return 0;
        }
        t = worker->n_transfers < NET_TRANSFERS_MAX ? transfer_new(worker, message) : NULL;
        if (!t) {
                file = close_fd(file);
                failure = failure_from_worker(E_OUTOFMEMORY, NET_TRANSIENT,
                                              "too many transfers at once");
                send_failed(worker, message->header.sequence, &failure, message->begin);
                return 0;
        }

        t->fd = TAKE_FD(file);
        multi_set_host_connections(worker->multi, message->host_connections);
        t->options = options_ref(options);
        transfer_begin(t, message->url);
        if (t->failed)
                transfer_fail(t);
        return 0;
}
