/* bits-queue: the service account, without groups, capabilities or a way to new privileges. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "task.h"

static int queue_account(const Task *task, Account *ret)
{
        int r;

        if (task->request.user_mode) {
                *ret = (Account){.uid = getuid(), .gid = getgid()};
                return 0;
        }
        r = account_by_name(task->request.account, ret);
        if (r < 0)
                return r;
        return ret->uid == 0 ? -EPERM : 0; /* root is what bits-queue must never be */
}

static int queue_exec(const Task *task, int supervisor)
{
        char state[BECOME_DIRECTORY_SIZE + 16], runtime[BECOME_DIRECTORY_SIZE + 16];
        char *environment[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", state, runtime, NULL, NULL};
        const char *debug = getenv("BITS_DEBUG");

        (void)snprintf(state, sizeof(state), "BITS_STATE=%s", task->request.state);
        (void)snprintf(runtime, sizeof(runtime), "BITS_RUNTIME=%s", task->request.runtime);
        if (debug && strcmp(debug, "1") == 0)
                environment[4] = "BITS_DEBUG=1";
        return program_exec(task, "bits-queue", supervisor, task->fd, environment);
}

int task_queue(Task *task)
{
        _cleanup_(closep) int ours = -1, theirs = -1;
        Account account;
        int pair[2], r;

        r = queue_account(task, &account);
        if (r < 0)
                return r;

        r = person_prepare();
        if (r < 0)
                return r;
        if (!task->request.user_mode && setgroups(0, NULL) < 0)
                return -errno;
        r = person_become(task, account.uid, account.gid);
        if (r >= 0)
                r = person_shed();
        if (r >= 0)
                r = packet_pair(pair);
        if (r < 0)
                return r;
        ours = pair[0];
        theirs = pair[1];

        r = task_reply(task, &account, ours);
        if (r < 0)
                return r;
        return queue_exec(task, theirs);
}
