#include "node.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID                                                                              \
        0x200 /* Linux 6.5: a handle to compare, from file systems that cannot open by it */
#endif

/* Leaves the handle empty where the file system gives none: inode and birth time remain. */
static int read_handle(int fd, FileId *id)
{
        static const int flags[] = {AT_EMPTY_PATH, AT_EMPTY_PATH | AT_HANDLE_FID};
        union {
                struct file_handle header;
                char space[sizeof(struct file_handle) + sizeof(((FileId *)NULL)->handle)];
        } handle;
        int mount, r = -1;

        for (size_t i = 0; i < sizeof(flags) / sizeof(*flags) && r < 0; i++) {
                handle.header.handle_bytes = sizeof(id->handle);
                r = name_to_handle_at(fd, "", &handle.header, &mount, flags[i]);
                if (r < 0 && errno != EOPNOTSUPP && errno != EINVAL && errno != EOVERFLOW &&
                    errno != ENOSYS && errno != EPERM)
                        return system_error();
        }
        if (r == 0 && handle.header.handle_bytes <= sizeof(id->handle)) {
                id->handle_type = handle.header.handle_type;
                id->handle_size = handle.header.handle_bytes;
                memcpy(id->handle, handle.header.f_handle, id->handle_size);
        }
        return 0;
}

static int64_t birth_nsec(const struct statx *stat)
{
        int64_t nsec;

        if (!(stat->stx_mask & STATX_BTIME) ||
            __builtin_mul_overflow(stat->stx_btime.tv_sec, INT64_C(1000000000), &nsec) ||
            __builtin_add_overflow(nsec, (int64_t)stat->stx_btime.tv_nsec, &nsec))
                return 0;
        return nsec;
}

int node_read(int fd, Node *ret)
{
        struct statx stat;
        Node node = {0};
        int r;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &stat) < 0)
                return system_error();
        node.id.inode = stat.stx_ino;
        node.id.btime_nsec = birth_nsec(&stat);
        node.mode = stat.stx_mode;
        node.uid = stat.stx_uid;
        node.nlink = stat.stx_nlink;
        node.size = stat.stx_size;
        r = read_handle(fd, &node.id);
        if (r < 0)
                return r;
        *ret = node;
        return 0;
}

bool node_is_own_file(const Node *node)
{
        return S_ISREG(node->mode) && node->nlink == 1 && node->uid == geteuid();
}

bool file_id_is_known(const FileId *id)
{
        return id->inode != 0;
}

bool file_id_equal(const FileId *a, const FileId *b)
{
        if (a->inode != b->inode || a->btime_nsec != b->btime_nsec)
                return false;
        if (a->handle_size == 0 || b->handle_size == 0)
                return true;
        return a->handle_type == b->handle_type && a->handle_size == b->handle_size &&
               memcmp(a->handle, b->handle, a->handle_size) == 0;
}
