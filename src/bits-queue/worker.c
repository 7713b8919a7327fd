#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/packet.h"
#include "job.h"
#include "orphan.h"
#include "queue.h"
#include "report.h"
#include "supervisor.h"
#include "ticket.h"
#include "token.h"
#include "transfer.h"

enum {
        IDLE_USEC = 10 * 1000 * 1000,
        FILE_TRIES = 3, /* workers that one request may outlive */
};

#define SIZE_PATIENCE_MAX UINT64_C(1000000000000) /* bytes; a microsecond for each */

typedef enum WorkerState {
        WORKER_SPAWNING, /* bitsd was asked */
        WORKER_STARTING, /* its READY is awaited */
        WORKER_READY,
        WORKER_LOST,
} WorkerState;

typedef struct Outgoing { /* a message that waits for the worker, or for room in its socket */
        TAILQ_ENTRY(Outgoing) link; /* Worker.outgoing */
        int fd;
        size_t size;
        uint8_t data[];
} Outgoing;

typedef struct FileCall {           /* a request without its answer yet */
        TAILQ_ENTRY(FileCall) link; /* Worker.calls */
        unsigned tries;
        FileAnswer answer;
        void *userdata;
        int result; /* for an answer that is given later */
        FileMessage request;
} FileCall;

TAILQ_HEAD(CallList, FileCall);
TAILQ_HEAD(WorkerList, Worker);

struct Worker {
        WorkerPool *pool;
        TAILQ_ENTRY(Worker) link; /* WorkerPool.workers */
        enum WorkerRole role;
        uid_t owner;
        HelperToken *token;
        bool foreign;
        WorkerState state;
        uint32_t id; /* bitsd's */
        uid_t uid;
        int fd;
        bool spawn_pending, freed;
        sd_event_source *source, *idle, *overdue;
        uint32_t watched; /* sequence of the call that overdue is for */
        TAILQ_HEAD(, Outgoing) outgoing;
        struct CallList calls;
        struct TransferList transfers; /* Transfer.worker_link */
        uint64_t limit_bytes_per_sec;  /* that it was told; 0: none */
};

struct WorkerPool {
        Queue *queue;
        struct WorkerList workers;
        struct CallList refused; /* FileCall.link: to be answered from the loop */
        sd_event_source *answer_refused;
        uint32_t sequence;
        uint64_t limit_bytes_per_sec; /* for all bits-net together; 0: none */
};

static void worker_lost(Worker *worker, int result);
static void refuse(WorkerPool *pool, FileCall *call, int result);

/* ---- life ------------------------------------------------------------------------------------ */

static Worker *worker_free(Worker *worker)
{
        Outgoing *o;

        while ((o = TAILQ_FIRST(&worker->outgoing))) {
                TAILQ_REMOVE(&worker->outgoing, o, link);
                closep(&o->fd);
                free(o);
        }
        sd_event_source_disable_unref(worker->source);
        sd_event_source_disable_unref(worker->idle);
        sd_event_source_disable_unref(worker->overdue);
        worker->source = worker->idle = worker->overdue = NULL;
        worker->fd = close_fd(worker->fd);
        token_unref(worker->token);
        worker->token = NULL;
        if (worker->spawn_pending) {
                worker->freed = true; /* on_spawned() frees it */
                return NULL;
        }
        free(worker);
        return NULL;
}

static void worker_close(Worker *worker)
{
        TAILQ_REMOVE(&worker->pool->workers, worker, link);
        worker_free(worker);
}

static bool worker_is_idle(const Worker *worker)
{
        return TAILQ_EMPTY(&worker->calls) && TAILQ_EMPTY(&worker->transfers) &&
               TAILQ_EMPTY(&worker->outgoing) && worker->state == WORKER_READY;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
        Worker *worker = userdata;

        (void)source;
        (void)usec;
        if (worker_is_idle(worker))
                worker_close(worker); /* it ends when it sees the hang-up */
        return 0;
}

static void watch_idle(Worker *worker)
{
        uint64_t at = now_monotonic_usec() + IDLE_USEC;

        if (!worker_is_idle(worker)) {
                if (worker->idle)
                        (void)sd_event_source_set_enabled(worker->idle, SD_EVENT_OFF);
                return;
        }
        if (!worker->idle) {
                (void)sd_event_add_time(worker->pool->queue->event, &worker->idle, CLOCK_MONOTONIC,
                                        at, 1000000, on_idle, worker);
                return;
        }
        (void)sd_event_source_set_time(worker->idle, at);
        (void)sd_event_source_set_enabled(worker->idle, SD_EVENT_ONESHOT);
}

/* ---- overdue answers --------------------------------------------------------------------------
 */

/* Time for a slow disk; and, where the whole file may be read and copied, for its size. */
static uint64_t patience_usec(const Worker *worker, const FileMessage *message)
{
        const FileRequest *request = &message->request;
        uint64_t usec = (uint64_t)worker->pool->queue->settings.file_patience_sec * 1000000;

        if (message->header.type == FILE_RESUME_TEMP || message->header.type == FILE_SEAL)
                usec += request->size < SIZE_PATIENCE_MAX ? request->size : SIZE_PATIENCE_MAX;
        return usec;
}

/* A path on a mount that hangs, or a process that its user has stopped: whoever waits is answered,
 * and what waits behind goes to another. */
static int on_overdue(sd_event_source *source, uint64_t usec, void *userdata)
{
        Worker *worker = userdata;
        FileCall *call = TAILQ_FIRST(&worker->calls);

        (void)source;
        (void)usec;
        log_warning("bits-file of uid %u for uid %u does not answer: ended", worker->uid,
                    worker->owner);
        supervisor_stop(worker->pool->queue->supervisor, worker->id);
        TAILQ_REMOVE(&worker->calls, call, link);
        refuse(worker->pool, call, -ETIMEDOUT);
        worker_lost(worker, -ECONNRESET);
        return 0;
}

/* The oldest call is the one that is worked on. bitsd answers for the time before. */
static void watch_calls(Worker *worker)
{
        const FileCall *call = TAILQ_FIRST(&worker->calls);
        uint64_t at;

        if (!call || worker->state == WORKER_SPAWNING) {
                if (worker->overdue)
                        (void)sd_event_source_set_enabled(worker->overdue, SD_EVENT_OFF);
                worker->watched = 0;
                return;
        }
        if (worker->watched == call->request.header.sequence)
                return;
        at = now_monotonic_usec() + patience_usec(worker, &call->request);
        if (!worker->overdue &&
            sd_event_add_time(worker->pool->queue->event, &worker->overdue, CLOCK_MONOTONIC, at,
                              100000, on_overdue, worker) < 0)
                return; /* looked at again with the next call */
        worker->watched = call->request.header.sequence;
        (void)sd_event_source_set_time(worker->overdue, at);
        (void)sd_event_source_set_enabled(worker->overdue, SD_EVENT_ONESHOT);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void flush(Worker *worker)
{
        Outgoing *o;
        int r = 0;

        while (worker->state == WORKER_READY && (o = TAILQ_FIRST(&worker->outgoing))) {
                r = packet_send(worker->fd, o->data, o->size, o->fd);
                if (r == -EAGAIN)
                        break;
                TAILQ_REMOVE(&worker->outgoing, o, link);
                closep(&o->fd);
                free(o);
                if (r < 0)
                        break; /* its hang-up follows */
        }
        if (worker->source)
                (void)sd_event_source_set_io_events(worker->source,
                                                    r == -EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Takes fd over. */
static int post(Worker *worker, const void *data, size_t size, int fd)
{
        Outgoing *o = malloc(sizeof(*o) + size);

        if (!o) {
                closep(&fd);
                return -ENOMEM;
        }
        o->fd = fd;
        o->size = size;
        memcpy(o->data, data, size);
        TAILQ_INSERT_TAIL(&worker->outgoing, o, link);
        flush(worker);
        watch_idle(worker);
        return 0;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static int protocol_error(Worker *worker, int fd)
{
        log_error("worker %u (uid %u) sent a malformed message: ended", worker->id, worker->uid);
        closep(&fd);
        supervisor_stop(worker->pool->queue->supervisor, worker->id);
        worker_lost(worker, -ECONNRESET);
        return 0;
}

static void became_ready(Worker *worker)
{
        worker->state = WORKER_READY;
        flush(worker);
        if (worker->role == WORKER_FILE && !worker->foreign)
                orphanage_sweep(worker->pool->queue->orphanage, worker->uid,
                                (Identity){.owner = worker->owner, .token = worker->token});
        watch_idle(worker);
}

static int on_file_reply(Worker *worker, const FileReply *reply, size_t size, int fd)
{
        FileCall *call = TAILQ_FIRST(&worker->calls);

        if (file_report_check(reply, size) < 0)
                return protocol_error(worker, fd);
        if (worker->state == WORKER_STARTING) {
                if (reply->header.type != FILE_READY || fd >= 0)
                        return protocol_error(worker, fd);
                became_ready(worker);
                return 0;
        }
        if (reply->header.type != FILE_REPLY || !call ||
            reply->header.sequence != call->request.header.sequence)
                return protocol_error(worker, fd);

        bool wants_fd = reply->result == 0 && (call->request.header.type == FILE_OPEN_TEMP ||
                                               call->request.header.type == FILE_RESUME_TEMP ||
                                               call->request.header.type == FILE_OPEN_SOURCE ||
                                               call->request.header.type == FILE_CERTIFICATE);
        if (wants_fd != (fd >= 0))
                return protocol_error(worker, fd);

        TAILQ_REMOVE(&worker->calls, call, link);
        watch_idle(worker);
        watch_calls(worker);
        call->answer(call->userdata, reply->result, reply, fd);
        free(call);
        return 0;
}

static int on_net_message(Worker *worker, const NetReport *report, size_t size, int fd)
{
        const NetMessage *message = &report->message;
        Transfer *transfer;

        if (fd >= 0 || net_report_check(report, size) < 0)
                return protocol_error(worker, fd);
        if ((worker->state == WORKER_STARTING) != (message->header.type == NET_READY))
                return protocol_error(worker, fd);
        if (message->header.type == NET_READY) {
                became_ready(worker);
                return 0;
        }
        TAILQ_FOREACH (transfer, &worker->transfers, worker_link)
                if (transfer->net_id == message->header.sequence) {
                        if (!transfer_on_net(transfer, report))
                                return protocol_error(worker, fd);
                        return 0;
                }
        return protocol_error(worker, fd);
}

static int on_worker(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Worker *worker = userdata;
        union {
                NetReport net;
                FileReply file;
        } message;
        int passed = -1;
        ssize_t n;

        (void)source;
        if (revents & EPOLLOUT)
                flush(worker);
        n = packet_recv(fd, &message, sizeof(message), &passed);
        if (n == -EAGAIN)
                return 0;
        if (n == -EMSGSIZE || n == -EBADMSG)
                return protocol_error(worker, passed);
        if (n <= 0) {
                worker_lost(worker, -ECONNRESET);
                return 0;
        }
        return worker->role == WORKER_FILE
                       ? on_file_reply(worker, &message.file, (size_t)n, passed)
                       : on_net_message(worker, &message.net, (size_t)n, passed);
}

/* ---- starting -------------------------------------------------------------------------------- */

static int attach(Worker *worker, const SupervisorSpawnReply *reply, int fd)
{
        worker->id = reply->worker;
        worker->uid = reply->uid;
        worker->fd = fd;
        worker->state = WORKER_STARTING;
        watch_calls(worker);
        if (fd < 0)
                return -EIO;
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        return sd_event_add_io(worker->pool->queue->event, &worker->source, fd, EPOLLIN, on_worker,
                               worker);
}

static void on_spawned(void *userdata, const SupervisorMessage *message, int fd)
{
        Worker *worker = userdata;
        int r = message->spawn_reply.result;

        worker->spawn_pending = false;
        if (worker->freed) {
                closep(&fd);
                free(worker);
                return;
        }
        if (r == -EBADMSG || r == -EKEYREVOKED || r == -EKEYEXPIRED) {
                tickets_refused(worker->pool->queue->tickets, worker->owner);
                r = -EKEYREJECTED;
        }
        if (r == 0)
                r = attach(worker, &message->spawn_reply, fd);
        else
                closep(&fd);
        if (r < 0) {
                log_notice("no worker for uid %u%s: %s", worker->owner,
                           worker->token ? " with a helper token" : "", strerror(-r));
                worker_lost(worker, r);
        }
}

static int worker_new(WorkerPool *pool, enum WorkerRole role, Identity identity, Worker **ret)
{
        const Ticket *ticket = tickets_find(pool->queue->tickets, identity.owner);
        Worker *worker;
        int r;

        if (!ticket)
                return -EKEYREJECTED;
        if (identity.token && identity.token->hung_up)
                return -ENOKEY;
        worker = calloc(1, sizeof(*worker));
        if (!worker)
                return -ENOMEM;
        *worker = (Worker){.pool = pool,
                           .role = role,
                           .owner = identity.owner,
                           .foreign = identity.foreign,
                           .fd = -1};
        TAILQ_INIT(&worker->outgoing);
        TAILQ_INIT(&worker->calls);
        TAILQ_INIT(&worker->transfers);
        r = supervisor_spawn(pool->queue->supervisor, role, ticket,
                             identity.token ? identity.token->fd : -1, on_spawned, worker);
        if (r < 0) {
                free(worker);
                return r;
        }
        worker->spawn_pending = true;
        worker->token = token_ref(identity.token);
        TAILQ_INSERT_TAIL(&pool->workers, worker, link);
        *ret = worker;
        return 0;
}

/* A bits-net serves so many transfers and no more; then there is a second one. */
static bool is_full(const Worker *worker)
{
        const Transfer *transfer;
        size_t count = 0;

        TAILQ_FOREACH (transfer, &worker->transfers, worker_link)
                count++;
        return count >= NET_TRANSFERS_MAX;
}

static int worker_get(WorkerPool *pool, enum WorkerRole role, Identity identity, Worker **ret)
{
        Worker *worker;

        TAILQ_FOREACH (worker, &pool->workers, link)
                if (worker->role == role && worker->owner == identity.owner &&
                    worker->token == identity.token && worker->foreign == identity.foreign &&
                    worker->state != WORKER_LOST && !is_full(worker)) {
                        *ret = worker;
                        return 0;
                }
        return worker_new(pool, role, identity, ret);
}

/* ---- file calls ------------------------------------------------------------------------------ */

static int on_answer_refused(sd_event_source *source, void *userdata)
{
        WorkerPool *pool = userdata;
        struct CallList calls = TAILQ_HEAD_INITIALIZER(calls);
        FileCall *call;

        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        TAILQ_CONCAT(&calls, &pool->refused, link);
        while ((call = TAILQ_FIRST(&calls))) {
                TAILQ_REMOVE(&calls, call, link);
                call->answer(call->userdata, call->result, NULL, -1);
                free(call);
        }
        return 0;
}

static void refuse(WorkerPool *pool, FileCall *call, int result)
{
        call->result = result;
        TAILQ_INSERT_TAIL(&pool->refused, call, link);
        (void)sd_event_source_set_enabled(pool->answer_refused, SD_EVENT_ONESHOT);
}

static void submit(WorkerPool *pool, Identity identity, FileCall *call)
{
        Worker *worker;
        int r;

        r = worker_get(pool, WORKER_FILE, identity, &worker);
        if (r < 0) {
                refuse(pool, call, r);
                return;
        }
        call->tries++;
        call->request.header.sequence = ++pool->sequence;
        TAILQ_INSERT_TAIL(&worker->calls, call, link);
        r = post(worker, &call->request,
                 call->request.header.type == FILE_CERTIFICATE ? sizeof(FileCertificate)
                                                               : sizeof(FileRequest),
                 -1);
        if (r < 0) {
                TAILQ_REMOVE(&worker->calls, call, link);
                refuse(pool, call, r);
        }
        watch_calls(worker);
}

static FileCall *call_new(FileAnswer answer, void *userdata)
{
        FileCall *call = calloc(1, sizeof(*call));

        if (!call)
                abort(); /* the caller has no other way to hear of it */
        call->answer = answer;
        call->userdata = userdata;
        return call;
}

void file_call(Queue *queue, Identity identity, const FileRequest *request, FileAnswer answer,
               void *userdata)
{
        FileCall *call = call_new(answer, userdata);

        call->request.request = *request;
        submit(queue->workers, identity, call);
}

void file_find_certificate(Queue *queue, Identity identity, const FileCertificate *request,
                           FileAnswer answer, void *userdata)
{
        FileCall *call = call_new(answer, userdata);

        call->request.certificate = *request;
        submit(queue->workers, identity, call);
}

/* ---- the limit --------------------------------------------------------------------------------
 */

static uint64_t count_limited(const Worker *worker)
{
        const Transfer *transfer;
        uint64_t count = 0;

        if (worker->role == WORKER_NET && worker->state != WORKER_LOST)
                TAILQ_FOREACH (transfer, &worker->transfers, worker_link)
                        count += transfer->job->priority != PRIORITY_FOREGROUND;
        return count;
}

/* Tells each bits-net its part, if it is another one than before. */
static void share_limit(WorkerPool *pool)
{
        NetLimit message = {.header = {.type = NET_LIMIT}};
        uint64_t limit = pool->limit_bytes_per_sec, all = 0, count;
        Worker *worker;

        TAILQ_FOREACH (worker, &pool->workers, link)
                all += count_limited(worker);
        if (all == 0)
                return;
        TAILQ_FOREACH (worker, &pool->workers, link) {
                count = count_limited(worker);
                if (count == 0) /* nothing to limit; what comes to it is counted then */
                        continue;
                message.bytes_per_sec =
                        limit > 0 && limit / all * count == 0 ? 1 : limit / all * count;
                if (message.bytes_per_sec == worker->limit_bytes_per_sec)
                        continue;
                worker->limit_bytes_per_sec = message.bytes_per_sec;
                if (post(worker, &message, sizeof(message), -1) < 0)
                        net_stop(worker);
        }
}

/* ---- transfers ------------------------------------------------------------------------------- */

int net_start(Queue *queue, Identity identity, const NetStart *start, Transfer *transfer,
              Worker **ret)
{
        int http_fd = start->http ? start->http_fd : -1, fd = start->fd;
        Worker *worker;
        int r;

        r = worker_get(queue->workers, WORKER_NET, identity, &worker);
        if (r == 0 && start->http)
                r = post(worker, start->http, sizeof(*start->http), TAKE_FD(http_fd));
        if (r < 0) {
                closep(&http_fd);
                closep(&fd);
                return r;
        }
        r = post(worker, start->transfer, sizeof(*start->transfer), fd);
        if (r < 0) {
                if (start->http) /* it would wait for the second half for ever */
                        net_stop(worker);
                return r;
        }
        TAILQ_INSERT_TAIL(&worker->transfers, transfer, worker_link);
        share_limit(queue->workers);
        *ret = worker;
        return 0;
}

int net_send(Worker *worker, const void *message, size_t size)
{
        return post(worker, message, size, -1);
}

int net_copy(Queue *queue, Identity identity, const NetCopy *message, int source, int fd,
             Transfer *transfer, Worker **ret)
{
        NetSource first = {.header = {.type = NET_SOURCE, .sequence = message->header.sequence}};
        Worker *worker;
        int r;

        r = worker_get(queue->workers, WORKER_NET, identity, &worker);
        if (r < 0) {
                closep(&source);
                closep(&fd);
                return r;
        }
        r = post(worker, &first, sizeof(first), source);
        if (r < 0) {
                closep(&fd);
                return r;
        }
        r = post(worker, message, sizeof(*message), fd);
        if (r < 0) { /* it would wait for the second half for ever */
                net_stop(worker);
                return r;
        }
        TAILQ_INSERT_TAIL(&worker->transfers, transfer, worker_link);
        *ret = worker;
        return 0;
}

void net_order(Worker *worker, enum NetType type, uint32_t id)
{
        NetOrder order = {.header = {.type = (uint32_t)type, .sequence = id}};

        if (post(worker, &order, sizeof(order), -1) < 0)
                net_stop(worker);
}

void net_forget(Worker *worker, Transfer *transfer)
{
        TAILQ_REMOVE(&worker->transfers, transfer, worker_link);
        watch_idle(worker);
        share_limit(worker->pool);
}

void net_limit(Queue *queue, uint64_t bytes_per_sec)
{
        queue->workers->limit_bytes_per_sec = bytes_per_sec;
        share_limit(queue->workers);
}

void net_stop(Worker *worker)
{
        supervisor_stop(worker->pool->queue->supervisor, worker->id);
}

uid_t worker_uid(const Worker *worker)
{
        return worker->uid;
}

/* ---- loss ------------------------------------------------------------------------------------ */

/* The worker is gone or never came: its work goes to another, or is answered. */
static void worker_lost(Worker *worker, int result)
{
        WorkerPool *pool = worker->pool;
        Identity identity = {.owner = worker->owner,
                             .token = token_ref(worker->token),
                             .foreign = worker->foreign};
        struct CallList calls = TAILQ_HEAD_INITIALIZER(calls);
        Transfer *transfer;
        FileCall *call;

        worker->state = WORKER_LOST;
        TAILQ_CONCAT(&calls, &worker->calls, link);
        while ((call = TAILQ_FIRST(&calls))) {
                TAILQ_REMOVE(&calls, call, link);
                if (result == -ECONNRESET && call->tries < FILE_TRIES)
                        submit(pool, identity, call);
                else
                        refuse(pool, call, result);
        }
        while ((transfer = TAILQ_FIRST(&worker->transfers))) {
                TAILQ_REMOVE(&worker->transfers, transfer, worker_link);
                transfer_on_net_lost(transfer, result);
        }
        worker_close(worker);
        token_unref(identity.token);
}

int workers_new(Queue *queue, WorkerPool **ret)
{
        WorkerPool *pool = calloc(1, sizeof(*pool));
        int r;

        if (!pool)
                return -ENOMEM;
        pool->queue = queue;
        TAILQ_INIT(&pool->workers);
        TAILQ_INIT(&pool->refused);
        r = sd_event_add_defer(queue->event, &pool->answer_refused, on_answer_refused, pool);
        if (r < 0) {
                free(pool);
                return r;
        }
        (void)sd_event_source_set_enabled(pool->answer_refused, SD_EVENT_OFF);
        *ret = pool;
        return 0;
}

bool workers_are_busy(const WorkerPool *pool)
{
        const Worker *worker;

        TAILQ_FOREACH (worker, &pool->workers, link)
                if (!worker_is_idle(worker))
                        return true;
        return !TAILQ_EMPTY(&pool->refused);
}

WorkerPool *workers_free(WorkerPool *pool)
{
        Worker *worker;
        FileCall *call;

        if (!pool)
                return NULL;
        while ((worker = TAILQ_FIRST(&pool->workers))) {
                while ((call = TAILQ_FIRST(&worker->calls))) {
                        TAILQ_REMOVE(&worker->calls, call, link);
                        free(call);
                }
                TAILQ_REMOVE(&pool->workers, worker, link);
                worker->spawn_pending = false;
                worker_free(worker);
        }
        while ((call = TAILQ_FIRST(&pool->refused))) {
                TAILQ_REMOVE(&pool->refused, call, link);
                free(call);
        }
        sd_event_source_disable_unref(pool->answer_refused);
        free(pool);
        return NULL;
}
