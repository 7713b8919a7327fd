#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "error.h"
#include "node.h"

#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000 /* mounted so that links are not followed */
#endif

enum {
        LINKS_MAX = 40, /* as many as the kernel follows */
        REST_SIZE = 2 * PATH_MAX,
};

typedef struct Walk {
        int fd; /* where we are, O_PATH */
        unsigned links;
        char rest[REST_SIZE]; /* what is still to be walked */
} Walk;

static void walk_deinit(Walk *walk)
{
        walk->fd = close_fd(walk->fd);
}

static int walk_to(Walk *walk, const char *name, int flags)
{
        int fd = openat(walk->fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | flags);

        if (fd < 0)
                return system_error();
        close_fd(walk->fd);
        walk->fd = fd;
        return 0;
}

static int link_may_be_followed(int fd)
{
        struct statfs fs;
        struct stat st;

        if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
                return system_error();
        if (!S_ISLNK(st.st_mode))
                return -ENOTDIR;
        if (fs.f_type == PROC_SUPER_MAGIC || fs.f_flags & ST_NOSYMFOLLOW)
                return -ELOOP;
        return st.st_uid == 0 || st.st_uid == geteuid() ? 0 : -ELOOP;
}

/* Puts the text of the link name in front of what is left. The link is held by a descriptor
 * meanwhile, so that the one whose owner was checked is the one that is read. */
static int walk_link(Walk *walk, const char *name, const char *rest)
{
        _cleanup_(closep) int fd = -1;
        char target[PATH_MAX], joined[REST_SIZE];
        ssize_t n;
        int r;

        fd = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return system_error();
        r = link_may_be_followed(fd);
        if (r < 0)
                return r;
        if (++walk->links > LINKS_MAX)
                return -ELOOP;

        n = readlinkat(fd, "", target, sizeof(target));
        if (n < 0)
                return system_error();
        if ((size_t)n >= sizeof(target))
                return -ENAMETOOLONG;
        n = snprintf(joined, sizeof(joined), "%.*s/%s", (int)n, target, rest);
        if (n < 0 || (size_t)n >= sizeof(joined))
                return -ENAMETOOLONG;
        memcpy(walk->rest, joined, (size_t)n + 1);
        return walk->rest[0] == '/' ? walk_to(walk, "/", 0) : 0;
}

/*
 * One component at a time, so that each link is ours to judge. openat() on a single name with
 * O_NOFOLLOW follows nothing at all; O_DIRECTORY makes an automounter mount what it stands for. The
 * rest is moved to the front of its buffer by walk_link() alone, everything else advances in it.
 */
static int walk_all(Walk *walk)
{
        char *next = walk->rest;

        for (;;) {
                char *name = next + strspn(next, "/");
                size_t length = strcspn(name, "/");
                int r;

                if (length == 0)
                        return 0;
                next = name + length;
                if (*next)
                        *next++ = 0;
                r = walk_to(walk, name, O_NOFOLLOW);
                if (r == -ENOTDIR) {
                        r = walk_link(walk, name, next);
                        next = walk->rest;
                }
                if (r < 0)
                        return r;
        }
}

int directory_open(const char *path, Directory *ret)
{
        _cleanup_(walk_deinit) Walk walk = {.fd = -1};
        size_t length = (size_t)(strrchr(path, '/') - path);
        Node node;
        int r;

        if (length >= sizeof(walk.rest))
                return -ENAMETOOLONG;
        memcpy(walk.rest, path, length);
        r = walk_to(&walk, "/", 0);
        if (r < 0)
                return r;
        r = walk_all(&walk);
        if (r < 0)
                return r;
        r = node_read(walk.fd, &node);
        if (r < 0)
                return r;

        ret->fd = TAKE_FD(walk.fd);
        ret->id = node.id;
        return 0;
}

int directory_share(const Directory *directory, Directory *ret)
{
        int fd = fcntl(directory->fd, F_DUPFD_CLOEXEC, 0);

        if (fd < 0)
                return system_error();
        *ret = (Directory){.fd = fd, .id = directory->id};
        return 0;
}

/* Splits what is left to walk: the last name goes to ret, the rest stays. */
static int take_last_name(Walk *walk, char *ret)
{
        size_t length = strlen(walk->rest);
        char *name;

        while (length > 0 && walk->rest[length - 1] == '/')
                walk->rest[--length] = 0;
        name = strrchr(walk->rest, '/');
        name = name ? name + 1 : walk->rest;
        length = strlen(name);
        if (length > NAME_MAX)
                return -ENAMETOOLONG;
        if (length == 0) /* the root, by a link */
                return -EISDIR;
        memcpy(ret, name, length + 1);
        *name = 0;
        return 0;
}

int directory_open_followed(const char *path, Directory *ret, char *ret_name)
{
        _cleanup_(walk_deinit) Walk walk = {.fd = -1};
        struct stat st;
        Node node;
        int r;

        memcpy(walk.rest, path, strlen(path) + 1);
        r = walk_to(&walk, "/", 0);
        if (r < 0)
                return r;
        for (;;) {
                r = take_last_name(&walk, ret_name);
                if (r == 0)
                        r = walk_all(&walk);
                if (r < 0)
                        return r;
                if (fstatat(walk.fd, ret_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return system_error();
                if (!S_ISLNK(st.st_mode))
                        break;
                r = walk_link(&walk, ret_name, "");
                if (r < 0)
                        return r;
        }
        r = node_read(walk.fd, &node);
        if (r < 0)
                return r;
        ret->fd = TAKE_FD(walk.fd);
        ret->id = node.id;
        return 0;
}

int directory_sync(const Directory *directory, int file)
{
        _cleanup_(closep) int fd = -1;

        fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && fsync(fd) == 0)
                return 0;
        if (file < 0 || (errno != EACCES && errno != EINVAL && errno != EOPNOTSUPP))
                return system_error();
        /* One that may be written but not read, or that its file system cannot sync by itself. */
        return syncfs(file) < 0 ? system_error() : 0;
}
