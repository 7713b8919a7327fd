/*
 * A job as the service describes it: a snapshot, read in one go. Decides nothing about it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/guid.h"
#include "service.h"

typedef struct JobFile {
        uint32_t index;
        char *remote, *local;
        uint64_t bytes_total, bytes_transferred; /* SIZE_UNKNOWN */
        bool completed;
} JobFile;

typedef struct JobError {
        HRESULT code;
        uint32_t context;
        int32_t file; /* index, -1 none */
        char *protocol, *text;
} JobError;

typedef struct Job {
        char *id, *display_name, *description, *owner, *reason, *helper_sid;
        uint32_t type, state, priority, notify_flags, minimum_retry_delay, no_progress_timeout;
        uint32_t error_count, owner_uid, helper_uses;
        bool notify_interface;
        uint64_t bytes_total, bytes_transferred;
        uint32_t files_total, files_transferred;
        uint64_t created_usec, modified_usec, completed_usec, reason_until_usec; /* 0: none */
        uint32_t proxy_usage;
        char *proxy_list, *proxy_bypass;
        char *notify_program, *notify_parameters; /* empty: none; NULL: not read */
        bool has_error;
        JobError error;
        JobFile *files;
        size_t n_files;
} Job;

typedef enum JobParts { /* beyond the properties; each costs a call */
        JOB_ERROR = 1,
        JOB_FILES = 2,
        JOB_COMMAND = 4,
} JobParts;

/* Results are those of service_call(). */
int job_read(Service *service, const char *path, JobParts parts, Job **ret);
Job *job_free(Job *job); /* NULL */

static inline void job_freep(Job **job)
{
        job_free(*job);
}

/* The object of an id. *ret is the caller's. */
int job_find(Service *service, const char *id, char **ret_path);

/* All jobs of the caller, or of all users, in the order of their creation; what vanishes while we
 * read is left out. */
typedef struct JobList {
        Job **jobs;
        size_t n;
} JobList;

int job_list_read(Service *service, bool all_users, JobParts parts, JobList *ret);
void job_list_deinit(JobList *list);

/* JOB of the command line: its object's path and id (callers free). When it is not there, or its
 * name is not unique, that is printed and the answer is EXIT_FAILED, else EXIT_DONE. */
int job_resolve(Service *service, const char *reference, char **ret_path,
                char ret_id[GUID_TEXT_SIZE]);

/* service_fail() about this job. */
int job_fail(const Service *service, int r, const char *id);
