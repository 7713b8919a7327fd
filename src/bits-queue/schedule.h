/*
 * Which jobs run now, and when those that wait are looked at again: behaviour.md §2 and §3. Looks
 * from the loop, never from within a call.
 */
#pragma once

typedef struct Queue Queue;
typedef struct Scheduler Scheduler;

int scheduler_new(Queue *queue, Scheduler **ret);
Scheduler *scheduler_free(Scheduler *scheduler); /* NULL */

/* Something changed that may let a job run: look after this round of events. */
void schedule_soon(Scheduler *scheduler);
