/*
 * One task: the request, the descriptor that came with it, and the way back to bitsd. A handler
 * does its work and returns 0 when it has replied, or what the reply's result shall be.
 */
#pragma once

#include "account.h"
#include "wire/become.h"

typedef struct Task {
        BecomeRequest request;
        int fd;      /* that came with the request, or -1 */
        int control; /* to bitsd; closed by exec */
} Task;

int task_logon(Task *task);  /* logon.c */
int task_mint(Task *task);   /* mint.c */
int task_queue(Task *task);  /* queue.c */
int task_worker(Task *task); /* worker.c */

/* A BecomeReply with result 0 about account (may be NULL), with a copy of fd (or -1). */
int task_reply(const Task *task, const Account *account, int fd);
/* Makes a pair as whoever this process has become and hands both ends to bitsd. */
int task_reply_token(const Task *task, const Account *account);

/* The irrevocable steps (person.c). Groups must be set before; does nothing but check in user mode.
 */
int person_become(const Task *task, uid_t uid, gid_t gid);
/* No capability is left or can be gained, also for root. First before, then after person_become().
 */
int person_prepare(void);
int person_shed(void);

/* Executes libexec/program with descriptors 0 to 2, 3 and (unless -1) 4, and nothing else. Returns
 * only on failure. */
int program_exec(const Task *task, const char *program, int fd3, int fd4,
                 char *const environment[]);
