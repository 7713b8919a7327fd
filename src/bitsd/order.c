#include "order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "message.h"
#include "process.h"

#define ORDER_DEADLINE_USEC UINT64_C(55000000) /* bits-become's own alarm comes later */

static void order_free(Order *order)
{
        if (!order)
                return;
        if (order->process)
                process_watch(order->process, NULL, NULL);
        sd_event_source_disable_unref(order->io);
        sd_event_source_disable_unref(order->deadline);
        close_fd(order->sock);
        close_fd(order->fds[0]);
        close_fd(order->fds[1]);
        free(order);
}

static void order_freep(Order **order)
{
        order_free(*order);
}

void order_cancel(Order *order)
{
        if (order && order->process)
                process_kill(order->process);
        order_free(order);
}

static void on_process_exited(void *userdata, int status)
{
        Order *order = userdata;

        (void)status;
        order->process = NULL; /* the hang-up of the socket is what ends the order */
}

/* A process that nobody took has no business any more. */
static void order_finish(Order *order, int result)
{
        bool becomes_program = order->type == BECOME_QUEUE || order->type == BECOME_WORKER;

        if (result == 0 && becomes_program && !order->process)
                result = -EIO; /* it has ended already */
        order->done(order->userdata, order, result);
        order_cancel(order);
}

static int order_result(const Order *order)
{
        size_t n_fds = become_reply_fds(order->type);

        if (order->error)
                return order->error;
        return order->n_replies == (n_fds ? n_fds : 1) ? 0 : -EIO;
}

static int on_reply(sd_event_source *source, int sock, uint32_t events, void *userdata)
{
        Order *order = userdata;
        _cleanup_(closep) int fd = -1;
        BecomeReply reply;
        ssize_t size;

        (void)source;
        (void)events;
        size = packet_recv(sock, &reply, sizeof(reply), &fd);
        if (size == -EAGAIN)
                return 0;
        if (size == 0 || size == -ECONNRESET) {
                order_finish(order, order_result(order));
                return 0;
        }
        if (size < 0 || order->error || /* the last word */
            become_reply_check(order->type, order->n_replies, &reply, (size_t)size, fd >= 0) < 0) {
                order_finish(order, -EIO);
                return 0;
        }

        if (reply.result != 0) {
                order->error = reply.result;
                return 0;
        }
        if (order->n_replies == 0)
                order->reply = reply;
        if (fd >= 0)
                order->fds[order->n_replies] = TAKE_FD(fd);
        order->n_replies++;
        return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        order_finish(userdata, -ETIMEDOUT);
        return 0;
}

int order_start(Bitsd *bitsd, BecomeRequest *request, int fd, order_done_t done, void *userdata,
                Order **ret)
{
        _cleanup_(order_freep) Order *order = NULL;
        _cleanup_(closep) int theirs = -1;
        int pair[2], r;

        order = calloc(1, sizeof(*order));
        if (!order)
                return -ENOMEM;
        *order = (Order){.bitsd = bitsd,
                         .type = request->header.type,
                         .sock = -1,
                         .fds = {-1, -1},
                         .done = done,
                         .userdata = userdata};
        r = packet_pair(pair);
        if (r < 0)
                return r;
        order->sock = pair[0];
        theirs = pair[1];
        if (fcntl(order->sock, F_SETFL, O_NONBLOCK) < 0)
                return -errno;

        request->user_mode = bitsd->place.user_mode;
        r = packet_send(order->sock, request, sizeof(*request), fd); /* there before its reader */
        if (r < 0)
                return r;
        r = sd_event_add_io(bitsd->event, &order->io, order->sock, EPOLLIN, on_reply, order);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(bitsd->event, &order->deadline, CLOCK_MONOTONIC,
                                       ORDER_DEADLINE_USEC, 0, on_deadline, order);
        if (r < 0)
                return r;
        r = process_start(bitsd, theirs, &order->process);
        if (r < 0)
                return r;
        process_watch(order->process, on_process_exited, order);
        *ret = TAKE_PTR(order);
        return 0;
}
