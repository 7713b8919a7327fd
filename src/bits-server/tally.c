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

int tally_acknowledged(int sock, uint64_t *ret_bytes)
{
        struct tcp_info info;
        socklen_t size = sizeof(info);

        if (getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
                return -errno;
        if (size < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked))
                return -EOPNOTSUPP;
        *ret_bytes = info.tcpi_bytes_acked;
        return 0;
}

int tally_written(int sock, uint64_t *ret_bytes)
{
        uint64_t before, after;
        int queued, r;

        /* An acknowledgement between the two questions would count its bytes in neither. */
        do {
                r = tally_acknowledged(sock, &before);
                if (r < 0)
                        return r;
                if (ioctl(sock, SIOCOUTQ, &queued) < 0)
                        return -errno;
                r = tally_acknowledged(sock, &after);
                if (r < 0)
                        return r;
        } while (before != after);
        *ret_bytes = after + (uint64_t)queued;
        return 0;
}
