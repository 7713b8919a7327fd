/*
 * The two ends of a temporary file. FINISH gives it the user's mode and its final name; DISCARD
 * deletes it. Both can be repeated after a crash, and then find that they are done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "error.h"
#include "handler.h"
#include "temp.h"

static mode_t user_mode(void)
{
        mode_t mask = umask(077);

        (void)umask(mask);
        return 0666 & ~mask;
}

/* 0: the file stands at its final name; -ESTALE: it does not. */
static int check_final(const Call *call)
{
        Node node;
        int r;

        r = temp_look(&call->directory, call->name, &node);
        if (r == -ENOENT)
                return -ESTALE;
        if (r < 0)
                return r;
        return file_id_equal(&node.id, &call->request->file) ? 0 : -ESTALE;
}

/* Replaces what stands at the final name: a link itself, never what it leads to. The flush that
 * follows has both, mode and name: one commit of the file system's journal. */
static int rename_to_final(const Call *call, int fd)
{
        int directory = call->directory.fd;

        if (fchmod(fd, user_mode()) < 0)
                return system_error();
        if (renameat(directory, call->request->temp, directory, call->name) < 0) {
                int r = errno == ENOENT ? -ESTALE : system_error();

                (void)fchmod(fd, 0600);
                return r;
        }
        return 0;
}

int handle_finish(Call *call)
{
        const FileRequest *request = call->request;
        _cleanup_(closep) int fd = -1;
        Node node;
        int r;

        r = temp_open(&call->directory, request->temp, &request->file, O_RDONLY, &fd, &node);
        if (r < 0 && r != -ESTALE)
                return r;
        if (r == 0) {
                /* A file that may not be written is not replaced either, as AddFile has it. */
                r = handle_check(call);
                if (r == 0)
                        r = rename_to_final(call, fd);
                if (r < 0)
                        return r;
                call->file = TAKE_FD(fd);
        }
        return CALL_FLUSH;
}

/* It was renamed now, or by an earlier try. Somebody who may write the directory could have swapped
 * the name in the moment before: that is not a success. */
int conclude_finish(Call *call, int flushed)
{
        int r = check_final(call);

        return r < 0 ? r : flushed;
}

/* Is what stands at the name ours to delete? Without a known id, the open was not recorded any
 * more: then the name, which nobody else could foresee, and the owner decide. */
static bool is_discardable(const Call *call, const Node *node)
{
        const FileId *id = &call->request->file;

        if (!file_id_is_known(id))
                return node_is_own_file(node);
        return file_id_equal(&node->id, id);
}

int handle_discard(Call *call)
{
        const char *temp = call->request->temp;
        _cleanup_(closep) int fd = -1;
        Node node;
        int r;

        copy_remove(&call->directory, temp);
        r = temp_look(&call->directory, temp, &node);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r == 0) {
                if (!is_discardable(call, &node))
                        return 0;
                fd = openat(call->directory.fd, temp,
                            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
                if (unlinkat(call->directory.fd, temp, 0) < 0 && errno != ENOENT)
                        return system_error();
                call->file = TAKE_FD(fd);
        }
        return CALL_FLUSH;
}

/* Cannot be read, and no file is left by which to sync it: it becomes durable in its time. */
int conclude_discard(Call *call, int flushed)
{
        (void)call;
        return flushed == -EACCES ? 0 : flushed;
}
