/*
 * Memfd: bytes that one process hands to another in a descriptor; in memory, and on no disk. Once
 * sealed they cannot change any more, so that what was checked of them stays checked.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int memfd_new(const char *name);                         /* a descriptor, the caller's; or -errno */
int memfd_append(int fd, const void *data, size_t size); /* 0 or -errno */
int memfd_seal(int fd);                                  /* 0 or -errno */

/* How many bytes somebody's descriptor has. -EBADMSG: they may still change. */
int memfd_size(int fd, uint64_t *ret);
/* size bytes from offset on. -EBADMSG: there are not so many. */
int memfd_read(int fd, void *ret, size_t size, uint64_t offset);
