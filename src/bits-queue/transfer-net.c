/*
 * What bits-net reports about a transfer, checked against its state, and what follows from it. The
 * invariant: nothing is stored as there that bits-net has not called durable, and what is there is
 * of one version, the stored one. Which span comes next is span.c's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commit.h"
#include "job.h"
#include "notify.h"
#include "queue.h"
#include "source.h"
#include "text.h"
#include "transfer-private.h"
#include "transfer.h"
#include "worker.h"

enum {
        LOST_WORKERS_MAX = 5, /* in a row, without progress between them */
        RESTARTS_MAX = 5,     /* of one file, for other versions, before it is whole */
        SMALL_BYTES = 1024 * 1024,
};

static void on_restart_committed(void *userdata, HRESULT hr)
{
        Transfer *t = userdata;

        /* Its bits-net may have fallen, or given up, since. */
        if (SUCCEEDED(hr) && t->worker && t->state == TRANSFER_RESTARTING) {
                t->state = TRANSFER_MOVING;
                net_order(t->worker, NET_PROCEED, t->net_id);
                transfer_turn(t);
        }
        transfer_unref(t);
}

void transfer_durable(Transfer *t, uint64_t offset)
{
        FileRange part;
        int r = 0;

        while (r == 0 && spans_take(&t->spans, offset, &part)) {
                r = file_fill(t->file, part);
                notify_ranges(t->file, part.offset, part.length);
        }
        if (r < 0) {
                log_error("no memory for what is there of a file");
                (void)sd_event_exit(t->job->queue->event, EXIT_FAILURE);
        }
}

/* MAX_DOWNLOAD_SIZE: of all files together, as large as they are known to be. */
static bool exceeds_limit(const Job *job)
{
        uint64_t left = job->max_download_size;

        if (left == 0)
                return false;
        for (size_t i = 0; i < job->n_files; i++) {
                const File *file = job->files[i];
                uint64_t size = file->size == NET_SIZE_UNKNOWN || job->on_demand ? file->received
                                                                                 : file->size;

                if (size > left)
                        return true;
                left -= size;
        }
        return false;
}

/* Fails the job when it has become too large; its transfers then stop. */
static void check_limit(Transfer *t)
{
        if (exceeds_limit(t->job))
                job_fail(t->job, BG_E_MAX_DOWNLOAD_SIZE_LIMIT_REACHED, CONTEXT_REMOTE_FILE,
                         (int32_t)t->file->index, NULL, FAILURE_FATAL);
}

/* The remote file has size bytes: are the ranges within? Those that go to its end get their length.
 */
static bool fit(Transfer *t, uint64_t size)
{
        File *file = t->file;

        if (size == NET_SIZE_UNKNOWN)
                return file->n_ranges == 0 && file->n_requested == 0;
        if (!spans_resolve(&t->spans, size) ||
            FAILED(ranges_check(file->ranges, file->n_ranges, size)) ||
            FAILED(ranges_check(file->requested, file->n_requested, size)))
                return false;
        for (size_t i = 0; i < file->n_requested; i++)
                if (file->requested[i].length == RANGE_TO_EOF)
                        file->requested[i].length = size - file->requested[i].offset;
        return true;
}

/* Ranges were named before the size was known, and are not all within. */
static void misfit(Transfer *t)
{
        bool sized = t->file->validator.size != NET_SIZE_UNKNOWN;

        file_drop_requested(t->file); /* else it could never go on */
        transfer_store(t);
        job_fail(t->job, sized ? BG_E_INVALID_RANGE : BG_E_RANDOM_ACCESS_NOT_SUPPORTED,
                 CONTEXT_REMOTE_FILE, (int32_t)t->file->index, NULL, FAILURE_FATAL);
}

/* ---- what comes before an answer counts ------------------------------------------------------ */

static bool is_asking(const Transfer *t)
{
        return t->state == TRANSFER_MOVING || t->state == TRANSFER_STOPPING;
}

/* Kept with the file, and stored when its row is. */
static bool on_headers(Transfer *t, const NetHeaders *headers)
{
        size_t points;
        char *text;

        if (!is_asking(t))
                return false;
        if (t->deaf)
                return true;
        text = text_count(headers->text, &points) == 0 ? strdup(headers->text)
                                                       : text_from_latin1(headers->text);
        if (text) {
                free(t->file->response_headers);
                t->file->response_headers = text;
        }
        return true;
}

static bool on_redirected(Transfer *t, const NetRedirected *redirected)
{
        char *url;

        if (!is_asking(t))
                return false;
        url = strdup(redirected->url);
        if (url) {
                free(t->redirected);
                t->redirected = url;
        }
        return true;
}

static bool on_certificate(Transfer *t, const NetCertificate *certificate)
{
        if (!is_asking(t) || t->question)
                return false;
        t->question = malloc(sizeof(*t->question));
        if (t->question)
                *t->question = *certificate;
        return true;
}

/* The remote name becomes where the redirect led, and what its owner called it stays known. False:
 * that could not be given to a file, and the old name stays. */
static bool adopt_redirect(Transfer *t)
{
        File *file = t->file;
        _cleanup_(freep) char *url = TAKE_PTR(t->redirected);

        if (!url || t->deaf || strcmp(url, file->remote) == 0)
                return true;
        if (source_is_local(url) || file_check_remote(url) < 0) {
                log_warning("a redirect leads to what is no remote name: the old one stays");
                return false;
        }
        if (!file->named)
                file->named = TAKE_PTR(file->remote);
        free(file->remote);
        file->remote = TAKE_PTR(url);
        transfer_store(t);
        return true;
}

static bool on_response(Transfer *t, const NetResponse *response)
{
        File *file = t->file;
        bool adopted;

        if (t->state == TRANSFER_STOPPING) {
                t->deaf = true; /* the bytes that follow are of a version that was not noted */
                return true;
        }
        if (t->state != TRANSFER_MOVING)
                return false;
        if (response->restarted && t->ranged)
                return false;
        if (!response->restarted && file->n_ranges == 0 && response->validator.size < file->offset)
                return false;

        adopted = adopt_redirect(t);
        if (response->restarted) {
                if (file->offset > 0)
                        log_info("the remote file is another version: started over");
                file_forget_bytes(file);
                spans_start(&t->spans, file);
                if (spans_plain(&t->spans) < 0)
                        return false;
                t->halting = false; /* it was not heard */
        }
        file->validator = response->validator;
        if (!adopted) /* an ETag is of the name that it came from */
                memset(file->validator.etag, 0, sizeof(file->validator.etag));
        if (!fit(t, response->validator.size)) {
                misfit(t);
                return true;
        }
        file->size = file->n_ranges > 0
                             ? ranges_sum(file->ranges, file->n_ranges, file->validator.size)
                             : file->validator.size;
        /* The first offset takes the version along; nothing of a small file need be known before.
         */
        if (response->restarted || file->offset > 0 || file->size > SMALL_BYTES)
                transfer_store(t);
        if (t->job->state == JOB_CONNECTING)
                (void)job_event(t->job, EVENT_CONNECTED);
        if (response->restarted) {
                t->state = TRANSFER_RESTARTING;
                t->refs++;
                commit_then(t->job->queue, S_OK, (Done){on_restart_committed, t});
        }
        check_limit(t);
        return true;
}

static bool on_offset(Transfer *t, const NetOffset *message)
{
        File *file = t->file;
        bool durable = message->header.type == NET_CHECKPOINT;

        if (t->deaf || (t->state == TRANSFER_STOPPING && !durable))
                return true;
        if (t->state != TRANSFER_MOVING && t->state != TRANSFER_STOPPING)
                return false;
        if (message->offset < file->offset || message->offset > file->size ||
            message->offset > spans_end(&t->spans))
                return false;
        if (message->offset > file->received)
                file->received = message->offset;
        if (message->offset == file->size)
                transfer_leave_place(t);
        if (durable) {
                transfer_durable(t, message->offset);
                transfer_store(t);
        }
        job_progressed(t->job);
        check_limit(t);
        return true;
}

/* A span has ended: the next, if there is one. */
static bool on_want(Transfer *t, const NetOffset *message)
{
        NetNext next = {.header = {.type = NET_SPAN, .sequence = t->net_id}};
        uint64_t end = spans_end(&t->spans);
        int r;

        if (t->state == TRANSFER_STOPPING)
                return true;
        if (t->state != TRANSFER_MOVING || !(t->ranged || t->halting) || t->finishing ||
            (message->offset != end && !t->halting) || message->offset > t->file->size ||
            !spans_cut(&t->spans, message->offset))
                return false;
        t->ranged = true;
        t->halting = false;
        if (message->offset > t->file->received)
                t->file->received = message->offset;
        r = spans_next(&t->spans, t->file, &next.span);
        if (r > 0)
                r = net_send(t->worker, &next, sizeof(next));
        else if (r == 0) {
                t->finishing = true;
                net_order(t->worker, NET_FINISH, t->net_id);
        }
        if (r < 0)
                net_stop(t->worker);
        return true;
}

void transfer_turn(Transfer *t)
{
        if (t->state != TRANSFER_MOVING || t->stop || t->halting || t->finishing || !t->worker ||
            !spans_should_halt(&t->spans, t->file, t->file->received))
                return;
        t->halting = true;
        net_order(t->worker, NET_HALT, t->net_id);
}

static void fail_too_large(Transfer *t)
{
        transfer_fail(t, BG_E_MAX_DOWNLOAD_SIZE_LIMIT_REACHED, CONTEXT_REMOTE_FILE, NULL,
                      NET_FATAL);
}

static bool on_done(Transfer *t, const NetOffset *message)
{
        File *file = t->file;
        bool part = t->finishing && message->offset < file->size, too_large;

        if (t->deaf) {
                transfer_end(t);
                return true;
        }
        if (t->state == TRANSFER_RESTARTING || message->offset < file->offset ||
            message->offset > spans_end(&t->spans) || (t->ranged && !t->finishing) ||
            (!part && file->size != NET_SIZE_UNKNOWN && message->offset != file->size))
                return false;
        net_forget(t->worker, t);
        t->worker = NULL;
        transfer_durable(t, message->offset);
        file->received = message->offset;
        if (!part)
                file->size = message->offset;
        too_large = exceeds_limit(t->job);
        if (!part && !too_large) {
                file->restarts = 0;
                file->state = FILE_RECEIVED;
        }
        transfer_store(t);
        job_progressed(t->job);
        if (too_large)
                fail_too_large(t);
        else if (t->stop || part)
                transfer_end(t);
        else
                transfer_seal(t);
        return true;
}

/* As on_done(), but for what is durable: the seal sees to that. */
static bool on_received(Transfer *t, const NetOffset *message)
{
        File *file = t->file;

        if (t->deaf) {
                transfer_end(t);
                return true;
        }
        if ((t->state != TRANSFER_MOVING && t->state != TRANSFER_STOPPING) || t->ranged ||
            message->offset < file->offset || message->offset > spans_end(&t->spans) ||
            (file->size != NET_SIZE_UNKNOWN && message->offset != file->size))
                return false;
        net_forget(t->worker, t);
        t->worker = NULL;
        if (t->stop) { /* what is not durable is fetched again */
                transfer_end(t);
                return true;
        }
        file->received = file->size = message->offset;
        job_progressed(t->job);
        if (exceeds_limit(t->job))
                fail_too_large(t);
        else
                transfer_seal(t);
        return true;
}

/* Bytes of two versions never meet: what is there is worth nothing, and the file begins anew. */
static void start_anew(Transfer *t)
{
        File *file = t->file;

        log_info("the remote file is another version: started over");
        file_forget_bytes(file);
        transfer_store(t);
        if (++file->restarts <= RESTARTS_MAX) {
                transfer_end(t); /* the scheduler starts another, once this is committed */
                return;
        }
        file->restarts = 0;
        transfer_fail(t, BG_E_REMOTE_FILE_CHANGED, CONTEXT_REMOTE_FILE,
                      "the remote file changes all the time", NET_TRANSIENT);
}

/* The server does not serve ranges. Where all of the file is wanted, it is fetched from its begin
 * to its end, with what is there of that. */
static void go_without_ranges(Transfer *t)
{
        File *file = t->file;
        uint64_t prefix = file->n_filled == 0           ? file->offset
                          : file->filled[0].offset == 0 ? file->filled[0].length
                                                        : 0;

        file->no_ranges = true;
        file_drop_requested(file);
        file->position = 0;
        if (t->job->on_demand) {
                transfer_store(t);
                transfer_fail(t, BG_E_RANDOM_ACCESS_NOT_SUPPORTED, CONTEXT_REMOTE_FILE,
                              "the server does not serve ranges", NET_FATAL);
                return;
        }
        free(file->filled);
        file->filled = NULL;
        file->n_filled = 0;
        file->offset = file->received = prefix;
        transfer_store(t);
        transfer_end(t);
}

/* What came before the failure is on the disk by now, and need not be fetched again. */
static void keep_durable(Transfer *t, uint64_t offset)
{
        if (offset <= t->file->offset)
                return;
        transfer_durable(t, offset);
        if (offset > t->file->received)
                t->file->received = offset;
        transfer_store(t);
        job_progressed(t->job);
}

static bool on_failed(Transfer *t, const NetFailed *failed)
{
        if (!t->deaf && failed->offset > t->file->size && t->file->size != NET_SIZE_UNKNOWN)
                return false;
        if (!t->deaf && failed->offset > t->file->offset &&
            (t->state == TRANSFER_RESTARTING || failed->offset > spans_end(&t->spans)))
                return false;
        net_forget(t->worker, t);
        t->worker = NULL;
        if (!t->deaf)
                keep_durable(t, failed->offset);
        if (t->stop) {
                transfer_end(t);
                return true;
        }
        if (t->question && failed->hresult == BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED) {
                _cleanup_(freep) NetCertificate *question = TAKE_PTR(t->question);

                validation_ask(t, question);
                return true;
        }
        if (failed->class == NET_CHANGED) {
                start_anew(t);
                return true;
        }
        if (failed->hresult == BG_E_INSUFFICIENT_RANGE_SUPPORT && t->ranged &&
            t->file->n_ranges == 0) {
                go_without_ranges(t);
                return true;
        }
        if (failed->hresult == BG_E_INVALID_RANGE && t->file->n_ranges == 0) {
                bool requested = t->file->n_requested > 0;

                file_drop_requested(t->file); /* else it could never go on */
                t->file->position = 0;
                transfer_store(t);
                if (!requested) {
                        transfer_end(t); /* the position was a wish, and is forgotten */
                        return true;
                }
        }
        if ((t->job->http.security_flags & REDIRECT_POLICY_MASK) == REDIRECT_DISALLOW &&
            t->redirected) {
                memset(t->file->validator.etag, 0, sizeof(t->file->validator.etag));
                (void)adopt_redirect(t);
        }
        if (failed->retry_after_usec >= 0)
                t->job->retry_not_before_usec = (uint64_t)failed->retry_after_usec;
        transfer_fail(t, failed->hresult, failed->context, failed->text[0] ? failed->text : NULL,
                      (enum NetClass)failed->class);
        return true;
}

bool transfer_on_net(Transfer *t, const NetReport *report)
{
        const NetMessage *message = &report->message;

        switch ((enum NetType)message->header.type) {
        case NET_RESPONSE:
                return on_response(t, &message->response);
        case NET_PROGRESS:
        case NET_CHECKPOINT:
                return on_offset(t, &message->offset);
        case NET_DONE:
                return on_done(t, &message->offset);
        case NET_RECEIVED:
                return on_received(t, &message->offset);
        case NET_FAILED:
                return on_failed(t, &message->failed);
        case NET_WANT:
                return on_want(t, &message->offset);
        case NET_HEADERS:
                return on_headers(t, &report->headers);
        case NET_REDIRECTED:
                return on_redirected(t, &report->redirected);
        case NET_CERTIFICATE:
                return on_certificate(t, &report->certificate);
        case NET_READY:
        case NET_TRANSFER:
        case NET_PROCEED:
        case NET_CANCEL:
        case NET_SPAN:
        case NET_HALT:
        case NET_FINISH:
        case NET_LIMIT:
        case NET_SOURCE:
        case NET_COPY:
        case NET_HTTP:
                return false;
        }
        return false;
}

void transfer_on_net_lost(Transfer *t, int result)
{
        t->worker = NULL;
        if (t->stop)
                transfer_end(t);
        else if (result != -ECONNRESET)
                transfer_no_worker(t, result);
        else if (++t->job->lost_workers > LOST_WORKERS_MAX)
                transfer_fail(t, BG_E_CONNECTION_CLOSED, CONTEXT_TRANSPORT,
                              "the network worker ended, again and again", NET_TRANSIENT);
        else
                transfer_end(
                        t); /* the scheduler starts another, which goes on from the stored offset */
}
