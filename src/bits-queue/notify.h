/*
 * Tells receivers what happened, at least once, until they say that they handled it: behaviour.md
 * §4. One thing at a time of a job, and in order: parts of files, whole files, then the event of
 * its state; at most four at a time of a user. JobModification is modification.c's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct File File;
typedef struct Job Job;
typedef struct Notifier Notifier;
typedef struct Queue Queue;

int notifier_new(Queue *queue, Notifier **ret);
Notifier *notifier_free(Notifier *notifier); /* NULL */
/* Something is to be told, or is with somebody who has not answered. */
bool notifier_is_busy(const Notifier *notifier);

/* The job's state, flags, receiver or command line changed: is something to be told? */
void notify_look(Job *job);
/* It has just become TRANSFERRED or ERROR: an event that nobody has handled. notify_look() next. */
void notify_happened(Job *job);
/* Another command line, or none: what the one that runs comes to is no matter. notify_look() next.
 */
void notify_command_changed(Job *job);
/* The file is whole, for the first time or again: changes its record, which the caller stores. */
void notify_file(File *file);
/* A part of the file was written, which a receiver on demand wants to know. */
void notify_ranges(File *file, uint64_t offset, uint64_t length);
/* The job leaves: forget it. */
void notify_forget(Job *job);
