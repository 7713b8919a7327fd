#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/packet.h"
#include "bus/bus.h"
#include "queue.h"
#include "report.h"
#include "ticket.h"

typedef struct Pending {
        struct Pending *next;
        uint32_t sequence, type; /* of the answer */
        SupervisorAnswer answer;
        void *userdata;
} Pending;

struct Supervisor {
        Queue *queue;
        int fd;
        sd_event_source *source;
        uint32_t sequence;
        Pending *pending;
};

static void take_answer(Supervisor *s, const SupervisorMessage *message, int fd)
{
        for (Pending **p = &s->pending; *p; p = &(*p)->next) {
                _cleanup_(freep) Pending *found = NULL;

                if ((*p)->sequence != message->header.sequence ||
                    (*p)->type != message->header.type)
                        continue;
                found = *p;
                *p = found->next;
                found->answer(found->userdata, message, fd);
                return;
        }
        log_error("bitsd answered what was not asked (type %u)", message->header.type);
        closep(&fd);
}

static void take_settings(Queue *queue, const SupervisorSettings *settings)
{
        queue->flags = settings->flags;
        queue->admin_gid = settings->admin_gid;
        bus_settings_changed(queue);
        queue_reload(queue);
}

static int on_message(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Supervisor *s = userdata;
        _cleanup_(closep) int passed = -1;
        SupervisorMessage message;
        ssize_t n;

        (void)source;
        (void)revents;
        n = packet_recv(fd, &message, sizeof(message), &passed);
        if (n == -EAGAIN)
                return 0;
        if (n <= 0) {
                log_notice("bitsd has hung up");
                return sd_event_exit(s->queue->event, 0);
        }
        if (supervisor_report_check(&message, (size_t)n, passed >= 0) < 0 ||
            message.header.type == SUPERVISOR_START) { /* which was the first */
                log_error("malformed message of bitsd");
                return sd_event_exit(s->queue->event, EXIT_FAILURE);
        }
        if (message.header.type == SUPERVISOR_EXITED)
                log_debug("worker %u has ended, status %d", message.exited.worker,
                          message.exited.status);
        else if (message.header.type == SUPERVISOR_REVOKED)
                tickets_revoked(s->queue->tickets, message.revoked.uid, message.revoked.epoch);
        else if (message.header.type == SUPERVISOR_SETTINGS)
                take_settings(s->queue, &message.settings);
        else
                take_answer(s, &message, TAKE_FD(passed));
        return 0;
}

static int read_start(Queue *queue, int fd)
{
        SupervisorMessage message;
        ssize_t n = packet_recv(fd, &message, sizeof(message), NULL);

        if (n < 0)
                return (int)n;
        if (supervisor_report_check(&message, (size_t)n, false) < 0 ||
            message.header.type != SUPERVISOR_START)
                return -EBADMSG;
        queue->flags = message.start.flags;
        queue->admin_gid = message.start.admin_gid;
        queue->system_uid_max = message.start.system_uid_max;
        memcpy(queue->row_key, message.start.row_key, sizeof(queue->row_key));
        memcpy(queue->seal_key, message.start.seal_key, sizeof(queue->seal_key));
        explicit_bzero(&message, sizeof(message));
        return 0;
}

int supervisor_new(Queue *queue, int fd, Supervisor **ret)
{
        Supervisor *s = NULL;
        int r;

        r = read_start(queue, fd);
        if (r < 0)
                return r;
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return -errno;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->queue = queue;
        s->fd = fd;
        r = sd_event_add_io(queue->event, &s->source, fd, EPOLLIN, on_message, s);
        if (r < 0) {
                free(s);
                return r;
        }
        *ret = s;
        return 0;
}

Supervisor *supervisor_free(Supervisor *s)
{
        if (!s)
                return NULL;
        sd_event_source_disable_unref(s->source);
        while (s->pending) {
                _cleanup_(freep) Pending *p = s->pending;

                s->pending = p->next;
        }
        free(s);
        return NULL;
}

bool supervisor_is_waiting(const Supervisor *s)
{
        return s->pending != NULL;
}

/* Sends and, with answer, remembers that one of type is due. */
static int ask(Supervisor *s, void *message, size_t size, int fd, uint32_t type,
               SupervisorAnswer answer, void *userdata)
{
        _cleanup_(freep) Pending *p = NULL;
        WireHeader *header = message;
        int r;

        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        header->sequence = ++s->sequence;
        *p = (Pending){.sequence = header->sequence,
                       .type = type,
                       .answer = answer,
                       .userdata = userdata,
                       .next = s->pending};
        r = packet_send(s->fd, message, size, fd);
        if (r < 0)
                return r;
        s->pending = TAKE_PTR(p);
        return 0;
}

int supervisor_query(Supervisor *s, int token_fd, SupervisorAnswer answer, void *userdata)
{
        SupervisorQuery query = {.header.type = SUPERVISOR_QUERY};

        return ask(s, &query, sizeof(query), token_fd, SUPERVISOR_QUERY_REPLY, answer, userdata);
}

int supervisor_verify(Supervisor *s, const Ticket *ticket, SupervisorAnswer answer, void *userdata)
{
        SupervisorVerify verify = {.header.type = SUPERVISOR_VERIFY, .ticket = *ticket};

        return ask(s, &verify, sizeof(verify), -1, SUPERVISOR_VERIFY_REPLY, answer, userdata);
}

int supervisor_spawn(Supervisor *s, enum WorkerRole role, const Ticket *ticket, int token_fd,
                     SupervisorAnswer answer, void *userdata)
{
        SupervisorSpawn spawn = {.header.type = SUPERVISOR_SPAWN,
                                 .role = (uint32_t)role,
                                 .with_token = token_fd >= 0,
                                 .ticket = *ticket};

        return ask(s, &spawn, sizeof(spawn), token_fd, SUPERVISOR_SPAWN_REPLY, answer, userdata);
}

void supervisor_stop(Supervisor *s, uint32_t worker)
{
        SupervisorStop stop = {.header.type = SUPERVISOR_STOP, .worker = worker};

        (void)packet_send(s->fd, &stop, sizeof(stop), -1); /* else it ends by hang-up */
}

void supervisor_idle(Supervisor *s)
{
        SupervisorIdle idle = {.header.type = SUPERVISOR_IDLE};

        (void)packet_send(s->fd, &idle, sizeof(idle), -1); /* said again at the next look */
}
