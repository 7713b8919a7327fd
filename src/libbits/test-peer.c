/* A service of a test's own. Every connection has a process; all end with the test. */
#include "libbits/test-peer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

enum {
        GENEROUS_MSEC = 60000,
};

static char runtime[] = "/tmp/test-libbits-XXXXXX";
static pid_t service;
static int reports = -1; /* each side's end of the pipe */

/* ---- the child
 * ----------------------------------------------------------------------------------- */

typedef struct Peer {
        PeerHandler handler;
        bool hang_up;
} Peer;

void peer_report(const PeerReport *report)
{
        (void)!write(reports, report, sizeof(*report));
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Peer *peer = userdata;

        (void)error;
        return sd_bus_message_is_method_call(m, NULL, NULL) > 0 ? peer->handler(m, &peer->hang_up)
                                                                : 0;
}

static void serve(int fd, PeerHandler handler)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        Peer peer = {.handler = handler};

        if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
            sd_bus_set_server(bus, 1, (sd_id128_t){{1}}) < 0 || sd_bus_set_anonymous(bus, 1) < 0 ||
            sd_bus_negotiate_fds(bus, 1) < 0 ||
            sd_bus_add_filter(bus, NULL, on_message, &peer) < 0 || sd_bus_start(bus) < 0)
                return; /* gone already: it only looked whether we are here */
        while (!peer.hang_up) {
                int r = sd_bus_process(bus, NULL);

                if (r < 0 || (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0))
                        return;
        }
}

static void __attribute__((noreturn)) run(int listener, PeerHandler handler)
{
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        for (;;) {
                int fd = accept(listener, NULL, NULL);

                if (fd >= 0 && fork() == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        serve(fd, handler);
                        _exit(0);
                }
                close(fd);
        }
}

/* ---- the test
 * ------------------------------------------------------------------------------------ */

int peer_start(PeerHandler handler)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char dir[PATH_MAX];
        int listener, fds[2];

        assert_non_null(mkdtemp(runtime));
        (void)snprintf(dir, sizeof(dir), "%s/bits", runtime);
        assert_int_equal(mkdir(dir, 0700), 0);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/bits/bus", runtime);
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(listener, 16), 0);
        assert_int_equal(pipe(fds), 0);
        service = fork();
        assert_true(service >= 0);
        if (service == 0) {
                reports = fds[1];
                run(listener, handler);
        }
        close(listener);
        close(fds[1]);
        reports = fds[0];
        setenv("XDG_RUNTIME_DIR", runtime, 1);
        setenv("BITS_USER_MODE", "1", 1);
        return 0;
}

int peer_end(void)
{
        char path[PATH_MAX];

        kill(service, SIGKILL);
        waitpid(service, NULL, 0);
        (void)snprintf(path, sizeof(path), "%s/bits/bus", runtime);
        unlink(path);
        *strrchr(path, '/') = 0;
        rmdir(path);
        return rmdir(runtime);
}

PeerReport peer_next(char what)
{
        struct pollfd fd = {.fd = reports, .events = POLLIN};
        PeerReport report;

        assert_int_equal(poll(&fd, 1, GENEROUS_MSEC), 1);
        assert_int_equal(read(reports, &report, sizeof(report)), sizeof(report));
        assert_int_equal(report.what, what);
        return report;
}
