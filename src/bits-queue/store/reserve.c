/*
 * A file that is in the way on purpose: while the disk is full, its room is what a job that leaves
 * is written into. Bytes are written, not just allocated, so that making it also shows whether the
 * disk takes any.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/row.h"

#define RESERVE_NAME "queue.reserve"
#define BLOCK_SIZE   65536
#define N_BLOCKS     16

static int write_block(int fd, const uint8_t *block, off_t offset)
{
        size_t done = 0;

        while (done < BLOCK_SIZE) {
                ssize_t n = pwrite(fd, block + done, BLOCK_SIZE - done, offset + (off_t)done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                done += (size_t)n;
        }
        return 0;
}

static int fill(int fd)
{
        uint8_t block[BLOCK_SIZE];
        int r = 0;

        memset(block, 0xb1, sizeof(block));
        for (off_t i = 0; i < N_BLOCKS && r == 0; i++)
                r = write_block(fd, block, i * BLOCK_SIZE);
        if (r == 0 && fdatasync(fd) < 0)
                r = -errno;
        return r;
}

int store_make_reserve(Store *store)
{
        _cleanup_(closep) int fd = -1;
        int r;

        fd = openat(store->lock_fd, RESERVE_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                    0600);
        if (fd < 0)
                return -errno;
        r = fill(fd);
        if (r == -ENOSPC || r == -EDQUOT) /* half of one would only be in the way */
                (void)unlinkat(store->lock_fd, RESERVE_NAME, 0);
        return r;
}

bool store_spend_reserve(Store *store)
{
        return unlinkat(store->lock_fd, RESERVE_NAME, 0) == 0;
}
