/*
 * Whether a job may run at all: its owner is logged on (where that is asked for), there is a route
 * to its hosts, the bandwidth of the moment is not 0, and the network costs no more than its cost
 * flags allow (behaviour.md §§1.2, 8, 15, 16). Jobs that may not wait without a timer, and go on
 * by themselves when what holds them has ended.
 *
 * Leaves places, turns and retry delays to the scheduler, which asks before it starts a job.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Job Job;
typedef struct Policy Policy;
typedef struct Queue Queue;

int policy_new(Queue *queue, Policy **ret);
Policy *policy_free(Policy *policy); /* NULL */

/* The settings were read: windows of time count from the wall clock of now, and no later change of
 * it. */
void policy_settings_changed(Policy *policy);

/* A job that is queued or active: true when it may run. Otherwise it waits: in QUEUED for its
 * owner, else in TRANSIENT_ERROR, with the reason. */
bool policy_admits(Job *job);

/* Something of the job changed that counts here: its priority, cost flags, files. Holds it, or lets
 * it go, at once. */
void policy_job_changed(Job *job);

/* Its cost flags, or those of the configuration for its priority. */
uint32_t policy_cost_flags(const Job *job);
