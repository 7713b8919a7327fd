/*
 * Which jobs run now, and when those that wait are looked at again: behaviour.md §2 and §3. Looks
 * from the loop, never from within a call.
 *
 * Every job in an action state is on one list: queued by priority, blocked (its reason has to end
 * first), with a host that has no connection for it, active, or waiting after an error. So a look
 * costs what runs and what can run, however many jobs there are.
 */
#pragma once

#include "job.h"

typedef struct Job Job;
typedef struct Queue Queue;
typedef struct Scheduler Scheduler;

int scheduler_new(Queue *queue, Scheduler **ret);
Scheduler *scheduler_free(Scheduler *scheduler); /* NULL */

/* Something changed that may let a job run: look after this round of events. */
void schedule_soon(Scheduler *scheduler);

/* What kept jobs from running, other than their place in the queue, may have ended: a ticket came,
 * a policy changed. */
void schedule_unblock(Scheduler *scheduler);

/* A queued job waits for something other than its place: until the next schedule_unblock(). */
void schedule_block(Job *job, JobReason reason);

/* The settings changed: the same, and their times hold from now on. */
void schedule_settings_changed(Scheduler *scheduler);

/* The job's state, priority or time limits changed, or it was loaded. */
void schedule_job(Job *job);
/* download_time_usec has all that has passed of an active job's time. */
void schedule_count_time(Job *job);
/* Its last transfer has gone. */
void schedule_stopped(Job *job);
/* The job ends. */
void schedule_forget(Job *job);
