/*
 * The context of bits-queue: one per process, passed down. Everything that lives while the process
 * lives hangs here; there are no other mutable globals.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/guid.h"
#include "settings.h"

typedef struct Committer Committer;
typedef struct HelperToken HelperToken;
typedef struct History History;
typedef struct Hosts Hosts;
typedef struct Job Job;
typedef struct Listener Listener; /* bus/listener.h */
typedef struct Notifier Notifier;
typedef struct Orphanage Orphanage;
typedef struct Policy Policy;
typedef struct Scheduler Scheduler;
typedef struct Store Store;
typedef struct Supervisor Supervisor;
typedef struct Tickets Tickets;
typedef struct Trouble Trouble;
typedef struct WorkerPool WorkerPool;

TAILQ_HEAD(JobList, Job);
LIST_HEAD(TokenList, HelperToken);

typedef struct JobVector { /* by serial, for a place in the order */
        Job **jobs;
        size_t n, size;
} JobVector;

typedef struct JobTable { /* by id, hashed */
        Job **chains;     /* Job.id_link */
        size_t n, size;   /* jobs; chains, a power of two */
} JobTable;

typedef struct Queue {
        sd_event *event;
        Store *store;
        Committer *committer;
        Trouble *trouble;
        Supervisor *supervisor;
        Tickets *tickets;
        WorkerPool *workers;
        Orphanage *orphanage;
        Scheduler *scheduler;
        Hosts *hosts;
        History *history;
        Policy *policy;
        Notifier *notifier;
        Listener *listener;

        /* from SupervisorStart */
        uint32_t flags; /* SupervisorFlag */
        gid_t admin_gid;
        uid_t system_uid_max;
        uint8_t row_key[32], seal_key[32];
        Settings settings;

        struct JobList jobs;   /* Job.queue_link: in order of creation, none final */
        JobVector by_serial;   /* the same */
        void *owners;          /* tsearch(3): the jobs of each */
        struct JobList loaded; /* Job.loaded_link: those whose files are in memory, the longest
                                  unused first */
        size_t loaded_bytes;   /* of those files */
        struct JobList ended;  /* Job.queue_link: final, kept for the pointers that clients hold */
        struct TokenList tokens; /* HelperToken.link: all that bitsd has vouched for */
        size_t n_jobs, n_ended;
        size_t ended_bytes; /* of the files of ended jobs */
        uint32_t last_net_id;
        size_t n_transfers; /* of all jobs */
        JobTable by_id;     /* all of both lists */
} Queue;

/* A job of any state by its id; NULL when there is none. */
Job *queue_find_job(const Queue *queue, const Guid *id);

/* The first job in order of creation whose serial is greater; NULL at the end. Never a final one.
 */
Job *queue_next_job(const Queue *queue, uint64_t after_serial);

/* The same among the owner's. */
Job *queue_next_job_of(const Queue *queue, uid_t owner, uint64_t after_serial);

/* root and the accounts of services: never in user mode. */
bool queue_is_system_account(const Queue *queue, uid_t uid);

size_t queue_count_jobs_of(const Queue *queue, uid_t owner);
/* A job changes hands: only for the change of owner. */
int queue_move_job(Queue *queue, Job *job, uid_t from, uid_t to);

/* Only for job.c: puts a job in, moves it to the ended ones (a bounded number, with a bounded size,
 * for an hour; of too many the owner's own go first), takes it out. */
int queue_add_job(Queue *queue, Job *job);
void queue_end_job(Queue *queue, Job *job);
void queue_remove_job(Queue *queue, Job *job);

/* At the end of the process: lets go of all jobs, the ended ones too. */
void queue_clear(Queue *queue);

/* Reads the configuration again; with a bad line the settings stay as they were. */
void queue_reload(Queue *queue);

uint64_t now_realtime_usec(void);
uint64_t now_monotonic_usec(void);
uint64_t now_boottime_usec(void);
