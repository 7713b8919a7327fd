/* Becoming somebody, once and for good. */
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/capability.h"
#include "task.h"

int person_become(const Task *task, uid_t uid, gid_t gid)
{
        uid_t real, effective, saved;

        if (task->request.user_mode)
                return uid == geteuid() && uid == getuid() ? 0 : -EPERM;

        if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
                return -errno;
        /* The kernel reset this with the uid, to fs.suid_dumpable. */
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        if (getresuid(&real, &effective, &saved) < 0)
                return -errno;
        return real == uid && effective == uid && saved == uid ? 0 : -EPERM;
}

int person_prepare(void)
{
        return capability_bound(0);
}

int person_shed(void)
{
        int r;

        r = capability_limit(0);
        if (r < 0)
                return r;
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}
