/*
 * The command line of a job: when it may run, and running it once, by a bits-notify that bitsd
 * starts as the user who set it. Whether and when is notify.c's to say.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

typedef struct Job Job;

/* There is one, and neither the job nor who set it is of a system account. */
bool command_is_usable(const Job *job);

/* Runs it. done is called exactly once, never from within this call: handled when the program ended
 * with 0. 0, or -errno when it could not even be tried (then done is not called). The job is the
 * caller's to hold. */
int command_run(Job *job, void (*done)(void *userdata, bool handled), void *userdata);

/* Is uid at the other end of sock, a socket of the bus, as what the job's command line runs: a
 * process of the session that bitsd made for it? */
bool command_calls(const Job *job, uid_t uid, int sock);
