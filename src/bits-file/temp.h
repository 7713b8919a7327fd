/*
 * The temporary file: made new, and found again only if it is the very one. Whatever else stands at
 * its name (a link, a FIFO, a hard link, somebody's file) is neither opened nor changed.
 */
#pragma once

#include "directory.h"
#include "node.h"

/* Makes a file of mode 0600 that was not there. A file of our own at that name is the remainder of
 * an answer that never arrived, and goes. access: O_WRONLY or O_RDWR. 0; -EEXIST: something else
 * has the name. */
int temp_create(const Directory *directory, const char *name, int access, int *ret_fd, Node *ret);

/* Opens the file of id. access: O_RDONLY or O_WRONLY. 0; -ESTALE: it is not at this name, or has
 * another name as well; -EAGAIN: another process's lease is in the way. */
int temp_open(const Directory *directory, const char *name, const FileId *id, int access,
              int *ret_fd, Node *ret);

/* Reads what stands at name, without opening it. 0; -ENOENT; -errno. */
int temp_look(const Directory *directory, const char *name, Node *ret);

/* Deletes name if it is a file of our own with no other name. 0: deleted; -ENOENT; -EEXIST: it is
 * something else, and stays; -errno. */
int temp_remove_own(const Directory *directory, const char *name);
