#include "memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        CHANGES = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

int memfd_new(const char *name)
{
        int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

        return fd < 0 ? -errno : fd;
}

int memfd_append(int fd, const void *data, size_t size)
{
        const uint8_t *next = data;

        while (size > 0) {
                ssize_t n = write(fd, next, size);

                if (n < 0)
                        return -errno;
                next += n;
                size -= (size_t)n;
        }
        return 0;
}

int memfd_seal(int fd)
{
        return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | CHANGES) < 0 ? -errno : 0;
}

int memfd_size(int fd, uint64_t *ret)
{
        int seals = fcntl(fd, F_GET_SEALS);
        struct stat st;

        if (seals < 0 || (seals & CHANGES) != CHANGES || fstat(fd, &st) < 0 || st.st_size < 0)
                return -EBADMSG;
        *ret = (uint64_t)st.st_size;
        return 0;
}

int memfd_read(int fd, void *ret, size_t size, uint64_t offset)
{
        uint8_t *next = ret;

        while (size > 0) {
                ssize_t n = pread(fd, next, size, (off_t)offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return -EBADMSG;
                next += n;
                size -= (size_t)n;
                offset += (uint64_t)n;
        }
        return 0;
}
