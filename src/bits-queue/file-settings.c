#include "file-settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "commit.h"
#include "host.h"
#include "job.h"
#include "orphan.h"
#include "queue.h"
#include "schedule.h"
#include "source.h"
#include "store/store.h"
#include "transfer.h"

static void store_file(File *file)
{
        /* What fails here fails the commit (trouble.h). */
        (void)store_update_file(file->job->queue->store, file);
}

/* ---- remote names ---------------------------------------------------------------------------- */

/* A file of this machine is copied as a whole: as of SMB, there are no ranges of it. */
static bool may_have(const File *file, const char *name)
{
        return file_check_remote(name) == 0 && !(file->n_ranges > 0 && source_is_local(name));
}

/* Takes name over. */
static void rename_to(File *file, char *name, bool by_prefix)
{
        free(file->renamed);
        file->renamed = name;
        file->renamed_by_prefix = by_prefix;
        file->job->keep_files = true;
}

HRESULT file_set_remote_name(File *file, const char *name)
{
        Job *job = file->job;
        char *copy;

        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (!may_have(file, name))
                return E_INVALIDARG;
        copy = strdup(name);
        if (!copy)
                return E_OUTOFMEMORY;
        rename_to(file, copy, false);
        job_touch(job);
        schedule_job(job); /* it may have waited for the former host */
        return S_OK;
}

/* The name of file with the prefix replaced, in ret; NULL when it has another. */
static HRESULT replace_prefix(const File *file, const char *old, const char *new, char **ret)
{
        const char *name = file_remote_name(file);
        _cleanup_(freep) char *longer = NULL;

        *ret = NULL;
        if (strncmp(name, old, strlen(old)) != 0)
                return S_OK;
        if (asprintf(&longer, "%s%s", new, name + strlen(old)) < 0) {
                longer = NULL;
                return E_OUTOFMEMORY;
        }
        if (!may_have(file, longer))
                return E_INVALIDARG;
        *ret = TAKE_PTR(longer);
        return S_OK;
}

HRESULT job_replace_remote_prefix(Job *job, const char *old, const char *new)
{
        _cleanup_(freep) char **names = NULL;
        HRESULT hr = S_FALSE;
        size_t n = 0;
        int r;

        r = job_load_files(job);
        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (r < 0)
                return job_load_error(r);
        if (!*old || !*new)
                return E_INVALIDARG;
        names = calloc(job->n_files + 1, sizeof(*names));
        if (!names)
                return E_OUTOFMEMORY;
        for (; n < job->n_files && SUCCEEDED(hr); n++) {
                HRESULT one = replace_prefix(job->files[n], old, new, &names[n]);

                if (FAILED(one) || names[n])
                        hr = one;
        }
        for (size_t i = 0; i < n; i++)
                if (SUCCEEDED(hr) && names[i])
                        rename_to(job->files[i], names[i], true);
                else
                        free(names[i]);
        if (hr == S_OK) {
                job_touch(job);
                schedule_job(job);
        }
        return hr;
}

/* What was to be fetched first, and what is there of it but not from the begin, is for servers. */
static void forget_parts(File *file)
{
        file_drop_requested(file);
        file->position = 0;
        if (file->n_filled > 0)
                file_forget_bytes(file);
}

/* A redirect's host stays its choice when only what is around it was replaced, "http:" by "https:".
 */
static bool is_owners_host(const File *file)
{
        char before[HOST_NAME_SIZE], now[HOST_NAME_SIZE];

        return !file->renamed_by_prefix || !host_of(file->remote, before) ||
               !host_of(file->renamed, now) || strcmp(before, now) != 0;
}

void job_adopt_remote_names(Job *job)
{
        if (!job->keep_files)
                return;
        for (size_t i = 0; i < job->n_files; i++) {
                File *file = job->files[i];

                if (!file->renamed)
                        continue;
                /* The bytes go on if the new source has the same size and time; an ETag tells
                 * versions of one resource apart: any two may have the same. */
                if (strcmp(file->remote, file->renamed) != 0) {
                        if (file->transfer)
                                transfer_abandon(file->transfer);
                        memset(file->validator.etag, 0, sizeof(file->validator.etag));
                }
                if (source_is_local(file->renamed))
                        forget_parts(file);
                if (is_owners_host(file))
                        free(TAKE_PTR(file->named));
                free(file->remote);
                file->remote = TAKE_PTR(file->renamed);
                store_file(file);
        }
        job->keep_files = false;
}

/* ---- validation ------------------------------------------------------------------------------ */

int file_start_over(File *file)
{
        int r = orphanage_adopt(file->job->queue->orphanage, file);

        file_reset(file);
        file->job->fill_from = 0;
        store_file(file);
        return r;
}

typedef struct Reject {
        Job *job; /* a reference */
        uid_t uid;
        Done done;
} Reject;

/* Only now may the bytes go: a crash before the commit would leave a row that promises them. */
static void on_rejected(void *userdata, HRESULT hr)
{
        _cleanup_(freep) Reject *reject = userdata;
        Identity identity;
        uid_t uid;

        if (SUCCEEDED(hr) && job_file_identity(reject->job, &identity, &uid) == S_OK &&
            uid == reject->uid)
                orphanage_sweep(reject->job->queue->orphanage, uid, identity);
        done_call(&reject->done, hr);
        job_unref(reject->job);
}

static void reject(File *file, Done done)
{
        Job *job = file->job;
        Reject *reject = malloc(sizeof(*reject));

        if (!reject) {
                done_call(&done, E_OUTOFMEMORY);
                return;
        }
        *reject = (Reject){.job = job_ref(job), .uid = file->temp_uid, .done = done};
        (void)file_start_over(file); /* and so does this */
        file->validation = VALIDATION_BAD;
        store_file(file);
        job_invalidate(job, (int32_t)file->index, NULL);
        commit_then(job->queue, S_OK, (Done){on_rejected, reject});
}

void file_set_validation(File *file, bool good, Done done)
{
        Job *job = file->job;

        if (job_is_leaving(job)) {
                done_call(&done, BG_E_INVALID_STATE);
        } else if (file->state < FILE_SEALED) {
                done_call(&done, E_PENDING);
        } else if (good) {
                file->validation = VALIDATION_GOOD;
                store_file(file);
                job_touch(job);
                job_commit(job, S_OK, done);
        } else if (file->state == FILE_FINISHED) {
                done_call(&done, BG_E_INVALID_STATE); /* in its place: it is the owner's now */
        } else
                reject(file, done);
}
