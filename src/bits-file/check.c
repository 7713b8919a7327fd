/*
 * May a file at the final name be made or replaced? Looks, opens nothing and changes nothing. The
 * answer holds for this moment; Complete finds out for itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "handler.h"
#include "node.h"

/* In a directory with the sticky bit only the owner of the directory or of the name may replace it.
 */
static bool is_held_by_sticky_bit(const Node *directory, const Node *node)
{
        return directory->mode & S_ISVTX && directory->uid != geteuid() && node->uid != geteuid();
}

static int check_existing(const Call *call, int fd)
{
        Node node, directory;
        int r;

        r = node_read(fd, &node);
        if (r < 0)
                return r;
        r = node_read(call->directory.fd, &directory);
        if (r < 0)
                return r;
        if (S_ISDIR(node.mode))
                return -EISDIR;
        if (is_held_by_sticky_bit(&directory, &node))
                return -EACCES;
        /* A link, a FIFO or the like is replaced, whatever it leads to. */
        if (S_ISREG(node.mode) && faccessat(fd, "", W_OK, AT_EACCESS | AT_EMPTY_PATH) < 0)
                return system_error();
        return 0;
}

int handle_check(Call *call)
{
        _cleanup_(closep) int fd = -1;

        if (faccessat(call->directory.fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
                return system_error();
        fd = openat(call->directory.fd, call->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : system_error();
        return check_existing(call, fd);
}
