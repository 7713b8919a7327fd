/*
 * The channel to bitsd: asks, and gets an answer later. Tells nothing but what wire/supervisor.h
 * has. When bitsd hangs up, the loop ends: without it there is no identity.
 */
#pragma once

#include <stdbool.h>

#include "wire/supervisor.h"

typedef struct Queue Queue;
typedef struct Supervisor Supervisor;

/* The answer to a request; fd is the receiver's to take over or close, -1 when none came. Called
 * exactly once; not after supervisor_free(). */
typedef void (*SupervisorAnswer)(void *userdata, const SupervisorMessage *message, int fd);

/* Waits for START on fd and fills the queue's keys and flags. 0 or -errno. */
int supervisor_new(Queue *queue, int fd, Supervisor **ret);
Supervisor *supervisor_free(Supervisor *supervisor);      /* NULL */
bool supervisor_is_waiting(const Supervisor *supervisor); /* for an answer */

/* Each returns 0, or -errno when it could not be sent (then there will be no answer). fd stays the
 * caller's. */
int supervisor_query(Supervisor *supervisor, int token_fd, SupervisorAnswer answer, void *userdata);
int supervisor_verify(Supervisor *supervisor, const Ticket *ticket, SupervisorAnswer answer,
                      void *userdata);
int supervisor_spawn(Supervisor *supervisor, enum WorkerRole role, const Ticket *ticket,
                     int token_fd, SupervisorAnswer answer, void *userdata);
void supervisor_stop(Supervisor *supervisor, uint32_t worker);
void supervisor_idle(Supervisor *supervisor);
