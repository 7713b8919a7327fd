/* The gate: pure protocol chunk by chunk, then the real thing between a client and sd-bus. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "bus/gate.h"

static const char auth[] = "\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";

static void make_header(uint8_t h[16], char endian, uint32_t body, uint32_t fields)
{
        memset(h, 0, 16);
        h[0] = (uint8_t)endian;
        h[1] = h[3] = 1;
        for (int i = 0; i < 4; i++) {
                int shift = endian == 'l' ? 8 * i : 24 - 8 * i;

                h[4 + i] = (uint8_t)(body >> shift);
                h[12 + i] = (uint8_t)(fields >> shift);
        }
}

static void test_auth_at_every_boundary(void **state)
{
        (void)state;
        for (size_t cut = 1; cut < sizeof(auth) - 1; cut++) {
                uint8_t stream[sizeof(auth) + 8];
                GateParser p;
                size_t n;

                memcpy(stream, auth, sizeof(auth) - 1);
                memset(stream + sizeof(auth) - 1, 'l', 9); /* what the client sent too early */
                gate_parser_init(&p);
                assert_int_equal(gate_parser_auth(&p, stream, cut, &n), 0);
                assert_int_equal(n, cut);
                assert_int_equal(p.phase, GATE_AUTH);
                assert_int_equal(gate_parser_auth(&p, stream + cut, sizeof(stream) - cut, &n), 0);
                assert_int_equal(n, sizeof(auth) - 1 - cut);
                assert_int_equal(p.phase, GATE_HELD);
                assert_int_equal(gate_parser_want(&p), 0);
                gate_parser_open(&p);
                assert_int_equal(gate_parser_want(&p), 16);
        }
}

static void test_begin_must_be_a_line(void **state)
{
        static const char text[] = "\0AUTH BEGIN\r\nXBEGIN\r\nBEGIN \r\nBEGI\r\n";
        GateParser p;
        size_t n;

        (void)state;
        gate_parser_init(&p);
        assert_int_equal(gate_parser_auth(&p, (const uint8_t *)text, sizeof(text) - 1, &n), 0);
        assert_int_equal(p.phase, GATE_AUTH);
}

static void test_endless_auth(void **state)
{
        uint8_t noise[1024];
        GateParser p;
        size_t n;
        int r = 0, rounds = 0;

        (void)state;
        memset(noise, 'A', sizeof(noise));
        gate_parser_init(&p);
        while (r == 0 && rounds++ < 100)
                r = gate_parser_auth(&p, noise, sizeof(noise), &n);
        assert_int_equal(r, -E2BIG);
        assert_int_equal(rounds, GATE_AUTH_MAX / 1024 + 1);
}

static void start_messages(GateParser *p)
{
        size_t n;

        gate_parser_init(p);
        assert_int_equal(gate_parser_auth(p, (const uint8_t *)auth, sizeof(auth) - 1, &n), 0);
        gate_parser_open(p);
}

static int feed_header(GateParser *p, const uint8_t h[16])
{
        bool pass;

        return gate_parser_feed(p, h, 16, 0, &pass);
}

static void test_messages(void **state)
{
        static const char endians[] = {'l', 'B'};
        uint8_t h[16], body[64] = {0};
        GateParser p;
        bool pass;

        (void)state;
        for (size_t e = 0; e < 2; e++) {
                start_messages(&p);
                make_header(h, endians[e], 10, 5); /* 5 is padded to 8 */
                for (size_t i = 0; i < 16; i++) {
                        assert_int_equal(gate_parser_want(&p), 16 - i);
                        assert_int_equal(gate_parser_feed(&p, h + i, 1, 0, &pass), 0);
                        assert_int_equal(pass, i == 15); /* held until it is whole */
                }
                assert_int_equal(gate_parser_want(&p), 18);
                assert_int_equal(gate_parser_feed(&p, body, 17, 0, &pass), 0);
                assert_int_equal(gate_parser_want(&p), 1);
                assert_int_equal(gate_parser_feed(&p, body, 1, 0, &pass), 0);
                assert_int_equal(gate_parser_want(&p), 16); /* the next message */
        }
}

static void test_limits(void **state)
{
        uint8_t h[16];
        GateParser p;

        (void)state;
        start_messages(&p);
        make_header(h, 'l', GATE_MESSAGE_MAX - 16, 0);
        assert_int_equal(feed_header(&p, h), 0);
        start_messages(&p);
        make_header(h, 'l', GATE_MESSAGE_MAX - 15, 0);
        assert_int_equal(feed_header(&p, h), -EMSGSIZE);
        start_messages(&p);
        make_header(h, 'B', UINT32_MAX, UINT32_MAX); /* must not wrap */
        assert_int_equal(feed_header(&p, h), -EMSGSIZE);
        start_messages(&p);
        make_header(h, 'l', 0, UINT32_MAX - 2);
        assert_int_equal(feed_header(&p, h), -EMSGSIZE);
        start_messages(&p);
        make_header(h, 'x', 0, 0);
        assert_int_equal(feed_header(&p, h), -EBADMSG);
        start_messages(&p);
        make_header(h, 'l', 0, 0);
        h[3] = 2;
        assert_int_equal(feed_header(&p, h), -EBADMSG);
}

static void test_descriptors(void **state)
{
        uint8_t h[16], body[8] = {0};
        GateParser p;
        bool pass;

        (void)state;
        start_messages(&p);
        make_header(h, 'l', 8, 0);
        assert_int_equal(gate_parser_feed(&p, h, 16, 3, &pass), 0);
        assert_int_equal(gate_parser_feed(&p, body, 4, 1, &pass), 0);
        assert_int_equal(gate_parser_feed(&p, body, 4, 1, &pass), -EMFILE);
        start_messages(&p);
        assert_int_equal(gate_parser_feed(&p, h, 16, 4, &pass), 0);
        assert_int_equal(gate_parser_feed(&p, body, 8, 0, &pass), 0);
        assert_int_equal(gate_parser_feed(&p, h, 16, 4, &pass), 0); /* counted per message */
}

/* ---- the real gate --------------------------------------------------------------------------- */

typedef struct World {
        sd_event *event;
        Gate *gate;
        int client, bus;
        bool readable;
        int closed; /* 1: not closed */
} World;

static bool may_read(void *userdata)
{
        return ((World *)userdata)->readable;
}

static void on_closed(void *userdata, int error)
{
        ((World *)userdata)->closed = error;
}

static int setup(void **state)
{
        static World world;
        World *w = &world;
        int pair[2];

        *w = (World){.readable = true, .closed = 1};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        assert_true(sd_event_new(&w->event) >= 0);
        w->client = pair[0];
        assert_int_equal(gate_new(w->event, pair[1], &(GateHandler){may_read, on_closed, w},
                                  &w->gate, &w->bus),
                         0);
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        World *w = *state;

        gate_free(w->gate);
        closep(&w->client);
        closep(&w->bus);
        sd_event_unref(w->event);
        return 0;
}

static void run(World *w)
{
        while (sd_event_run(w->event, 0) > 0)
                continue;
}

static size_t drain(World *w, uint8_t *ret, size_t size)
{
        size_t total = 0;
        ssize_t n;

        do {
                run(w);
                n = recv(w->bus, ret + total, size - total, 0);
                if (n > 0)
                        total += (size_t)n;
        } while (n > 0);
        return total;
}

static void put(World *w, const void *data, size_t size)
{
        assert_int_equal(send(w->client, data, size, MSG_NOSIGNAL), size);
}

static void test_holds_what_comes_with_begin(void **state)
{
        uint8_t h[16], got[256];
        World *w = *state;

        make_header(h, 'l', 0, 0);
        put(w, auth, sizeof(auth) - 1);
        put(w, h, sizeof(h));
        assert_int_equal(drain(w, got, sizeof(got)), sizeof(auth) - 1);
        assert_memory_equal(got, auth, sizeof(auth) - 1);
        gate_open(w->gate);
        assert_int_equal(drain(w, got, sizeof(got)), sizeof(h));
        assert_memory_equal(got, h, sizeof(h));
}

static void test_passes_descriptors_with_their_message(void **state)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * 8)];
        } control = {0};
        uint8_t h[16], got[256];
        struct iovec iov = {h, sizeof(h)};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
        int pipes[2];
        World *w = *state;

        put(w, auth, sizeof(auth) - 1);
        (void)drain(w, got, sizeof(got));
        gate_open(w->gate);
        make_header(h, 'l', 0, 0);
        assert_int_equal(pipe(pipes), 0);
        message.msg_controllen = CMSG_SPACE(sizeof(pipes));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(pipes));
        memcpy(CMSG_DATA(&control.header), pipes, sizeof(pipes));
        put(w, h, sizeof(h)); /* one without, glued to one with */
        assert_int_equal(sendmsg(w->client, &message, 0), sizeof(h));
        run(w);
        message.msg_controllen = sizeof(control);
        assert_int_equal(recvmsg(w->bus, &message, MSG_CMSG_CLOEXEC), sizeof(h));
        assert_int_equal(message.msg_controllen, 0);
        message.msg_controllen = sizeof(control);
        assert_int_equal(recvmsg(w->bus, &message, MSG_CMSG_CLOEXEC), sizeof(h));
        assert_int_equal(control.header.cmsg_len, CMSG_LEN(sizeof(pipes)));
        memcpy(got, CMSG_DATA(&control.header), sizeof(pipes));
        close(((int *)(void *)got)[0]);
        close(((int *)(void *)got)[1]);
        close(pipes[0]);
        close(pipes[1]);
        assert_int_equal(w->closed, 1);
}

static void test_closes_on_a_long_message(void **state)
{
        uint8_t h[16], got[256];
        World *w = *state;

        put(w, auth, sizeof(auth) - 1);
        (void)drain(w, got, sizeof(got));
        gate_open(w->gate);
        make_header(h, 'l', 80 << 20, 0);
        put(w, h, sizeof(h));
        assert_int_equal(drain(w, got, sizeof(got)), 0); /* nothing of it reaches sd-bus */
        assert_int_equal(w->closed, -EMSGSIZE);
}

static void test_bounded_while_the_bus_does_not_read(void **state)
{
        static uint8_t block[GATE_MESSAGE_MAX];
        uint8_t got[256];
        size_t sent = 0;
        World *w = *state;
        ssize_t n;

        put(w, auth, sizeof(auth) - 1);
        (void)drain(w, got, sizeof(got));
        gate_open(w->gate);
        make_header(block, 'l', GATE_MESSAGE_MAX - 16, 0);
        for (int i = 0; i < 1000; i++) {
                n = send(w->client, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n > 0)
                        sent += (size_t)n;
                run(w);
        }
        assert_true(sent < 2 * sizeof(block)); /* two socket buffers and ours, not 1,000 messages */
        assert_int_equal(w->closed, 1);
}

static void test_does_not_read_while_it_may_not(void **state)
{
        uint8_t h[16], got[256];
        World *w = *state;

        put(w, auth, sizeof(auth) - 1);
        (void)drain(w, got, sizeof(got));
        w->readable = false;
        gate_open(w->gate);
        make_header(h, 'l', 0, 0);
        put(w, h, sizeof(h));
        assert_int_equal(drain(w, got, sizeof(got)), 0);
        w->readable = true;
        assert_true(sd_event_run(w->event, 5000000) > 0); /* looks again by itself */
        assert_int_equal(drain(w, got, sizeof(got)), sizeof(h));
}

static void test_end_of_file(void **state)
{
        uint8_t got[16];
        World *w = *state;

        close(w->client);
        w->client = -1;
        run(w);
        assert_int_equal(w->closed, 0);
        assert_int_equal(recv(w->bus, got, sizeof(got), 0), 0);
}

#define REAL(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_auth_at_every_boundary),
                cmocka_unit_test(test_begin_must_be_a_line),
                cmocka_unit_test(test_endless_auth),
                cmocka_unit_test(test_messages),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_descriptors),
                REAL(test_holds_what_comes_with_begin),
                REAL(test_passes_descriptors_with_their_message),
                REAL(test_closes_on_a_long_message),
                REAL(test_bounded_while_the_bus_does_not_read),
                REAL(test_does_not_read_while_it_may_not),
                REAL(test_end_of_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
