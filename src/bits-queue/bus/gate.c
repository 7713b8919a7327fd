#include "bus/gate.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
        CHUNK = 64 * 1024,
        HEADER_SIZE = 16,
        AGAIN_USEC = 20 * 1000, /* until a client that does not read is looked at again */
        ROUNDS = 16, /* units per wake-up, so that one client does not starve the others */
};

/* ---- protocol -------------------------------------------------------------------------------- */

void gate_parser_init(GateParser *p)
{
        *p = (GateParser){.phase = GATE_AUTH, .line_begins = true};
}

void gate_parser_open(GateParser *p)
{
        if (p->phase == GATE_HELD)
                p->phase = GATE_HEADER;
}

size_t gate_parser_want(const GateParser *p)
{
        switch (p->phase) {
        case GATE_AUTH:
                return CHUNK;
        case GATE_HELD:
                return 0;
        case GATE_HEADER:
                return HEADER_SIZE - p->header_size;
        case GATE_BODY:
                return p->body_left < CHUNK ? p->body_left : CHUNK;
        }
        return 0;
}

int gate_parser_auth(GateParser *p, const uint8_t *data, size_t size, size_t *ret_size)
{
        static const char begin[] = "BEGIN\r\n";

        for (size_t i = 0; i < size; i++) {
                if (++p->auth_size > GATE_AUTH_MAX)
                        return -E2BIG;
                if (p->auth_size == 1 && data[i] == 0)
                        continue; /* the byte that carries credentials, ahead of the first line */
                if (p->line_size >= sizeof(begin) - 1 || data[i] != (uint8_t)begin[p->line_size])
                        p->line_begins = false;
                p->line_size++;
                if (data[i] != '\n')
                        continue;
                if (p->line_begins && p->line_size == sizeof(begin) - 1) {
                        p->phase = GATE_HELD;
                        *ret_size = i + 1;
                        return 0;
                }
                p->line_size = 0;
                p->line_begins = true;
        }
        *ret_size = size;
        return 0;
}

/* D-Bus specification, message format: endianness, type, flags, version, body length, serial,
 * length of the array of header fields, which is padded to 8. */
static int judge_header(const uint8_t header[HEADER_SIZE], size_t *ret_left)
{
        uint32_t body, fields;
        uint64_t left;

        memcpy(&body, header + 4, sizeof(body));
        memcpy(&fields, header + 12, sizeof(fields));
        if (header[0] == 'l') {
                body = le32toh(body);
                fields = le32toh(fields);
        } else if (header[0] == 'B') {
                body = be32toh(body);
                fields = be32toh(fields);
        } else
                return -EBADMSG;
        if (header[3] != 1)
                return -EBADMSG;

        left = (((uint64_t)fields + 7) & ~7ULL) + body;
        if (left + HEADER_SIZE > GATE_MESSAGE_MAX)
                return -EMSGSIZE;
        *ret_left = (size_t)left;
        return 0;
}

int gate_parser_feed(GateParser *p, const uint8_t *data, size_t size, unsigned n_fds,
                     bool *ret_pass)
{
        int r;

        *ret_pass = true;
        p->fds += n_fds;
        if (p->fds > GATE_FDS_MAX)
                return -EMFILE;
        if (p->phase == GATE_HEADER) {
                memcpy(p->header + p->header_size, data, size);
                p->header_size += size;
                *ret_pass = p->header_size == HEADER_SIZE;
                if (!*ret_pass)
                        return 0;
                r = judge_header(p->header, &p->body_left);
                if (r < 0)
                        return r;
                p->header_size = 0;
                p->phase = GATE_BODY;
        } else
                p->body_left -= size;
        if (p->body_left == 0) {
                p->phase = GATE_HEADER;
                p->fds = 0;
        }
        return 0;
}

/* ---- the gate -------------------------------------------------------------------------------- */

struct Gate {
        GateParser parser;
        GateHandler handler;
        int in, out;
        sd_event *event;
        sd_event_source *in_source, *out_source, *again;
        uint8_t buffer[CHUNK]; /* what may go on and has not yet */
        size_t begin, end;
        int fds[GATE_FDS_MAX]; /* to go with the next byte */
        size_t n_fds;
        bool ended;
};

static void drop_fds(Gate *gate)
{
        while (gate->n_fds > 0)
                close(gate->fds[--gate->n_fds]);
}

static void gate_end(Gate *gate, int error)
{
        if (gate->ended)
                return;
        gate->ended = true;
        gate->in_source = sd_event_source_disable_unref(gate->in_source);
        gate->out_source = sd_event_source_disable_unref(gate->out_source);
        gate->again = sd_event_source_disable_unref(gate->again);
        drop_fds(gate);
        gate->out =
                close_fd(gate->out); /* sd-bus reads to the end of what it has, and sees the end */
        gate->handler.closed(gate->handler.userdata, error);
}

/* Sends on what is there. 1: all has gone; 0: sd-bus is to read first; -errno. */
static int pass_on(Gate *gate)
{
        while (gate->begin < gate->end) {
                union {
                        struct cmsghdr header;
                        char space[CMSG_SPACE(sizeof(int) * GATE_FDS_MAX)];
                } control = {0};
                struct iovec iov = {gate->buffer + gate->begin, gate->end - gate->begin};
                struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
                ssize_t n;

                if (gate->n_fds > 0) {
                        message.msg_control = &control;
                        message.msg_controllen = CMSG_SPACE(sizeof(int) * gate->n_fds);
                        control.header.cmsg_level = SOL_SOCKET;
                        control.header.cmsg_type = SCM_RIGHTS;
                        control.header.cmsg_len = CMSG_LEN(sizeof(int) * gate->n_fds);
                        memcpy(CMSG_DATA(&control.header), gate->fds, sizeof(int) * gate->n_fds);
                }
                n = sendmsg(gate->out, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                gate->begin += (size_t)n;
                drop_fds(gate);
        }
        gate->begin = gate->end = 0;
        return 1;
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata);

static void set_interest(Gate *gate)
{
        bool sending = gate->begin < gate->end;
        bool wanting = !sending && gate_parser_want(&gate->parser) > 0;
        bool reading = wanting && gate->handler.may_read(gate->handler.userdata);

        (void)sd_event_source_set_enabled(gate->out_source, sending ? SD_EVENT_ON : SD_EVENT_OFF);
        /* A client that has to wait may still hang up, and nobody else would notice. */
        (void)sd_event_source_set_io_events(gate->in_source, reading ? EPOLLIN : 0);
        (void)sd_event_source_set_enabled(gate->in_source, sending ? SD_EVENT_OFF : SD_EVENT_ON);
        if (wanting && !reading) {
                gate->again = sd_event_source_disable_unref(gate->again);
                (void)sd_event_add_time_relative(gate->event, &gate->again, CLOCK_MONOTONIC,
                                                 AGAIN_USEC, 0, on_again, gate);
        }
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        set_interest(userdata);
        return 0;
}

/* Takes the descriptors of a received message; -EMFILE when there are more than a message may have.
 */
static int take_fds(Gate *gate, struct msghdr *message, unsigned *ret_n)
{
        int r = message->msg_flags & MSG_CTRUNC ? -EMFILE : 0;

        *ret_n = 0;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < n; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        ++*ret_n;
                        if (gate->n_fds < GATE_FDS_MAX)
                                gate->fds[gate->n_fds++] = fd;
                        else {
                                close(fd);
                                r = -EMFILE;
                        }
                }
        }
        return r;
}

/* How much of what can be read belongs to the unit under way; 0: end of file. */
static ssize_t measure(Gate *gate)
{
        size_t want = gate_parser_want(&gate->parser);
        ssize_t n;
        int r;

        if (gate->parser.phase != GATE_AUTH)
                return (ssize_t)want;
        n = recv(gate->in, gate->buffer, want, MSG_PEEK | MSG_DONTWAIT);
        if (n <= 0)
                return n < 0 ? -errno : 0;
        r = gate_parser_auth(&gate->parser, gate->buffer, (size_t)n, &want);
        return r < 0 ? r : (ssize_t)want;
}

/* Reads one unit. 1: go on; 0: nothing more now; -errno; -EPIPE at the end of file. */
static int read_unit(Gate *gate)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * 253)];
        } control;
        bool auth = gate->parser.phase == GATE_AUTH, pass = true;
        ssize_t size = measure(gate), n;
        struct iovec iov = {gate->buffer + gate->end, (size_t)(size > 0 ? size : 0)};
        struct msghdr message = {.msg_iov = &iov,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};
        unsigned n_fds;
        int r;

        if (size <= 0)
                return size == 0 ? -EPIPE : size == -EAGAIN || size == -EINTR ? 0 : (int)size;
        n = recvmsg(gate->in, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -EPIPE;
        r = take_fds(gate, &message, &n_fds);
        if (r == 0 && auth)
                r = n_fds > 0 || n != size ? -EBADMSG : 0;
        else if (r == 0)
                r = gate_parser_feed(&gate->parser, gate->buffer + gate->end, (size_t)n, n_fds,
                                     &pass);
        if (r < 0)
                return r;
        gate->end += (size_t)n;
        return pass ? pass_on(gate) : 1;
}

static bool is_between(const Gate *gate)
{
        return gate->parser.phase == GATE_HEADER && gate->parser.header_size == 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Gate *gate = userdata;
        int r = revents & EPOLLIN ? 1 : -EPIPE;

        (void)source;
        (void)fd;
        for (int i = 0; i < ROUNDS && r == 1 && gate_parser_want(&gate->parser) > 0; i++)
                r = is_between(gate) && i > 0 && !gate->handler.may_read(gate->handler.userdata)
                            ? 0
                            : read_unit(gate);
        if (r < 0)
                gate_end(gate, r == -EPIPE || r == -ECONNRESET ? 0 : r);
        else
                set_interest(gate);
        return 0;
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Gate *gate = userdata;
        int r = pass_on(gate);

        (void)source;
        (void)fd;
        (void)revents;
        if (r < 0)
                gate_end(gate, r == -EPIPE ? 0 : r);
        else
                set_interest(gate);
        return 0;
}

int gate_new(sd_event *event, int client_fd, const GateHandler *handler, Gate **ret,
             int *ret_bus_fd)
{
        Gate *gate = malloc(sizeof(*gate));
        int pair[2], r;

        if (!gate) {
                close(client_fd);
                return -ENOMEM;
        }
        *gate = (Gate){.event = event, .in = client_fd, .out = -1, .handler = *handler};
        gate_parser_init(&gate->parser);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
                r = -errno;
                gate_free(gate);
                return r;
        }
        gate->out = pair[0];
        r = sd_event_add_io(event, &gate->in_source, gate->in, EPOLLIN, on_readable, gate);
        if (r >= 0)
                r = sd_event_add_io(event, &gate->out_source, gate->out, EPOLLOUT, on_writable,
                                    gate);
        if (r >= 0)
                r = sd_event_source_set_enabled(gate->out_source, SD_EVENT_OFF);
        if (r < 0) {
                close(pair[1]);
                gate_free(gate);
                return r;
        }
        *ret = gate;
        *ret_bus_fd = pair[1];
        return 0;
}

Gate *gate_free(Gate *gate)
{
        if (!gate)
                return NULL;
        sd_event_source_disable_unref(gate->in_source);
        sd_event_source_disable_unref(gate->out_source);
        sd_event_source_disable_unref(gate->again);
        drop_fds(gate);
        closep(&gate->in);
        closep(&gate->out);
        free(gate);
        return NULL;
}

void gate_open(Gate *gate)
{
        gate_parser_open(&gate->parser);
        if (!gate->ended)
                set_interest(gate);
}
