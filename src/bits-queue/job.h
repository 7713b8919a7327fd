/*
 * A job: what its owner asked for and how far it is. Holds its rows of the store, its files and its
 * helper token; the only place that changes a job's state. Knows no D-Bus; checks no caller's right
 * to touch it (the bus does, from its table) but every rule about the job itself.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/guid.h"
#include "done.h"
#include "file.h"
#include "http.h"
#include "state.h"
#include "validation.h"
#include "worker.h"

typedef struct Client Client; /* bus/client.h */
typedef struct Command Command;
typedef struct HelperToken HelperToken;
typedef struct Notification Notification;
typedef struct NotifyUser NotifyUser;
typedef struct Queue Queue;
typedef struct RangeNews RangeNews;
typedef struct Transfer Transfer;
struct JobList;

enum {
        DISPLAY_NAME_MAX = 256, /* code points */
        DESCRIPTION_MAX = 1024,
        RETRY_DELAY_MIN_SEC = 5,
};

typedef enum JobPriority { /* values of BG_JOB_PRIORITY */
        PRIORITY_FOREGROUND,
        PRIORITY_HIGH,
        PRIORITY_NORMAL,
        PRIORITY_LOW,
        PRIORITY_COUNT,
} JobPriority;

enum {
        JOB_TYPE_DOWNLOAD = 0, /* values of BG_JOB_TYPE; uploads are refused until they exist */
};

enum { /* values of BG_NOTIFY_* */
        NOTIFY_TRANSFERRED = 1,
        NOTIFY_ERROR = 2,
        NOTIFY_DISABLE = 4,
        NOTIFY_MODIFICATION = 8,
        NOTIFY_FILE_TRANSFERRED = 16,
        NOTIFY_FILE_RANGES = 32,
};

enum { /* values of BG_ERROR_CONTEXT_* */
        CONTEXT_NONE = 0,
        CONTEXT_QUEUE_MANAGER = 2,
        CONTEXT_LOCAL_FILE = 4,
        CONTEXT_REMOTE_FILE = 5,
        CONTEXT_TRANSPORT = 6,
        CONTEXT_SERVER_CERTIFICATE = 8,
};

#define HELPER_LOCAL_FILE 1u /* values of BG_TOKEN_* */
#define HELPER_NETWORK    2u

typedef enum JobReason { /* why a state that waits, waits */
        REASON_NONE,
        REASON_QUEUE,         /* behind other jobs */
        REASON_AUTHORISATION, /* no valid ticket of the owner */
        REASON_RETRY,         /* retry delay; until is set */
        REASON_TOKEN,         /* in ERROR: helper token missing */
        REASON_NETWORK,       /* no route to its host */
        REASON_POLICY,        /* the bandwidth limit is 0 now; until is set */
        REASON_COST,          /* the network costs more than its cost flags allow */
        REASON_SESSION,       /* its owner is not logged on, and RunWhen=logged-on */
        REASON_QUOTA,         /* no room, of disk or quota; retry delay; until is set */
        REASON_CALLBACK,      /* the owner has not acknowledged a callback yet */
        REASON_STORE,         /* the service's own store is full or failing */
        REASON_COUNT,
} JobReason;

typedef enum JobFailure { /* errors.md, column Class */
        FAILURE_FATAL,
        FAILURE_TRANSIENT, /* tried again after the retry delay; counted */
        FAILURE_EVENT,     /* waits for the condition to end, without a timer; not counted */
} JobFailure;

typedef struct JobError {
        HRESULT code;
        uint32_t context;
        int32_t file;         /* index, or -1 */
        const char *protocol; /* static: "http", "file" or "" */
        char *text;           /* owned; NULL for the code's own text */
} JobError;

typedef struct JobProgress {
        uint64_t bytes_total, bytes_transferred; /* UINT64_MAX: unknown */
        uint32_t files_total, files_transferred;
} JobProgress;

TAILQ_HEAD(TransferList, Transfer);
TAILQ_HEAD(RangeNewsList, RangeNews);

typedef enum NotifyPlace { /* which of notify.c's lists a job is on */
        NOTIFY_NOWHERE,
        NOTIFY_DUE,   /* NotifyUser.due */
        NOTIFY_LATER, /* Notifier.later */
} NotifyPlace;

struct Job {
        Queue *queue;
        TAILQ_ENTRY(Job) queue_link;
        Job *id_link;  /* queue.c: the next of those whose ids have the same hash */
        unsigned refs; /* the queue's own, and one for each call that is under way */

        uint64_t serial; /* rowid; order of creation */
        Guid id;
        uid_t owner;
        uint32_t type;
        JobState state;
        JobPriority priority;
        char *display_name, *description;
        uint32_t notify_flags, minimum_retry_delay_sec, no_progress_timeout_sec, error_count;
        uint32_t helper_flags;
        bool elevated; /* its owner was an administrator when he made it or took it over */
        bool resumed;  /* at least once: some settings are fixed from then on */
        uint32_t max_download_time_sec;
        uint64_t download_time_usec; /* spent CONNECTING and TRANSFERRING since the last Resume */
        uint32_t cost_flags;         /* BITS_COST_STATE_*; 0: unset, the configuration decides */
        char *notify_program, *notify_parameters; /* NULL: none */
        uid_t notify_uid;                         /* who set them */
        Guid notify_class;                        /* NOTIFICATION_CLSID */
        uint32_t notify_interval_msec;            /* least distance of JobModification */
        bool dynamic_content, high_performance, on_demand;
        uint64_t max_download_size; /* 0: none */
        uint32_t peer_flags, acl_flags;
        HttpOptions http;
        bool notified; /* the event of this state was acknowledged by a receiver */
        uint64_t created_usec, modified_usec, completed_usec; /* CLOCK_REALTIME; 0: never */
        uint64_t ended_usec;                                  /* CLOCK_MONOTONIC, final jobs */
        JobError error;                                       /* code S_OK: none */

        File **files; /* NULL: not loaded */
        size_t n_files;
        uint32_t n_stored; /* rows of files: so that a missing one is noticed */
        FileTotals stored; /* of those rows: what the job shows while they are not loaded */

        HelperToken *token;
        Client *receiver;        /* whose callback object is registered; borrowed, cleared by
                                    job_client_gone() */
        uint32_t receiver_level; /* 1 to 3: which of the callback interfaces it has */
        Validation validation;   /* validation.c */
        JobReason reason;
        uint64_t reason_until_usec; /* CLOCK_REALTIME; 0: unknown */

        struct TransferList transfers; /* Transfer.job_link: files on the move */
        size_t n_transfers, n_moving;  /* the latter: those that have a place (pipeline.h) */
        size_t fill_from; /* no file before it is left to move: lowered with a file's state */
        TAILQ_ENTRY(Job) loaded_link; /* Queue.loaded */
        size_t loaded_bytes;          /* of its files, in Queue.loaded_bytes; 0: not there */
        size_t ended_bytes;           /* the same of an ended job, in Queue.ended_bytes */
        bool keep_files;              /* something of them is in memory alone */
        uint64_t stored_usec;         /* CLOCK_BOOTTIME */
        bool departing; /* its rows are deleted in the open transaction: no update may follow */
        bool stale;     /* trouble.c: memory has what the store does not */
        bool finishing; /* Complete or Cancel is under way: every other action is refused */
        Done stopped;   /* to be called when the last transfer has gone */
        uint64_t retry_at_usec, progress_deadline_usec; /* CLOCK_BOOTTIME; 0: none */
        uint64_t no_progress_until_usec; /* the latter by CLOCK_REALTIME, for the next start */
        uint64_t used_usec; /* CLOCK_BOOTTIME: last progress or change of a property; before the
                               machine's start it is less than 0, and only differences count */

        bool cut_off; /* policy.c: no route while it waits after an error */

        /* schedule.c */
        TAILQ_ENTRY(Job) schedule_link;
        struct JobList *schedule_list; /* that it is on; NULL: none */
        int64_t schedule_place;        /* ascending, among those of a priority */
        unsigned schedule_queue;       /* 1 + the priority that the place is of; 0: no place */
        void *schedule_timer;          /* sd_event_source */
        uint64_t active_since_usec, slice_end_usec; /* CLOCK_BOOTTIME; 0: not active */
        TAILQ_ENTRY(Job) stopping_link;
        bool stopping;                  /* not active, but transfers are still there */
        uint64_t retry_not_before_usec; /* from the failure on: what the server asked for; 0:
                                           nothing */

        TAILQ_ENTRY(Job) changed_link; /* bus/listener.c */
        bool changed_listed;

        bool history_gap;      /* history.c: some event of it could not be stored */
        unsigned lost_workers; /* transfer-net.c: since the last progress */

        /* notify.c; times are CLOCK_BOOTTIME */
        TAILQ_ENTRY(Job) notify_link;
        NotifyPlace notify_place;
        NotifyUser *notify_user;    /* while due: who is to be told */
        Notification *notification; /* that was given out and is not answered yet */
        Command *command;           /* its command line, while it runs */
        uint64_t notify_at_usec;    /* while later: when */
        uint64_t notify_after_usec; /* the event of the state, not before: it was not handled */
        uint64_t part_after_usec;   /* files and ranges, likewise */
        bool callback_failed;       /* for this event: the command line is next */
        uint32_t file_again;        /* index + 1 of the file that was not handled: it is next */
        struct RangeNewsList news;  /* range-news.c: not told yet */
        uint64_t news_after_usec;   /* not before, by the least distance */

        /* modification.c; times are CLOCK_MONOTONIC */
        bool modified, modification_unanswered;
        uint64_t modification_after_usec; /* not before, by the least distance */
        void *modification_timer;         /* sd_event_source */
};

typedef struct Caller { /* who calls: from the kernel, never from a message */
        uid_t uid;
        bool administrator;
} Caller;

/* The quotas do not concern administrators and system accounts (behaviour.md §16). */
bool caller_is_exempt(const Queue *queue, const Caller *caller);

/* Creation. The name is at most 256 code points (E_INVALIDARG); type other than download:
 * E_NOTIMPL. BG_E_TOO_MANY_JOBS_PER_USER, _PER_MACHINE. On S_OK *ret is set and borrowed; reply
 * after job_commit(). */
HRESULT job_create(Queue *queue, const Caller *caller, const char *name, uint32_t type, Job **ret);

/* Calls done after the commit of everything changed so far; with the store's error if that fails.
 */
void job_commit(Job *job, HRESULT hr, Done done);

Job *job_ref(Job *job);
Job *job_unref(Job *job); /* NULL */

/* Setters: at once in memory and in the open transaction; BG_E_INVALID_STATE for a final job, and
 * the documented code for a bad value. Reply after job_commit(). */
HRESULT job_set_number(Job *job, uint32_t *field, uint32_t value); /* one of the job's own */
HRESULT job_set_display_name(Job *job, const char *value);
HRESULT job_set_description(Job *job, const char *value);
HRESULT job_set_priority(Job *job, uint32_t value);
HRESULT job_set_notify_flags(Job *job, uint32_t value);
HRESULT job_set_minimum_retry_delay(Job *job, uint32_t seconds);
HRESULT job_set_no_progress_timeout(Job *job, uint32_t seconds);
HRESULT job_set_acl_flags(Job *job, uint32_t value);
HRESULT job_set_peer_flags(Job *job, uint32_t value);
HRESULT job_set_max_download_time(Job *job, uint32_t seconds);
HRESULT job_set_helper_flags(Job *job, uint32_t value);
HRESULT job_clear_helper_token(Job *job);

/* Takes over fd in every case. E_ACCESSDENIED: no token, not for the owner's jobs, or an
 * administrator's with a caller who is none. */
void job_set_helper_token(Job *job, const Caller *caller, int fd, Done done);
/* uid of the token's user; false when there is none. */
bool job_helper_uid(const Job *job, uid_t *ret);

typedef struct FileName {
        const char *remote, *local;
        const FileRange *ranges; /* of AddFileWithRanges; NULL: the whole file */
        size_t n_ranges;
        uint32_t hash;         /* FileHash */
        const uint8_t *digest; /* as long as the hash */
} FileName;

/* AddFile (n = 1), AddFileSet, all or nothing, and AddFileWithRanges. Copies the names. */
void job_add_files(Job *job, const Caller *caller, const FileName *names, size_t n, Done done);
void job_suspend(Job *job, Done done);
void job_resume(Job *job, Done done);
void job_cancel(Job *job, Done done);   /* S_OK, BG_S_UNABLE_TO_DELETE_FILES, ... */
void job_complete(Job *job, Done done); /* S_OK, BG_S_PARTIAL_COMPLETE, ... */
/* Both are in job-files.c, as is AddFile. */

/* TakeOwnership (owner.c): the caller, an administrator, becomes the owner; every file that is not
 * in its place begins anew, as him. S_OK also when he is it already. E_ACCESSDENIED: no
 * administrator, or no ticket; BG_E_NEW_OWNER_NO_FILE_ACCESS: he may not write a file's directory,
 * or a file comes from this machine, which the old owner's choice shall not read with the new one's
 * rights; BG_E_INVALID_STATE. */
void job_take_ownership(Job *job, const Caller *caller, Done done);

HRESULT job_no_worker(int result); /* what a call that found no bits-file answers */

/* Both are in job-notify.c, as is SetNotifyFlags. SetNotifyInterface: client NULL clears; level 1
 * to 3 says which callback interfaces its object has (E_INVALIDARG). */
HRESULT job_set_receiver(Job *job, Client *client, uint32_t level);
/* SetNotifyCmdLine: both "" clears. E_INVALIDARG: the program is no absolute path, or not the first
 * word of the parameters; BG_E_STRING_TOO_LONG. */
HRESULT job_set_notify_command(Job *job, const Caller *caller, const char *program,
                               const char *parameters);
/* For a change of the owner: a command line goes with him who set it. Stores nothing. */
void job_drop_notify_command(Job *job);
/* The connection ends: forgets it as receiver of any job. */
void job_client_gone(Queue *queue, Client *client);

/* Reading. Files are loaded from the store when needed: 0 or -errno; -EBADMSG: a row was tampered
 * with, and the job is quarantined. */
void job_loaded(Job *job); /* from the store, and in the queue */
int job_load_files(Job *job);
void job_files_uncounted(Job *job); /* those of an ended job stay */
size_t job_files_bytes(const Job *job);
void job_files_added(Job *job); /* counts them, and unloads those of other jobs that are too many */
HRESULT job_load_error(int error); /* of that: BG_E_DATABASE_CORRUPT, or the disk's */
void job_progress(const Job *job, JobProgress *ret); /* loads nothing */
const char *job_reason_name(const Job *job);         /* one word; "" when it does not wait */
/* The error, or NULL when there is none to give (BG_E_ERROR_INFORMATION_UNAVAILABLE). */
const JobError *job_error(const Job *job);

/* For transfer.c, schedule.c, notify.c, token.c. */
/* It has ended, or Complete or Cancel is under way: nothing of it changes any more. */
static inline bool job_is_leaving(const Job *job)
{
        return state_is_final(job->state) || job->finishing;
}

bool job_event(Job *job, JobEvent event); /* by the table; stores, logs, announces */
void job_fail(Job *job, HRESULT code, uint32_t context, int32_t file, const char *text,
              JobFailure class);
/* The owner rejects a file that was fetched: ERROR from any state but a final one. */
void job_invalidate(Job *job, int32_t file, const char *text);
void job_touch(Job *job); /* modification time, stored and announced */
void job_set_reason(Job *job, JobReason reason, uint64_t until_usec);
/* The token hung up: every job that holds it loses it, and fails if it needs it. */
void job_token_lost(Queue *queue, HelperToken *token);
void job_drop_token(Job *job);
bool job_needs_token(const Job *job); /* flags ask for one and there is none */
void job_unauthorised(Job *job);      /* back into the queue, until its owner brings a ticket */
void job_progressed(Job *job);        /* bytes arrived: displays, and the no-progress timer */
/* Tells all transfers to stop; stopped is called when the last has gone (soon, if there is none).
 * At most one waiter at a time. */
void job_stop(Job *job, Done stopped);
void job_transfer_ended(Job *job); /* by transfer.c, for each */

/* Who opens the job's local files: BG_E_TOKEN_REQUIRED when the flags ask for a token that
 * is not there. */
HRESULT job_file_identity(const Job *job, Identity *ret, uid_t *ret_uid);
HRESULT job_net_identity(const Job *job, Identity *ret);
