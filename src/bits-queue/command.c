#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/packet.h"
#include "base/peer.h"
#include "job.h"
#include "queue.h"
#include "report.h"
#include "supervisor.h"
#include "ticket.h"
#include "wire/notify.h"

enum {
        START_USEC = 60 * 1000 * 1000, /* until READY */
        SLACK_USEC = 30 * 1000 * 1000, /* that bits-notify has beyond the time limit */
};

typedef enum CommandState {
        COMMAND_SPAWNING, /* bitsd was asked */
        COMMAND_STARTING, /* READY is awaited */
        COMMAND_RUNNING,
} CommandState;

struct Command {
        Job *job; /* the caller's */
        uid_t uid;
        pid_t pid; /* of bits-notify, which leads its session */
        CommandState state;
        uint32_t worker; /* bitsd's number */
        int fd;
        sd_event_source *source, *overdue;
        void (*done)(void *userdata, bool handled);
        void *userdata;
        NotifyRun run; /* as it was set when it came to be run */
};

static bool is_system_account(const Queue *queue, uid_t uid)
{
        return uid <= queue->system_uid_max && !(queue->flags & SUPERVISOR_USER_MODE);
}

bool command_is_usable(const Job *job)
{
        return job->notify_program && !is_system_account(job->queue, job->owner) &&
               !is_system_account(job->queue, job->notify_uid);
}

static void command_free(Command *c)
{
        if (c->job->command == c)
                c->job->command = NULL;
        sd_event_source_disable_unref(c->source);
        sd_event_source_disable_unref(c->overdue);
        closep(&c->fd);
        free(c);
}

/* why: NULL when the program ended with 0. */
static void finish(Command *c, const char *why)
{
        char id[GUID_TEXT_SIZE];

        guid_text(&c->job->id, id);
        if (why)
                log_notice("job %s: the command line as uid %u was not handled: %s", id, c->uid,
                           why);
        else
                log_info("job %s: the command line as uid %u has ended with 0", id, c->uid);
        c->done(c->userdata, !why);
        command_free(c);
}

static void fail(Command *c, const char *why)
{
        supervisor_stop(c->job->queue->supervisor, c->worker);
        finish(c, why);
}

static uint32_t time_limit_sec(const Command *c)
{
        uint64_t limit_sec = c->job->queue->settings.notify_command_time_sec;

        return limit_sec > 0 ? (uint32_t)limit_sec : 1;
}

/* Whoever changed it meanwhile is not whom bits-notify runs as. */
static bool is_still_set(const Command *c)
{
        const Job *job = c->job;

        return job->notify_uid == c->uid && job->notify_program &&
               strcmp(job->notify_program, c->run.program) == 0 &&
               strcmp(job->notify_parameters ? job->notify_parameters : "", c->run.parameters) == 0;
}

static int prepare_run(Command *c)
{
        const Job *job = c->job;
        NotifyRun *run = &c->run;
        int program, parameters;

        run->header.type = NOTIFY_RUN;
        guid_text(&job->id, run->job);
        program = snprintf(run->program, sizeof(run->program), "%s", job->notify_program);
        parameters = snprintf(run->parameters, sizeof(run->parameters), "%s",
                              job->notify_parameters ? job->notify_parameters : "");
        return program < (int)sizeof(run->program) && parameters < (int)sizeof(run->parameters)
                       ? 0
                       : -E2BIG;
}

static int send_run(Command *c)
{
        if (!is_still_set(c))
                return -ECANCELED;
        c->run.time_limit_sec = time_limit_sec(c);
        log_notice("job %s: runs %s as uid %u", c->run.job, c->run.program, c->uid);
        return packet_send(c->fd, &c->run, sizeof(c->run), -1);
}

static int on_overdue(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        fail(userdata, "bits-notify does not answer");
        return 0;
}

static int expect_within(Command *c, uint64_t usec)
{
        uint64_t at = now_monotonic_usec() + usec;

        if (!c->overdue)
                return sd_event_add_time(c->job->queue->event, &c->overdue, CLOCK_MONOTONIC, at, 0,
                                         on_overdue, c);
        return sd_event_source_set_time(c->overdue, at);
}

static void on_ready(Command *c)
{
        int r = send_run(c);

        c->state = COMMAND_RUNNING;
        if (r == 0)
                r = expect_within(c, (uint64_t)time_limit_sec(c) * 1000000 + SLACK_USEC);
        if (r < 0)
                fail(c,
                     r == -ECANCELED ? "it was changed meanwhile" : "bits-notify does not take it");
}

static void on_done(Command *c, const NotifyDone *done)
{
        char why[64];

        if (done->result < 0)
                finish(c, done->result == -ETIMEDOUT ? "it took too long and was ended"
                                                     : strerror(-done->result));
        else if (WIFSIGNALED(done->status)) {
                (void)snprintf(why, sizeof(why), "ended by signal %d", WTERMSIG(done->status));
                finish(c, why);
        } else if (WEXITSTATUS(done->status) != 0) {
                (void)snprintf(why, sizeof(why), "ended with %d", WEXITSTATUS(done->status));
                finish(c, why);
        } else
                finish(c, NULL);
}

static int on_message(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Command *c = userdata;
        NotifyMessage message;
        ssize_t n;

        (void)source;
        (void)revents;
        n = packet_recv(fd, &message, sizeof(message), NULL);
        if (n == -EAGAIN)
                return 0;
        if (n == 0 || n == -ECONNRESET)
                finish(c, "bits-notify has ended");
        else if (n < 0 || notify_report_check(&message, (size_t)n) < 0 ||
                 (c->state == COMMAND_STARTING) != (message.header.type == NOTIFY_READY))
                fail(c, "bits-notify does not keep to the protocol");
        else if (message.header.type == NOTIFY_READY)
                on_ready(c);
        else
                on_done(c, &message.done);
        return 0;
}

static int attach(Command *c, int fd)
{
        int r;

        c->fd = fd;
        c->state = COMMAND_STARTING;
        if (fd < 0)
                return -EIO;
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        r = sd_event_add_io(c->job->queue->event, &c->source, fd, EPOLLIN, on_message, c);
        return r < 0 ? r : expect_within(c, START_USEC);
}

static void on_spawned(void *userdata, const SupervisorMessage *message, int fd)
{
        Command *c = userdata;
        int r = message->spawn_reply.result;

        if (r == -EBADMSG || r == -EKEYREVOKED || r == -EKEYEXPIRED)
                tickets_refused(c->job->queue->tickets, c->uid);
        if (r == -EPERM)
                finish(c, "NotifyCommands= or the account's state does not allow it");
        else if (r < 0)
                finish(c, strerror(-r));
        if (r < 0) {
                closep(&fd);
                return;
        }
        c->worker = message->spawn_reply.worker;
        c->pid = (pid_t)message->spawn_reply.pid;
        r = attach(c, fd);
        if (r < 0)
                fail(c, strerror(-r));
}

int command_run(Job *job, void (*done)(void *userdata, bool handled), void *userdata)
{
        const Ticket *ticket = tickets_find(job->queue->tickets, job->notify_uid);
        char id[GUID_TEXT_SIZE];
        Command *c;
        int r;

        if (!ticket) {
                guid_text(&job->id, id);
                log_notice("job %s: no command line: uid %u must authorise it again", id,
                           job->notify_uid);
                return -EKEYREJECTED;
        }
        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (Command){
                .job = job, .uid = job->notify_uid, .fd = -1, .done = done, .userdata = userdata};
        r = prepare_run(c);
        if (r == 0)
                r = supervisor_spawn(job->queue->supervisor, WORKER_NOTIFY, ticket, -1, on_spawned,
                                     c);
        if (r < 0)
                free(c);
        else
                job->command = c;
        return r;
}

/* Asked last: while its socket has not hung up, bits-notify is there, and its pid nobody else's. */
static bool is_there(const Command *c)
{
        return poll(&(struct pollfd){.fd = c->fd}, 1, 0) == 0;
}

bool command_calls(const Job *job, uid_t uid, int sock)
{
        const Command *c = job->command;

        return c && c->state == COMMAND_RUNNING && c->uid == uid &&
               peer_is_in_session(sock, c->pid) && is_there(c);
}
