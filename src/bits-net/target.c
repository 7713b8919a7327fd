#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

int target_reserve(int fd, uint64_t offset, uint64_t size)
{
        if (size <= offset ||
            fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)(size - offset)) == 0)
                return 0;
        return errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR ? 0 : -errno;
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
