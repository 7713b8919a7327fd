/*
 * How files come into a job and how a job leaves: AddFile, Complete, Cancel. Each asks bits-file
 * several times; a crash between two steps leaves what a repetition, or the orphanage, puts right.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "base/log.h"
#include "bus/bus.h"
#include "commit.h"
#include "history.h"
#include "job.h"
#include "notify.h"
#include "orphan.h"
#include "policy.h"
#include "queue.h"
#include "schedule.h"
#include "source.h"
#include "store/store.h"
#include "token.h"
#include "transfer.h"
#include "trouble.h"
#include "worker.h"

enum {
        CALLS_MAX = 32, /* to bits-file, under way for one of ours: it works on them as a batch */
};

/* What a bits-file that could not be had means for a call. */
HRESULT job_no_worker(int result)
{
        switch (result) {
        case -EKEYREJECTED:
        case -EACCES:
        case -EPERM:
        case -ESTALE:
                return E_ACCESSDENIED;
        case -ENOKEY:
                return BG_E_TOKEN_REQUIRED;
        default:
                return BG_E_WATCHDOG_TIMEOUT;
        }
}

static HRESULT file_result(int result, bool own)
{
        if (!own)
                return job_no_worker(result);
        if (result == -ENOENT) /* the directory: the file is ours */
                return HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
        if (result == -ESTALE)
                return BG_E_LOCAL_FILE_CHANGED;
        if (result == -EXDEV)
                return BG_E_VOLUME_CHANGED;
        return hresult_from_errno(result);
}

/* ---- AddFile --------------------------------------------------------------------------------- */

typedef struct Add {
        Job *job;
        bool exempt; /* who calls: no limit for him */
        Done done;
        HRESULT hr;
        size_t n, next, asked; /* next: to be checked; asked: without an answer yet */
        File *files[];
} Add;

static void add_end(Add *add, HRESULT hr)
{
        job_commit(add->job, hr, add->done);
        for (size_t i = 0; i < add->n; i++)
                file_free(add->files[i]);
        job_unref(add->job);
        free(add);
}

static bool are_too_many(const Job *job, size_t n, bool exempt)
{
        return !exempt && job->n_files + n > job->queue->settings.files_per_job_max;
}

static HRESULT take_in(Add *add)
{
        Job *job = add->job;
        char text[32];
        File **files;
        int r;

        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (are_too_many(job, add->n, add->exempt))
                return BG_E_TOO_MANY_FILES_IN_JOB; /* others came in meanwhile */
        files = realloc(job->files, (job->n_files + add->n) * sizeof(*files));
        if (!files)
                return E_OUTOFMEMORY;
        job->files = files;
        for (size_t i = 0; i < add->n; i++) {
                File *file = add->files[i];

                file->index = (uint32_t)job->n_files;
                r = store_insert_file(job->queue->store, file);
                if (r < 0)
                        return trouble_hresult(r); /* and the commit fails: all is undone */
                job->files[job->n_files++] = TAKE_PTR(add->files[i]);
        }
        job_files_added(job);
        job_touch(job);
        (void)snprintf(text, sizeof(text), "%zu", add->n);
        history_add(job, HISTORY_FILES, S_OK, text);
        policy_job_changed(job);
        schedule_soon(job->queue->scheduler); /* a running job goes on with them */
        return S_OK;
}

static void check_more(Add *add);

static void on_checked(void *userdata, int result, const FileReply *reply, int fd)
{
        Add *add = userdata;

        closep(&fd);
        add->asked--;
        if (result < 0 && SUCCEEDED(add->hr))
                add->hr = file_result(result, reply != NULL);
        check_more(add);
}

static void check(Add *add, const File *file)
{
        FileRequest request = {.header.type = FILE_CHECK, .mtime_usec = INT64_MIN};
        Identity identity;

        add->hr = job_file_identity(add->job, &identity, NULL);
        if (FAILED(add->hr))
                return;
        (void)snprintf(request.path, sizeof(request.path), "%s", file->local);
        add->asked++;
        file_call(add->job->queue, identity, &request, on_checked, add);
}

static void check_more(Add *add)
{
        while (SUCCEEDED(add->hr) && add->next < add->n && add->asked < CALLS_MAX)
                check(add, add->files[add->next++]);
        if (add->asked == 0)
                add_end(add, SUCCEEDED(add->hr) ? take_in(add) : add->hr);
}

/* Given order, concatenated, no overlap; not for what cannot be resumed or is filled on demand. */
static HRESULT check_ranges(const Job *job, const Caller *caller, const FileName *name)
{
        HRESULT hr;

        if (name->n_ranges == 0)
                return S_OK;
        if (source_is_local(name->remote)) /* as of SMB */
                return E_INVALIDARG;
        if (job->http.method)
                return BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD;
        if (job->dynamic_content || job->on_demand)
                return BG_E_UNSUPPORTED_JOB_CONFIGURATION;
        if (!caller_is_exempt(job->queue, caller) &&
            name->n_ranges > job->queue->settings.ranges_per_file_max)
                return BG_E_TOO_MANY_RANGES_IN_FILE;
        hr = ranges_check(name->ranges, name->n_ranges, RANGE_TO_EOF);
        return SUCCEEDED(hr) ? ranges_check_disjoint(name->ranges, name->n_ranges) : hr;
}

static int set_ranges(File *file, const FileName *name)
{
        if (name->n_ranges == 0)
                return 0;
        file->ranges = malloc(name->n_ranges * sizeof(*file->ranges));
        if (!file->ranges)
                return -ENOMEM;
        memcpy(file->ranges, name->ranges, name->n_ranges * sizeof(*file->ranges));
        file->n_ranges = name->n_ranges;
        file_reset(file); /* its size may be known by this */
        return 0;
}

static HRESULT add_new(Job *job, const FileName *names, size_t n, Add **ret)
{
        Add *add = calloc(1, sizeof(*add) + n * sizeof(File *));

        if (!add)
                return E_OUTOFMEMORY;
        for (; add->n < n; add->n++) {
                const FileName *name = &names[add->n];

                if (file_check_remote(name->remote) < 0 || file_check_local(name->local) < 0)
                        break;
                add->files[add->n] = file_new(job, 0, name->remote, name->local);
                if (!add->files[add->n])
                        break;
                if (set_ranges(add->files[add->n], name) < 0) {
                        add->files[add->n] = file_free(add->files[add->n]);
                        break;
                }
                add->files[add->n]->hash = name->hash;
                if (name->hash != FILE_HASH_NONE)
                        memcpy(add->files[add->n]->digest, name->digest, hash_size(name->hash));
        }
        if (add->n == n) {
                *ret = add;
                return S_OK;
        }
        for (size_t i = 0; i < add->n; i++)
                file_free(add->files[i]);
        free(add);
        return E_INVALIDARG;
}

void job_add_files(Job *job, const Caller *caller, const FileName *names, size_t n, Done done)
{
        Add *add = NULL;
        HRESULT hr = S_OK;
        int r;

        r = job_load_files(job);
        if (job_is_leaving(job))
                hr = BG_E_INVALID_STATE;
        else if (r < 0)
                hr = job_load_error(r);
        else if (n == 0)
                hr = E_INVALIDARG;
        else if (are_too_many(job, n, caller_is_exempt(job->queue, caller)))
                hr = BG_E_TOO_MANY_FILES_IN_JOB;
        for (size_t i = 0; i < n && SUCCEEDED(hr); i++)
                hr = check_ranges(job, caller, &names[i]);
        if (SUCCEEDED(hr))
                hr = add_new(job, names, n, &add);
        if (FAILED(hr)) {
                done_call(&done, hr);
                return;
        }
        add->job = job_ref(job);
        add->exempt = caller_is_exempt(job->queue, caller);
        add->done = done;
        check_more(add);
}

/* ---- leaving --------------------------------------------------------------------------------- */

typedef struct Leave {
        Job *job;
        Done done;
        JobEvent event;
        HRESULT hr;
        HRESULT failure;    /* the first of a file that could not be finished */
        bool reserve_spent; /* the commit of the departure was tried with it */
        size_t next, asked; /* next: file to finish; asked: without an answer yet */
        size_t n_uids;      /* identities whose temporary files are to be swept */
        uid_t uids[2];      /* the owner and the token's user: others' wait for their bits-file */
} Leave;

static void leave_end(Leave *leave, HRESULT hr)
{
        Job *job = leave->job;

        job_commit(job, hr, leave->done);
        if (state_is_final(job->state))
                job->token = token_unref(job->token);
        job_unref(job);
        free(leave);
}

static void sweep_next(void *userdata, HRESULT hr)
{
        Leave *leave = userdata;
        Job *job = leave->job;
        Identity identity = {.owner = job->owner};
        uid_t uid;

        /* The job has gone; what could not be said of its files is tried again when their
         * bits-file starts. */
        if (hr != S_OK)
                leave->hr = BG_S_UNABLE_TO_DELETE_FILES;
        if (leave->n_uids == 0) {
                leave_end(leave, leave->hr);
                return;
        }
        uid = leave->uids[--leave->n_uids];
        if (job->token && job->token->uid == uid && uid != job->owner)
                identity.token = job->token;
        orphanage_sweep_then(job->queue->orphanage, job->owner, uid, identity,
                             (Done){sweep_next, leave});
}

static void finish_failed(Leave *leave, HRESULT hr)
{
        Job *job = leave->job;

        job->finishing = false;
        if (leave->event == EVENT_COMPLETE)
                (void)job_event(job, EVENT_COMPLETE_FAILED);
        schedule_soon(job->queue->scheduler);
        notify_look(job);
        leave_end(leave, hr);
}

static void depart(Leave *leave);
static void on_departed(void *userdata, HRESULT hr);

static void on_depart_again(void *userdata, HRESULT hr)
{
        Leave *leave = userdata;

        if (FAILED(hr))
                on_departed(leave, hr);
        else
                depart(leave);
}

/* Not before the commit: a job that could not be deleted is still there. */
static void on_departed(void *userdata, HRESULT hr)
{
        Leave *leave = userdata;
        Job *job = leave->job;
        uid_t uid;

        job->departing = false;
        if (FAILED(hr) && !leave->reserve_spent && trouble_spend_reserve(job->queue->trouble)) {
                leave->reserve_spent = true;
                commit_then(job->queue, S_OK, (Done){on_depart_again, leave});
                return;
        }
        if (FAILED(hr)) {
                finish_failed(leave, hr);
                return;
        }
        (void)job_event(job, leave->event);
        notify_forget(job);
        job->receiver = NULL;
        bus_job_removed(job->queue, job);
        leave->uids[leave->n_uids++] = job->owner;
        if (job_helper_uid(job, &uid) && uid != job->owner)
                leave->uids[leave->n_uids++] = uid;
        schedule_forget(job);
        job_files_uncounted(job);
        queue_end_job(job->queue, job);
        sweep_next(leave, S_OK);
}

/* One transaction: the job goes, its temporary files become orphans, its history has its end. Then
 * they are swept. */
static void depart(Leave *leave)
{
        Job *job = leave->job;
        JobState end;
        uid_t uid;

        for (size_t i = 0; i < job->n_files; i++) {
                const File *file = job->files[i];

                if (file->state == FILE_FINISHED || !file->temp[0])
                        continue;
                /* What fails here fails the commit. */
                (void)orphanage_adopt(job->queue->orphanage, file);
                if (file->temp_uid != job->owner &&
                    !(job_helper_uid(job, &uid) && uid == file->temp_uid))
                        leave->hr = BG_S_UNABLE_TO_DELETE_FILES; /* later, by its bits-file */
        }
        (void)store_delete_job(job->queue->store, job);
        if (state_next(job->state, leave->event, &end))
                history_add_end(job, end, event_name(leave->event));
        job->departing = true;
        commit_then(job->queue, S_OK, (Done){on_departed, leave});
}

typedef struct Finish {
        Leave *leave;
        File *file;
} Finish;

static void finish_more(Leave *leave);

static void on_finished(void *userdata, int result, const FileReply *reply, int fd)
{
        _cleanup_(freep) Finish *finish = userdata;
        Leave *leave = finish->leave;
        File *file = finish->file;

        closep(&fd);
        leave->asked--;
        if (result == 0) {
                file->state = FILE_FINISHED;
                file->validation = VALIDATION_GOOD; /* Complete says so */
                (void)store_update_file(leave->job->queue->store, file);
        } else if (SUCCEEDED(leave->failure))
                leave->failure = file_result(result, reply != NULL);
        finish_more(leave);
}

static HRESULT finish(Leave *leave, File *file)
{
        FileRequest request = {.header.type = FILE_FINISH, .mtime_usec = INT64_MIN};
        Job *job = leave->job;
        Identity identity = {.owner = job->owner};
        Finish *finish;
        uid_t uid;

        if (file->temp_uid != job->owner) {
                if (!job_helper_uid(job, &uid) || uid != file->temp_uid)
                        return BG_E_TOKEN_REQUIRED;
                identity.token = job->token;
        }
        finish = malloc(sizeof(*finish));
        if (!finish)
                return E_OUTOFMEMORY;
        *finish = (Finish){leave, file};
        request.file = file->id;
        request.directory = file->directory;
        (void)snprintf(request.path, sizeof(request.path), "%s", file->local);
        memcpy(request.temp, file->temp, sizeof(request.temp));
        leave->asked++;
        file_call(job->queue, identity, &request, on_finished, finish);
        return S_OK;
}

static void finish_more(Leave *leave)
{
        Job *job = leave->job;

        for (; leave->next < job->n_files && leave->asked < CALLS_MAX && SUCCEEDED(leave->failure);
             leave->next++) {
                File *file = job->files[leave->next];

                if (file->state == FILE_SEALED)
                        leave->failure = finish(leave, file);
                else if (file->state < FILE_SEALED)
                        leave->hr = BG_S_PARTIAL_COMPLETE;
        }
        if (leave->asked > 0)
                return;
        if (FAILED(leave->failure))
                finish_failed(leave, leave->failure);
        else
                depart(leave);
}

static void on_stopped(void *userdata, HRESULT hr)
{
        Leave *leave = userdata;

        if (FAILED(hr)) {
                leave->job->finishing = false;
                leave_end(leave, hr);
        } else if (leave->event == EVENT_COMPLETE)
                finish_more(leave);
        else
                depart(leave);
}

static void leave(Job *job, JobEvent event, Done done)
{
        Leave *leave = NULL;
        HRESULT hr = S_OK;
        int r;

        r = job_load_files(job);
        if (job_is_leaving(job))
                hr = BG_E_INVALID_STATE;
        else if (r < 0)
                hr = job_load_error(r);
        else {
                leave = calloc(1, sizeof(*leave));
                hr = leave ? S_OK : E_OUTOFMEMORY;
        }
        if (!leave) {
                done_call(&done, hr);
                return;
        }
        *leave = (Leave){.job = job_ref(job), .done = done, .event = event};
        job->finishing = true;
        notify_look(job);
        if (event == EVENT_COMPLETE)
                job_touch(job); /* no rename before the store has shown that it can be written */
        job_stop(job, (Done){on_stopped, leave});
}

void job_complete(Job *job, Done done)
{
        leave(job, EVENT_COMPLETE, done);
}

void job_cancel(Job *job, Done done)
{
        leave(job, EVENT_CANCEL, done);
}
