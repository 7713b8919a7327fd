/*
 * The store: all SQL, and the only place that knows the database. Every verb works inside the one
 * open transaction; store_commit() ends it. Rows carry a MAC under a key that is not in the
 * database (DESIGN.md §5): a row that fails it is never run and never dropped.
 *
 * Verbs return 0 or -errno (-ENOSPC, -EIO, -ENOMEM, ...).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/guid.h"
#include "wire/file.h"
#include "wire/ticket.h"

typedef struct File File;
typedef struct Job Job;
typedef struct Queue Queue;
typedef struct Store Store;

/* Opens, or makes, directory/queue.db; the directory must be ours and closed to others. Also locks
 * it, so that one bits-queue alone writes: waits for another one to end. -EPROTO: the schema is of
 * a newer version; -EPERM: owner or mode of the directory or database are wrong; -EUCLEAN: the
 * database is damaged. */
int store_open(Queue *queue, const char *directory, Store **ret);
Store *store_close(Store *store); /* NULL; what was not committed is undone */

bool store_is_dirty(const Store *store); /* something waits for store_commit() */
/* After the first failure in a transaction every verb in it answers that, and so does this: then
 * only store_rollback() is left. */
int store_commit(Store *store);
void store_rollback(Store *store);

/* While held, updates of jobs and files write nothing and succeed; what memory has meanwhile is
 * written by store_release(), which calls each for every job so updated and commits. What inserts
 * and deletes is written as always. */
void store_hold(Store *store);
int store_release(Store *store, int (*put)(Queue *queue, uint64_t serial));
/* Before store_rollback(): was a row of the job, or of a file of it, to change? */
bool store_has_touched(const Store *store, uint64_t serial);

/* A file of 1 MiB beside the database, to be given away while the disk is full; what making it
 * comes to also says whether the disk can be written. spend: false when there is none. */
int store_make_reserve(Store *store);
bool store_spend_reserve(Store *store);

/* What was read makes no sense: the next store_open() repairs it. */
void store_mark_damaged(Store *store);

/* Jobs. insert sets job->serial; reload takes over what the row says, -ENOENT when there is none.
 */
int store_insert_job(Store *store, Job *job);
int store_update_job(Store *store, const Job *job);
int store_reload_job(Store *store, Job *job);
int store_delete_job(Store *store, const Job *job); /* and its files */
/* Every job in order of creation, files not loaded; each is handed to load, which takes it over and
 * writes nothing. One whose MAC is wrong, or of which only files are left, goes to quarantine
 * instead. */
int store_load_jobs(Store *store, int (*load)(Queue *queue, Job *job), unsigned *ret_quarantined);
/* Sets the job aside: it stays in the database, is not loaded again, and the reason is kept. */
int store_quarantine_job(Store *store, uint64_t serial, const char *why);

/* Files. load fills job->files; -EBADMSG when a row's MAC is wrong, or a row is missing. insert
 * counts them in job->n_stored and job->stored, which go into the job's row: update that, too.
 * update does so itself where it changes job->stored; load counts anew. */
int store_insert_file(Store *store, File *file);
int store_update_file(Store *store, File *file);
int store_load_files(Store *store, Job *job);

/* Tickets of owners. */
int store_put_ticket(Store *store, const Ticket *ticket);
int store_load_tickets(Store *store, int (*load)(Queue *queue, const Ticket *ticket));

/* What happened to jobs, also to those that have ended. Rows without a MAC: they are shown, and
 * nothing is done by them. */
typedef struct HistoryRow {
        uint64_t serial; /* grows; never used twice */
        Guid job;
        uid_t owner; /* of the job then */
        uint64_t at_usec;
        uint32_t kind, state;
        int32_t code;
        const char *text; /* never NULL; in load() borrowed */
} HistoryRow;

int store_insert_history(Store *store, HistoryRow *row); /* sets serial */
int store_count_history(Store *store, void (*count)(void *userdata, uid_t owner, uint64_t n),
                        void *userdata);
/* Deletes the oldest n rows of owner; how many they were. */
int store_trim_history(Store *store, uid_t owner, uint64_t n);
/* Deletes what is older; *ret_n. */
int store_age_history(Store *store, uint64_t before_usec, uint64_t *ret_n);
/* At most max rows after a serial, of one owner or (all) of everybody. A positive result of load
 * ends the list. */
int store_load_history(Store *store, uint64_t after, const uid_t *owner, uint32_t max,
                       int (*load)(void *userdata, const HistoryRow *row), void *userdata);
/* Up to which serial rows were deleted. */
int store_lost_history(Store *store, const uid_t *owner, uint64_t *ret);

/* Temporary files without a job. */
typedef struct Orphan {
        int64_t id;  /* rowid */
        uid_t uid;   /* whose bits-file may delete it */
        uid_t owner; /* of the job it came from */
        FileId file, directory;
        char path[WIRE_PATH_SIZE]; /* final name that it stood beside */
        char temp[WIRE_TEMP_SIZE];
} Orphan;

int store_insert_orphan(Store *store, Orphan *orphan); /* sets id */
int store_delete_orphan(Store *store, int64_t id);
int store_load_orphans(Store *store, int (*load)(Queue *queue, const Orphan *orphan));
