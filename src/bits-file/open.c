/*
 * OPEN_TEMP and RESUME_TEMP: a descriptor that can write the temporary file and nothing else. The
 * file is 0600 and the descriptor cannot read, so that who gets it cannot read back what this
 * identity's file holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "copy.h"
#include "error.h"
#include "handler.h"
#include "lease.h"
#include "temp.h"

static void report(Call *call, const Node *node, int fd)
{
        call->reply->file = node->id;
        call->reply->directory = call->directory.id;
        call->fd = fd;
}

int handle_open_temp(Call *call)
{
        const char *temp = call->request->temp;
        _cleanup_(closep) int fd = -1;
        Node node;
        int r;

        r = temp_create(&call->directory, temp, O_WRONLY, &fd, &node);
        if (r < 0)
                return r;
        report(call, &node, TAKE_FD(fd));
        return CALL_FLUSH;
}

int conclude_open_temp(Call *call, int flushed)
{
        if (flushed == 0)
                return 0;
        (void)temp_remove_own(&call->directory, call->request->temp);
        call->fd = close_fd(call->fd);
        call->reply->file = call->reply->directory = (FileId){0};
        return flushed;
}

/* Only what is below the offset is kept, in an inode that nobody else ever wrote. */
static int replace_by_copy(Call *call, int from, FileId *ret_id)
{
        const FileRequest *request = call->request;
        _cleanup_(closep) int copy = -1;
        Node node;
        int r;

        r = copy_make(&call->directory, request->temp, from, request->size, &copy, &node);
        if (r < 0)
                return r == -ERANGE ? -ESTALE : r;
        r = copy_install(&call->directory, request->temp, copy);
        if (r < 0) {
                copy_remove(&call->directory, request->temp);
                return r;
        }
        *ret_id = node.id;
        return 0;
}

/* Shows that nobody writes the file of *id, or makes one of which that is true. */
static int exclude_writers(Call *call, FileId *id)
{
        _cleanup_(closep) int fd = -1;
        Node node;
        int r;

        r = temp_open(&call->directory, call->request->temp, id, O_RDONLY, &fd, &node);
        if (r < 0)
                return r;
        r = lease_take(fd);
        if (r == -EOPNOTSUPP)
                return replace_by_copy(call, fd, id);
        /* Our own opening for writing would break the lease. Only this identity can open a file of
         * mode 0600 anew, and the descriptors that were handed out are gone for good. */
        lease_release(fd);
        return r;
}

int handle_resume_temp(Call *call)
{
        const FileRequest *request = call->request;
        _cleanup_(closep) int fd = -1;
        FileId id = request->file;
        Node node;
        int r;

        r = exclude_writers(call, &id);
        if (r < 0)
                return r;
        r = temp_open(&call->directory, request->temp, &id, O_WRONLY, &fd, &node);
        if (r < 0)
                return r;
        if (node.size < request->size)
                return -ESTALE; /* bytes that were durable once are missing */
        if (ftruncate(fd, (off_t)request->size) < 0)
                return system_error();
        call->reply->size = request->size;
        report(call, &node, TAKE_FD(fd));
        return 0;
}
