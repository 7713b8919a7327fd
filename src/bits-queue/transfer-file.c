/*
 * What bits-file does for a transfer: makes or reopens its temporary file, opens a source of this
 * machine, seals. The invariant: a name is committed before a file has it, and the file's identity
 * before a byte is written to it; so what was made is found again, and nothing else is taken for
 * it. What the transfer does next is transfer.c's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "base/log.h"
#include "certificate.h"
#include "commit.h"
#include "file-settings.h"
#include "http.h"
#include "job.h"
#include "notify.h"
#include "orphan.h"
#include "queue.h"
#include "source.h"
#include "transfer-private.h"
#include "transfer.h"
#include "worker.h"

enum {
        BUSY_RETRY_USEC = 200 * 1000, /* while another writer has not gone */
        BUSY_TRIES = 150,
};

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

/* ---- a source of this machine ---------------------------------------------------------------- */

static void on_source(void *userdata, int result, const FileReply *reply, int fd)
{
        Transfer *t = userdata;

        t->source = fd;
        if (t->stop)
                transfer_end(t);
        else if (!reply)
                transfer_no_worker(t, result);
        else if (result < 0)
                transfer_fail(t, source_error(result), CONTEXT_REMOTE_FILE, NULL,
                              source_error_passes(result) ? NET_TRANSIENT : NET_FATAL);
        else
                transfer_move(t);
}

/* The network identity reads it, as it would from a server. */
void transfer_open_source(Transfer *t)
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

/* ---- a client certificate -------------------------------------------------------------------- */

static void on_certificate(void *userdata, int result, const FileReply *reply, int fd)
{
        Transfer *t = userdata;

        t->certificate = fd;
        if (t->stop)
                transfer_end(t);
        else if (!reply)
                transfer_no_worker(t, result);
        else if (result < 0)
                transfer_fail(t, certificate_error(result), CONTEXT_QUEUE_MANAGER,
                              "the job's client certificate cannot be read", NET_FATAL);
        else {
                t->certificate_size = reply->size;
                transfer_move(t);
        }
}

/* behaviour.md §6: a process of the helper's gets nobody's key but root's. */
void transfer_open_certificate(Transfer *t)
{
        const Job *job = t->job;

        if (job->helper_flags & HELPER_NETWORK && job->owner != 0) {
                transfer_fail(t,
                              HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY),
                              CONTEXT_QUEUE_MANAGER, NULL, NET_FATAL);
                return;
        }
        t->state = TRANSFER_CERTIFYING;
        certificate_fetch(job, on_certificate, t);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void on_recorded(void *userdata, HRESULT hr)
{
        Transfer *t = userdata;

        if (t->stop || FAILED(hr))
                transfer_end(t);
        else
                transfer_wait(t);
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
                transfer_seal(t);
        else
                transfer_go_on(t);
        return 0;
}

/* bits-file found another writer: he is gone soon, or is made to go. */
static void wait_for_writer(Transfer *t)
{
        if (++t->busy_tries > BUSY_TRIES ||
            transfer_set_timer(t, BUSY_RETRY_USEC, on_try_again) < 0)
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
                transfer_go_on(t);
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
                transfer_no_worker(t, result);
        } else if (result == 0) {
                t->file->displaced = false;
                t->file->received = t->file->offset;
                t->file->id =
                        reply->file; /* a resumed one is a fresh copy where leases are refused */
                t->file->directory = reply->directory;
                t->file->sent = t->job->http.method && !source_is_local(t->file->remote);
                transfer_store(t);
                t->state = TRANSFER_RECORDING;
                t->refs++;
                commit_then(t->job->queue, S_OK, (Done){on_recorded, t});
        } else if (result == -EXDEV) {
                on_displaced(t);
        } else if (result == -EAGAIN && resumed) {
                wait_for_writer(t);
        } else if (result == -EEXIST && !resumed && t->busy_tries++ < BUSY_TRIES) {
                file_reset(t->file); /* somebody else's file has that name: another */
                transfer_go_on(t);
        } else if (result == -ESTALE && t->busy_tries++ < BUSY_TRIES &&
                   file_start_over(t->file) == 0) {
                log_notice("the temporary file of a job is not the one it was: started over");
                transfer_go_on(t);
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

void transfer_go_on(Transfer *t)
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
        if (http_is_spent(file)) {
                transfer_fail(t, BG_E_CONNECTION_CLOSED, CONTEXT_TRANSPORT,
                              "the request was sent, and its answer did not come whole; Resume "
                              "sends it again",
                              NET_FATAL);
                return;
        }
        if (http_starts_over(file) && file->offset > 0) {
                file_forget_bytes(file);
                transfer_store(t);
        }
        if (file->temp[0] && file->temp_uid != uid)
                (void)file_start_over(
                        t->file); /* another identity's: it starts anew under this one */
        if (file->state == FILE_RECEIVED) {
                transfer_seal(t);
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
        transfer_store(t);
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
                        transfer_no_worker(t, result);
        } else if (result == 0) {
                if (t->file->offset < t->file->size)
                        transfer_durable(t, t->file->size);
                t->file->state = FILE_SEALED;
                t->file->validation = VALIDATION_NONE;
                notify_file(t->file);
                if (reply->file.inode != 0)
                        t->file->id = reply->file; /* a fresh inode, where leases are refused */
                transfer_store(t);
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

/* Of a server's file whole seconds: its date may be marked as one that proves nothing. */
static int64_t result_time(const File *file)
{
        int64_t usec = file->validator.last_modified_usec;

        if (usec == INT64_MIN || source_is_local(file->remote))
                return usec;
        return usec - (usec % 1000000 + 1000000) % 1000000;
}

void transfer_seal(Transfer *t)
{
        FileRequest request;

        t->state = TRANSFER_SEALING;
        transfer_leave_place(t);
        fill_request(t, FILE_SEAL, &request);
        request.size = t->file->size;
        request.mtime_usec = result_time(t->file);
        request.hash = t->file->hash;
        memcpy(request.digest, t->file->digest, sizeof(request.digest));
        (void)call_file(t, &request, on_sealed);
}
