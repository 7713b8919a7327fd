#include "transfer.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "base/cleanup.h"
#include "channel.h"
#include "judge.h"
#include "limit.h"
#include "request.h"
#include "target.h"

enum {
        BUFFER_BYTES = 512 * 1024,
        BUFFER_BYTES_MANY = 64 * 1024, /* each, when there are many */
        MANY_TRANSFERS = 16,
        CHECKPOINT_BYTES = 64 * 1024 * 1024,
        CHECKPOINT_USEC = 5 * 1000 * 1000,
        PROGRESS_USEC = 100 * 1000,
};

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

struct Transfer {
        Transfer *next; /* Worker.transfers */
        Worker *worker;
        uint32_t id;
        TransferState state;
        int fd;
        char *url; /* curl_free() */

        CURL *easy; /* NULL: no request */
        struct curl_slist *headers;
        Ask ask;
        Answer answer;
        bool judged;
        Judgement judgement; /* of answer, when judged */
        bool delivered;      /* the request ended well while we waited for NET_PROCEED */

        bool foreground, held;    /* held: by the limit */
        bool ranged;              /* span after span; else one span to the end of the file */
        NetSpan span;             /* that is under way, or was the last */
        uint64_t span_begin;      /* the offset at which it begins */
        bool responded;           /* NET_RESPONSE was sent */
        uint64_t size;            /* of the whole remote file; NET_SIZE_UNKNOWN */
        uint64_t offset, durable; /* bytes of the stream in the file; of these on the disk */
        bool dirty;               /* the file differs from what the last sync began with */
        bool syncing;
        Sync sync;
        uint64_t sync_offset;   /* durable after sync */
        uint64_t dirty_usec;    /* since when dirty */
        sd_event_source *timer; /* for the checkpoint of a slow transfer */
        uint64_t progress_usec; /* when the last NET_PROGRESS was sent */

        bool failed;     /* failure is set; the first one counts */
        bool keep_dirty; /* cancelled, or the disk failed: no sync on the way out */
        Failure failure;
};

static void transfer_finish(Transfer *t);

bool transfer_is_limited(const Transfer *t)
{
        return t->easy && !t->foreground;
}

CURL *transfer_request(const Transfer *t)
{
        return t->easy;
}

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

static void transfer_must(Transfer *t, TransferEvent event)
{
        int r = transfer_change(t, event);

        assert(r == 0);
        (void)r;
}

static uint64_t now_usec(const Transfer *t)
{
        uint64_t usec = 0;

        (void)sd_event_now(t->worker->event, CLOCK_MONOTONIC, &usec);
        return usec;
}

static void send_offset(Transfer *t, enum NetType type, uint64_t offset)
{
        NetOffset message = {.header = {.type = type, .sequence = t->id}, .offset = offset};

        channel_send(t->worker->channel, &message, sizeof(message));
}

static void send_response(Transfer *t, bool restarted)
{
        NetResponse message = {
                .header = {.type = NET_RESPONSE, .sequence = t->id},
                .restarted = restarted,
                .validator = t->judgement.validator,
        };

        if (t->responded)
                return;
        t->responded = true;
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

static void transfer_stop_request(Transfer *t)
{
        if (t->easy)
                multi_give(t->worker->multi, t->easy);
        t->easy = NULL;
        t->held = false;
        curl_slist_free_all(t->headers);
        t->headers = NULL;
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
        curl_free(t->url);
        close_fd(t->fd);
        free(t);
}

static void transfer_set_failure(Transfer *t, Failure failure)
{
        if (t->failed)
                return;
        t->failed = true;
        t->keep_dirty = failure.context == NET_CONTEXT_LOCAL_FILE;
        t->failure = failure;
}

/* Leaves for CLOSING with a failure that is set. t may be gone after this. */
static void transfer_fail(Transfer *t)
{
        assert(t->failed);
        transfer_stop_request(t);
        transfer_must(t, EVENT_FAIL);
        transfer_finish(t);
}

static void on_synced(Sync *sync);

static int transfer_sync(Transfer *t)
{
        int r;

        assert(!t->syncing);
        t->sync = (Sync){.fd = t->fd, .done = on_synced};
        t->sync_offset = t->offset;
        r = checkpoint_add(t->worker->checkpoint, &t->sync);
        if (r < 0)
                return r;
        t->syncing = true;
        t->dirty = false;
        return 0;
}

static bool checkpoint_due(const Transfer *t)
{
        return t->dirty && !t->syncing &&
               (t->offset - t->durable >= CHECKPOINT_BYTES ||
                now_usec(t) >= t->dirty_usec + CHECKPOINT_USEC);
}

/* A thread that cannot be had is tried again with the next data; the last sync insists. */
static void transfer_checkpoint(Transfer *t)
{
        if (checkpoint_due(t))
                (void)transfer_sync(t);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        transfer_checkpoint(userdata);
        return 0;
}

static void transfer_set_dirty(Transfer *t)
{
        uint64_t due;

        if (t->dirty)
                return;
        t->dirty = true;
        t->dirty_usec = now_usec(t);
        due = t->dirty_usec + CHECKPOINT_USEC;
        if (!t->timer) {
                (void)sd_event_add_time(t->worker->event, &t->timer, CLOCK_MONOTONIC, due, 0,
                                        on_timer, t);
                return;
        }
        (void)sd_event_source_set_time(t->timer, due);
        (void)sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT);
}

/* FINISHING and CLOSING: one more sync if there is something to keep, then the last word. */
static void transfer_finish(Transfer *t)
{
        Worker *worker = t->worker;

        if (t->syncing)
                return;
        if (t->dirty && !t->keep_dirty) {
                int r = transfer_sync(t);

                if (r == 0)
                        return;
                transfer_set_failure(t, failure_from_errno(r, "start a thread"));
                if (t->state == TRANSFER_FINISHING)
                        transfer_must(t, EVENT_FAIL);
        }

        transfer_must(t, EVENT_SYNCED);
        t->fd = close_fd(t->fd); /* before bits-queue hears of the end */
        if (t->failed)
                send_failed(worker, t->id, &t->failure, t->durable);
        else
                send_offset(t, NET_DONE, t->durable);
        transfer_free(t);
}

static void on_synced(Sync *sync)
{
        Transfer *t = (Transfer *)((char *)sync - offsetof(Transfer, sync));

        t->syncing = false;
        if (sync->result < 0) {
                transfer_set_failure(t, failure_from_errno(sync->result, "fdatasync"));
                t->keep_dirty = true;
                transfer_fail(t);
                return;
        }
        t->durable = t->sync_offset;

        switch (t->state) {
        case TRANSFER_ASKING: /* for a later span */
        case TRANSFER_RECEIVING:
        case TRANSFER_WANTING:
                send_offset(t, NET_CHECKPOINT, t->durable);
                transfer_checkpoint(t);
                break;
        case TRANSFER_FINISHING:
                if (t->dirty) /* another sync follows, and may take long */
                        send_offset(t, NET_CHECKPOINT, t->durable);
                transfer_finish(t);
                break;
        case TRANSFER_CLOSING:
                transfer_finish(t);
                break;
        case TRANSFER_WAITING:
        case TRANSFER_ENDED:
        case TRANSFER_STATE_COUNT:
                assert(false);
        }
}

static uint64_t local_position(const Transfer *t)
{
        return t->span.local + (t->offset - t->span_begin);
}

static uint64_t local_end(const Transfer *t)
{
        return t->span.length != NET_SIZE_UNKNOWN ? t->span.local + t->span.length
                                                  : NET_SIZE_UNKNOWN;
}

/* The first byte may be written: makes room for all, with nothing beyond the offset of a file that
 * is written from its begin to its end. */
static void transfer_prepare(Transfer *t)
{
        int r = t->ranged ? 0 : target_cut(t->fd, t->offset);

        if (r > 0)
                transfer_set_dirty(t);
        if (r >= 0 && t->span.length != NET_SIZE_UNKNOWN)
                r = target_reserve(t->fd, local_position(t), local_end(t));
        if (r < 0)
                transfer_set_failure(t, failure_from_errno(r, "make room in the file"));
}

/* The answer tells the size of the file, the end of the span, and the version of all that follows.
 */
static void transfer_accept(Transfer *t)
{
        t->ask.validator = t->judgement.validator;
        t->size = t->judgement.validator.size;
        if (t->span.length == NET_SIZE_UNKNOWN && t->size != NET_SIZE_UNKNOWN)
                t->span.length = t->size - t->span.remote;
}

static void transfer_judge(Transfer *t)
{
        t->judgement = judge(&t->ask, &t->answer);
        t->judged = true;
        switch (t->judgement.verdict) {
        case VERDICT_CONTINUE:
                transfer_accept(t);
                transfer_must(t, EVENT_CONTINUE);
                send_response(t, false);
                transfer_prepare(t);
                break;
        case VERDICT_RESTART:
                t->span = (NetSpan){.length = NET_SIZE_UNKNOWN};
                t->span_begin = 0;
                transfer_accept(t);
                t->durable = 0; /* the bytes that are there are worth nothing any more */
                transfer_must(t, EVENT_RESTART);
                send_response(t, true);
                break;
        case VERDICT_COMPLETE:
        case VERDICT_CHANGED:
        case VERDICT_AGAIN:
        case VERDICT_FAIL:
                break; /* acted upon when the request has ended */
        }
}

static size_t on_header(char *data, size_t unit, size_t n, void *userdata)
{
        Transfer *t = userdata;

        if (!t->judged)
                answer_line(&t->answer, data, unit * n);
        return unit * n;
}

static void transfer_store(Transfer *t, const char *data, size_t size)
{
        uint64_t end = local_end(t), position = local_position(t);
        int r;

        if (size > (end != NET_SIZE_UNKNOWN ? end : INT64_MAX) - position) {
                transfer_set_failure(
                        t, failure_from_answer(BG_E_INVALID_SERVER_RESPONSE, t->answer.status,
                                               "more content than the answer announced"));
                return;
        }
        r = target_write(t->fd, data, size, position);
        if (r < 0) {
                transfer_set_failure(t, failure_from_errno(r, "write"));
                return;
        }
        t->offset += size;
        transfer_set_dirty(t);
        transfer_checkpoint(t);
        if (now_usec(t) >= t->progress_usec + PROGRESS_USEC) {
                t->progress_usec = now_usec(t);
                send_offset(t, NET_PROGRESS, t->offset);
        }
}

/* libcurl's write callback: anything but the size ends the request, whose end is seen to later. */
static size_t on_data(char *data, size_t unit, size_t n, void *userdata)
{
        Transfer *t = userdata;

        n *= unit;
        if (!t->judged)
                transfer_judge(t);
        if (t->state == TRANSFER_WAITING)
                return CURL_WRITEFUNC_PAUSE;
        if (t->state != TRANSFER_RECEIVING || t->failed)
                return 0;
        t->held = !t->foreground && !limit_take(t->worker->limit, n);
        if (t->held)
                return CURL_WRITEFUNC_PAUSE;
        transfer_store(t, data, n);
        return t->failed ? 0 : n;
}

/* Begins the request that t->ask describes; on failure the transfer is left as it is. */
static int transfer_ask(Transfer *t)
{
        long buffer = t->worker->n_transfers > MANY_TRANSFERS ? BUFFER_BYTES_MANY : BUFFER_BYTES;
        int r;

        t->ask.ranged = t->ranged;
        t->ask.begin = t->span.remote + (t->offset - t->span_begin);
        t->ask.end = t->span.length == NET_SIZE_UNKNOWN ? NET_SIZE_UNKNOWN
                                                        : t->span.remote + t->span.length;
        t->easy = multi_take(t->worker->multi);
        if (!t->easy)
                return -ENOMEM;
        r = request_set(t->easy, t->url, &t->ask, buffer, &t->headers);
        if (r < 0)
                return r;
        answer_init(&t->answer, time(NULL));
        t->judged = false;
        curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
        curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
        curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
        return multi_add(t->worker->multi, t->easy);
}

static void transfer_span_end(Transfer *t)
{
        transfer_must(t, EVENT_SPAN_END);
        send_offset(t, NET_WANT, t->offset);
}

/* The body is in: is it the whole of it? */
static void transfer_received(Transfer *t)
{
        if (t->span.length != NET_SIZE_UNKNOWN && local_position(t) != local_end(t)) {
                transfer_set_failure(t, failure_from_curl(CURLE_PARTIAL_FILE, 0, t->answer.status));
                transfer_fail(t);
                return;
        }
        if (t->ranged) {
                transfer_span_end(t);
                return;
        }
        transfer_must(t, EVENT_RECEIVED);
        transfer_finish(t);
}

static void transfer_set_changed(Transfer *t)
{
        Failure failure = failure_from_answer(BG_E_REMOTE_FILE_CHANGED, t->answer.status,
                                              "the remote file is another version");

        failure.class = NET_CHANGED;
        t->durable = 0;
        t->offset = 0;
        transfer_set_failure(t, failure);
        t->keep_dirty = true; /* of no use any more */
}

/* Acts upon a judgement whose answer carries nothing for the file. */
static void transfer_follow_verdict(Transfer *t)
{
        switch (t->judgement.verdict) {
        case VERDICT_AGAIN:
                t->ask.kind = t->judgement.again;
                transfer_must(t, EVENT_AGAIN);
                if (transfer_ask(t) == 0)
                        return;
                transfer_set_failure(
                        t, failure_from_worker(E_OUTOFMEMORY, NET_TRANSIENT, "no memory"));
                break;
        case VERDICT_COMPLETE:
                transfer_accept(t);
                send_response(t, false);
                transfer_received(t);
                return;
        case VERDICT_CHANGED:
                transfer_set_changed(t);
                break;
        case VERDICT_FAIL:
                transfer_set_failure(t, t->judgement.failure);
                break;
        case VERDICT_CONTINUE:
        case VERDICT_RESTART:
                assert(false);
        }
        transfer_fail(t);
}

/* Whether the last header block is the answer, when the request ended without a body: not when it
 * was a redirect and the failure is that of the next server. */
static bool answer_counts(const Answer *answer, CURLcode code)
{
        if (!answer->complete)
                return false;
        return code == CURLE_OK || answer->status >= 400 ||
               (answer->status / 100 == 3 &&
                (code == CURLE_TOO_MANY_REDIRECTS || code == CURLE_UNSUPPORTED_PROTOCOL));
}

void transfer_ended(void *userdata, CURLcode code)
{
        Transfer *t = userdata;
        long verify_result = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verify_result);
        if (!t->judged && !t->failed && answer_counts(&t->answer, code))
                transfer_judge(t);
        transfer_stop_request(t);

        if (!t->failed && t->judged && t->state == TRANSFER_ASKING) {
                transfer_follow_verdict(t);
                return;
        }
        if (!t->failed && code != CURLE_OK)
                transfer_set_failure(t,
                                     failure_from_curl((int)code, verify_result, t->answer.status));
        if (!t->failed && !t->judged)
                transfer_set_failure(t, failure_from_curl(CURLE_GOT_NOTHING, 0, 0));
        if (t->failed)
                transfer_fail(t);
        else if (t->state == TRANSFER_WAITING)
                t->delivered = true; /* an empty file */
        else
                transfer_received(t);
}

/* Takes in what was held back, and reads on. */
static void transfer_go_on(Transfer *t)
{
        CURLcode code = curl_easy_pause(t->easy, CURLPAUSE_CONT);

        if (code != CURLE_OK)
                transfer_ended(t, code);
}

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

void transfer_let_go(Transfer *t)
{
        if (!t->held || !t->easy)
                return;
        t->held = false;
        transfer_go_on(t);
}

/* Bytes of one version are there: with no validator to tell it, no other answer can join them. */
static bool transfer_can_go_on(const Transfer *t)
{
        return t->offset == 0 || validator_proves(&t->ask.validator);
}

int transfer_span(Transfer *t, const NetSpan *span)
{
        int r = transfer_change(t, EVENT_SPAN);

        if (r < 0)
                return t->state == TRANSFER_CLOSING ? 0 : r; /* it failed meanwhile */
        t->span = *span;
        t->span_begin = t->offset;
        t->ask.ranged = true;
        t->ask.kind = ask_kind(&t->ask);
        if (!transfer_can_go_on(t))
                transfer_set_failure(
                        t, failure_from_answer(BG_E_INSUFFICIENT_RANGE_SUPPORT, t->answer.status,
                                               "the server tells nothing by which two answers can "
                                               "be known to be of one version"));
        else if (transfer_ask(t) < 0)
                transfer_set_failure(
                        t, failure_from_worker(E_OUTOFMEMORY, NET_TRANSIENT, "no memory"));
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
        t->foreground = message->foreground;
        t->ranged = message->ranged;
        t->offset = t->durable = t->span_begin = message->begin;
        t->span = t->ranged ? message->span
                            : (NetSpan){message->begin, message->begin, NET_SIZE_UNKNOWN};
        t->ask.ranged = t->ranged;
        t->ask.begin = t->span.remote;
        t->ask.validator = message->begin > 0 ? message->validator
                                              : (NetValidator){NET_SIZE_UNKNOWN, INT64_MIN, ""};
        t->ask.kind = ask_kind(&t->ask);
        t->size = NET_SIZE_UNKNOWN;
        t->next = worker->transfers;
        worker->transfers = t;
        worker->n_transfers++;
        return t;
}

int transfer_start(Worker *worker, const NetTransfer *message, int fd)
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
        t->url = request_url(message->url);
        if (!t->url)
                transfer_set_failure(t, failure_from_curl(CURLE_URL_MALFORMAT, 0, 0));
        else if (t->ranged && !transfer_can_go_on(t))
                transfer_set_changed(t);
        else if (transfer_ask(t) < 0)
                transfer_set_failure(
                        t, failure_from_worker(E_OUTOFMEMORY, NET_TRANSIENT, "no memory"));
        if (t->failed)
                transfer_fail(t);
        return 0;
}
