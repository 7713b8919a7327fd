#include "transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "base/log.h"
#include "commit.h"
#include "file-settings.h"
#include "host.h"
#include "job.h"
#include "notify.h"
#include "orphan.h"
#include "queue.h"
#include "schedule.h"
#include "source.h"
#include "store/store.h"
#include "worker.h"

enum {
        BUSY_RETRY_USEC = 200 * 1000, /* while another writer has not gone */
        BUSY_TRIES = 150,
        LOST_WORKERS_MAX = 5,         /* in a row, without progress between them */
        RESTARTS_MAX = 5,             /* of one file, for other versions, before it is whole */
        STOP_USEC = 10 * 1000 * 1000, /* until a bits-net that does not stop is ended */
};

static void name_or_open(Transfer *t);

static void seal(Transfer *t);

/* ---- life ------------------------------------------------------------------------------------ */

static void transfer_unref(Transfer *t)
{
        if (--t->refs > 0)
                return;
        sd_event_source_disable_unref(t->timer);
        closep(&t->fd);
        spans_deinit(&t->spans);
        closep(&t->source);
        job_unref(t->job);
        free(t);
}

static void transfer_end(Transfer *t)
{
        Job *job = t->job;

        TAILQ_REMOVE(&job->transfers, t, job_link);
        job->n_transfers--;
        t->host = host_release(t->host);
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

/* Ends the transfer and fails its job; the first failure of a job counts. */
static void transfer_fail(Transfer *t, HRESULT code, uint32_t context, const char *text,
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

static void store_file(Transfer *t)
{
        /* What fails here fails the commit (trouble.h). */
        (void)store_update_file(t->job->queue->store, t->file);
}

static int set_timer(Transfer *t, uint64_t delay_usec, sd_event_time_handler_t handler)
{
        Queue *queue = t->job->queue;

        t->timer = sd_event_source_disable_unref(t->timer);
        return sd_event_add_time(queue->event, (sd_event_source **)&t->timer, CLOCK_MONOTONIC,
                                 now_monotonic_usec() + delay_usec, 1000, handler, t);
}

/* What a worker that could not be had means for the job. */
static void no_worker(Transfer *t, int result)
{
        Job *job = job_ref(t->job);

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

static void fill_request(const Transfer *t, uint32_t type, FileRequest *ret)
{
        const File *file = t->file;

        *ret = (FileRequest){
                .header.type = type,
                .mtime_usec = INT64_MIN,
                .file = file->id,
                .directory = file->directory,
        };
        (void)snprintf(ret->path, sizeof(ret->path), "%s", file->local);
        memcpy(ret->temp, file->temp, sizeof(ret->temp));
}

static bool call_file(Transfer *t, const FileRequest *request, FileAnswer answer)
{
        Identity identity;
        HRESULT hr;

        hr = job_file_identity(t->job, &identity, NULL);
        if (FAILED(hr)) {
                transfer_fail(t, hr, CONTEXT_QUEUE_MANAGER, NULL, NET_FATAL);
                return false;
        }
        file_call(t->job->queue, identity, request, answer, t);
        return true;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The first span of the stream. 0: there is none. */
static int plan(Transfer *t, NetTransfer *message)
{
        int r;

        spans_start(&t->spans, t->file);
        t->ranged = spans_are_needed(t->file);
        message->ranged = t->ranged;
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
                store_file(t);
                seal(t);
        } else
                transfer_end(t);
}

static void move(Transfer *t);

static void on_source(void *userdata, int result, const FileReply *reply, int fd)
{
        Transfer *t = userdata;

        t->source = fd;
        if (t->stop)
                transfer_end(t);
        else if (!reply)
                no_worker(t, result);
        else if (result < 0)
                transfer_fail(t, source_error(result), CONTEXT_REMOTE_FILE, NULL,
                              source_error_passes(result) ? NET_TRANSIENT : NET_FATAL);
        else
                move(t);
}

/* The network identity reads it, as it would from a server. */
static void open_source(Transfer *t)
{
        FileRequest request = {.header.type = FILE_OPEN_SOURCE, .mtime_usec = INT64_MIN};
        Identity identity;
        HRESULT hr;

        hr = job_net_identity(t->job, &identity);
        if (SUCCEEDED(hr) && source_path(t->file->remote, request.path) < 0)
                hr = E_INVALIDARG;
        if (FAILED(hr)) {
                transfer_fail(t, hr, CONTEXT_QUEUE_MANAGER, NULL, NET_FATAL);
                return;
        }
        t->state = TRANSFER_SOURCING;
        file_call(t->job->queue, identity, &request, on_source, t);
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
                return net_start(t->job->queue, identity, message, TAKE_FD(t->fd), t, &t->worker);
        return net_copy(t->job->queue, identity, &copy, TAKE_FD(t->source), TAKE_FD(t->fd), t,
                        &t->worker);
}

static void move(Transfer *t)
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
                open_source(t);
                return;
        }
        t->state = TRANSFER_MOVING;
        t->net_id = ++t->job->queue->last_net_id;
        message->header = (WireHeader){.type = NET_TRANSFER, .sequence = t->net_id};
        message->begin = file->offset;
        message->validator = file->validator;
        message->foreground = t->job->priority == PRIORITY_FOREGROUND;
        (void)snprintf(message->url, sizeof(message->url), "%s", file->remote);
        r = plan(t, message);
        if (r <= 0) {
                nothing_to_move(t, r);
                return;
        }
        r = start_net(t, identity, message);
        if (r < 0)
                no_worker(t, r);
}

static void on_recorded(void *userdata, HRESULT hr)
{
        Transfer *t = userdata;

        if (t->stop || FAILED(hr))
                transfer_end(t);
        else
                move(t);
        transfer_unref(t);
}

static int on_try_again(sd_event_source *source, uint64_t usec, void *userdata)
{
        Transfer *t = userdata;

        (void)source;
        (void)usec;
        if (t->stop)
                transfer_end(t);
        else if (t->state == TRANSFER_SEALING)
                seal(t);
        else
                name_or_open(t);
        return 0;
}

/* bits-file found another writer: he is gone soon, or is made to go. */
static void wait_for_writer(Transfer *t)
{
        if (++t->busy_tries > BUSY_TRIES || set_timer(t, BUSY_RETRY_USEC, on_try_again) < 0)
                transfer_fail(t, HRESULT_FROM_WIN32(ERROR_SHARING_VIOLATION), CONTEXT_LOCAL_FILE,
                              "another process has the temporary file open for writing",
                              NET_TRANSIENT);
}

static HRESULT local_error(int result)
{
        /* What is missing is the directory: the file itself is made by us. */
        return result == -ENOENT ? HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND)
                                 : hresult_from_errno(result);
}

static enum NetClass local_class(int result)
{
        return result == -ENOSPC || result == -EDQUOT ? NET_TRANSIENT : NET_FATAL;
}

/* Its owner can put the volume back, and resume. When he resumes without it, what is at its place
 * now is what he wants: the file starts anew there. */
static void on_displaced(Transfer *t)
{
        File *file = t->file;

        if (file->displaced && file_start_over(file) == 0) {
                file->displaced = false;
                name_or_open(t);
                return;
        }
        file->displaced = true;
        transfer_fail(t, BG_E_VOLUME_CHANGED, CONTEXT_LOCAL_FILE,
                      "the directory is not the one that the temporary file is in", NET_FATAL);
}

static void on_opened(void *userdata, int result, const FileReply *reply, int fd)
{
        Transfer *t = userdata;
        bool resumed = t->file->id.inode != 0;

        t->fd = fd;
        if (t->stop) {
                transfer_end(t);
        } else if (!reply) {
                no_worker(t, result);
        } else if (result == 0) {
                t->file->displaced = false;
                t->file->received = t->file->offset;
                t->file->id =
                        reply->file; /* a resumed one is a fresh copy where leases are refused */
                t->file->directory = reply->directory;
                store_file(t);
                t->state = TRANSFER_RECORDING;
                t->refs++;
                commit_then(t->job->queue, S_OK, (Done){on_recorded, t});
        } else if (result == -EXDEV) {
                on_displaced(t);
        } else if (result == -EAGAIN && resumed) {
                wait_for_writer(t);
        } else if (result == -EEXIST && !resumed && t->busy_tries++ < BUSY_TRIES) {
                file_reset(t->file); /* somebody else's file has that name: another */
                name_or_open(t);
        } else if (result == -ESTALE && t->busy_tries++ < BUSY_TRIES &&
                   file_start_over(t->file) == 0) {
                log_notice("the temporary file of a job is not the one it was: started over");
                name_or_open(t);
        } else
                transfer_fail(t, local_error(result), CONTEXT_LOCAL_FILE, NULL,
                              local_class(result));
}

static void open_temp(Transfer *t)
{
        FileRequest request;

        t->state = TRANSFER_OPENING;
        fill_request(t, t->file->id.inode ? FILE_RESUME_TEMP : FILE_OPEN_TEMP, &request);
        request.size = file_filled_end(t->file);
        (void)call_file(t, &request, on_opened);
}

static void on_named(void *userdata, HRESULT hr)
{
        Transfer *t = userdata;

        if (t->stop || FAILED(hr))
                transfer_end(t);
        else
                open_temp(t);
        transfer_unref(t);
}

static void name_or_open(Transfer *t)
{
        Orphanage *orphanage = t->job->queue->orphanage;
        File *file = t->file;
        Identity identity;
        uint32_t random;
        uid_t uid;
        HRESULT hr;

        hr = job_file_identity(t->job, &identity, &uid);
        if (FAILED(hr)) {
                transfer_fail(t, hr, CONTEXT_QUEUE_MANAGER, NULL, NET_FATAL);
                return;
        }
        if (file->temp[0] && file->temp_uid != uid)
                (void)file_start_over(
                        t->file); /* another identity's: it starts anew under this one */
        if (file->state == FILE_RECEIVED) {
                seal(t);
                return;
        }
        if (file->temp[0]) {
                open_temp(t);
                return;
        }
        if (orphanage_is_full(orphanage, t->job->owner)) {
                orphanage_sweep(orphanage, uid, identity); /* there may be room for the next try */
                transfer_fail(t, HRESULT_FROM_WIN32(ERROR_NOT_ENOUGH_QUOTA), CONTEXT_LOCAL_FILE,
                              "too many temporary files of former jobs could not be deleted",
                              NET_TRANSIENT);
                return;
        }

        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
                transfer_fail(t, E_UNEXPECTED, CONTEXT_QUEUE_MANAGER, NULL, NET_TRANSIENT);
                return;
        }
        (void)snprintf(file->temp, sizeof(file->temp), "BIT%08X.tmp", random);
        file->temp_uid = uid;
        store_file(t);
        t->state = TRANSFER_NAMING;
        t->refs++;
        commit_then(t->job->queue, S_OK, (Done){on_named, t});
}

/* ---- sealing --------------------------------------------------------------------------------- */

static void hex(const uint8_t *bytes, size_t n, char *ret)
{
        for (size_t i = 0; i < n; i++)
                (void)sprintf(ret + 2 * i, "%02x", bytes[i]);
}

/* BITS has no code for it: what the owner declared with the file is his judgement of it. */
static void fail_hash(Transfer *t, const uint8_t *found)
{
        const File *file = t->file;
        char declared[129] = "", came[129] = "", text[400];

        hex(file->digest, hash_size(file->hash), declared);
        hex(found, hash_size(file->hash), came);
        (void)snprintf(text, sizeof(text), "%s %s was declared, %s came",
                       file->hash == FILE_HASH_SHA256 ? "SHA-256" : "SHA-512", declared, came);
        (void)file_start_over(t->file);
        transfer_fail(t, BG_E_VALIDATION_FAILED, CONTEXT_LOCAL_FILE, text, NET_FATAL);
}

static void on_sealed(void *userdata, int result, const FileReply *reply, int fd)
{
        Transfer *t = userdata;
        Job *job = t->job;

        closep(&fd);
        if (!reply) {
                if (t->stop)
                        transfer_end(t);
                else
                        no_worker(t, result);
        } else if (result == 0) {
                t->file->state = FILE_SEALED;
                t->file->validation = VALIDATION_NONE;
                notify_file(t->file);
                if (reply->file.inode != 0)
                        t->file->id = reply->file; /* a fresh inode, where leases are refused */
                store_file(t);
                job_ref(job);
                transfer_end(t);
                job_progressed(job);
                job_unref(job);
        } else if (result == -EAGAIN && !t->stop) {
                wait_for_writer(t);
        } else if (result == -EAGAIN) {
                transfer_end(t);
        } else if (result == -EXDEV && !t->stop) {
                on_displaced(t);
        } else if (result == -EBADMSG) {
                fail_hash(t, reply->digest);
        } else if (result == -ESTALE || result == -ERANGE) {
                (void)file_start_over(t->file);
                transfer_fail(t, BG_E_LOCAL_FILE_CHANGED, CONTEXT_LOCAL_FILE,
                              "the temporary file was changed from outside; it is fetched again",
                              NET_TRANSIENT);
        } else
                transfer_fail(t, local_error(result), CONTEXT_LOCAL_FILE, NULL,
                              local_class(result));
}

static void seal(Transfer *t)
{
        FileRequest request;

        t->state = TRANSFER_SEALING;
        fill_request(t, FILE_SEAL, &request);
        request.size = t->file->size;
        request.mtime_usec = t->file->validator.last_modified_usec;
        request.hash = t->file->hash;
        memcpy(request.digest, t->file->digest, sizeof(request.digest));
        (void)call_file(t, &request, on_sealed);
}

/* ---- bits-net's reports ---------------------------------------------------------------------- */

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

/* Part of the file became durable. It ends the process when that cannot be noted: what is claimed
 * later would not fit. */
static void on_durable(Transfer *t, uint64_t offset)
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
        store_file(t);
        job_fail(t->job, sized ? BG_E_INVALID_RANGE : BG_E_RANDOM_ACCESS_NOT_SUPPORTED,
                 CONTEXT_REMOTE_FILE, (int32_t)t->file->index, NULL, FAILURE_FATAL);
}

static bool on_response(Transfer *t, const NetResponse *response)
{
        File *file = t->file;

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
        if (!fit(t, response->validator.size)) {
                misfit(t);
                return true;
        }
        file->size = file->n_ranges > 0
                             ? ranges_sum(file->ranges, file->n_ranges, file->validator.size)
                             : file->validator.size;
        store_file(t);
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
        if (durable) {
                on_durable(t, message->offset);
                store_file(t);
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

static bool on_done(Transfer *t, const NetOffset *message)
{
        File *file = t->file;

        bool part = t->finishing && message->offset < file->size;

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
        on_durable(t, message->offset);
        file->received = message->offset;
        if (!part)
                file->size = message->offset;
        if (!part && !exceeds_limit(t->job)) {
                file->restarts = 0;
                file->state = FILE_RECEIVED;
        }
        store_file(t);
        job_progressed(t->job);
        if (exceeds_limit(t->job))
                transfer_fail(t, BG_E_MAX_DOWNLOAD_SIZE_LIMIT_REACHED, CONTEXT_REMOTE_FILE, NULL,
                              NET_FATAL);
        else if (t->stop || part)
                transfer_end(t);
        else
                seal(t);
        return true;
}

/* Bytes of two versions never meet: what is there is worth nothing, and the file begins anew. */
static void start_anew(Transfer *t)
{
        File *file = t->file;

        log_info("the remote file is another version: started over");
        file_forget_bytes(file);
        store_file(t);
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
                store_file(t);
                transfer_fail(t, BG_E_RANDOM_ACCESS_NOT_SUPPORTED, CONTEXT_REMOTE_FILE,
                              "the server does not serve ranges", NET_FATAL);
                return;
        }
        free(file->filled);
        file->filled = NULL;
        file->n_filled = 0;
        file->offset = file->received = prefix;
        store_file(t);
        transfer_end(t);
}

/* What came before the failure is on the disk by now, and need not be fetched again. */
static void keep_durable(Transfer *t, uint64_t offset)
{
        if (offset <= t->file->offset)
                return;
        on_durable(t, offset);
        if (offset > t->file->received)
                t->file->received = offset;
        store_file(t);
        job_progressed(t->job);
}

static bool on_failed(Transfer *t, const NetFailed *failed)
{
        if (!t->deaf && failed->offset > t->file->size && t->file->size != NET_SIZE_UNKNOWN)
                return false;
        if (failed->offset > t->file->offset &&
            (t->state == TRANSFER_RESTARTING || failed->offset > spans_end(&t->spans)))
                return false;
        net_forget(t->worker, t);
        t->worker = NULL;
        keep_durable(t, failed->offset);
        if (t->stop) {
                transfer_end(t);
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
                store_file(t);
                if (!requested) {
                        transfer_end(t); /* the position was a wish, and is forgotten */
                        return true;
                }
        }
        if (failed->retry_after_usec >= 0)
                t->job->retry_not_before_usec = (uint64_t)failed->retry_after_usec;
        transfer_fail(t, failed->hresult, failed->context, failed->text[0] ? failed->text : NULL,
                      (enum NetClass)failed->class);
        return true;
}

bool transfer_on_net(Transfer *t, const NetMessage *message)
{
        switch ((enum NetType)message->header.type) {
        case NET_RESPONSE:
                return on_response(t, &message->response);
        case NET_PROGRESS:
        case NET_CHECKPOINT:
                return on_offset(t, &message->offset);
        case NET_DONE:
                return on_done(t, &message->offset);
        case NET_FAILED:
                return on_failed(t, &message->failed);
        case NET_WANT:
                return on_want(t, &message->offset);
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
                no_worker(t, result);
        else if (++t->job->lost_workers > LOST_WORKERS_MAX)
                transfer_fail(t, BG_E_CONNECTION_CLOSED, CONTEXT_TRANSPORT,
                              "the network worker ended, again and again", NET_TRANSIENT);
        else
                transfer_end(
                        t); /* the scheduler starts another, which goes on from the stored offset */
}

/* ---- start and stop -------------------------------------------------------------------------- */

int transfer_start(File *file)
{
        Transfer *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        if (hosts_take(file->job->queue->hosts, file->job->owner, file->remote, &t->host) < 0) {
                free(t);
                return -ENOMEM;
        }
        t->refs = 1;
        t->fd = t->source = -1;
        t->file = file;
        t->job = job_ref(file->job);
        file->transfer = t;
        TAILQ_INSERT_TAIL(&t->job->transfers, t, job_link);
        t->job->n_transfers++;
        name_or_open(t);
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
        if (t->worker) {
                t->state = TRANSFER_STOPPING;
                net_order(t->worker, NET_CANCEL, t->net_id);
                (void)set_timer(t, STOP_USEC, on_stop_overdue);
        }
        /* Otherwise an answer or the timer is under way, and sees it. */
}

void transfer_abandon(Transfer *t)
{
        transfer_stop(t);
        t->deaf = true;
}
