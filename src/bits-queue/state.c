#include "state.h"

#define TO(s) (uint8_t)((s) + 1)

/* 0: the event is refused. Otherwise the next state + 1. */
static const uint8_t table[JOB_STATE_COUNT][JOB_EVENT_COUNT] = {
        [JOB_QUEUED] =
                {
                        [EVENT_RESUME] = TO(JOB_QUEUED),
                        [EVENT_SUSPEND] = TO(JOB_SUSPENDED),
                        [EVENT_CANCEL] = TO(JOB_CANCELLED),
                        [EVENT_COMPLETE] = TO(JOB_ACKNOWLEDGED),
                        [EVENT_COMPLETE_FAILED] = TO(JOB_TRANSFERRED),
                        [EVENT_OWNER] = TO(JOB_QUEUED),
                        [EVENT_INVALIDATED] = TO(JOB_ERROR),
                        [EVENT_START] = TO(JOB_CONNECTING),
                        [EVENT_TRANSFERRED] = TO(JOB_TRANSFERRED),
                        [EVENT_TRANSIENT] = TO(JOB_TRANSIENT_ERROR),
                        [EVENT_FATAL] = TO(JOB_ERROR),
                },
        [JOB_CONNECTING] =
                {
                        [EVENT_RESUME] = TO(JOB_CONNECTING),
                        [EVENT_SUSPEND] = TO(JOB_SUSPENDED),
                        [EVENT_CANCEL] = TO(JOB_CANCELLED),
                        [EVENT_COMPLETE] = TO(JOB_ACKNOWLEDGED),
                        [EVENT_COMPLETE_FAILED] = TO(JOB_TRANSFERRED),
                        [EVENT_OWNER] = TO(JOB_QUEUED),
                        [EVENT_INVALIDATED] = TO(JOB_ERROR),
                        [EVENT_CONNECTED] = TO(JOB_TRANSFERRING),
                        [EVENT_PREEMPT] = TO(JOB_QUEUED),
                        [EVENT_SATISFIED] = TO(JOB_SUSPENDED),
                        [EVENT_TRANSFERRED] = TO(JOB_TRANSFERRED),
                        [EVENT_TRANSIENT] = TO(JOB_TRANSIENT_ERROR),
                        [EVENT_FATAL] = TO(JOB_ERROR),
                },
        [JOB_TRANSFERRING] =
                {
                        [EVENT_RESUME] = TO(JOB_TRANSFERRING),
                        [EVENT_SUSPEND] = TO(JOB_SUSPENDED),
                        [EVENT_CANCEL] = TO(JOB_CANCELLED),
                        [EVENT_COMPLETE] = TO(JOB_ACKNOWLEDGED),
                        [EVENT_COMPLETE_FAILED] = TO(JOB_TRANSFERRED),
                        [EVENT_OWNER] = TO(JOB_QUEUED),
                        [EVENT_INVALIDATED] = TO(JOB_ERROR),
                        [EVENT_PREEMPT] = TO(JOB_QUEUED),
                        [EVENT_SATISFIED] = TO(JOB_SUSPENDED),
                        [EVENT_TRANSFERRED] = TO(JOB_TRANSFERRED),
                        [EVENT_TRANSIENT] = TO(JOB_TRANSIENT_ERROR),
                        [EVENT_FATAL] = TO(JOB_ERROR),
                },
        [JOB_SUSPENDED] =
                {
                        [EVENT_RESUME] = TO(JOB_QUEUED),
                        [EVENT_SUSPEND] = TO(JOB_SUSPENDED),
                        [EVENT_CANCEL] = TO(JOB_CANCELLED),
                        [EVENT_COMPLETE] = TO(JOB_ACKNOWLEDGED),
                        [EVENT_COMPLETE_FAILED] = TO(JOB_TRANSFERRED),
                        [EVENT_OWNER] = TO(JOB_SUSPENDED),
                        [EVENT_INVALIDATED] = TO(JOB_ERROR),
                },
        [JOB_ERROR] =
                {
                        [EVENT_RESUME] = TO(JOB_QUEUED),
                        [EVENT_SUSPEND] = TO(JOB_ERROR),
                        [EVENT_CANCEL] = TO(JOB_CANCELLED),
                        [EVENT_COMPLETE] = TO(JOB_ACKNOWLEDGED),
                        [EVENT_COMPLETE_FAILED] = TO(JOB_TRANSFERRED),
                        [EVENT_OWNER] = TO(JOB_ERROR),
                        [EVENT_INVALIDATED] = TO(JOB_ERROR),
                },
        [JOB_TRANSIENT_ERROR] =
                {
                        [EVENT_RESUME] = TO(JOB_QUEUED),
                        [EVENT_SUSPEND] = TO(JOB_SUSPENDED),
                        [EVENT_CANCEL] = TO(JOB_CANCELLED),
                        [EVENT_COMPLETE] = TO(JOB_ACKNOWLEDGED),
                        [EVENT_COMPLETE_FAILED] = TO(JOB_TRANSFERRED),
                        [EVENT_OWNER] = TO(JOB_TRANSIENT_ERROR),
                        [EVENT_INVALIDATED] = TO(JOB_ERROR),
                        [EVENT_FATAL] = TO(JOB_ERROR),
                        [EVENT_RETRY] = TO(JOB_QUEUED),
                },
        [JOB_TRANSFERRED] =
                {
                        /* with new files; without, job_resume() leaves the state as it is */
                        [EVENT_RESUME] = TO(JOB_QUEUED),
                        [EVENT_SUSPEND] = TO(JOB_TRANSFERRED),
                        [EVENT_CANCEL] = TO(JOB_CANCELLED),
                        [EVENT_COMPLETE] = TO(JOB_ACKNOWLEDGED),
                        [EVENT_COMPLETE_FAILED] = TO(JOB_TRANSFERRED),
                        [EVENT_OWNER] = TO(JOB_QUEUED),
                        [EVENT_INVALIDATED] = TO(JOB_ERROR),
                },
        /* JOB_ACKNOWLEDGED and JOB_CANCELLED: final, every event is refused */
};

static const char *const state_names[JOB_STATE_COUNT] = {
        [JOB_QUEUED] = "QUEUED",
        [JOB_CONNECTING] = "CONNECTING",
        [JOB_TRANSFERRING] = "TRANSFERRING",
        [JOB_SUSPENDED] = "SUSPENDED",
        [JOB_ERROR] = "ERROR",
        [JOB_TRANSIENT_ERROR] = "TRANSIENT_ERROR",
        [JOB_TRANSFERRED] = "TRANSFERRED",
        [JOB_ACKNOWLEDGED] = "ACKNOWLEDGED",
        [JOB_CANCELLED] = "CANCELLED",
};

static const char *const event_names[JOB_EVENT_COUNT] = {
        [EVENT_RESUME] = "resume",
        [EVENT_SUSPEND] = "suspend",
        [EVENT_CANCEL] = "cancel",
        [EVENT_COMPLETE] = "complete",
        [EVENT_COMPLETE_FAILED] = "complete failed",
        [EVENT_START] = "start",
        [EVENT_CONNECTED] = "connected",
        [EVENT_PREEMPT] = "preempt",
        [EVENT_SATISFIED] = "satisfied",
        [EVENT_TRANSFERRED] = "transferred",
        [EVENT_TRANSIENT] = "transient error",
        [EVENT_FATAL] = "fatal error",
        [EVENT_OWNER] = "owner",
        [EVENT_INVALIDATED] = "invalidated",
        [EVENT_RETRY] = "retry",
};

bool state_next(JobState state, JobEvent event, JobState *ret)
{
        uint8_t next = table[state][event];

        if (next == 0)
                return false;
        *ret = (JobState)(next - 1);
        return true;
}

const char *state_name(JobState state)
{
        return state < JOB_STATE_COUNT ? state_names[state] : "?";
}

const char *event_name(JobEvent event)
{
        return event < JOB_EVENT_COUNT ? event_names[event] : "?";
}
