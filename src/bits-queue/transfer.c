/*
 * The life of a transfer: its begin, what fails it, its stop, its end; and how bits-net gets it.
 * The invariant: it ends once, its job hears of that, and its memory stays until nothing that is
 * under way can answer to it. What bits-file does for it is transfer-file.c's, what bits-net
 * reports of it transfer-net.c's.
 */
#include "transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "certificate.h"
#include "host.h"
#include "job.h"
#include "queue.h"
#include "schedule.h"
#include "source.h"
#include "store/store.h"
#include "transfer-private.h"
#include "worker.h"

enum {
        STOP_USEC = 10 * 1000 * 1000, /* until a bits-net that does not stop is ended */
};

/* ---- life ------------------------------------------------------------------------------------ */

void transfer_unref(Transfer *t)
{
        if (--t->refs > 0)
                return;
        sd_event_source_disable_unref(t->timer);
        closep(&t->fd);
        spans_deinit(&t->spans);
        closep(&t->source);
        closep(&t->certificate);
        free(t->redirected);
        free(t->question);
        job_unref(t->job);
        free(t);
}

void transfer_end(Transfer *t)
{
        Job *job = t->job;

        TAILQ_REMOVE(&job->transfers, t, job_link);
        job->n_transfers--;
        job->queue->n_transfers--;
        transfer_leave_place(t);
        t->file->transfer = NULL;
        t->file = NULL;
        if (t->worker)
                net_forget(t->worker, t);
        t->worker = NULL;
        job_ref(job);
        transfer_unref(t);
        job_transfer_ended(job);
        job_unref(job);
}

void transfer_fail(Transfer *t, HRESULT code, uint32_t context, const char *text,
                   enum NetClass class)
{
        Job *job = job_ref(t->job);
        int32_t index = (int32_t)t->file->index;
        bool stopped = t->stop;

        transfer_end(t);
        if (!stopped)
                job_fail(job, code, context, index, text,
                         class == NET_TRANSIENT ? FAILURE_TRANSIENT : FAILURE_FATAL);
        job_unref(job);
}

void transfer_store(Transfer *t)
{
        /* What fails here fails the commit (trouble.h). */
        (void)store_update_file(t->job->queue->store, t->file);
}

int transfer_set_timer(Transfer *t, uint64_t delay_usec, sd_event_time_handler_t handler)
{
        Queue *queue = t->job->queue;

        t->timer = sd_event_source_disable_unref(t->timer);
        return sd_event_add_time(queue->event, (sd_event_source **)&t->timer, CLOCK_MONOTONIC,
                                 now_monotonic_usec() + delay_usec, 1000, handler, t);
}

void transfer_no_worker(Transfer *t, int result)
{
        Job *job = job_ref(t->job);

        t->file->sent = false; /* nothing left */
        switch (result) {
        case -EKEYREJECTED:
                transfer_end(t);
                job_unauthorised(job);
                break;
        case -ENOKEY:
                transfer_fail(t, BG_E_TOKEN_REQUIRED, CONTEXT_QUEUE_MANAGER, NULL, NET_FATAL);
                break;
        case -EACCES:
        case -EPERM:
        case -ESTALE:
                transfer_fail(t, E_ACCESSDENIED, CONTEXT_QUEUE_MANAGER,
                              "the service may not run as this user", NET_FATAL);
                break;
        default:
                transfer_fail(t, BG_E_WATCHDOG_TIMEOUT, CONTEXT_QUEUE_MANAGER,
                              "a worker process could not be started, or ended", NET_TRANSIENT);
        }
        job_unref(job);
}

/* ---- to bits-net ----------------------------------------------------------------------------- */

/* The first span of the stream. 0: there is none. */
static int plan(Transfer *t, NetTransfer *message)
{
        int r;

        spans_start(&t->spans, t->file);
        t->ranged = spans_are_needed(t->file);
        message->ranged = t->ranged;
        message->flags |= t->ranged ? 0 : NET_SEAL_SYNCS;
        if (t->ranged)
                return spans_next(&t->spans, t->file, &message->span);
        r = spans_plain(&t->spans);
        return r < 0 ? r : 1;
}

/* All that is wanted is there: the last time it ended just before it was sealed, or suspended. */
static void nothing_to_move(Transfer *t, int result)
{
        closep(&t->fd);
        if (result < 0) {
                transfer_fail(t, E_OUTOFMEMORY, CONTEXT_QUEUE_MANAGER, NULL, NET_TRANSIENT);
        } else if (t->file->offset == t->file->size) {
                t->file->state = FILE_RECEIVED;
                transfer_store(t);
                transfer_seal(t);
        } else
                transfer_end(t);
}

static int start_http(Transfer *t, Identity identity, const NetTransfer *message)
{
        NetStart start = {.transfer = message};
        NetHttp http;
        int r;

        r = transfer_http(t, &http, &start.http_fd);
        if (r < 0)
                return r;
        start.http = r > 0 ? &http : NULL;
        start.fd = TAKE_FD(t->fd);
        return net_start(t->job->queue, identity, &start, t, &t->worker);
}

/* The name may have become another since the source was opened: what is copied is what is open, and
 * its validator says so. */
static int start_net(Transfer *t, Identity identity, const NetTransfer *message)
{
        NetCopy copy = {
                .header = {.type = NET_COPY, .sequence = t->net_id},
                .begin = message->begin,
                .validator = message->validator,
        };

        if (t->source < 0)
                return start_http(t, identity, message);
        return net_copy(t->job->queue, identity, &copy, TAKE_FD(t->source), TAKE_FD(t->fd), t,
                        &t->worker);
}

void transfer_wait(Transfer *t)
{
        t->state = TRANSFER_READY;
        if (t->placed)
                transfer_move(t);
}

int transfer_take_place(Transfer *t)
{
        Job *job = t->job;

        if (hosts_take(job->queue->hosts, job->owner, t->file->remote, &t->host) < 0)
                return -ENOMEM;
        t->placed = true;
        job->n_moving++;
        if (t->state == TRANSFER_READY)
                transfer_move(t);
        return 0;
}

void transfer_leave_place(Transfer *t)
{
        t->past = true;
        if (!t->placed)
                return;
        t->placed = false;
        t->job->n_moving--;
        t->host = host_release(t->host);
        schedule_soon(t->job->queue->scheduler);
}

bool transfer_wants_place(const Transfer *t)
{
        return !t->placed && !t->past && !t->stop;
}

void transfer_move(Transfer *t)
{
        _cleanup_(freep) NetTransfer *message = calloc(1, sizeof(*message));
        File *file = t->file;
        Identity identity;
        HRESULT hr;
        int r;

        hr = job_net_identity(t->job, &identity);
        if (FAILED(hr) || !message) {
                transfer_fail(t, message ? hr : E_OUTOFMEMORY, CONTEXT_QUEUE_MANAGER, NULL,
                              NET_FATAL);
                return;
        }
        if (source_is_local(file->remote) && spans_are_needed(file)) {
                transfer_fail(t, BG_E_RANDOM_ACCESS_NOT_SUPPORTED, CONTEXT_REMOTE_FILE,
                              "a file of this machine is copied as a whole", NET_FATAL);
                return;
        }
        if (source_is_local(file->remote) && t->source < 0) {
                transfer_open_source(t);
                return;
        }
        if (certificate_is_for(file) && t->certificate < 0) {
                transfer_open_certificate(t);
                return;
        }
        t->state = TRANSFER_MOVING;
        t->net_id = ++t->job->queue->last_net_id;
        message->header = (WireHeader){.type = NET_TRANSFER, .sequence = t->net_id};
        message->begin = file->offset;
        message->validator = file->validator;
        message->dynamic = t->job->dynamic_content && t->source < 0;
        message->flags = t->job->priority == PRIORITY_FOREGROUND ? NET_FOREGROUND : 0;
        message->host_connections = t->job->queue->settings.connections_per_host;
        (void)snprintf(message->url, sizeof(message->url), "%s", file->remote);
        r = plan(t, message);
        if (r <= 0) {
                nothing_to_move(t, r);
                return;
        }
        r = start_net(t, identity, message);
        if (r == -EBADMSG)
                transfer_fail(t, BG_E_DATABASE_CORRUPT, CONTEXT_QUEUE_MANAGER,
                              "the job's headers or its client certificate cannot be read",
                              NET_FATAL);
        else if (r < 0)
                transfer_no_worker(t, r);
}

/* ---- start and stop -------------------------------------------------------------------------- */

/* In the order of the files: one that begins anew is an early one. */
static void enlist(Transfer *t)
{
        Job *job = t->job;
        Transfer *before = TAILQ_LAST(&job->transfers, TransferList);

        while (before && before->file->index > t->file->index)
                before = TAILQ_PREV(before, TransferList, job_link);
        if (before)
                TAILQ_INSERT_AFTER(&job->transfers, before, t, job_link);
        else
                TAILQ_INSERT_HEAD(&job->transfers, t, job_link);
        job->n_transfers++;
        job->queue->n_transfers++;
}

int transfer_start(File *file)
{
        Transfer *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->refs = 1;
        t->fd = t->source = t->certificate = -1;
        t->file = file;
        t->job = job_ref(file->job);
        file->transfer = t;
        enlist(t);
        transfer_go_on(t);
        return 0;
}

static int on_stop_overdue(sd_event_source *source, uint64_t usec, void *userdata)
{
        Transfer *t = userdata;

        (void)source;
        (void)usec;
        if (t->worker) {
                log_warning("bits-net of uid %u does not stop: ended", worker_uid(t->worker));
                net_stop(t->worker);
        }
        return 0;
}

void transfer_stop(Transfer *t)
{
        if (t->stop)
                return;
        t->stop = true;
        if (t->state == TRANSFER_ASKING) {
                transfer_end(t); /* the client may take his time */
                return;
        }
        if (t->worker) {
                t->state = TRANSFER_STOPPING;
                net_order(t->worker, NET_CANCEL, t->net_id);
                (void)transfer_set_timer(t, STOP_USEC, on_stop_overdue);
        } else if (t->state == TRANSFER_READY)
                transfer_end(t);
        /* Otherwise an answer or the timer is under way, and sees it. */
}

void transfer_abandon(Transfer *t)
{
        t->deaf = true;
        transfer_stop(t); /* which may end it */
}
