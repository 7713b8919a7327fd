/*
 * What a TCP connection has carried. Nobody between us and sendfile() counts; the kernel does.
 */
#include "tally.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"

int tally_sent(int sock, uint64_t *ret_bytes)
{
        struct tcp_info info;
        socklen_t size = sizeof(info);

        if (getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
                return -errno;
        if (size < offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof(info.tcpi_bytes_retrans))
                return -EOPNOTSUPP;
        *ret_bytes = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
        return 0;
}

int tally_written(int sock, uint64_t *ret_bytes)
{
        uint64_t before, after;
        int unsent, r;

        /* What goes out between the two questions would be counted in neither. */
        do {
                r = tally_sent(sock, &before);
                if (r < 0)
                        return r;
                if (ioctl(sock, SIOCOUTQNSD, &unsent) < 0)
                        return -errno;
                r = tally_sent(sock, &after);
                if (r < 0)
                        return r;
        } while (before != after);
        *ret_bytes = after + (uint64_t)unsent;
        return 0;
}
