/*
 * Target: the local file behind the descriptor that came with a transfer. It is written at offsets,
 * and never looked at but for its kind and size; whose it is and what it is called is unknown here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

/* A regular file, open for writing at any offset, that has the begin bytes it is said to have; else
 * -errno and the failure to tell. */
int target_check(int fd, uint64_t begin, Failure *ret);

int target_cut(int fd,
               uint64_t size); /* nothing beyond size; 1: cut, 0: there was nothing, -errno */

/* Room for the bytes from offset to size, where the file system can promise it; 0 or -errno. Where
 * there is too little, none is taken from others, not even for a moment. */
int target_reserve(int fd, uint64_t offset, uint64_t size);

/* Bytes by which a file may grow whose end nobody knows: a part of the file system is left to
 * others. UINT64_MAX when it does not say how much it has. */
uint64_t target_room(int fd);

int target_write(int fd, const char *data, size_t size,
                 uint64_t offset); /* all of it; 0 or -errno */
