/*
 * A file beneath the directory served. The kernel resolves its path (openat2), so that neither ".."
 * nor a symbolic link, whenever it is put in the way, leads out of the directory. Nothing but a
 * regular file is ever opened for reading, as opening a device or a FIFO does something to it.
 */
#include "resource.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define RESOLVE_TRIES 16 /* a rename somewhere may cost a try (-EAGAIN) */
#define ETAG_BYTES    16 /* of the digest */

static int resolve(int directory, const char *path, int flags)
{
        struct open_how how = {
                .flags = (unsigned)(flags | O_CLOEXEC),
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };

        for (int i = 0; i < RESOLVE_TRIES; i++) {
                long fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));

                if (fd >= 0)
                        return (int)fd;
                if (errno != EAGAIN && errno != EINTR)
                        break;
        }
        return -errno;
}

static int stat_regular(int fd, struct stat *ret)
{
        if (fstat(fd, ret) < 0)
                return -errno;
        return S_ISREG(ret->st_mode) ? 0 : -ENOENT;
}

/* Whatever changes the file changes its times, and the digest tells nobody its inode number. */
static int etag_make(const struct stat *st, char ret[ETAG_SIZE])
{
        const int64_t parts[] = {
                (int64_t)st->st_ino,         (int64_t)st->st_size,
                (int64_t)st->st_mtim.tv_sec, (int64_t)st->st_mtim.tv_nsec,
                (int64_t)st->st_ctim.tv_sec, (int64_t)st->st_ctim.tv_nsec,
        };
        unsigned char digest[EVP_MAX_MD_SIZE];
        char *text = ret;

        if (!EVP_Digest(parts, sizeof(parts), digest, NULL, EVP_sha256(), NULL))
                return -EIO;
        *text++ = '"';
        for (size_t i = 0; i < ETAG_BYTES; i++)
                text += sprintf(text, "%02x", digest[i]);
        *text++ = '"';
        *text = '\0';
        return 0;
}

int resource_open(int directory, const char *path, Resource *ret)
{
        _cleanup_(closep) int place = -1, fd = -1;
        struct stat st;
        int r;

        place = resolve(directory, path, O_PATH);
        if (place < 0)
                return place;
        r = stat_regular(place, &st);
        if (r < 0)
                return r;

        /* Another file may be there by now: it is looked at again, and opening it does not wait. */
        fd = resolve(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return fd;
        r = stat_regular(fd, &st);
        if (r < 0)
                return r;

        r = etag_make(&st, ret->validators.etag);
        if (r < 0)
                return r;
        ret->validators.modified_sec = (int64_t)st.st_mtim.tv_sec;
        ret->validators.size_bytes = (uint64_t)st.st_size;
        ret->fd = TAKE_FD(fd);
        return 0;
}

void resource_close(Resource *resource)
{
        resource->fd = close_fd(resource->fd);
}
