/*
 * The user's program: started in a clean process and a group of its own, watched, and ended with
 * all of that group when its time is over or nobody waits for it any more. It stays in our session,
 * by which bits-queue knows it.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

typedef struct Program {
        pid_t pid;
        int pidfd;
} Program;

/* Executes path with argv and environment: descriptors 0 to 2 are /dev/null, nothing else is open;
 * in directory, or / when that is not to be entered. 0, or -errno, of the execution too. */
int program_start(const char *path, char *const argv[], char *const environment[],
                  const char *directory, Program *ret);

/* Waits for its end. It is ended when time_limit_sec is over (-ETIMEDOUT), at hang-up of sock
 * (-ECONNRESET), and when signals becomes readable (-EINTR). 0 with its wait(2) status. */
int program_wait(Program *program, uint32_t time_limit_sec, int sock, int signals, int *ret_status);
