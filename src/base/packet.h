/*
 * One typed message of our own protocols: a SOCK_SEQPACKET packet with at most one descriptor.
 * Knows nothing of the messages; src/wire/ has those.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* A connected pair, close-on-exec, blocking. 0 or -errno. */
int packet_pair(int ret_fds[2]);

/* Sends size bytes and, unless it is -1, a copy of fd (the caller keeps his).
 * 0 or -errno; -EAGAIN when a non-blocking socket is full; never raises SIGPIPE. */
int packet_send(int sock, const void *data, size_t size, int fd);

/* Receives one packet of at most size bytes. The descriptor that came with it, or -1, goes to
 * *ret_fd (the caller closes it); with ret_fd NULL, or when more than one came, they are closed and
 * the answer is -EBADMSG. Returns the length, 0 at end of file, -EMSGSIZE for a longer packet. */
ssize_t packet_recv(int sock, void *data, size_t size, int *ret_fd);
