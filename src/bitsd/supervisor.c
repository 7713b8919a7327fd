#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/packet.h"
#include "config.h"
#include "keeper.h"
#include "message.h"
#include "ticket.h"
#include "token.h"
#include "wire/supervisor.h"
#include "worker.h"

#define UNREAD_MAX 2048 /* messages */

typedef struct Unread {
        STAILQ_ENTRY(Unread) link; /* Supervisor.unread */
        SupervisorMessage message;
        size_t size;
        int fd;
} Unread;

struct Supervisor {
        int sock;
        sd_event_source *io;
        size_t n_unread;
        STAILQ_HEAD(, Unread) unread;
};

static int handle_query(Bitsd *bitsd, const SupervisorMessage *message, int fd)
{
        SupervisorQueryReply reply = {.header = {SUPERVISOR_QUERY_REPLY, message->header.sequence},
                                      .result = -ENOKEY};
        Token *token = token_find(bitsd, fd);

        if (token) {
                reply.result = 0;
                reply.uid = token->uid;
                reply.audience = token->audience;
                reply.uses = token->uses;
                reply.administrator = token_is_administrator(token);
                reply.by_logon = token->by_logon;
                log_info("bits-queue showed %stoken of uid %u for the jobs of uid %u",
                         reply.administrator ? "an administrator's " : "a ", token->uid,
                         token->audience);
        } else {
                log_notice("bits-queue showed a descriptor that is no token");
        }
        supervisor_send(bitsd, &reply, sizeof(reply), -1);
        return 0;
}

static int handle_verify(Bitsd *bitsd, const SupervisorMessage *message, int fd)
{
        const Ticket *ticket = &message->verify.ticket;
        SupervisorVerifyReply reply = {
                .header = {SUPERVISOR_VERIFY_REPLY, message->header.sequence},
                .result = ticket_check(&bitsd->secrets, ticket, time(NULL)),
                .uid = ticket->uid,
        };

        (void)fd;
        if (reply.result < 0) {
                log_notice("bits-queue showed a ticket that says uid %u: %s", ticket->uid,
                           strerror(-reply.result));
                reply.uid = 0;
        } else {
                log_info("bits-queue showed a good ticket of uid %u", ticket->uid);
        }
        supervisor_send(bitsd, &reply, sizeof(reply), -1);
        return 0;
}

static int handle_spawn(Bitsd *bitsd, const SupervisorMessage *message, int fd)
{
        return worker_start(bitsd, &message->spawn, fd);
}

static int handle_stop(Bitsd *bitsd, const SupervisorMessage *message, int fd)
{
        Worker *worker = worker_find(bitsd, message->stop.worker);

        (void)fd;
        if (worker && worker->announced) /* else it has ended while the message was on its way */
                worker_end(worker);
        return 0;
}

static int handle_idle(Bitsd *bitsd, const SupervisorMessage *message, int fd)
{
        (void)message;
        (void)fd;
        if (!bitsd->place.user_mode)
                return -EPROTO;
        log_info("nobody needs the service: ending");
        bitsd_stop(bitsd, EXIT_SUCCESS);
        return 0;
}

static int handle(Bitsd *bitsd, const SupervisorMessage *message, size_t size, int fd)
{
        static int (*const handlers[])(Bitsd * bitsd, const SupervisorMessage *message, int fd) = {
                [SUPERVISOR_QUERY] = handle_query, [SUPERVISOR_VERIFY] = handle_verify,
                [SUPERVISOR_SPAWN] = handle_spawn, [SUPERVISOR_STOP] = handle_stop,
                [SUPERVISOR_IDLE] = handle_idle,
        };
        int r;

        r = queue_request_check(message, size, fd >= 0);
        return r < 0 ? r : handlers[message->header.type](bitsd, message, fd);
}

static void unread_drop_first(Supervisor *supervisor)
{
        Unread *unread = STAILQ_FIRST(&supervisor->unread);

        STAILQ_REMOVE_HEAD(&supervisor->unread, link);
        supervisor->n_unread--;
        close_fd(unread->fd);
        free(unread);
}

/* 0 when everything is sent, -EAGAIN when bits-queue has to read first. */
static int flush_unread(Supervisor *supervisor)
{
        Unread *unread;
        int r;

        while ((unread = STAILQ_FIRST(&supervisor->unread))) {
                r = packet_send(supervisor->sock, &unread->message, unread->size, unread->fd);
                if (r < 0)
                        return r;
                unread_drop_first(supervisor);
        }
        return 0;
}

/* New requests are taken only when the answers to the old ones are gone. */
static int await_next(Supervisor *supervisor)
{
        return sd_event_source_set_io_events(
                supervisor->io, STAILQ_EMPTY(&supervisor->unread) ? EPOLLIN : EPOLLOUT);
}

static int on_socket(sd_event_source *source, int sock, uint32_t events, void *userdata)
{
        Bitsd *bitsd = userdata;
        _cleanup_(closep) int fd = -1;
        SupervisorMessage message;
        ssize_t size;
        int r;

        (void)source;
        r = flush_unread(bitsd->supervisor);
        if (r == -EAGAIN && !(events & (EPOLLHUP | EPOLLERR)))
                return 0;
        if (r < 0) {
                keeper_end_queue(bitsd, "it hung up");
                return 0;
        }
        (void)await_next(bitsd->supervisor);
        size = packet_recv(sock, &message, sizeof(message), &fd);
        if (size == -EAGAIN)
                return 0;
        if (size == 0 || size == -ECONNRESET)
                keeper_end_queue(bitsd, "it hung up");
        else if (size < 0 || handle(bitsd, &message, (size_t)size, fd) < 0)
                keeper_end_queue(bitsd, "it sent a malformed message");
        return 0;
}

/* What worker_start() will say, so that it can be said to who sets a command line. */
static uint32_t notify_flags(const Bitsd *bitsd)
{
        if (bitsd->place.user_mode || bitsd->settings.notify_commands == NOTIFY_ALL)
                return SUPERVISOR_NOTIFY_ADMINISTRATORS | SUPERVISOR_NOTIFY_OTHERS;
        return bitsd->settings.notify_commands == NOTIFY_ADMINISTRATORS
                       ? SUPERVISOR_NOTIFY_ADMINISTRATORS
                       : 0;
}

static uint32_t start_flags(const Bitsd *bitsd)
{
        uint32_t flags = notify_flags(bitsd);

        if (bitsd->place.user_mode)
                flags |= SUPERVISOR_USER_MODE;
        if (bitsd->settings.restricted_callers == RESTRICTED_ALL)
                flags |= SUPERVISOR_RESTRICT_SYSTEM_ACCOUNTS;
        if (bitsd->settings.restricted_callers == RESTRICTED_NONE)
                flags |= SUPERVISOR_ALLOW_RESTRICTED;
        if (bitsd->settings.root_jobs)
                flags |= SUPERVISOR_ROOT_JOBS;
        return flags;
}

int supervisor_open(Bitsd *bitsd, int *sock)
{
        _cleanup_(freep) Supervisor *supervisor = NULL;
        SupervisorStart start = {
                .header.type = SUPERVISOR_START,
                .version = SUPERVISOR_VERSION,
                .flags = start_flags(bitsd),
                .admin_gid = bitsd->admin_gid,
                .system_uid_max = SYSTEM_UID_MAX,
        };
        int r;

        supervisor = calloc(1, sizeof(*supervisor));
        if (!supervisor)
                return -ENOMEM;
        STAILQ_INIT(&supervisor->unread);
        if (fcntl(*sock, F_SETFL, O_NONBLOCK) < 0)
                return -errno;

        memcpy(start.row_key, bitsd->secrets.row_key, sizeof(start.row_key));
        memcpy(start.seal_key, bitsd->secrets.seal_key, sizeof(start.seal_key));
        r = packet_send(*sock, &start, sizeof(start), -1);
        explicit_bzero(&start, sizeof(start));
        if (r < 0)
                return r;
        r = sd_event_add_io(bitsd->event, &supervisor->io, *sock, EPOLLIN, on_socket, bitsd);
        if (r < 0)
                return r;
        supervisor->sock = TAKE_FD(*sock);
        bitsd->supervisor = TAKE_PTR(supervisor);
        return 0;
}

void supervisor_settings(Bitsd *bitsd)
{
        SupervisorSettings settings = {
                .header.type = SUPERVISOR_SETTINGS,
                .flags = start_flags(bitsd),
                .admin_gid = bitsd->admin_gid,
        };

        supervisor_send(bitsd, &settings, sizeof(settings), -1);
}

void supervisor_close(Bitsd *bitsd)
{
        Supervisor *supervisor = TAKE_PTR(bitsd->supervisor);

        if (!supervisor)
                return;
        sd_event_source_disable_unref(supervisor->io);
        close_fd(supervisor->sock);
        while (!STAILQ_EMPTY(&supervisor->unread))
                unread_drop_first(supervisor);
        free(supervisor);
}

static int unread_add(Supervisor *supervisor, const void *message, size_t size, int fd)
{
        Unread *unread;

        if (supervisor->n_unread >= UNREAD_MAX || size > sizeof(unread->message))
                return -ENOBUFS;
        unread = calloc(1, sizeof(*unread));
        if (!unread)
                return -ENOMEM;
        memcpy(&unread->message, message, size);
        unread->size = size;
        unread->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd >= 0 && unread->fd < 0) {
                free(unread);
                return -EMFILE;
        }
        STAILQ_INSERT_TAIL(&supervisor->unread, unread, link);
        supervisor->n_unread++;
        return await_next(supervisor);
}

void supervisor_send(Bitsd *bitsd, const void *message, size_t size, int fd)
{
        Supervisor *supervisor = bitsd->supervisor;
        int r;

        if (!supervisor)
                return;
        r = STAILQ_EMPTY(&supervisor->unread) ? packet_send(supervisor->sock, message, size, fd)
                                              : -EAGAIN;
        if (r == -EAGAIN)
                r = unread_add(supervisor, message, size, fd);
        if (r == -EPIPE || r == -ECONNRESET)
                return; /* the hang-up is on its way to us */
        if (r < 0)
                keeper_kill_queue(bitsd, "it does not read");
}
