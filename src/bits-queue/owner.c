/*
 * TakeOwnership: a job changes hands. What is checked of the new owner is checked before anything
 * changes; then everything changes in one transaction: the temporary files become orphans of the
 * old owner's, token and command line go, and the files begin anew.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "bus/bus.h"
#include "commit.h"
#include "history.h"
#include "job.h"
#include "notify.h"
#include "orphan.h"
#include "queue.h"
#include "schedule.h"
#include "source.h"
#include "store/store.h"
#include "supervisor.h"
#include "ticket.h"
#include "token.h"
#include "worker.h"

typedef struct Take {
        Job *job;
        uid_t uid;
        Done done;
        size_t checked;
        uid_t old_uid;
        HelperToken *old_token; /* a reference */
} Take;

static void take_end(Take *take, HRESULT hr)
{
        Job *job = take->job;

        job->finishing = false;
        schedule_job(job);
        notify_look(job);
        job_commit(job, hr, take->done);
        job_unref(job);
        free(take);
}

static void give_token_back(Take *take)
{
        Job *job = take->job;

        job->token = token_unref(job->token);
        if (take->old_token && !take->old_token->hung_up)
                job->token = TAKE_PTR(take->old_token);
}

/* It is stored: the old owner's bits-file, and the helper's while his token is still here, clean
 * up.
 */
static void on_handed_over(void *userdata, HRESULT hr)
{
        _cleanup_(freep) Take *take = userdata;
        Orphanage *orphanage = take->job->queue->orphanage;
        Identity identity = {.owner = take->old_uid};

        if (SUCCEEDED(hr)) {
                orphanage_sweep(orphanage, take->old_uid, identity);
                identity.token = take->old_token;
                if (identity.token && identity.token->uid != take->old_uid)
                        orphanage_sweep(orphanage, identity.token->uid, identity);
        }
        if (FAILED(hr)) /* it is the old owner's again, and so is not what the new one gave it */
                give_token_back(take);
        token_unref(take->old_token);
        job_unref(take->job);
        done_call(&take->done, hr);
}

static int give_up_files(Job *job)
{
        int r = 0;

        for (size_t i = 0; i < job->n_files && r == 0; i++) {
                File *file = job->files[i];

                if (file->state == FILE_FINISHED)
                        continue;
                r = orphanage_adopt(job->queue->orphanage, file);
                file_reset(file);
                if (r == 0)
                        r = store_update_file(job->queue->store, file);
        }
        job->fill_from = 0;
        return r;
}

static void hand_over(Take *take)
{
        Job *job = take->job;
        uid_t old = job->owner;
        char text[32];
        int r;

        (void)snprintf(text, sizeof(text), "to uid %u", take->uid);
        history_add(job, HISTORY_OWNER, S_OK, text);
        r = give_up_files(job);
        if (r == 0)
                r = queue_move_job(job->queue, job, old, take->uid);
        if (r < 0) {
                if (r == -ENOMEM) /* of a store that fails, the commit says so and all is undone */
                        (void)sd_event_exit(job->queue->event, EXIT_FAILURE);
                take_end(take, hresult_from_errno(r));
                return;
        }
        bus_job_removed(job->queue, job); /* for those who could see it until now */
        take->old_uid = old;
        take->old_token = TAKE_PTR(job->token);
        job_drop_notify_command(job);
        job_drop_http_secrets(job);
        job->owner = take->uid;
        job->elevated = true;
        (void)snprintf(text, sizeof(text), "from uid %u", old);
        history_add(job, HISTORY_OWNER, S_OK, text);
        job->finishing = false;
        (void)job_event(job, EVENT_OWNER);
        job_touch(job);
        schedule_job(job);
        notify_look(job);
        job_commit(job, S_OK, (Done){on_handed_over, take});
}

static void check_next(Take *take);

static void on_checked(void *userdata, int result, const FileReply *reply, int fd)
{
        Take *take = userdata;

        closep(&fd);
        if (result < 0) {
                take_end(take, reply ? BG_E_NEW_OWNER_NO_FILE_ACCESS : job_no_worker(result));
                return;
        }
        take->checked++;
        check_next(take);
}

/* May the new owner write where the files shall be? With a helper for local files that is asked of
 * the token that he will bring. */
static void check_next(Take *take)
{
        FileRequest request = {.header.type = FILE_CHECK, .mtime_usec = INT64_MIN};
        Job *job = take->job;

        while (take->checked < job->n_files && (job->helper_flags & HELPER_LOCAL_FILE ||
                                                job->files[take->checked]->state == FILE_FINISHED))
                take->checked++;
        if (take->checked == job->n_files) {
                hand_over(take);
                return;
        }
        (void)snprintf(request.path, sizeof(request.path), "%s", job->files[take->checked]->local);
        file_call(job->queue, (Identity){.owner = take->uid}, &request, on_checked, take);
}

static void on_stopped(void *userdata, HRESULT hr)
{
        if (FAILED(hr))
                take_end(userdata, hr);
        else
                check_next(userdata);
}

/* A source that the old owner named would be opened with the new owner's rights, and put where the
 * old owner said: he could have any file read to him. */
static bool has_local_source(const Job *job)
{
        for (size_t i = 0; i < job->n_files; i++)
                if (job->files[i]->state != FILE_FINISHED &&
                    source_is_local(file_remote_name(job->files[i])))
                        return true;
        return false;
}

static HRESULT may_take(Job *job, const Caller *caller)
{
        const Queue *queue = job->queue;
        int r;

        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (!caller->administrator || !tickets_find(queue->tickets, caller->uid))
                return E_ACCESSDENIED;
        if (caller->uid == 0 && !(queue->flags & SUPERVISOR_ROOT_JOBS))
                return E_ACCESSDENIED;
        r = job_load_files(job);
        if (r < 0)
                return job_load_error(r);
        return caller->uid != job->owner && has_local_source(job) ? BG_E_NEW_OWNER_NO_FILE_ACCESS
                                                                  : S_OK;
}

void job_take_ownership(Job *job, const Caller *caller, Done done)
{
        HRESULT hr = may_take(job, caller);
        Take *take = NULL;

        if (SUCCEEDED(hr) && caller->uid == job->owner) {
                job_commit(job, S_OK, done);
                return;
        }
        if (SUCCEEDED(hr)) {
                take = calloc(1, sizeof(*take));
                hr = take ? S_OK : E_OUTOFMEMORY;
        }
        if (!take) {
                done_call(&done, hr);
                return;
        }
        *take = (Take){.job = job_ref(job), .uid = caller->uid, .done = done};
        job->finishing = true;
        notify_look(job);
        job_stop(job, (Done){on_stopped, take});
}
