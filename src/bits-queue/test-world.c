#include "test-world.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "bus/objects.h"
#include "wire/supervisor.h"

const char *world_program;

static void become_service(int supervisor, int listener, rlim_t descriptors)
{
        struct rlimit limit = {descriptors, descriptors};

        if (descriptors > 0)
                (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (dup2(supervisor, 20) == 20 && dup2(listener, 21) == 21 && dup2(20, 3) == 3 &&
            dup2(21, 4) == 4 && close_range(5, ~0U, 0) == 0)
                (void)execl(world_program, world_program, NULL);
        _exit(127);
}

/* AddressSanitizer holds back what was freed, by default 256 MiB of it: not what is measured here.
 */
static void keep_freed_memory_out(void)
{
        static const char option[] = "quarantine_size_mb=1";
        const char *given = getenv("ASAN_OPTIONS");
        char options[512];

        if (given && strstr(given, option))
                return; /* an earlier test's world */
        assert_true(snprintf(options, sizeof(options), "%s%s%s", given ? given : "",
                             given ? ":" : "", option) < (int)sizeof(options));
        assert_int_equal(setenv("ASAN_OPTIONS", options, 1), 0);
}

void world_start(World *w, uint32_t flags, rlim_t descriptors)
{
        SupervisorStart message = {
                .header.type = SUPERVISOR_START,
                .version = SUPERVISOR_VERSION,
                .flags = flags | SUPERVISOR_ROOT_JOBS,
                .admin_gid = UINT32_MAX,
                .system_uid_max =
                        getuid() > 999 ? getuid() : 999, /* who runs the tests is exempt */
        };
        int pair[2], listener;
        char state[80];

        for (size_t i = 0; i < ELEMENTS(w->clients); i++)
                w->clients[i] = -1;
        (void)strcpy(w->dir, "/tmp/bits-test-bus-XXXXXX");
        assert_non_null(mkdtemp(w->dir));
        assert_int_equal(chmod(w->dir, 0711), 0);
        (void)snprintf(state, sizeof(state), "%s/state", w->dir);
        assert_int_equal(mkdir(state, 0700), 0); /* as the store wants it */
        assert_int_equal(setenv("BITS_STATE", state, 1), 0);
        keep_freed_memory_out();
        w->address = (struct sockaddr_un){.sun_family = AF_UNIX};
        (void)snprintf(w->address.sun_path, sizeof(w->address.sun_path), "%s/bus", w->dir);
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(listener, (struct sockaddr *)&w->address, sizeof(w->address)), 0);
        assert_int_equal(chmod(w->address.sun_path, 0666), 0);
        assert_int_equal(listen(listener, 4096), 0);
        assert_int_equal(packet_pair(pair), 0);
        assert_int_equal(packet_send(pair[0], &message, sizeof(message), -1), 0);
        w->supervisor = pair[0];
        w->pid = fork();
        assert_true(w->pid >= 0);
        if (w->pid == 0)
                become_service(pair[1], listener, descriptors);
        close(pair[1]);
        close(listener);
}

int world_setup(void **state)
{
        static World world;

        world_start(&world, 0, 0);
        *state = &world;
        return 0;
}

/* Waits for its end; the status is wait(2)'s. */
int world_finish(World *w)
{
        char command[128];
        struct pollfd end = {.fd = w->supervisor, .events = POLLIN};
        uint8_t byte[1];
        int status;

        while (poll(&end, 1, PATIENCE_MSEC) == 1 && recv(w->supervisor, byte, 1, 0) > 0)
                continue; /* what it asked of bitsd, to the end of file */
        if (!(end.revents & POLLHUP))
                (void)kill(w->pid, SIGKILL);
        assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
        close(w->supervisor);
        (void)snprintf(command, sizeof(command), "rm -r '%s'", w->dir);
        assert_int_equal(system(command), 0);
        return status;
}

int world_teardown(void **state)
{
        World *w = *state;
        int status;

        assert_return_code(seteuid(getuid()), errno); /* of a test that gave it up for a while */
        for (size_t i = 0; i < ELEMENTS(w->clients); i++)
                w->clients[i] = close_fd(w->clients[i]);
        (void)kill(w->pid, SIGTERM);
        status = world_finish(w);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        return 0;
}

int dial(const World *w)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (const struct sockaddr *)&w->address, sizeof(w->address)), 0);
        return fd;
}

void bus_end(sd_bus **bus)
{
        *bus = sd_bus_close_unref(*bus);
}

int speak(int fd, sd_bus **ret)
{
        _cleanup_(bus_end) sd_bus *bus = NULL;
        int r;

        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, fd, fd) >= 0);
        assert_true(sd_bus_negotiate_fds(bus, 1) >= 0);
        r = sd_bus_start(bus);
        if (r >= 0)
                *ret = TAKE_PTR(bus);
        return r;
}

int ping(sd_bus *bus)
{
        return sd_bus_call_method(bus, NULL, MANAGER_PATH, "org.freedesktop.DBus.Peer", "Ping",
                                  NULL, NULL, "");
}

/* A new client is served. */
void assert_served(const World *w)
{
        _cleanup_(bus_end) sd_bus *bus = NULL;

        assert_true(speak(dial(w), &bus) >= 0);
        assert_true(ping(bus) >= 0);
}

void create_job(sd_bus *bus, char **ret_path)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        const char *id, *path;

        assert_true(sd_bus_call_method(bus, NULL, MANAGER_PATH, MANAGER_INTERFACE, "CreateJob",
                                       NULL, &answer, "su", "job", 0) >= 0);
        assert_true(sd_bus_message_read(answer, "so", &id, &path) >= 0);
        *ret_path = strdup(path);
        assert_non_null(*ret_path);
}

/* Stores a ticket; the test says as bitsd that it is good. */
void authorize(World *w, sd_bus *bus)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        SupervisorVerifyReply reply = {.header.type = SUPERVISOR_VERIFY_REPLY, .uid = geteuid()};
        Ticket ticket = {.version = TICKET_VERSION,
                         .uid = geteuid(),
                         .flags = TICKET_ADMINISTRATOR,
                         .issued_sec = time(NULL),
                         .expires_sec = time(NULL) + TICKET_LIFETIME_SEC};
        SupervisorMessage asked;

        assert_true(sd_bus_message_new_method_call(bus, &m, NULL, MANAGER_PATH, MANAGER_INTERFACE,
                                                   "Authorize") >= 0);
        assert_true(sd_bus_message_append_array(m, 'y', &ticket, sizeof(ticket)) >= 0);
        assert_true(sd_bus_send(bus, m, NULL) >= 0);
        assert_true(sd_bus_flush(bus) >= 0);
        do
                assert_true(packet_recv(w->supervisor, &asked, sizeof(asked), NULL) > 0);
        while (asked.header.type != SUPERVISOR_VERIFY);
        reply.header.sequence = asked.header.sequence;
        assert_int_equal(packet_send(w->supervisor, &reply, sizeof(reply), -1), 0);
        assert_true(ping(bus) >= 0);
}
