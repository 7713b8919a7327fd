/*
 * bits-become: all PAM, all name look-ups and all changes of identity of the service, one task per
 * process. It takes its orders from bitsd on descriptor 3 and belongs to nobody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/packet.h"
#include "request.h"
#include "task.h"

#define TASK_SEC_MAX 60

static int task_resolve(Task *task)
{
        BecomeReply reply = {.header.type = BECOME_REPLY, .group_gid = UINT32_MAX};
        Account account;
        gid_t group;
        int r;

        r = account_by_name(task->request.account, &account);
        if (r < 0)
                return r;
        r = account_group(task->request.group, &group);
        if (r < 0 && r != -ENOENT)
                return r;

        reply.uid = account.uid;
        reply.gid = account.gid;
        if (r == 0)
                reply.group_gid = group;
        return packet_send(task->control, &reply, sizeof(reply), -1);
}

static int task_name(Task *task)
{
        Account account;
        int r;

        r = account_by_uid(task->request.uid, &account);
        if (r < 0)
                return r == -ENOENT ? -EPERM : r;
        return task_reply(task, &account, -1);
}

static int (*const tasks[])(Task *task) = {
        [BECOME_RESOLVE] = task_resolve, [BECOME_NAME] = task_name,   [BECOME_MINT] = task_mint,
        [BECOME_LOGON] = task_logon,     [BECOME_QUEUE] = task_queue, [BECOME_WORKER] = task_worker,
};

static int reply_result(const Task *task, int result)
{
        BecomeReply reply = {.header.type = BECOME_REPLY, .result = result};

        return packet_send(task->control, &reply, sizeof(reply), -1);
}

int task_reply(const Task *task, const Account *account, int fd)
{
        BecomeReply reply = {
                .header.type = BECOME_REPLY,
                .uid = account->uid,
                .gid = account->gid,
                .group_gid = UINT32_MAX,
        };

        memcpy(reply.account, account->name, sizeof(reply.account));
        return packet_send(task->control, &reply, sizeof(reply), fd);
}

int task_reply_token(const Task *task, const Account *account)
{
        _cleanup_(closep) int keep = -1, hold = -1;
        int pair[2], r;

        r = packet_pair(pair);
        if (r < 0)
                return r;
        keep = pair[0];
        hold = pair[1];

        r = task_reply(task, account, keep);
        if (r < 0)
                return r;
        return task_reply(task, account, hold);
}

int main(void)
{
        Task task = {.fd = -1, .control = BECOME_FD};
        ssize_t size;
        int r;

        log_init("bits-become");
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        (void)alarm(TASK_SEC_MAX);

        size = packet_recv(task.control, &task.request, sizeof(task.request), &task.fd);
        if (size == -ENOTSOCK || size == -EBADF) {
                (void)fprintf(stderr, "bits-become is started by bitsd, and has no other use.\n");
                return 2;
        }
        if (size < 0 || become_request_check(&task.request, (size_t)size, task.fd >= 0) < 0)
                return 1;

        /* The way back must not stand where a program's socket goes; exec closes it. */
        task.control = fcntl(BECOME_FD, F_DUPFD_CLOEXEC, 10);
        if (task.control < 0 || close(BECOME_FD) < 0)
                return 1;

        r = tasks[task.request.header.type](&task);
        if (r != 0)
                r = reply_result(&task, r);
        _exit(r < 0 ? 1 : 0); /* no destructors of PAM modules as somebody else */
}
