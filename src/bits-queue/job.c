#include "job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "base/log.h"
#include "bus/bus.h"
#include "commit.h"
#include "file-settings.h"
#include "history.h"
#include "modification.h"
#include "notify.h"
#include "policy.h"
#include "queue.h"
#include "schedule.h"
#include "source.h"
#include "store/store.h"
#include "text.h"
#include "token.h"
#include "transfer.h"
#include "trouble.h"

enum {
        RETRY_DELAY_DEFAULT_SEC = 600,
        NO_PROGRESS_DEFAULT_SEC = 1209600,
        NOTIFY_INTERVAL_DEFAULT_MSEC = 500,
        LOADED_BYTES_MAX = 64 * 1024 * 1024,    /* of files in memory, of jobs that do not move */
        PROGRESS_STORE_USEC = 60 * 1000 * 1000, /* at least so often, while bytes come */
};

/* ---- life ------------------------------------------------------------------------------------ */

void job_files_uncounted(Job *job)
{
        if (job->loaded_bytes == 0)
                return;
        TAILQ_REMOVE(&job->queue->loaded, job, loaded_link);
        job->queue->loaded_bytes -= job->loaded_bytes;
        job->loaded_bytes = 0;
}

size_t job_files_bytes(const Job *job)
{
        size_t n = 0;

        for (size_t i = 0; i < job->n_files; i++)
                n += file_footprint(job->files[i]);
        return n;
}

static void drop_files(Job *job)
{
        job_files_uncounted(job);
        job->fill_from = 0;
        for (size_t i = 0; i < job->n_files; i++)
                file_free(job->files[i]);
        free(job->files);
        job->files = NULL;
        job->n_files = 0;
}

static Job *job_free(Job *job)
{
        drop_files(job);
        schedule_forget(job);
        free(job->display_name);
        free(job->description);
        free(job->error.text);
        free(job->notify_program);
        free(job->notify_parameters);
        http_options_clear(&job->http);
        validation_deinit(&job->validation);
        token_unref(job->token);
        notify_forget(job);
        free(job);
        return NULL;
}

Job *job_ref(Job *job)
{
        job->refs++;
        return job;
}

Job *job_unref(Job *job)
{
        return !job || --job->refs > 0 ? NULL : job_free(job);
}

static void job_unrefp(Job **job)
{
        job_unref(*job);
}

/* Stored state and memory go together; what fails here fails the commit, and then memory follows
 * the store (trouble.h). */
static void job_store(Job *job)
{
        if (state_is_final(job->state) || job->departing)
                return;
        schedule_count_time(job);
        (void)store_update_job(job->queue->store, job);
        job->stored_usec = now_boottime_usec();
}

/* Progress or a change: the clock of inactivity starts anew. */
static void use(Job *job)
{
        job->modified_usec = now_realtime_usec();
        job->used_usec = now_boottime_usec();
}

static void changed(Job *job)
{
        use(job);
        job_store(job);
        bus_job_changed(job->queue, job);
}

void job_touch(Job *job)
{
        changed(job);
        modification_seen(job);
}

void job_commit(Job *job, HRESULT hr, Done done)
{
        commit_then(job->queue, hr, done);
}

bool caller_is_exempt(const Queue *queue, const Caller *caller)
{
        return caller->administrator || queue_is_system_account(queue, caller->uid);
}

/* Of jobs whose owners are bound by limits: an administrator's must not keep the others out. */
static bool is_machine_full(const Queue *queue)
{
        size_t max = queue->settings.jobs_per_machine_max, n = 0;
        const Job *job;

        if (queue->n_jobs < max)
                return false;
        TAILQ_FOREACH (job, &queue->jobs, queue_link)
                n += !job->elevated && !queue_is_system_account(queue, job->owner);
        return n >= max;
}

HRESULT job_create(Queue *queue, const Caller *caller, const char *name, uint32_t type, Job **ret)
{
        _cleanup_(job_unrefp) Job *job = NULL;
        size_t points;

        if (text_count(name, &points) < 0 || points > DISPLAY_NAME_MAX)
                return E_INVALIDARG;
        if (type != JOB_TYPE_DOWNLOAD)
                return E_NOTIMPL;
        if (!caller_is_exempt(queue, caller)) {
                if (queue_count_jobs_of(queue, caller->uid) >= queue->settings.jobs_per_user_max)
                        return BG_E_TOO_MANY_JOBS_PER_USER;
                if (is_machine_full(queue))
                        return BG_E_TOO_MANY_JOBS_PER_MACHINE;
        }

        job = calloc(1, sizeof(*job));
        if (!job)
                return E_OUTOFMEMORY;
        *job = (Job){
                .queue = queue,
                .refs = 1,
                .owner = caller->uid,
                .type = type,
                .state = JOB_SUSPENDED,
                .priority = PRIORITY_NORMAL,
                .notify_flags = NOTIFY_TRANSFERRED | NOTIFY_ERROR,
                .minimum_retry_delay_sec = RETRY_DELAY_DEFAULT_SEC,
                .no_progress_timeout_sec = NO_PROGRESS_DEFAULT_SEC,
                .max_download_time_sec = (uint32_t)queue->settings.download_time_max_sec,
                .notify_interval_msec = NOTIFY_INTERVAL_DEFAULT_MSEC,
                .notify_uid = (uid_t)-1,
                .elevated = caller->administrator,
                .created_usec = now_realtime_usec(),
                .error = {.file = -1},
        };
        TAILQ_INIT(&job->transfers);
        TAILQ_INIT(&job->news);
        validation_init(&job->validation);
        job->modified_usec = job->created_usec;
        job->used_usec = now_boottime_usec();
        job->display_name = strdup(name);
        job->description = strdup("");
        if (!job->display_name || !job->description)
                return E_OUTOFMEMORY;
        if (guid_random(&job->id) < 0)
                return E_UNEXPECTED;
        int r = store_insert_job(queue->store, job);
        if (r == 0)
                r = queue_add_job(queue, job);
        if (r < 0)
                return trouble_hresult(r);

        history_add(job, HISTORY_CREATED, S_OK, NULL);
        bus_job_changed(queue, job);
        *ret = TAKE_PTR(job); /* the queue's reference */
        return S_OK;
}

/* The clock of no progress: runs from the first recoverable error to the next progress, whether the
 * service does or not. */
static void start_progress_clock(Job *job, uint64_t usec)
{
        job->progress_deadline_usec = now_boottime_usec() + usec;
        job->no_progress_until_usec = now_realtime_usec() + usec;
}

static void stop_progress_clock(Job *job)
{
        job->progress_deadline_usec = job->no_progress_until_usec = 0;
}

/* Not longer than from the beginning, whatever has become of the wall clock. */
static void restore_progress_clock(Job *job)
{
        uint64_t max = (uint64_t)job->no_progress_timeout_sec * 1000000;
        uint64_t until = job->no_progress_until_usec, wall = now_realtime_usec();
        uint64_t left = until > wall ? until - wall : 0;

        if (until > 0)
                start_progress_clock(job, left < max ? left : max);
}

void job_loaded(Job *job)
{
        uint64_t wall = now_realtime_usec();
        uint64_t age = wall > job->modified_usec ? wall - job->modified_usec : 0;

        job->used_usec = now_boottime_usec() - age;
        restore_progress_clock(job);
        schedule_job(job);
}

/* Nothing of the job is under way that holds one of its files. */
static bool may_unload(const Job *job)
{
        return trouble_error(job->queue->trouble) == 0 && job->refs == 1 && job->n_transfers == 0 &&
               !job->finishing && !job->keep_files && job->state != JOB_CONNECTING &&
               job->state != JOB_TRANSFERRING && !state_is_final(job->state);
}

/* The last used is the last to go. */
static void count_files(Job *job, size_t bytes)
{
        Queue *queue = job->queue;
        Job *other, *next;

        job_files_uncounted(job);
        if (bytes == 0)
                return;
        TAILQ_INSERT_TAIL(&queue->loaded, job, loaded_link);
        queue->loaded_bytes += bytes;
        job->loaded_bytes = bytes;
        for (other = TAILQ_FIRST(&queue->loaded);
             other != job && queue->loaded_bytes > LOADED_BYTES_MAX; other = next) {
                next = TAILQ_NEXT(other, loaded_link);
                if (may_unload(other))
                        drop_files(other);
        }
}

void job_files_added(Job *job)
{
        count_files(job, job_files_bytes(job));
}

int job_load_files(Job *job)
{
        char id[GUID_TEXT_SIZE];
        int r;

        if (job->files || state_is_final(job->state)) {
                if (job->loaded_bytes > 0)
                        count_files(job, job->loaded_bytes);
                return 0;
        }
        r = store_load_files(job->queue->store, job);
        if (r < 0)
                drop_files(job);
        if (r == -EBADMSG) {
                guid_text(&job->id, id);
                log_error("job %s: a file of it was altered outside the service: set aside in "
                          "quarantine",
                          id);
                (void)store_quarantine_job(job->queue->store, job->serial, "file row altered");
        } else if (r == -EUCLEAN)
                trouble_damaged(job->queue);
        if (r == 0)
                job_files_added(job);
        return r;
}

HRESULT job_load_error(int error)
{
        return trouble_hresult(error);
}

/* ---- state ----------------------------------------------------------------------------------- */

static void clear_error(Job *job)
{
        free(job->error.text);
        job->error = (JobError){.file = -1};
}

bool job_event(Job *job, JobEvent event)
{
        JobState from = job->state;
        char id[GUID_TEXT_SIZE];

        guid_text(&job->id, id);
        if (!state_next(from, event, &job->state)) {
                log_error("job %s: %s is refused in state %s", id, event_name(event),
                          state_name(from));
                return false;
        }
        if (job->state == from)
                return true;

        if (job->state == JOB_TRANSFERRED)
                job->completed_usec = now_realtime_usec();
        if (event == EVENT_CONNECTED || job->state == JOB_TRANSFERRED)
                clear_error(job);
        job_set_reason(job, job->state == JOB_QUEUED ? REASON_QUEUE : REASON_NONE, 0);
        schedule_job(job);
        if (job->state == JOB_TRANSFERRED || job->state == JOB_ERROR) {
                notify_happened(job);
                changed(job);
        } else
                job_touch(job);
        if (state_is_final(job->state)) /* its row is stored: it went with the job's */
                history_log(job, HISTORY_STATE, S_OK, event_name(event));
        else
                history_add(job, HISTORY_STATE, S_OK, event_name(event));
        notify_look(job);
        return true;
}

static const char *protocol_of(const Job *job, uint32_t context, int32_t file)
{
        if (context != CONTEXT_REMOTE_FILE && context != CONTEXT_TRANSPORT)
                return "";
        if (file >= 0 && (size_t)file < job->n_files && source_is_local(job->files[file]->remote))
                return "file";
        return "http";
}

static void set_error(Job *job, HRESULT code, uint32_t context, int32_t file, const char *text)
{
        clear_error(job);
        job->error.code = code;
        job->error.context = context;
        job->error.file = file;
        job->error.protocol = protocol_of(job, context, file);
        job->error.text = text ? strdup(text) : NULL;
}

/* No room is left; not that of the service's own store. */
static bool is_quota(HRESULT code)
{
        return code == HRESULT_FROM_WIN32(ERROR_DISK_FULL) ||
               code == HRESULT_FROM_WIN32(ERROR_DISK_QUOTA_EXCEEDED) ||
               code == HRESULT_FROM_WIN32(ERROR_NOT_ENOUGH_QUOTA);
}

/* Into TRANSIENT_ERROR: with a retry timer, and the clock of no progress running. */
static void fail_for_a_while(Job *job)
{
        uint64_t now = now_boottime_usec();
        uint64_t delay_usec = (uint64_t)job->minimum_retry_delay_sec * 1000000;

        if (job->retry_not_before_usec > delay_usec)
                delay_usec = job->retry_not_before_usec;
        job->retry_at_usec = now + delay_usec;
        if (job->progress_deadline_usec == 0)
                start_progress_clock(job, (uint64_t)job->no_progress_timeout_sec * 1000000);
        (void)job_event(job, EVENT_TRANSIENT);
        job_set_reason(job, is_quota(job->error.code) ? REASON_QUOTA : REASON_RETRY,
                       now_realtime_usec() + delay_usec);
}

void job_fail(Job *job, HRESULT code, uint32_t context, int32_t file, const char *text,
              JobFailure class)
{
        if (!state_is_action(job->state) || job->state == JOB_TRANSIENT_ERROR || job->finishing)
                return; /* a second file of a job that failed already, or one that is leaving */

        if (class == FAILURE_TRANSIENT && context >= CONTEXT_REMOTE_FILE && !policy_admits(job))
                return; /* the network has gone, which is no fault of a server's */

        set_error(job, code, context, file, text);
        if (class != FAILURE_EVENT)
                job->error_count++;
        if (class == FAILURE_TRANSIENT &&
            (job->http.method || job->no_progress_timeout_sec == 0 ||
             job->minimum_retry_delay_sec > job->no_progress_timeout_sec))
                class = FAILURE_FATAL;
        switch (class) {
        case FAILURE_FATAL:
                (void)job_event(job, EVENT_FATAL);
                if (code == BG_E_TOKEN_REQUIRED)
                        job_set_reason(job, REASON_TOKEN, 0);
                break;
        case FAILURE_TRANSIENT:
                fail_for_a_while(job);
                break;
        case FAILURE_EVENT:
                job->retry_at_usec = UINT64_MAX;
                (void)job_event(job, EVENT_TRANSIENT);
                break;
        }
        job->retry_not_before_usec = 0;
        history_add(job, HISTORY_ERROR, code, text);
        job_stop(job, (Done){0});
}

void job_invalidate(Job *job, int32_t file, const char *text)
{
        set_error(job, BG_E_VALIDATION_FAILED, CONTEXT_LOCAL_FILE, file, text);
        history_add(job, HISTORY_ERROR, BG_E_VALIDATION_FAILED, text);
        if (!job_event(job, EVENT_INVALIDATED))
                return;
        job_touch(job);
        job_stop(job, (Done){0});
}

void job_unauthorised(Job *job)
{
        if (job->state == JOB_CONNECTING || job->state == JOB_TRANSFERRING)
                (void)job_event(job, EVENT_PREEMPT);
        job_set_reason(job, REASON_AUTHORISATION, 0);
        job_stop(job, (Done){0});
}

void job_progressed(Job *job)
{
        bool was_waiting = job->progress_deadline_usec > 0;

        stop_progress_clock(job);
        job->lost_workers = 0;
        use(job);
        if (was_waiting || job->used_usec - job->stored_usec > PROGRESS_STORE_USEC)
                job_store(job);
        bus_job_changed(job->queue, job);
        modification_seen(job);
}

void job_stop(Job *job, Done stopped)
{
        Transfer *t, *next;

        if (stopped.call)
                job->stopped = stopped;
        job_ref(job);
        for (t = TAILQ_FIRST(&job->transfers); t; t = next) {
                next = TAILQ_NEXT(t, job_link);
                transfer_stop(t);
        }
        job_transfer_ended(job);
        job_unref(job);
}

void job_transfer_ended(Job *job)
{
        Done stopped = job->stopped;

        if (!TAILQ_EMPTY(&job->transfers)) {
                schedule_soon(job->queue->scheduler); /* a place for the next file */
                return;
        }
        schedule_stopped(job);
        job->stopped = (Done){0};
        if (stopped.call)
                commit_then(job->queue, S_OK, stopped);
}

void job_set_reason(Job *job, JobReason reason, uint64_t until_usec)
{
        if (job->reason == reason && job->reason_until_usec == until_usec)
                return;
        job->reason = reason;
        job->reason_until_usec = until_usec;
        bus_job_changed(job->queue, job);
}

const char *job_reason_name(const Job *job)
{
        static const char *const names[REASON_COUNT] = {
                [REASON_NONE] = "",
                [REASON_QUEUE] = "queue",
                [REASON_AUTHORISATION] = "authorisation",
                [REASON_RETRY] = "retry",
                [REASON_TOKEN] = "token",
                [REASON_NETWORK] = "network",
                [REASON_POLICY] = "policy",
                [REASON_COST] = "cost",
                [REASON_SESSION] = "session",
                [REASON_QUOTA] = "quota",
                [REASON_CALLBACK] = "callback",
                [REASON_STORE] = "store",
        };

        return names[job->reason];
}

/* ---- suspend, resume ------------------------------------------------------------------------- */

void job_suspend(Job *job, Done done)
{
        if (job_is_leaving(job)) {
                done_call(&done, BG_E_INVALID_STATE);
                return;
        }
        (void)job_event(job, EVENT_SUSPEND);
        if (!state_is_action(job->state))
                job_stop(job, (Done){0});
        job_commit(job, S_OK, done);
}

static bool has_unsealed_files(const Job *job)
{
        for (size_t i = 0; i < job->n_files; i++)
                if (job->files[i]->state < FILE_SEALED)
                        return true;
        return false;
}

void job_resume(Job *job, Done done)
{
        int r;

        if (job_is_leaving(job)) {
                done_call(&done, BG_E_INVALID_STATE);
                return;
        }
        r = job_load_files(job);
        if (r < 0) {
                done_call(&done, job_load_error(r));
                return;
        }
        if (job->n_files == 0) {
                done_call(&done, BG_E_EMPTY);
                return;
        }
        job->retry_at_usec = 0;
        stop_progress_clock(job);
        schedule_count_time(job); /* which begins anew */
        job->download_time_usec = 0;
        job->resumed = true;
        if (job->state != JOB_CONNECTING && job->state != JOB_TRANSFERRING)
                job_allow_requests(job);
        job_adopt_remote_names(job);
        if (job->state != JOB_TRANSFERRED || has_unsealed_files(job))
                (void)job_event(job, EVENT_RESUME);
        job_store(job);
        job_commit(job, S_OK, done);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void stored_progress(const Job *job, JobProgress *ret)
{
        *ret = (JobProgress){
                .bytes_total = job->stored.n_unknown > 0 ? NET_SIZE_UNKNOWN : job->stored.size,
                .bytes_transferred = job->stored.offset,
                .files_total = job->n_stored,
                .files_transferred = job->stored.n_sealed,
        };
}

void job_progress(const Job *job, JobProgress *ret)
{
        if (!job->files) {
                stored_progress(job, ret);
                return;
        }
        *ret = (JobProgress){.files_total = (uint32_t)job->n_files};
        for (size_t i = 0; i < job->n_files; i++) {
                const File *file = job->files[i];

                ret->bytes_transferred += file->received;
                ret->files_transferred += file->state >= FILE_SEALED;
                if (file->size == NET_SIZE_UNKNOWN || ret->bytes_total == NET_SIZE_UNKNOWN)
                        ret->bytes_total = NET_SIZE_UNKNOWN;
                else
                        ret->bytes_total += file->size;
        }
}

const JobError *job_error(const Job *job)
{
        bool available = job->state == JOB_ERROR || job->state == JOB_TRANSIENT_ERROR;

        return available && job->error.code != S_OK ? &job->error : NULL;
}
