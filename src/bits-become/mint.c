/*
 * A token of the caller himself. Uid, gid and groups are those of his connection, as the kernel has
 * them: a token can do what the process that asked could do, no less and no more.
 */
#include <errno.h>
#include <grp.h>

#include "base/peer.h"
#include "task.h"

int task_mint(Task *task)
{
        gid_t groups[PEER_GROUPS_MAX];
        size_t n_groups = 0;
        PeerCred cred;
        Account account;
        int r;

        r = peer_cred(task->fd, &cred);
        if (r >= 0)
                r = peer_groups(task->fd, groups, &n_groups);
        if (r < 0)
                return r;
        if (cred.uid != task->request.uid)
                return -EPERM;

        r = account_by_uid(cred.uid, &account);
        if (r < 0)
                return r == -ENOENT ? -EPERM : r;

        if (!task->request.user_mode && setgroups(n_groups, groups) < 0)
                return -errno;
        r = person_become(task, cred.uid, cred.gid);
        if (r < 0)
                return r;
        return task_reply_token(task, &account);
}
