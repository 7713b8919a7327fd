/*
 * Where leases are refused, nobody can tell whether a writer is left. Then the bytes go into a
 * fresh inode that nobody else ever had open, and that one takes the temporary file's place.
 *
 * The copy has a name made from the temporary file's, so that a crash leaves nothing that cannot be
 * found.
 */
#pragma once

#include <stdint.h>

#include "directory.h"
#include "node.h"

/* Copies the first size bytes of from. 0 and a read-write descriptor; -ERANGE: from has fewer. */
int copy_make(const Directory *directory, const char *temp, int from, uint64_t size, int *ret_fd,
              Node *ret);

/* Puts the copy in the temporary file's place, durably. copy is its descriptor. */
int copy_install(const Directory *directory, const char *temp, int copy);

/* Deletes a copy that was not installed; there may be none. */
void copy_remove(const Directory *directory, const char *temp);
