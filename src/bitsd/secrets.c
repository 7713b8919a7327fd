#include "secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* Exactly size bytes of a file that is ours alone. -ENOENT when there is none. */
static int file_read(int directory, const char *name, void *ret, size_t size)
{
        _cleanup_(closep) int fd = -1;
        struct stat st;

        fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077 ||
            st.st_size != (off_t)size)
                return -EBADMSG;
        return pread(fd, ret, size, 0) == (ssize_t)size ? 0 : -EIO;
}

/* Written aside, synced, renamed: never half a file. The caller holds the directory's lock. */
static int file_write(int directory, const char *name, const void *data, size_t size)
{
        _cleanup_(closep) int fd = -1;

        if (unlinkat(directory, "new", 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(directory, "new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        if (pwrite(fd, data, size, 0) != (ssize_t)size)
                return -EIO;
        if (fsync(fd) < 0 || renameat(directory, "new", directory, name) < 0 ||
            fsync(directory) < 0)
                return -errno;
        return 0;
}

static int key_load(int directory, const char *name, uint8_t ret[SECRET_KEY_SIZE])
{
        int r;

        r = file_read(directory, name, ret, SECRET_KEY_SIZE);
        if (r != -ENOENT)
                return r;
        if (getrandom(ret, SECRET_KEY_SIZE, 0) != SECRET_KEY_SIZE)
                return -errno;
        return file_write(directory, name, ret, SECRET_KEY_SIZE);
}

int secrets_load(int directory, Secrets *ret)
{
        int r;

        ret->directory = directory;
        r = key_load(directory, "key", ret->ticket_key);
        if (r >= 0)
                r = key_load(directory, "row.key", ret->row_key);
        if (r >= 0)
                r = key_load(directory, "seal.key", ret->seal_key);
        return r;
}

void secrets_wipe(Secrets *secrets)
{
        explicit_bzero(secrets, sizeof(*secrets));
}

int secrets_epoch(const Secrets *secrets, uid_t uid, uint32_t *ret)
{
        char name[32];
        int r;

        (void)snprintf(name, sizeof(name), "epoch.%u", uid);
        *ret = 0;
        r = file_read(secrets->directory, name, ret, sizeof(*ret));
        return r == -ENOENT ? 0 : r;
}

int secrets_revoke(const Secrets *secrets, uid_t uid, uint32_t *ret_epoch)
{
        char name[32];
        int r;

        r = secrets_epoch(secrets, uid, ret_epoch);
        if (r < 0)
                return r;
        if (*ret_epoch == UINT32_MAX)
                return -EOVERFLOW;
        (*ret_epoch)++;
        (void)snprintf(name, sizeof(name), "epoch.%u", uid);
        return file_write(secrets->directory, name, ret_epoch, sizeof(*ret_epoch));
}
