/*
 * OPEN_SOURCE: a descriptor that can read one file of this identity's reach, to be copied
 * elsewhere. Only a regular file is ever opened: of whatever else stands there, looking is all that
 * happens.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "error.h"
#include "handler.h"
#include "node.h"

/* What /proc shows as a file may be a process's memory. */
static int is_a_real_file(int fd, const Node *node)
{
        struct statfs fs;

        if (!S_ISREG(node->mode))
                return -EISDIR;
        if (fstatfs(fd, &fs) < 0)
                return system_error();
        return fs.f_type == PROC_SUPER_MAGIC ? -EACCES : 0;
}

int handle_open_source(Call *call)
{
        _cleanup_(directory_deinit) Directory directory = DIRECTORY_INIT;
        _cleanup_(closep) int seen = -1, fd = -1;
        char name[NAME_MAX + 1];
        Node node, opened;
        int r;

        r = directory_open_followed(call->request->path, &directory, name);
        if (r < 0)
                return r;
        seen = openat(directory.fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (seen < 0)
                return system_error();
        r = node_read(seen, &node);
        if (r == 0)
                r = is_a_real_file(seen, &node);
        if (r < 0)
                return r;

        /* Not blocking: somebody may have put a FIFO in its place, or may hold a lease. */
        fd = openat(directory.fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return system_error();
        r = node_read(fd, &opened);
        if (r < 0)
                return r;
        if (!file_id_equal(&node.id, &opened.id) || !S_ISREG(opened.mode))
                return -EAGAIN; /* replaced just now */
        call->reply->file = opened.id;
        call->reply->directory = directory.id;
        call->reply->size = opened.size;
        call->fd = TAKE_FD(fd);
        return 0;
}
