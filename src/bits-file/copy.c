#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "temp.h"

enum {
        BUFFER_SIZE = 1024 * 1024,
        NAME_SIZE = WIRE_TEMP_SIZE + 1,
};

#define KERNEL_CHUNK ((size_t)1 << 30)

/* "BITx.tmp" gives "BITCx.tmp"; the service's own names all have one length, so it is nobody
 * else's. */
static void copy_name(const char *temp, char ret[NAME_SIZE])
{
        (void)snprintf(ret, NAME_SIZE, "BITC%s", temp + 3);
}

/* Inside the kernel, without moving a byte where the file system can share them. How far it came.
 */
static uint64_t copy_in_kernel(int from, int to, uint64_t size)
{
        uint64_t done = 0;

        while (done < size) {
                uint64_t left = size - done;
                loff_t in = (loff_t)done, out = (loff_t)done;
                ssize_t n = copy_file_range(from, &in, to, &out,
                                            left < KERNEL_CHUNK ? (size_t)left : KERNEL_CHUNK, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        break;
                done += (uint64_t)n;
        }
        return done;
}

static int write_all(int fd, const char *data, size_t size, uint64_t offset)
{
        while (size > 0) {
                ssize_t n = pwrite(fd, data, size, (off_t)offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return system_error();
                data += n;
                size -= (size_t)n;
                offset += (uint64_t)n;
        }
        return 0;
}

static int copy_by_hand(int from, int to, uint64_t begin, uint64_t end)
{
        _cleanup_(freep) char *buffer = malloc(BUFFER_SIZE);
        int r;

        if (!buffer)
                return -ENOMEM;
        while (begin < end) {
                size_t want = end - begin < BUFFER_SIZE ? (size_t)(end - begin) : BUFFER_SIZE;
                ssize_t n = pread(from, buffer, want, (off_t)begin);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return system_error();
                if (n == 0)
                        return -ERANGE;
                r = write_all(to, buffer, (size_t)n, begin);
                if (r < 0)
                        return r;
                begin += (uint64_t)n;
        }
        return 0;
}

int copy_make(const Directory *directory, const char *temp, int from, uint64_t size, int *ret_fd,
              Node *ret)
{
        _cleanup_(closep) int fd = -1;
        char name[NAME_SIZE];
        uint64_t done;
        int r;

        copy_name(temp, name);
        r = temp_create(directory, name, O_RDWR, &fd, ret);
        if (r < 0)
                return r;
        done = copy_in_kernel(from, fd, size);
        r = done < size ? copy_by_hand(from, fd, done, size) : 0;
        if (r < 0) {
                copy_remove(directory, temp);
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int copy_install(const Directory *directory, const char *temp, int copy)
{
        char name[NAME_SIZE];

        copy_name(temp, name);
        if (fsync(copy) < 0 || renameat(directory->fd, name, directory->fd, temp) < 0)
                return system_error();
        return directory_sync(directory, copy);
}

void copy_remove(const Directory *directory, const char *temp)
{
        char name[NAME_SIZE];

        copy_name(temp, name);
        (void)temp_remove_own(directory, name);
}
