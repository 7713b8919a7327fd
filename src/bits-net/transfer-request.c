/*
 * The request of a transfer that is under way, its answer, and what follows from how it ends. The
 * invariant: no byte of a body goes to the file before the answer was judged to be what was asked
 * for, or bits-queue let another version in. What an answer is worth is judge.c's.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"
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
        DISCARD_MAX = 64 * 1024, /* of a redirect's body */
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

static uint32_t security_flags(const Transfer *t)
{
        return t->options ? t->options->security_flags : 0;
}

static bool reports_redirects(const Transfer *t)
{
        return (security_flags(t) & NET_REDIRECT_MASK) == NET_REDIRECT_ALLOW_REPORT;
}

static void send_redirected(Transfer *t, const char *url)
{
        NetRedirected message = {.header = {.type = NET_REDIRECTED, .sequence = t->id}};

        memcpy(message.url, url, strlen(url)); /* redirect.c knows the maximum */
        channel_send(t->worker->channel, &message, sizeof(message));
}

static const char *etag_url(const Transfer *t)
{
        return t->version_url ? t->version_url : t->redirect.first;
}

/* An ETag that came by a redirect is not the remote name's, unless that changes. */
static NetValidator validator_to_keep(const Transfer *t)
{
        NetValidator validator = t->judgement.validator;

        if (!reports_redirects(t) && strcmp(t->redirect.url, t->redirect.first) != 0)
                etag_weaken(validator.etag);
        return validator;
}

static void send_response(Transfer *t, bool restarted)
{
        NetResponse message = {
                .header = {.type = NET_RESPONSE, .sequence = t->id},
                .restarted = restarted,
                .validator = validator_to_keep(t),
        };

        if (t->responded)
                return;
        t->responded = true;
        if (t->redirect.hops > 0 && reports_redirects(t))
                send_redirected(t, t->redirect.url);
        channel_send(t->worker->channel, &message, sizeof(message));
}

void transfer_stop_request(Transfer *t)
{
        if (t->easy)
                multi_give(t->worker->multi, t->easy);
        t->easy = NULL;
        t->held = false;
        t->lists = LISTS_UNTRIED;
        curl_slist_free_all(t->headers);
        t->headers = NULL;
        t->tls = tls_unref(t->tls);
}

/* The answer tells the size of the file, the end of the span, and the version of all that follows.
 */
static void transfer_accept(Transfer *t)
{
        free(t->version_url);
        t->version_url = strdup(t->redirect.url);
        if (!t->version_url)
                transfer_set_failure(t, failure_no_memory());
        t->version = t->judgement.validator;
        t->size = t->judgement.validator.size;
        if (t->span.length == NET_SIZE_UNKNOWN && t->size != NET_SIZE_UNKNOWN)
                t->span.length = t->size - t->span.remote;
}

/* Bytes of one version are there, and what is known of it does not count where the answer is from.
 */
static bool unprovable(const Transfer *t)
{
        return t->ranged && t->offset > 0 && !validator_proves(&t->ask.validator);
}

static Judgement transfer_judgement(Transfer *t)
{
        if (strcmp(t->redirect.method, "HEAD") == 0) {
                t->answer.length = 0; /* what a GET would bring */
                t->answer.chunked = false;
        }
        if (!unprovable(t) || t->answer.status >= 400)
                return judge(&t->ask, &t->answer);
        if (!t->responded)
                return (Judgement){.verdict = VERDICT_CHANGED};
        return (Judgement){
                .verdict = VERDICT_FAIL,
                .failure = failure_from_answer(
                        BG_E_INSUFFICIENT_RANGE_SUPPORT, t->answer.status,
                        "a redirect leads elsewhere than before, and nothing there tells by which "
                        "two answers can be known to be of one version"),
        };
}

/* To the end of its text. */
static void send_header(Transfer *t)
{
        NetHeaders *message = t->header.message;

        if (!message)
                return;
        message->header = (WireHeader){.type = NET_HEADERS, .sequence = t->id};
        channel_send(t->worker->channel, message, offsetof(NetHeaders, text) + t->header.size + 1);
}

static void transfer_judge(Transfer *t)
{
        t->answer.elsewhere = t->offset > 0 && strcmp(t->redirect.url, etag_url(t)) != 0;
        t->judgement = transfer_judgement(t);
        t->judged = true;
        if (!t->responded && t->judgement.verdict != VERDICT_AGAIN)
                send_header(t);
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
                t->answer.elsewhere = false; /* it is all from there now */
                t->version = answer_validator(&t->answer, t->size);
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

        n *= unit;
        if (!transfer_take_header(t, n))
                return 0;
        t->header_error = header_line(&t->header, data, n);
        if (t->header_error < 0)
                return 0;
        if (!t->judged) {
                answer_line(&t->answer, data, n);
                if (t->answer.complete && ends_with_connection(t))
                        closing_watch(&t->closing, t->easy);
        }
        return n;
}

/* Where the answer sends us; NULL: nowhere. */
static const struct curl_header *answer_location(const Transfer *t)
{
        struct curl_header *location;

        if (!t->answer.complete || t->answer.malformed || !redirect_is(t->answer.status) ||
            curl_easy_header(t->easy, "Location", 0, CURLH_HEADER, -1, &location) != CURLHE_OK)
                return NULL;
        return location;
}

/* A short body costs less than another connection. */
static size_t discard(Transfer *t, size_t size)
{
        t->discarded += size;
        return t->discarded <= DISCARD_MAX ? size : 0;
}

/* libcurl's write callback: anything but the size ends the request, whose end is seen to later. */
static size_t on_data(char *data, size_t unit, size_t n, void *userdata)
{
        Transfer *t = userdata;

        n *= unit;
        if (!t->judged && answer_location(t))
                return discard(t, n);
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

static int request_begin(Transfer *t, const char **ret_why)
{
        Request request = {
                .ask = &t->ask,
                .redirect = &t->redirect,
                .options = t->options,
                .buffer_bytes =
                        t->worker->n_transfers > MANY_TRANSFERS ? BUFFER_BYTES_MANY : BUFFER_BYTES,
        };
        int r;

        t->easy = multi_take(t->worker->multi);
        t->tls = tls_new(&t->worker->trust, t->options, !t->redirect.away, t->redirect.url);
        if (!t->easy || !t->tls)
                return -ENOMEM;
        request.tls = t->tls;
        r = request_set(t->easy, &request, &t->headers, ret_why);
        if (r < 0)
                return r;
        answer_init(&t->answer, time(NULL));
        t->closing = (Closing){0};
        t->header_bytes = 0;
        t->judged = false;
        t->discarded = 0;
        curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
        curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
        curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
        return multi_add(t->worker->multi, t->easy);
}

/* Begins the request that t->ask and t->redirect describe. May set a failure. */
static void transfer_request_begin(Transfer *t)
{
        const char *why = NULL;
        int r = request_begin(t, &why);

        if (r == -EINVAL)
                transfer_set_failure(t, failure_from_worker(E_INVALIDARG, NET_FATAL, why));
        else if (r < 0)
                transfer_set_failure(t, failure_no_memory());
}

/* What is missing, as it can be asked for where the next request goes: an ETag counts only there
 * where it is from, since any other server may have the same for other bytes. */
static void transfer_frame(Transfer *t)
{
        t->ask.ranged = t->ranged;
        t->ask.begin = t->span.remote + (t->offset - t->span_begin);
        t->ask.end = t->span.length == NET_SIZE_UNKNOWN ? NET_SIZE_UNKNOWN
                                                        : t->span.remote + t->span.length;
        t->ask.validator = t->version;
        if (strcmp(t->redirect.url, etag_url(t)) != 0)
                etag_weaken(t->ask.validator.etag);
        t->ask.kind = ask_kind(&t->ask);
}

void transfer_ask(Transfer *t)
{
        transfer_frame(t);
        transfer_request_begin(t);
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
                transfer_request_begin(t);
                if (!t->failed)
                        return;
                break;
        case VERDICT_COMPLETE:
                transfer_accept(t);
                if (t->failed)
                        break;
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

/* The answer sends us elsewhere. t may be gone after this. */
static void transfer_redirect(Transfer *t, const struct curl_header *location)
{
        _cleanup_(freep) char *url = NULL;
        RedirectVerdict verdict = REDIRECT_FAIL;
        Failure failure;

        if (location->amount > 1)
                failure = failure_from_redirect(t->answer.status,
                                                "a redirect names more than one URL");
        else
                verdict = redirect_follow(&t->redirect, t->answer.status, location->value,
                                          security_flags(t), &url, &failure);
        transfer_stop_request(t);
        if (verdict == REDIRECT_FOLLOW) {
                transfer_must(t, EVENT_AGAIN);
                transfer_ask(t);
                if (!t->failed)
                        return;
        } else {
                send_header(t);
                if (verdict == REDIRECT_DISALLOWED)
                        send_redirected(t, url);
                transfer_set_failure(t, failure);
        }
        transfer_fail(t);
}

static Failure failure_of_header(const Transfer *t)
{
        if (t->header_error == -ENOMEM)
                return failure_no_memory();
        return failure_from_answer(BG_E_INVALID_SERVER_RESPONSE, t->answer.status,
                                   t->header_error == -EMSGSIZE
                                           ? "the answer's header is larger than 64 KiB"
                                           : "the answer's header is malformed");
}

static Failure failure_of_request(Transfer *t, CURLcode code)
{
        long verify_result = 0;
        Failure failure;

        if (t->header_error < 0)
                return failure_of_header(t);
        if (tls_failure(t->tls, code, &failure))
                return failure;
        (void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verify_result);
        return failure_from_curl((int)code, verify_result, t->answer.status);
}

/* The server's certificate is good, but for lists that have to be fetched. */
static bool transfer_await_lists(Transfer *t)
{
        const TlsList *lists;
        size_t n = t->lists == LISTS_UNTRIED ? tls_missing(t->tls, &lists) : 0;

        for (size_t i = 0; i < n; i++)
                if (revocation_fetch(t->worker, lists[i].url, lists[i].authority) < 0)
                        return false;
        if (n == 0)
                return false;
        transfer_stop_request(t);
        t->lists = LISTS_AWAITED;
        return true;
}

void transfer_lists_came(Transfer *t)
{
        if (t->lists != LISTS_AWAITED)
                return;
        transfer_request_begin(t);
        t->lists = LISTS_TRIED;
        if (t->failed)
                transfer_fail(t);
}

static void send_unseen_certificate(Transfer *t)
{
        const NetCertificate *certificate = tls_unseen(t->tls, t->id);

        if (certificate)
                channel_send(t->worker->channel, certificate, sizeof(*certificate));
}

/* Whether the header is all that is needed, when the request ended without a body. */
static bool answer_counts(const Answer *answer, CURLcode code)
{
        return answer->complete && (code == CURLE_OK || answer->status >= 400);
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
        const struct curl_header *location = t->judged || t->failed ? NULL : answer_location(t);
        Failure failure;

        if (location && t->header_error == 0) {
                transfer_redirect(t, location);
                return;
        }
        if (line_is_too_long(t, code))
                transfer_set_failure(t, headers_without_end(t));
        if (code != CURLE_OK && !t->failed && !t->judged && transfer_await_lists(t))
                return;
        if (!t->judged && !t->failed && t->header_error == 0 && answer_counts(&t->answer, code))
                transfer_judge(t);
        if (code == CURLE_OK && ends_with_connection(t) && !closing_is_orderly(&t->closing))
                code = CURLE_PARTIAL_FILE;
        if (code != CURLE_OK)
                failure = failure_of_request(t, code);
        if (code != CURLE_OK && !t->judged)
                send_unseen_certificate(t);
        transfer_stop_request(t);

        if (!t->failed && t->judged && t->state == TRANSFER_ASKING) {
                transfer_follow_verdict(t);
                return;
        }
        if (!t->failed && code != CURLE_OK)
                transfer_set_failure(t, failure);
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
