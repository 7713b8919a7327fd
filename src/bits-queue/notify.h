/*
 * Tells receivers what happened, at least once, until they say that they handled it: behaviour.md
 * §4.
 */
#pragma once

typedef struct Job Job;
typedef struct Notifier Notifier;
typedef struct Queue Queue;

int notifier_new(Queue *queue, Notifier **ret);
Notifier *notifier_free(Notifier *notifier); /* NULL */

/* The job's state, flags or receiver changed: is a notification due? */
void notify_look(Job *job);
/* A property or the progress changed: JobModification, coalesced. */
void notify_modified(Job *job);
/* The job leaves: forget it. */
void notify_forget(Job *job);
