#include "secrets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define EPOCH_NAME_SIZE 32

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

/* ---- epochs -------------------------------------------------------------------------------------
 */

static void epoch_name(uid_t uid, char ret[EPOCH_NAME_SIZE])
{
        (void)snprintf(ret, EPOCH_NAME_SIZE, "epoch.%u", uid);
}

static Epoch *epoch_find(const Secrets *secrets, uid_t uid)
{
        for (size_t i = 0; i < secrets->n_epochs; i++)
                if (secrets->epochs[i].uid == uid)
                        return &secrets->epochs[i];
        return NULL;
}

static int epoch_add(Secrets *secrets, uid_t uid, Epoch **ret)
{
        Epoch *epochs;

        epochs = reallocarray(secrets->epochs, secrets->n_epochs + 1, sizeof(*epochs));
        if (!epochs)
                return -ENOMEM;
        secrets->epochs = epochs;
        *ret = &epochs[secrets->n_epochs++];
        **ret = (Epoch){.uid = uid};
        return 0;
}

/* Reads the file if its name is that of an epoch. */
static int epoch_load(Secrets *secrets, const char *name)
{
        char same[EPOCH_NAME_SIZE];
        Epoch *epoch;
        uid_t uid;
        int r;

        if (sscanf(name, "epoch.%u", &uid) != 1)
                return 0;
        epoch_name(uid, same);
        if (strcmp(name, same) != 0)
                return 0;
        r = epoch_add(secrets, uid, &epoch);
        return r < 0 ? r
                     : file_read(secrets->directory, name, &epoch->number, sizeof(epoch->number));
}

static int epochs_load(Secrets *secrets)
{
        struct dirent *entry;
        int fd, r = 0;
        DIR *directory;

        fd = openat(secrets->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        directory = fdopendir(fd);
        if (!directory) {
                close_fd(fd);
                return -ENOMEM;
        }
        do {
                errno = 0;
                entry = readdir(directory);
                r = entry ? epoch_load(secrets, entry->d_name) : -errno;
        } while (entry && r >= 0);
        (void)closedir(directory);
        return r;
}

uint32_t secrets_epoch(const Secrets *secrets, uid_t uid)
{
        const Epoch *epoch = epoch_find(secrets, uid);

        return epoch ? epoch->number : 0;
}

uint64_t secrets_revocable_usec(const Secrets *secrets, uid_t uid)
{
        const Epoch *epoch = epoch_find(secrets, uid);

        return epoch ? epoch->revocable_usec : 0;
}

int secrets_revoke(Secrets *secrets, uid_t uid, uint64_t now_usec, uint32_t *ret_epoch)
{
        Epoch *epoch = epoch_find(secrets, uid);
        char name[EPOCH_NAME_SIZE];
        uint32_t next;
        int r;

        if (!epoch) {
                r = epoch_add(secrets, uid, &epoch);
                if (r < 0)
                        return r;
        }
        if (epoch->number == UINT32_MAX)
                return -EOVERFLOW;
        epoch->revocable_usec = now_usec + REVOKE_INTERVAL_USEC;
        next = epoch->number + 1;
        epoch_name(uid, name);
        r = file_write(secrets->directory, name, &next, sizeof(next));
        if (r < 0)
                return r;
        *ret_epoch = epoch->number = next;
        return 0;
}

/* ---- all of them --------------------------------------------------------------------------------
 */

int secrets_load(int directory, Secrets *ret)
{
        int r;

        *ret = (Secrets){.directory = directory};
        r = key_load(directory, "key", ret->ticket_key);
        if (r >= 0)
                r = key_load(directory, "row.key", ret->row_key);
        if (r >= 0)
                r = key_load(directory, "seal.key", ret->seal_key);
        if (r >= 0)
                r = epochs_load(ret);
        if (r < 0)
                secrets_wipe(ret);
        return r;
}

void secrets_wipe(Secrets *secrets)
{
        free(secrets->epochs);
        explicit_bzero(secrets, sizeof(*secrets));
}
