/*
 * SEAL: from here on the bytes are what they are. No writer is left, size and hash are right, the
 * times are set, all of it is durable; the name stays the temporary one.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "digest.h"
#include "error.h"
#include "handler.h"
#include "lease.h"
#include "temp.h"

static int set_times(int fd, int64_t mtime_usec)
{
        struct timespec time = {
                .tv_sec = (time_t)(mtime_usec / 1000000),
                .tv_nsec = (long)(mtime_usec % 1000000) * 1000,
        };

        if (mtime_usec == INT64_MIN)
                return 0;
        if (time.tv_nsec < 0) { /* before 1970 */
                time.tv_sec--;
                time.tv_nsec += 1000000000;
        }
        return futimens(fd, (struct timespec[2]){time, time}) < 0 ? system_error() : 0;
}

static int seal_inode(Call *call, int fd)
{
        const FileRequest *request = call->request;
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return system_error();
        if ((uint64_t)st.st_size != request->size)
                return -ERANGE;
        r = digest_check(fd, (enum FileHash)request->hash, request->digest, call->reply->digest);
        if (r < 0)
                return r;
        return set_times(fd, request->mtime_usec);
}

static int seal_copy(Call *call, int from, Node *ret)
{
        const FileRequest *request = call->request;
        _cleanup_(closep) int copy = -1;
        int r;

        r = copy_make(&call->directory, request->temp, from, request->size, &copy, ret);
        if (r < 0)
                return r;
        r = seal_inode(call, copy);
        if (r == 0 && fsync(copy) < 0)
                r = system_error();
        if (r == 0)
                r = copy_install(&call->directory, request->temp, copy);
        if (r < 0)
                copy_remove(&call->directory, request->temp);
        return r;
}

static void report(Call *call, const Node *node)
{
        call->reply->file = node->id;
        call->reply->directory = call->directory.id;
}

int handle_seal(Call *call)
{
        const FileRequest *request = call->request;
        _cleanup_(closep) int fd = -1;
        Node node;
        int r;

        r = temp_open(&call->directory, request->temp, &request->file, O_RDONLY, &fd, &node);
        if (r < 0)
                return r;
        r = lease_take(fd);
        if (r == -EOPNOTSUPP) {
                r = node.size == request->size ? seal_copy(call, fd, &node) : -ERANGE;
                if (r == 0)
                        report(call, &node);
                return r;
        }
        if (r < 0)
                return r;
        r = seal_inode(call, fd);
        if (r < 0)
                return lease_is_held(fd) ? r : -EAGAIN;
        report(call, &node);
        call->file = TAKE_FD(fd); /* and with it the lease */
        return CALL_FLUSH;
}

/* If somebody opened it for writing meanwhile, or waits to, what was found, good or bad, may not be
 * what is there. */
int conclude_seal(Call *call, int flushed)
{
        return lease_is_held(call->file) ? flushed : -EAGAIN;
}
