/*
 * The bus of a real bits-queue, from outside: what one connection, and many, can take from the
 * others. The test stands at bitsd's end of the supervisor's socket and grants every ticket, but no
 * worker. argv[1] is the program.
 */
#include <endian.h>
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <systemd/sd-bus.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "bus/gate.h"
#include "bus/listener.h"
#include "bus/objects.h"
#include "state.h"
#include "test-world.h"
#include "wire/supervisor.h"

enum {
        MIB = 1024 * 1024,
};

/* ---- the service ------------------------------------------------------------------------------
 */

static int setup_strict(void **state)
{
        static World world;

        world_start(&world, SUPERVISOR_RESTRICT_SYSTEM_ACCOUNTS, 0);
        *state = &world;
        return 0;
}

static int setup_poor(void **state)
{
        static World world;

        world_start(&world, 0, 64);
        *state = &world;
        return 0;
}

static size_t resident_mib(const World *w)
{
        _cleanup_(fclosep) FILE *file = NULL;
        char path[64];
        size_t pages = 0;

        (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)w->pid);
        file = fopen(path, "re");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%*u %zu", &pages), 1);
        return pages * (size_t)sysconf(_SC_PAGESIZE) / MIB;
}

static int64_t cpu_msec(const World *w)
{
        struct timespec used;
        clockid_t clock;

        assert_int_equal(clock_getcpuclockid(w->pid, &clock), 0);
        assert_int_equal(clock_gettime(clock, &used), 0);
        return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* ---- clients ----------------------------------------------------------------------------------
 */

/* The service closes this connection: in time, and having said nothing more. */
static void assert_hung_up(int fd)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char byte;

        assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
        assert_true(recv(fd, &byte, 1, MSG_DONTWAIT) <= 0);
}

static bool is_open(int fd)
{
        char byte;

        return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

/* Once those who left have been noticed. */
static void assert_served_again(const World *w)
{
        for (int waited = 0; waited < PATIENCE_MSEC; waited += 10) {
                _cleanup_(bus_end) sd_bus *bus = NULL;

                if (speak(dial(w), &bus) >= 0 && ping(bus) >= 0)
                        return;
                (void)poll(NULL, 0, 10);
        }
        fail();
}

static const char handshake[] = "\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";

static void put(int fd, const void *data, size_t size)
{
        assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
}

/* Authenticates by hand, and waits until the answers, "OK" and "AGREE_UNIX_FD", are there. */
static int dial_and_greet(const World *w)
{
        char answer[256];
        size_t size = 0;
        int fd = dial(w), lines = 0;

        put(fd, handshake, sizeof(handshake) - 1);
        while (lines < 2) {
                assert_true(size < sizeof(answer));
                assert_int_equal(recv(fd, answer + size, 1, 0), 1);
                lines += answer[size++] == '\n';
        }
        return fd;
}

/* ---- tests ------------------------------------------------------------------------------------
 */

static void test_places_of_a_user(void **state)
{
        sd_bus *buses[CLIENTS_PER_USER_MAX];
        _cleanup_(closep) int late = -1;
        World *w = *state;

        for (size_t i = 0; i < ELEMENTS(buses); i++) {
                assert_true(speak(dial(w), &buses[i]) >= 0);
                assert_true(ping(buses[i]) >= 0);
        }
        late = dial(w);
        assert_hung_up(late);
        for (size_t i = 0; i < ELEMENTS(buses); i++)
                assert_true(ping(buses[i]) >= 0); /* nobody had to go */

        buses[0] = sd_bus_close_unref(buses[0]);
        assert_true(ping(buses[1]) >= 0);
        assert_served(w);
        for (size_t i = 1; i < ELEMENTS(buses); i++)
                sd_bus_close_unref(buses[i]);
}

static void test_silent_ones_make_way(void **state)
{
        World *w = *state;

        for (size_t i = 0; i < CLIENTS_PER_USER_MAX; i++)
                w->clients[i] = dial(w);
        assert_served(w);
        assert_hung_up(w->clients[0]); /* the oldest */
        for (size_t i = 1; i < CLIENTS_PER_USER_MAX; i++)
                assert_true(is_open(w->clients[i]));
}

static void test_thousands(void **state)
{
        World *w = *state;
        size_t before;

        assert_served(w);
        before = resident_mib(w);
        for (size_t i = 0; i < 10000; i++) {
                size_t place = i % ELEMENTS(w->clients);

                close_fd(w->clients[place]);
                w->clients[place] = dial(w);
        }
        assert_served(w);
        assert_true(resident_mib(w) < before + 16);
}

static void test_descriptors_run_out(void **state)
{
        World *w = *state;
        int64_t used;

        for (size_t i = 0; i < 40; i++) /* 4 descriptors each, of 64 */
                w->clients[i] = dial(w);
        for (size_t i = 0; i < 40; i++)
                if (i >= 20)
                        assert_hung_up(w->clients[i]);
        used = cpu_msec(w);
        (void)poll(NULL, 0, 500); /* a service that is offered what it cannot take must not spin */
        assert_true(cpu_msec(w) - used < 250);
        for (size_t i = 0; i < 40; i++)
                w->clients[i] = close_fd(w->clients[i]);
        assert_served_again(w);
}

static void test_noise(void **state)
{
        static uint8_t noise[MIB];
        World *w = *state;

        for (size_t i = 0; i < sizeof(noise); i++)
                noise[i] = (uint8_t)(i * 73 + 11);
        w->clients[0] = dial(w); /* instead of authentication */
        (void)send(w->clients[0], noise, sizeof(noise), MSG_NOSIGNAL | MSG_DONTWAIT);
        w->clients[1] = dial_and_greet(w); /* instead of a message */
        (void)send(w->clients[1], noise, sizeof(noise), MSG_NOSIGNAL | MSG_DONTWAIT);
        assert_served(w);
        for (int i = 0; i < 2; i++) {
                struct pollfd p = {.fd = w->clients[i]};

                assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
                assert_true(p.revents & POLLHUP);
        }
}

/* 64 connections, each with a message that is never finished: each costs at most the message. */
static void test_half_messages(void **state)
{
        static uint8_t half[900 * 1024] = {'l', 1, 0, 1};
        uint32_t body = MIB - 16;
        World *w = *state;
        size_t before;

        memcpy(half + 4, &(uint32_t){htole32(body)}, sizeof(body));
        half[8] = 1;
        for (size_t i = 0; i < CLIENTS_PER_USER_MAX - 1; i++)
                w->clients[i] = dial_and_greet(w);
        before = resident_mib(w);
        for (size_t i = 0; i < CLIENTS_PER_USER_MAX - 1; i++)
                put(w->clients[i], half, sizeof(half)); /* blocks until it has been taken */
        assert_served(w);
        assert_true(resident_mib(w) < before + CLIENTS_PER_USER_MAX * 5 / 4);
}

/* The gate holds what follows BEGIN until sd-bus has agreed, which here it never does. */
static void test_hang_up_while_held(void **state)
{
        static const char early[] = "\0BEGIN\r\n";
        World *w = *state;
        int fd = dial(w);
        int64_t used;

        put(fd, early, sizeof(early) - 1);
        assert_served(w); /* so that the BEGIN has been read */
        used = cpu_msec(w);
        close(fd);
        assert_served(w);
        (void)poll(NULL, 0, 500); /* nothing is to be done in this time */
        assert_true(cpu_msec(w) - used < 250);
}

static char *name_of(const char *start, size_t parts)
{
        static char name[4096];
        size_t size = (size_t)snprintf(name, sizeof(name), "%s", start);

        for (size_t i = 0; i < parts; i++) {
                name[size++] = '/';
                memset(name + size, 'a', 200);
                size += 200;
        }
        name[size] = 0;
        return name;
}

static sd_bus_message *make_file_set(sd_bus *bus, const char *job)
{
        char *remote = strdup(name_of("http://127.0.0.1", 9));
        sd_bus_message *m = NULL;

        assert_non_null(remote);
        assert_true(sd_bus_message_new_method_call(bus, &m, NULL, job, JOB_INTERFACE,
                                                   "AddFileSet") >= 0);
        assert_true(sd_bus_message_open_container(m, 'a', "(ss)") >= 0);
        for (size_t i = 0; i < 200; i++)
                assert_true(sd_bus_message_append(m, "(ss)", remote, name_of("", 10)) >= 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        free(remote);
        return m;
}

/* Calls that wait for a worker which does not come hold their messages: not more than a few. */
static void test_unanswered_calls(void **state)
{
        _cleanup_(bus_end) sd_bus *bus = NULL;
        _cleanup_(freep) char *job = NULL;
        World *w = *state;
        size_t before;

        assert_true(speak(dial(w), &bus) >= 0);
        create_job(bus, &job);
        authorize(w, bus);
        before = resident_mib(w);
        for (size_t i = 0; i < 200; i++) { /* 0.8 MB each */
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = make_file_set(bus, job);

                assert_true(sd_bus_send(bus, m, NULL) >= 0);
        }
        for (int i = 0; i < 100; i++) { /* as far as it is taken */
                (void)sd_bus_process(bus, NULL);
                (void)sd_bus_wait(bus, 20000);
        }
        assert_served(w);
        assert_true(resident_mib(w) < before + 100);
}

/* The end does not wait for a client that does not read; teardown looks. */
static void test_end_with_unread_answers(void **state)
{
        static uint8_t calls[4096];
        World *w = *state;
        struct pollfd p;
        ssize_t n = 0;

        /* An introspection of the manager, by hand: some 5 KB of answer each. */
        static const char fields[] = "\1\1o\0\13\0\0\0/org/bitsd1\0\0\0\0\0"
                                     "\3\1s\0\12\0\0\0Introspect\0\0\0\0\0\0"
                                     "\2\1s\0\43\0\0\0org.freedesktop.DBus.Introspectable\0";
        uint8_t call[16 + ((sizeof(fields) - 1 + 7) & ~7UL)];
        size_t used = 0;

        memset(call, 0, sizeof(call));
        memcpy(call, (const uint8_t[]){'l', 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, sizeof(fields) - 1},
               13);
        memcpy(call + 16, fields, sizeof(fields) - 1);
        while (used + sizeof(call) <= sizeof(calls)) {
                memcpy(calls + used, call, sizeof(call));
                used += sizeof(call);
        }
        w->clients[0] = dial_and_greet(w);
        p = (struct pollfd){.fd = w->clients[0], .events = POLLOUT};
        while (poll(&p, 1, 500) == 1 && n >= 0) /* until nothing more is taken */
                n = send(w->clients[0], calls, used, MSG_NOSIGNAL);
        assert_true(n > 0);
        p.events = POLLIN;
        assert_int_equal(poll(&p, 1, 0), 1);
        assert_served(w);
        w->clients[1] = TAKE_FD(w->clients[0]); /* stays open beyond the end of the service */
        assert_int_equal(kill(w->pid, SIGTERM), 0);
        p = (struct pollfd){.fd = w->supervisor, .events = POLLIN};
        assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
}

static void assert_create(sd_bus *bus, const char *expected)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = sd_bus_call_method(bus, NULL, MANAGER_PATH, MANAGER_INTERFACE, "CreateJob", &error,
                                   NULL, "su", "job", 0);

        if (!expected) {
                assert_true(r >= 0);
                return;
        }
        assert_true(r < 0);
        assert_string_equal(error.name, expected);
}

/* Runs in a child: there is no way back from NoNewPrivs. */
static void be_restricted(const World *w)
{
        _cleanup_(bus_end) sd_bus *bus = NULL;

        assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_true(speak(dial(w), &bus) >= 0);
        assert_create(bus, "org.bitsd1.Error.E_ACCESSDENIED");
        assert_true(sd_bus_call_method(bus, NULL, MANAGER_PATH, MANAGER_INTERFACE, "ListJobs", NULL,
                                       NULL, "utu", 0, UINT64_C(0), 10) >= 0);
}

static void test_restricted_caller(void **state)
{
        _cleanup_(bus_end) sd_bus *bus = NULL;
        World *w = *state;
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                be_restricted(w);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_true(speak(dial(w), &bus) >= 0);
        assert_create(bus, NULL);
}

/* The next signal; whoever waits in vain fails. */
static void next_signal(sd_bus *bus, sd_bus_message **ret)
{
        sd_bus_message *m = NULL;
        int r;

        do {
                m = sd_bus_message_unref(m);
                r = sd_bus_process(bus, &m);
                if (r == 0)
                        r = sd_bus_wait(bus, PATIENCE_MSEC * UINT64_C(1000));
                assert_true(r > 0);
        } while (!m || !sd_bus_message_is_signal(m, MANAGER_INTERFACE, NULL));
        *ret = m;
}

/* A job's end is in its history when it is gone: both are one transaction. */
static void test_end_is_told_with_the_end(void **state)
{
        _cleanup_(bus_end) sd_bus *bus = NULL;
        _cleanup_(freep) char *path = NULL;
        bool told = false, gone = false;
        World *w = *state;

        assert_true(speak(dial(w), &bus) >= 0);
        authorize(w, bus);
        create_job(bus, &path);
        assert_true(sd_bus_call_method(bus, NULL, MANAGER_PATH, MANAGER_INTERFACE, "Subscribe",
                                       NULL, NULL, "u", 2) >= 0);
        assert_true(sd_bus_call_method(bus, NULL, path, JOB_INTERFACE, "Cancel", NULL, NULL, "") >=
                    0);
        while (!gone) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
                uint64_t serial, at_usec;
                uint32_t uid, kind, to;
                const char *id;

                next_signal(bus, &m);
                gone = sd_bus_message_is_signal(m, MANAGER_INTERFACE, "JobRemoved");
                if (!sd_bus_message_is_signal(m, MANAGER_INTERFACE, "JobEvent"))
                        continue;
                assert_true(sd_bus_message_read(m, "tsutuu", &serial, &id, &uid, &at_usec, &kind,
                                                &to) > 0);
                told |= kind == 2 && to == JOB_CANCELLED;
        }
        assert_true(told);
}

/* Who cannot believe bitsd ends, and says so. */
static void test_malformed_supervisor(void **state)
{
        const SupervisorVerifyReply positive = {{SUPERVISOR_VERIFY_REPLY, 1}, .result = 1};
        const SupervisorSpawnReply no_socket = {
                {SUPERVISOR_SPAWN_REPLY, 1}, .worker = 1, .uid = 1, .pid = 1};
        const SupervisorExited cut = {.header.type = SUPERVISOR_EXITED, .worker = 1};
        const SupervisorStart again = {.header.type = SUPERVISOR_START,
                                       .version = SUPERVISOR_VERSION};
        const struct {
                const void *data;
                size_t size;
        } bad[] = {
                {&positive, sizeof(positive)},
                {&no_socket, sizeof(no_socket)},
                {&cut, sizeof(cut) - 1},
                {&again, sizeof(again)},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                World w;
                int status;

                world_start(&w, 0, 0);
                assert_int_equal(packet_send(w.supervisor, bad[i].data, bad[i].size, -1), 0);
                status = world_finish(&w);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
        }
}

#define WITH(begin, f) cmocka_unit_test_setup_teardown(f, begin, world_teardown)

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                WITH(world_setup, test_places_of_a_user),
                WITH(world_setup, test_silent_ones_make_way),
                WITH(world_setup, test_thousands),
                WITH(setup_poor, test_descriptors_run_out),
                WITH(world_setup, test_noise),
                WITH(world_setup, test_half_messages),
                WITH(world_setup, test_hang_up_while_held),
                WITH(world_setup, test_unanswered_calls),
                WITH(world_setup, test_end_with_unread_answers),
                WITH(world_setup, test_end_is_told_with_the_end),
                WITH(setup_strict, test_restricted_caller),
                cmocka_unit_test(test_malformed_supervisor),
        };

        if (argc != 2)
                return 2;
        world_program = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
