/*
 * JobModification: tells a receiver that asked for it that the job changed. Best effort: changes
 * are gathered for the job's least distance, and while one is with the client, others wait; what it
 * answers does not matter.
 */
#pragma once

typedef struct Job Job;

/* A property, the state or the progress changed; not for the events that have a callback of their
 * own. */
void modification_seen(Job *job);
/* What was not told yet is not told any more. */
void modification_drop(Job *job);
