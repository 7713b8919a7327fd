/*
 * What a descriptor refers to: the facts by which a file or directory is recognised again, after
 * any name has been swapped and after any restart. Facts are always read from a descriptor, never
 * by name.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/file.h"

typedef struct Node {
        FileId id;
        mode_t mode;
        uid_t uid;
        uint32_t nlink;
        uint64_t size;
} Node;

int node_read(int fd, Node *ret); /* fd may be O_PATH; 0 or -errno */

/* A regular file of this process's identity with exactly one name. */
bool node_is_own_file(const Node *node);

bool file_id_is_known(const FileId *id);

/* Inode and birth time, and the handle where both have one: a newer kernel may give one where an
 * older did not. */
bool file_id_equal(const FileId *a, const FileId *b);
