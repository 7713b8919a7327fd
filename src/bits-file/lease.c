#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xff534d42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC 0xfe534d42
#endif

/* Here EAGAIN may as well mean that the server has not delegated the file. */
static bool answer_is_ambiguous(int fd)
{
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return false;
        switch ((unsigned long)fs.f_type & 0xffffffff) {
        case NFS_SUPER_MAGIC:
        case CIFS_SUPER_MAGIC:
        case SMB2_SUPER_MAGIC:
        case SMB_SUPER_MAGIC:
                return true;
        default:
                return false;
        }
}

int lease_take(int fd)
{
        if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
                return 0;
        return errno == EAGAIN && !answer_is_ambiguous(fd) ? -EAGAIN : -EOPNOTSUPP;
}

bool lease_is_held(int fd)
{
        return fcntl(fd, F_GETLEASE) == F_RDLCK;
}

void lease_release(int fd)
{
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
}
