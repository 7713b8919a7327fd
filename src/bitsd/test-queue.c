/*
 * Plays bits-queue for test-bitsd: whoever connects to the bus listener and hands over a packet
 * socket gets START, and then everything that passes between bitsd and that socket, both ways.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "wire/supervisor.h"

static SupervisorStart start;

/* One packet from one to another; false at the end of from. */
static bool relay(int from, int to)
{
        _cleanup_(closep) int fd = -1;
        char packet[sizeof(SupervisorMessage)];
        ssize_t n;

        n = packet_recv(from, packet, sizeof(packet), &fd);
        if (n <= 0)
                return false;
        if (to >= 0)
                (void)packet_send(to, packet, (size_t)n, fd);
        return true;
}

static int accept_link(void)
{
        _cleanup_(closep) int connection = accept4(LISTENER_FD, NULL, NULL, SOCK_CLOEXEC);
        int link = -1;
        char byte;

        if (connection < 0)
                return -1;
        if (packet_recv(connection, &byte, 1, &link) != 1)
                return -1;
        (void)packet_send(link, &start, sizeof(start), -1);
        return link;
}

int main(void)
{
        int link = -1;

        for (int fd = 0; fd < 64; fd++)
                if ((fcntl(fd, F_GETFD) >= 0) != (fd <= LISTENER_FD))
                        return 2; /* what it has and what it shall have differ */
        if (packet_recv(SUPERVISOR_FD, &start, sizeof(start), NULL) != sizeof(start))
                return 1;
        if (access("/run/test-queue-falls", F_OK) == 0)
                return 3;

        for (;;) {
                struct pollfd fds[] = {
                        {.fd = SUPERVISOR_FD, .events = POLLIN},
                        {.fd = link, .events = POLLIN},
                        {.fd = link < 0 ? LISTENER_FD : -1, .events = POLLIN},
                };

                if (poll(fds, ELEMENTS(fds), -1) < 0)
                        return 1;
                if (fds[0].revents && !relay(SUPERVISOR_FD, link))
                        return 0;
                if (fds[1].revents && !relay(link, SUPERVISOR_FD))
                        link = close_fd(link);
                if (fds[2].revents)
                        link = accept_link();
        }
}
