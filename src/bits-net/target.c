#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
        STAT_BLOCK_BYTES = 512, /* of st_blocks */
        SPARE_PART = 16,
        SPARE_MAX_BYTES = 64 * 1024 * 1024,
};

int target_check(int fd, uint64_t begin, Failure *ret)
{
        int flags = fcntl(fd, F_GETFL);
        struct stat st;

        if (flags < 0 || fstat(fd, &st) < 0) {
                *ret = failure_from_errno(errno, "the descriptor");
                return -EBADF;
        }
        if (!S_ISREG(st.st_mode) || flags & (O_PATH | O_APPEND) ||
            ((flags & O_ACCMODE) != O_WRONLY && (flags & O_ACCMODE) != O_RDWR)) {
                *ret = failure_from_errno(EINVAL,
                                          "the descriptor is no regular file open for writing");
                return -EINVAL;
        }
        if ((uint64_t)st.st_size < begin) {
                *ret = failure_from_file(BG_E_LOCAL_FILE_CHANGED,
                                         "the file is shorter than its stored offset");
                return -ERANGE;
        }
        return 0;
}

int target_cut(int fd, uint64_t size)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if ((uint64_t)st.st_size <= size)
                return 0;
        return ftruncate(fd, (off_t)size) < 0 ? -errno : 1;
}

/* What the file system has for us, and in all; UINT64_MAX when it does not say. */
static uint64_t available(int fd, uint64_t *ret_total)
{
        struct statvfs fs;

        *ret_total = 0;
        if (fstatvfs(fd, &fs) < 0 || fs.f_blocks == 0)
                return UINT64_MAX;
        *ret_total = (uint64_t)fs.f_blocks * fs.f_frsize;
        return (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* Beyond offset the file may have some of its room already, from when it was reserved before. */
static bool has_room(int fd, uint64_t offset, uint64_t size)
{
        uint64_t total, missing = size - offset, taken;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return true; /* whoever writes will see */
        taken = (uint64_t)st.st_blocks * STAT_BLOCK_BYTES;
        taken = taken > offset ? taken - offset : 0;
        return missing <= taken || missing - taken <= available(fd, &total);
}

int target_reserve(int fd, uint64_t offset, uint64_t size)
{
        struct stat st;
        int r;

        if (size <= offset)
                return 0;
        if (!has_room(fd, offset, size))
                return -ENOSPC;
        if (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)(size - offset)) == 0)
                return 0;
        r = -errno;
        if (r == -EOPNOTSUPP || r == -ENOSYS || r == -EINTR)
                return 0;
        /* Some file systems keep what they had given when it was not enough. */
        if (fstat(fd, &st) == 0)
                (void)!ftruncate(fd, st.st_size);
        return r;
}

uint64_t target_room(int fd)
{
        uint64_t total, room = available(fd, &total), spare = total / SPARE_PART;

        if (room == UINT64_MAX)
                return room;
        if (spare > SPARE_MAX_BYTES)
                spare = SPARE_MAX_BYTES;
        return room > spare ? room - spare : 0;
}

int target_write(int fd, const char *data, size_t size, uint64_t offset)
{
        while (size > 0) {
                ssize_t n = pwrite(fd, data, size, (off_t)offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                size -= (size_t)n;
                offset += (uint64_t)n;
        }
        return 0;
}
