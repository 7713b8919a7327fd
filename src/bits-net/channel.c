#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/packet.h"
#include "copy.h"
#include "message.h"
#include "options.h"
#include "transfer.h"

enum {
        PENDING_MAX = 4 * NET_TRANSFERS_MAX
}; /* then nothing more is read until some of it is sent */

typedef struct Pending Pending;

struct Pending {
        Pending *next; /* Channel.first */
        size_t size;
        uint8_t message[]; /* begins with a WireHeader */
};

struct Channel {
        Worker *worker;
        int fd;
        sd_event_source *source;
        Pending *first, **tail; /* Pending.next */
        unsigned n_pending;
};

static int on_transfer(Worker *worker, const NetMessage *message, int *fd)
{
        Options *options = TAKE_PTR(worker->options);
        int r = -EBADMSG;

        if (!options || worker->options_id == message->header.sequence)
                r = transfer_start(worker, &message->transfer, options, TAKE_FD(*fd));
        options_unref(options);
        return r;
}

static int on_http(Worker *worker, const NetMessage *message, int *fd)
{
        if (worker->options)
                return -EBADMSG;
        worker->options_id = message->header.sequence;
        return options_read(&message->http, *fd, &worker->options);
}

static int on_proceed(Worker *worker, const NetMessage *message, int *fd)
{
        Transfer *transfer = transfer_find(worker, message->header.sequence);

        Copy *copy = copy_find(worker, message->header.sequence);

        (void)fd;
        if (copy)
                return copy_proceed(copy);
        return transfer ? transfer_proceed(transfer)
                        : 0; /* ended while the message was under way */
}

static int on_cancel(Worker *worker, const NetMessage *message, int *fd)
{
        Transfer *transfer = transfer_find(worker, message->header.sequence);

        Copy *copy = copy_find(worker, message->header.sequence);

        (void)fd;
        if (copy)
                copy_cancel(copy);
        if (transfer)
                transfer_cancel(transfer);
        return 0;
}

static int on_span(Worker *worker, const NetMessage *message, int *fd)
{
        Transfer *transfer = transfer_find(worker, message->header.sequence);

        (void)fd;
        return transfer ? transfer_span(transfer, &message->next.span) : 0;
}

static int on_halt(Worker *worker, const NetMessage *message, int *fd)
{
        Transfer *transfer = transfer_find(worker, message->header.sequence);

        (void)fd;
        if (transfer)
                transfer_halt(transfer);
        return 0;
}

static int on_finish(Worker *worker, const NetMessage *message, int *fd)
{
        Transfer *transfer = transfer_find(worker, message->header.sequence);

        (void)fd;
        return transfer ? transfer_last_span(transfer) : 0;
}

static int on_limit(Worker *worker, const NetMessage *message, int *fd)
{
        (void)fd;
        limit_set(worker->limit, message->limit.bytes_per_sec);
        return 0;
}

static int on_source(Worker *worker, const NetMessage *message, int *fd)
{
        if (worker->source >= 0)
                return -EBADMSG;
        worker->source = TAKE_FD(*fd);
        worker->source_id = message->header.sequence;
        return 0;
}

static int on_copy(Worker *worker, const NetMessage *message, int *fd)
{
        if (worker->source < 0 || worker->source_id != message->header.sequence)
                return -EBADMSG;
        return copy_start(worker, &message->copy, TAKE_FD(worker->source), TAKE_FD(*fd));
}

/* Types that message_check() lets through. -EBADMSG: not in this state. */
static int (*const handlers[])(Worker *worker, const NetMessage *message, int *fd) = {
        [NET_TRANSFER] = on_transfer, [NET_PROCEED] = on_proceed, [NET_CANCEL] = on_cancel,
        [NET_SPAN] = on_span,         [NET_HALT] = on_halt,       [NET_FINISH] = on_finish,
        [NET_LIMIT] = on_limit,       [NET_SOURCE] = on_source,   [NET_COPY] = on_copy,
        [NET_HTTP] = on_http,
};

static int channel_receive(Channel *channel)
{
        NetMessage message;
        _cleanup_(closep) int fd = -1;
        ssize_t n;
        int r;

        n = packet_recv(channel->fd, &message, sizeof(message), &fd);
        if (n == -EAGAIN)
                return 0;
        if (n == 0 || n == -ECONNRESET)
                return sd_event_exit(channel->worker->event, 0);

        r = n < 0 ? (int)n : message_check(&message, (size_t)n, fd >= 0);
        if (r == 0)
                r = handlers[message.header.type](channel->worker, &message, &fd);
        if (r < 0) {
                log_error("bits-queue sent what it never sends: error %d", -r);
                return sd_event_exit(channel->worker->event, 1);
        }
        return 0;
}

static uint32_t channel_events(const Channel *channel)
{
        return (channel->n_pending < PENDING_MAX ? (uint32_t)EPOLLIN : 0) |
               (channel->first ? (uint32_t)EPOLLOUT : 0);
}

static int channel_flush(Channel *channel)
{
        while (channel->first) {
                Pending *pending = channel->first;
                int r = packet_send(channel->fd, pending->message, pending->size, -1);

                if (r == -EAGAIN)
                        break;
                if (r < 0)
                        return sd_event_exit(channel->worker->event, 0);
                channel->first = pending->next;
                if (!channel->first)
                        channel->tail = &channel->first;
                channel->n_pending--;
                free(pending);
        }
        return sd_event_source_set_io_events(channel->source, channel_events(channel));
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Channel *channel = userdata;
        int r = 0;

        (void)source;
        (void)fd;
        if (revents & EPOLLOUT)
                r = channel_flush(channel);
        if (r >= 0 && revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
                r = channel_receive(channel);
        return r;
}

/* A newer offset says all that an older one of the same transfer and type would. */
static Pending *pending_same(Channel *channel, const WireHeader *header)
{
        if (header->type != NET_PROGRESS && header->type != NET_CHECKPOINT)
                return NULL;
        for (Pending *p = channel->first; p; p = p->next)
                if (memcmp(p->message, header, sizeof(*header)) == 0)
                        return p;
        return NULL;
}

static int pending_add(Channel *channel, const void *message, size_t size)
{
        Pending *pending = pending_same(channel, message);

        if (pending) {
                memcpy(pending->message, message, size);
                return 0;
        }
        pending = calloc(1, sizeof(*pending) + size);
        if (!pending)
                return -ENOMEM;
        pending->size = size;
        memcpy(pending->message, message, size);
        *channel->tail = pending;
        channel->tail = &pending->next;
        channel->n_pending++;
        return sd_event_source_set_io_events(channel->source, channel_events(channel));
}

void channel_send(Channel *channel, const void *message, size_t size)
{
        int r = channel->first ? -EAGAIN : packet_send(channel->fd, message, size, -1);

        if (r == -EAGAIN)
                r = pending_add(channel, message, size) < 0 ? -ENOMEM : 0;
        if (r == -ENOMEM) {
                log_error("no memory for a message");
                (void)sd_event_exit(channel->worker->event, 1);
        } else if (r < 0)
                (void)sd_event_exit(channel->worker->event, 0);
}

int channel_new(Worker *worker, int fd, Channel **ret)
{
        _cleanup_(freep) Channel *channel = calloc(1, sizeof(*channel));
        int flags = fcntl(fd, F_GETFL), r;

        if (!channel)
                return -ENOMEM;
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
            fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return -errno;
        channel->worker = worker;
        channel->fd = fd;
        channel->tail = &channel->first;
        r = sd_event_add_io(worker->event, &channel->source, fd, EPOLLIN, on_io, channel);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(channel);
        return 0;
}
