/*
 * The directory of a final name. It is looked up once, and from then on everything happens through
 * its descriptor: nobody can move us elsewhere by swapping a name on the way.
 *
 * A symbolic link on the way is followed only if root or this identity owns it. The links of /proc
 * that lead to open files are never followed.
 */
#pragma once

#include "base/cleanup.h"
#include "wire/file.h"

typedef struct Directory {
        int fd; /* O_PATH */
        FileId id;
} Directory;

#define DIRECTORY_INIT                                                                             \
        {                                                                                          \
                .fd = -1                                                                           \
        }

static inline void directory_deinit(Directory *directory)
{
        directory->fd = close_fd(directory->fd);
}

/* Opens the directory that path's last name is in. path has passed file_request_check(). 0;
 * -ENOENT, -ENOTDIR when there is none; -ELOOP for a link that may not be followed, or too many;
 * -errno. */
int directory_open(const char *path, Directory *ret);

/* The same for what path leads to in the end: a link at its last name is followed as one on the way
 * is. name, of NAME_MAX + 1 bytes, is the last name in ret, and no link. */
int directory_open_followed(const char *path, Directory *ret, char *ret_name);

/* One that is open, once more. 0 or -errno. */
int directory_share(const Directory *directory, Directory *ret);

/* Makes the names in it durable. file is any open file in it, or -1; it is needed where this
 * identity may write the directory but not read it. */
int directory_sync(const Directory *directory, int file);
