/*
 * The request of a transfer that is under way, its answer, and what follows from how it ends. The
 * invariant: no byte of a body goes to the file before the answer was judged to be what was asked
 * for, or bits-queue let another version in. What an answer is worth is judge.c's.
 */
#include <assert.h>
#include <errno.h>
#include <time.h>

#include "channel.h"
#include "limit.h"
#include "multi.h"
#include "request.h"
#include "transfer-private.h"
#include "transfer.h"

enum {
        BUFFER_BYTES = 512 * 1024,
        BUFFER_BYTES_MANY = 64 * 1024, /* each, when there are many */
        MANY_TRANSFERS = 16,
        HEADER_BYTES_MAX = 256 * 1024,
};

bool transfer_is_limited(const Transfer *t)
{
        return t->easy && !t->foreground;
}

CURL *transfer_request(const Transfer *t)
{
        return t->easy;
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

void transfer_stop_request(Transfer *t)
{
        if (t->easy)
                multi_give(t->worker->multi, t->easy);
        t->easy = NULL;
        t->held = false;
        curl_slist_free_all(t->headers);
        t->headers = NULL;
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

/* An ETag tells versions of one resource apart, and another host's is another resource. */
static bool is_elsewhere(const Transfer *t)
{
        char *url = NULL;

        return curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url) != CURLE_OK || !url ||
               !request_same_host(url, t->url);
}

static void transfer_judge(Transfer *t)
{
        t->answer.elsewhere = is_elsewhere(t);
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

/* Of dynamic content alone it is taken for the end. */
static bool ends_with_connection(const Transfer *t)
{
        return t->ask.dynamic && t->answer.status == 200 && answer_ends_with_connection(&t->answer);
}

static Failure headers_without_end(const Transfer *t)
{
        return failure_from_answer(BG_E_INVALID_SERVER_RESPONSE, t->answer.status,
                                   "the server sends headers without end");
}

/* libcurl bounds a line and an answer; interim answers (1xx) and trailers it takes without end. */
static bool transfer_take_header(Transfer *t, size_t size)
{
        t->header_bytes += size;
        if (t->header_bytes <= HEADER_BYTES_MAX)
                return true;
        transfer_set_failure(t, headers_without_end(t));
        return false;
}

static size_t on_header(char *data, size_t unit, size_t n, void *userdata)
{
        Transfer *t = userdata;

        if (!transfer_take_header(t, unit * n))
                return 0;
        if (!t->judged) {
                answer_line(&t->answer, data, unit * n);
                if (t->answer.complete && ends_with_connection(t))
                        closing_watch(&t->closing, t->easy);
        }
        return unit * n;
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
        if (t->judgement.verdict == VERDICT_FAIL && t->answer.status >= 300)
                failure_quote(&t->judgement.failure, data, n);
        if (t->state != TRANSFER_RECEIVING || t->failed)
                return 0;
        t->held = !t->foreground && !limit_take(t->worker->limit, n);
        if (t->held)
                return CURL_WRITEFUNC_PAUSE;
        transfer_store(t, data, n);
        return t->failed ? 0 : n;
}

int transfer_ask(Transfer *t)
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
        t->closing = (Closing){0};
        t->header_bytes = 0;
        t->judged = false;
        curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
        curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
        curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
        return multi_add(t->worker->multi, t->easy);
}

void transfer_span_end(Transfer *t)
{
        transfer_must(t, EVENT_SPAN_END);
        transfer_send_offset(t, NET_WANT, t->offset);
}

void transfer_received(Transfer *t)
{
        if (t->span.length != NET_SIZE_UNKNOWN && transfer_position(t) != transfer_local_end(t)) {
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

/* libcurl has no memory for a header line that is longer than it takes. */
static bool line_is_too_long(const Transfer *t, CURLcode code)
{
        curl_off_t sent_usec = 0;

        return code == CURLE_OUT_OF_MEMORY && !t->answer.complete &&
               curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_usec) == CURLE_OK &&
               sent_usec > 0;
}

void transfer_ended(void *userdata, CURLcode code)
{
        Transfer *t = userdata;
        long verify_result = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verify_result);
        if (line_is_too_long(t, code))
                transfer_set_failure(t, headers_without_end(t));
        if (!t->judged && !t->failed && answer_counts(&t->answer, code))
                transfer_judge(t);
        transfer_stop_request(t);

        if (!t->failed && t->judged && t->state == TRANSFER_ASKING) {
                transfer_follow_verdict(t);
                return;
        }
        if (code == CURLE_OK && ends_with_connection(t) && !closing_is_orderly(&t->closing))
                code = CURLE_PARTIAL_FILE;
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

void transfer_go_on(Transfer *t)
{
        CURLcode code = curl_easy_pause(t->easy, CURLPAUSE_CONT);

        if (code != CURLE_OK)
                transfer_ended(t, code);
}

void transfer_let_go(Transfer *t)
{
        if (!t->held || !t->easy)
                return;
        t->held = false;
        transfer_go_on(t);
}
