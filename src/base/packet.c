#include "packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"

enum {
        FDS_PER_PACKET_MAX = 253
}; /* SCM_MAX_FD: room for all, so that none leaks */

int packet_pair(int ret_fds[2])
{
        return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0 ? -errno : 0;
}

int packet_send(int sock, const void *data, size_t size, int fd)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {0};
        struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t n;

        if (fd >= 0) {
                message.msg_control = &control;
                message.msg_controllen = sizeof(control);
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
        }

        do
                n = sendmsg(sock, &message, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);

        if (n < 0)
                return -errno;
        return (size_t)n == size ? 0 : -EIO;
}

/* Keeps the first descriptor of the control data, closes the others; how many there were. */
static size_t take_fds(struct msghdr *message, int *ret_fd)
{
        size_t count = 0;

        *ret_fd = -1;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;

                size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                for (size_t i = 0; i < n; i++, count++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (count == 0)
                                *ret_fd = fd;
                        else
                                close(fd);
                }
        }
        return count;
}

ssize_t packet_recv(int sock, void *data, size_t size, int *ret_fd)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * FDS_PER_PACKET_MAX)];
        } control;
        struct iovec iov = {.iov_base = data, .iov_len = size};
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        _cleanup_(closep) int fd = -1;
        size_t n_fds;
        ssize_t n;

        do
                n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        n_fds = take_fds(&message, &fd);
        if (message.msg_flags & MSG_TRUNC)
                return -EMSGSIZE;
        if (n_fds > (ret_fd ? 1 : 0) || message.msg_flags & MSG_CTRUNC)
                return -EBADMSG;

        if (ret_fd)
                *ret_fd = TAKE_FD(fd);
        return n;
}
