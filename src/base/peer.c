#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

int peer_cred(int sock, PeerCred *ret)
{
        struct ucred cred;
        socklen_t size = sizeof(cred);

        if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
                return -errno;
        if (cred.uid == (uid_t)-1)
                return -ENOTCONN;
        *ret = (PeerCred){.pid = cred.pid, .uid = cred.uid, .gid = cred.gid};
        return 0;
}

int peer_groups(int sock, gid_t ret[PEER_GROUPS_MAX], size_t *ret_n)
{
        socklen_t size = PEER_GROUPS_MAX * sizeof(gid_t);

        if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, ret, &size) < 0)
                return errno == ERANGE ? -E2BIG : -errno;
        *ret_n = size / sizeof(gid_t);
        return 0;
}

int peer_in_group(int sock, gid_t group)
{
        gid_t groups[PEER_GROUPS_MAX];
        PeerCred cred;
        size_t n = 0;
        int r;

        r = peer_cred(sock, &cred);
        if (r < 0)
                return r;
        if (cred.gid == group)
                return 1;

        r = peer_groups(sock, groups, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                if (groups[i] == group)
                        return 1;
        return 0;
}

int peer_cookie(int sock, uint64_t *ret)
{
        socklen_t size = sizeof(*ret);

        return getsockopt(sock, SOL_SOCKET, SO_COOKIE, ret, &size) < 0 ? -errno : 0;
}

/* NoNewPrivs of /proc/PID/status: 0 or 1, -errno when it cannot be read. */
static int read_no_new_privs(pid_t pid)
{
        _cleanup_(fclosep) FILE *f = NULL;
        char path[64], line[256];
        int value;

        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        f = fopen(path, "re");
        if (!f)
                return -errno;
        while (fgets(line, sizeof(line), f))
                if (sscanf(line, "NoNewPrivs: %d", &value) == 1)
                        return value != 0;
        return -ENODATA;
}

/* Field 22 of /proc/PID/stat, in clock ticks since boot; 0 when it cannot be read. */
static unsigned long long read_start_time(pid_t pid)
{
        _cleanup_(fclosep) FILE *f = NULL;
        char path[64], line[1024], *p;
        unsigned long long start = 0;

        (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        f = fopen(path, "re");
        if (!f || !fgets(line, sizeof(line), f))
                return 0;
        p = strrchr(line, ')'); /* the name before it may hold anything */
        for (int field = 2; p && field < 22; field++)
                p = strchr(p + 1, ' ');
        if (p)
                start = strtoull(p, NULL, 10);
        return start;
}

/* Asks about a process by its pid; -errno when that cannot be told. */
typedef int (*AskPid)(pid_t pid);

static int ask_by_pid(pid_t pid, AskPid ask)
{
        static bool said;
        unsigned long long before, after;
        int value;

        if (!said) {
                said = true;
                log_warning("no SO_PEERPIDFD before Linux 6.5: callers are told apart by pid and "
                            "start time");
        }
        before = read_start_time(pid);
        value = ask(pid);
        after = read_start_time(pid);
        return before == 0 || before != after ? -ESRCH : value;
}

/* What ask says about the peer; -ESRCH when it has ended, so that the pid may be another's. */
static int ask_peer(int sock, AskPid ask)
{
        _cleanup_(closep) int pidfd = -1;
        socklen_t size = sizeof(pidfd);
        PeerCred cred;
        int r, value;

        r = peer_cred(sock, &cred);
        if (r < 0)
                return r;
        if (getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0) {
                pidfd = -1;
                return errno == ENOPROTOOPT ? ask_by_pid(cred.pid, ask) : -errno;
        }

        value = ask(cred.pid);

        /* The process behind the pid is still the peer if the peer has not ended meanwhile. */
        return poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, 0) != 0 ? -ESRCH : value;
}

int peer_is_restricted(int sock)
{
        return ask_peer(sock, read_no_new_privs) != 0;
}

static int read_session(pid_t pid)
{
        pid_t session = getsid(pid);

        return session < 0 ? -errno : session;
}

bool peer_is_in_session(int sock, pid_t leader)
{
        return ask_peer(sock, read_session) == leader;
}
