/*
 * The states of a job and the events that change them: the table of behaviour.md §1, and nothing
 * else.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum JobState { /* values of BG_JOB_STATE */
        JOB_QUEUED,
        JOB_CONNECTING,
        JOB_TRANSFERRING,
        JOB_SUSPENDED,
        JOB_ERROR,
        JOB_TRANSIENT_ERROR,
        JOB_TRANSFERRED,
        JOB_ACKNOWLEDGED,
        JOB_CANCELLED,
        JOB_STATE_COUNT,
} JobState;

typedef enum JobEvent {
        EVENT_RESUME,          /* caller */
        EVENT_SUSPEND,         /* caller */
        EVENT_CANCEL,          /* caller */
        EVENT_COMPLETE,        /* caller; all that can be renamed is */
        EVENT_COMPLETE_FAILED, /* a rename failed: the job stays, repeatable */
        EVENT_START,           /* the scheduler picked it */
        EVENT_CONNECTED,       /* the first answer came */
        EVENT_PREEMPT,         /* back into the queue: slice over, worker gone, service restarted */
        EVENT_SATISFIED,       /* on demand: what was requested is there, and not all files are */
        EVENT_TRANSFERRED,     /* the last file is sealed */
        EVENT_TRANSIENT,       /* recoverable error */
        EVENT_FATAL,           /* unrecoverable error, or time-out of recoverable ones */
        EVENT_OWNER,           /* another owner: what was fetched is fetched anew */
        EVENT_INVALIDATED,     /* caller: what was fetched is not what he wanted */
        EVENT_RETRY,           /* the retry delay is over, or the condition */
        JOB_EVENT_COUNT,
} JobEvent;

/* The state after event; false when the table refuses it, and *ret stays. */
bool state_next(JobState state, JobEvent event, JobState *ret);

const char *state_name(JobState state); /* "TRANSIENT_ERROR" */
const char *event_name(JobEvent event);

static inline bool state_is_final(JobState state)
{
        return state == JOB_ACKNOWLEDGED || state == JOB_CANCELLED;
}

static inline bool state_is_moving(JobState state)
{
        return state == JOB_CONNECTING || state == JOB_TRANSFERRING;
}

static inline bool state_is_action(JobState state)
{
        return state == JOB_QUEUED || state == JOB_CONNECTING || state == JOB_TRANSFERRING ||
               state == JOB_TRANSIENT_ERROR;
}
