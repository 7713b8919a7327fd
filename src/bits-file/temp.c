#include "temp.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

int temp_look(const Directory *directory, const char *name, Node *ret)
{
        _cleanup_(closep) int fd = -1;

        fd = openat(directory->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? system_error() : node_read(fd, ret);
}

int temp_remove_own(const Directory *directory, const char *name)
{
        Node node;
        int r;

        r = temp_look(directory, name, &node);
        if (r < 0)
                return r;
        if (!node_is_own_file(&node))
                return -EEXIST;
        return unlinkat(directory->fd, name, 0) < 0 ? system_error() : 0;
}

static int create(const Directory *directory, const char *name, int access)
{
        int fd = openat(directory->fd, name, access | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        0600);

        return fd < 0 ? system_error() : fd;
}

int temp_create(const Directory *directory, const char *name, int access, int *ret_fd, Node *ret)
{
        _cleanup_(closep) int fd = -1;
        int r;

        fd = create(directory, name, access);
        if (fd == -EEXIST) {
                r = temp_remove_own(directory, name);
                if (r < 0 && r != -ENOENT)
                        return r;
                fd = create(directory, name, access);
        }
        if (fd < 0)
                return fd;

        /* Neither the umask nor a default ACL of the directory has a say. */
        r = fchmod(fd, 0600) < 0 ? system_error() : node_read(fd, ret);
        if (r < 0) {
                (void)temp_remove_own(directory, name);
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static bool is_the_one(const Node *node, const FileId *id)
{
        return node_is_own_file(node) && file_id_equal(&node->id, id);
}

int temp_open(const Directory *directory, const char *name, const FileId *id, int access,
              int *ret_fd, Node *ret)
{
        _cleanup_(closep) int fd = -1;
        Node node;
        int r;

        /* First without opening: a device or FIFO could notice that. */
        r = temp_look(directory, name, &node);
        if (r == -ENOENT || (r == 0 && !is_the_one(&node, id)))
                return -ESTALE;
        if (r < 0)
                return r;

        fd = openat(directory->fd, name, access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0) {
                if (errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == EISDIR)
                        return -ESTALE; /* swapped meanwhile */
                return system_error();
        }
        r = node_read(fd, &node);
        if (r < 0)
                return r;
        if (!is_the_one(&node, id))
                return -ESTALE;
        if (fcntl(fd, F_SETFL, 0) < 0) /* whoever gets it expects it to block */
                return system_error();

        *ret_fd = TAKE_FD(fd);
        *ret = node;
        return 0;
}
