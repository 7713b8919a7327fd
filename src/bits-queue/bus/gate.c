#include "gate.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "framing.h"

enum { BUFFER_SIZE = 8192 };

struct Gate {
        const GateOwner *owner;
        void *userdata;
        int socket, output; /* the client's; our end of the pair */
        sd_event_source *source;
        Framing framing;
        bool open, waiting, stopped;
        int fds[GATE_DESCRIPTORS_MAX]; /* to go with the next bytes */
        size_t n_fds, n_message_fds;   /* of which there are; that the message has had */
        size_t begin, end;             /* bytes of buffer to be passed on */
        uint8_t buffer[BUFFER_SIZE];
};

/* A control message of exactly this room: the kernel marks what does not fit, and drops it. */
typedef union DescriptorControl {
        struct cmsghdr header;
        uint8_t room[CMSG_SPACE(sizeof(int) * GATE_DESCRIPTORS_MAX)];
} DescriptorControl;

static void close_held(Gate *gate)
{
        while (gate->n_fds > 0)
                close(gate->fds[--gate->n_fds]);
}

/* Passes on what is in the buffer. 1: something went; -EBUSY: no room. */
static int pass(Gate *gate)
{
        struct iovec iov = {.iov_base = gate->buffer + gate->begin,
                            .iov_len = gate->end - gate->begin};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        DescriptorControl control = {0};
        ssize_t n;

        if (gate->n_fds > 0) {
                size_t size = sizeof(int) * gate->n_fds;

                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(size);
                memcpy(CMSG_DATA(&control.header), gate->fds, size);
                message.msg_control = &control;
                message.msg_controllen = CMSG_SPACE(size);
        }
        n = sendmsg(gate->output, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
                return errno == EAGAIN || errno == ENOBUFS ? -EBUSY : -errno;
        close_held(gate);
        gate->begin += (size_t)n;
        return 1;
}

/* Takes the descriptors of one read over, or closes them all: too many, or none were due. */
static int hold_descriptors(Gate *gate, struct msghdr *message)
{
        int r = message->msg_flags & MSG_CTRUNC ? -EPROTO : 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < n; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (gate->framing.phase == FRAMING_AUTH ||
                            gate->n_message_fds == GATE_DESCRIPTORS_MAX)
                                r = -EPROTO;
                        if (r < 0) {
                                close(fd);
                                continue;
                        }
                        gate->fds[gate->n_fds++] = fd;
                        gate->n_message_fds++;
                }
        }
        return r;
}

/* Puts what was read, and what of it may go, into the buffer: a header only when it is whole and
 * has been found good. */
static int take(Gate *gate, size_t size)
{
        bool in_header = gate->framing.phase == FRAMING_HEADER;
        int r = framing_feed(&gate->framing, gate->buffer, size);

        if (r < 0)
                return r;
        gate->begin = 0;
        gate->end = size;
        if (in_header && gate->framing.phase == FRAMING_HEADER &&
            !framing_at_boundary(&gate->framing))
                gate->end = 0;
        else if (in_header) {
                memcpy(gate->buffer, gate->framing.header, FRAMING_HEADER_SIZE);
                gate->end = FRAMING_HEADER_SIZE;
        }
        return 1;
}

/* Reads within what is under way. 1: something came; 0: nothing is there; -EPIPE: hung up. */
static int receive(Gate *gate)
{
        size_t want = framing_want(&gate->framing);
        struct iovec iov = {.iov_base = gate->buffer,
                            .iov_len = want < BUFFER_SIZE ? want : BUFFER_SIZE};
        DescriptorControl control;
        struct msghdr message = {.msg_iov = &iov,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(gate->socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        int r;

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        r = hold_descriptors(gate, &message);
        if (r < 0)
                return r;
        return n == 0 ? -EPIPE : take(gate, (size_t)n);
}

/* Has sd-bus taken everything that was passed on? */
static bool is_taken(const Gate *gate)
{
        int size;

        return ioctl(gate->output, SIOCOUTQ, &size) == 0 && size == 0;
}

/* 1: go on; 0: the client is silent; -EBUSY: to be continued later; other errors end the gate. */
static int step(Gate *gate)
{
        if (gate->begin < gate->end)
                return pass(gate);
        if (framing_at_boundary(&gate->framing)) {
                if (!gate->open || !is_taken(gate) || !gate->owner->ready(gate->userdata))
                        return -EBUSY;
                gate->n_message_fds = 0;
        }
        return receive(gate);
}

static void end(Gate *gate, int error)
{
        gate_stop(gate);
        gate->owner->ended(gate->userdata, error);
}

static void run(Gate *gate)
{
        bool waited = gate->waiting;
        int r;

        do
                r = step(gate);
        while (r > 0);

        gate->waiting = r == -EBUSY;
        if (r < 0 && r != -EBUSY) {
                end(gate, r);
                return;
        }
        if (gate->waiting) {
                if (!waited)
                        gate->owner->waits(gate->userdata);
                return;
        }
        if (waited) {
                (void)sd_event_source_set_io_events(gate->source, EPOLLIN);
                (void)sd_event_source_set_enabled(gate->source, SD_EVENT_ON);
        }
}

/* More arrives while the gate waits: it stays in the socket, and the client feels it. One that has
 * hung up is still heard to the end, unless it is itself what is waited for. */
static void hold_back(Gate *gate, uint32_t revents)
{
        (void)sd_event_source_set_io_events(gate->source, 0);
        if (!(revents & (EPOLLHUP | EPOLLERR)))
                return;
        if (gate->open && gate->owner->ready(gate->userdata))
                (void)sd_event_source_set_enabled(gate->source, SD_EVENT_OFF);
        else
                end(gate, -EPIPE);
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Gate *gate = userdata;

        (void)source;
        (void)fd;
        if (gate->waiting)
                hold_back(gate, revents);
        else
                run(gate);
        return 0;
}

bool gate_continue(Gate *gate)
{
        if (gate->waiting && !gate->stopped)
                run(gate);
        return gate->waiting && !gate->stopped;
}

int gate_open(Gate *gate)
{
        if (gate->framing.phase == FRAMING_AUTH)
                return -EPROTO;
        gate->open = true;
        return 0;
}

void gate_stop(Gate *gate)
{
        gate->stopped = true;
        (void)sd_event_source_set_enabled(gate->source, SD_EVENT_OFF);
}

int gate_new(sd_event *event, int socket, const GateOwner *owner, void *userdata, int *ret_output,
             Gate **ret)
{
        int pair[2], r;
        Gate *gate;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return -errno;
        gate = calloc(1, sizeof(*gate));
        if (!gate) {
                r = -ENOMEM;
                goto fail;
        }
        gate->owner = owner;
        gate->userdata = userdata;
        gate->socket = socket;
        gate->output = pair[0];
        framing_init(&gate->framing);
        r = sd_event_add_io(event, &gate->source, socket, EPOLLIN, on_input, gate);
        if (r < 0) {
                free(gate);
                goto fail;
        }
        *ret_output = pair[1];
        *ret = gate;
        return 0;

fail:
        close(pair[0]);
        close(pair[1]);
        return r;
}

Gate *gate_free(Gate *gate)
{
        if (!gate)
                return NULL;
        sd_event_source_disable_unref(gate->source);
        close_held(gate);
        close(gate->output);
        free(gate);
        return NULL;
}
