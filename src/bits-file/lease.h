/*
 * The proof that nobody can write a file any more: a read lease is granted only while no descriptor
 * for writing exists anywhere, not even on its way through a socket. Whoever opens the file for
 * writing later breaks it and has to wait; SIGIO tells of that, and must not be deadly.
 */
#pragma once

#include <stdbool.h>

/* fd: O_RDONLY, of this identity's file. 0 and held until released or closed; -EAGAIN: there is a
 * writer; -EOPNOTSUPP: leases say nothing on this file system. */
int lease_take(int fd);
bool lease_is_held(int fd); /* still, and nobody waits to write */
void lease_release(int fd);
