/*
 * What happened to each job, with times and reasons; kept after the job has ended, bounded by age
 * and, for each owner, by number. An event is stored in the transaction that it tells of, logged
 * with fields, and announced to monitors after the commit: who missed some asks for what came after
 * the last he has, and is told when that is gone.
 */
#pragma once

#include <bitsmsg.h>
#include <stdint.h>

#include "state.h"

typedef struct History History;
typedef struct Job Job;
typedef struct Queue Queue;

typedef enum HistoryKind { /* stored, and on the bus: only to be added to */
        HISTORY_CREATED = 1,
        HISTORY_STATE,    /* the state changed; text: the event */
        HISTORY_ERROR,    /* code and text of the error; the state is that after it */
        HISTORY_FILES,    /* files were added; text: how many */
        HISTORY_OWNER,    /* the owner changed; the row is the new owner's */
        HISTORY_TOKEN,    /* a helper token was set, cleared, refused or lost; text: which */
        HISTORY_NOTIFIED, /* a receiver was told; text: what; code: what it answered */
        HISTORY_COMMAND,  /* a command line ran; code: S_OK when it ended with 0 */
        HISTORY_UNUSED,   /* cancelled after the inactivity time */
        HISTORY_GAP,      /* what happened before may be missing: the store could not be written */
        HISTORY_KIND_COUNT,
} HistoryKind;

int history_new(Queue *queue, History **ret);
History *history_free(History *history); /* NULL */

/* The bounds may be others now. */
void history_settings_changed(History *history);

/* text may be NULL. Of more than one line only the first goes to the log: the others are a server's
 * words, which may repeat what he was asked for. */
void history_add(Job *job, HistoryKind kind, HRESULT code, const char *text);
/* The job's end, in the transaction that deletes it: state is the one to come. It is not logged:
 * history_log() when it has come. */
void history_add_end(Job *job, JobState state, const char *text);
void history_log(const Job *job, HistoryKind kind, HRESULT code, const char *text);

const char *history_kind_name(uint32_t kind);
