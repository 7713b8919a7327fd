#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/peer.h"
#include "process.h"
#include "supervisor.h"
#include "ticket.h"
#include "token.h"
#include "wire/identity.h"

static const struct {
        const char *name;
        uint32_t use; /* that a token must have been made for; 0: a token serves nothing here */
} roles[] = {
        [WORKER_FILE] = {"bits-file", TOKEN_LOCAL_FILE},
        [WORKER_NET] = {"bits-net", TOKEN_NETWORK},
        [WORKER_NOTIFY] = {"bits-notify", 0},
};

static void worker_free(Worker *worker)
{
        LIST_REMOVE(worker, link);
        sd_event_source_disable_unref(worker->expiry);
        free(worker);
}

static void worker_answer(Worker *worker, int result, int sock)
{
        SupervisorSpawnReply reply = {
                .header = {.type = SUPERVISOR_SPAWN_REPLY, .sequence = worker->sequence},
                .result = result,
        };

        if (result == 0) {
                reply.worker = worker->id;
                reply.uid = worker->uid;
                reply.pid = (uint32_t)worker->process->pid;
        }
        log_info("%s as uid %u for uid %u: %s", roles[worker->role].name, worker->uid,
                 worker->ticket.uid, result == 0 ? "started" : strerror(-result));
        supervisor_send(worker->bitsd, &reply, sizeof(reply), sock);
}

static void on_worker_exited(void *userdata, int status)
{
        Worker *worker = userdata;
        SupervisorExited exited = {
                .header.type = SUPERVISOR_EXITED, .worker = worker->id, .status = status};

        log_debug("%s as uid %u ended with status %#x", roles[worker->role].name, worker->uid,
                  (unsigned)status);
        if (worker->announced)
                supervisor_send(worker->bitsd, &exited, sizeof(exited), -1);
        worker_free(worker);
}

static int on_expiry(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        worker_end(userdata);
        return 0;
}

/* What holds may have changed while the order was under way. */
static int worker_recheck(Worker *worker, const Order *order)
{
        PeerCred maker;
        int r;

        if (worker->refusal)
                return worker->refusal;
        r = ticket_check(&worker->bitsd->secrets, &worker->ticket, time(NULL));
        if (r >= 0)
                r = peer_cred(order->fds[0], &maker);
        if (r < 0)
                return r;
        if (maker.uid != worker->uid)
                return -EIO;
        return sd_event_add_time(worker->bitsd->event, &worker->expiry, CLOCK_REALTIME,
                                 (uint64_t)worker->ticket.expires_sec * 1000000, 0, on_expiry,
                                 worker);
}

static void on_become(void *userdata, Order *order, int result)
{
        Worker *worker = userdata;

        worker->order = NULL;
        if (result == 0)
                result = worker_recheck(worker, order);
        if (result < 0) {
                worker_answer(worker, result, -1);
                worker_free(worker);
                return;
        }
        worker->process = TAKE_PTR(order->process);
        process_watch(worker->process, on_worker_exited, worker);
        worker->announced = true;
        worker_answer(worker, 0, order->fds[0]);
}

/* NotifyCommands=: who may have programs run as himself. */
static int notify_allowed(const Bitsd *bitsd, const Ticket *ticket)
{
        if (bitsd->place.user_mode)
                return 0;
        switch (bitsd->settings.notify_commands) {
        case NOTIFY_ALL:
                return 0;
        case NOTIFY_ADMINISTRATORS:
                return ticket->flags & TICKET_ADMINISTRATOR ? 0 : -EPERM;
        case NOTIFY_NONE:
                return -EPERM;
        }
        return -EPERM;
}

static int token_check(const Token *token, const SupervisorSpawn *request)
{
        if (!token)
                return -ENOKEY;
        if (token->audience != request->ticket.uid || !(token->uses & roles[request->role].use))
                return -EACCES;
        if (token_is_administrator(token) && !(request->ticket.flags & TICKET_ADMINISTRATOR))
                return -EACCES;
        return 0;
}

static int spawn_check(const Bitsd *bitsd, const SupervisorSpawn *request, const Token *token)
{
        size_t n = 0, n_own = 0;
        Worker *worker;
        int r;

        r = ticket_check(&bitsd->secrets, &request->ticket, time(NULL));
        if (r < 0)
                return r;
        if (request->ticket.uid == 0 && !bitsd->settings.root_jobs)
                return -EPERM;
        if (request->role == WORKER_NOTIFY) {
                r = notify_allowed(bitsd, &request->ticket);
                if (r < 0)
                        return r;
        }
        if (request->with_token) {
                r = token_check(token, request);
                if (r < 0)
                        return r;
        }
        LIST_FOREACH(worker, &bitsd->workers, link)
        {
                n++;
                n_own += worker->ticket.uid == request->ticket.uid;
        }
        return n >= WORKERS_MAX || n_own >= WORKERS_PER_OWNER_MAX ? -EAGAIN : 0;
}

/* Never 0, never one that is still in use after 2^32 others. */
static uint32_t next_id(Bitsd *bitsd)
{
        do
                bitsd->last_worker++;
        while (bitsd->last_worker == 0 || worker_find(bitsd, bitsd->last_worker));
        return bitsd->last_worker;
}

int worker_start(Bitsd *bitsd, const SupervisorSpawn *request, int token_fd)
{
        Token *token = request->with_token ? token_find(bitsd, token_fd) : NULL;
        BecomeRequest order = {.header.type = BECOME_WORKER, .role = request->role};
        Worker *worker;
        int r;

        worker = calloc(1, sizeof(*worker));
        if (!worker)
                return -ENOMEM;
        *worker = (Worker){
                .bitsd = bitsd,
                .token = token,
                .role = request->role,
                .sequence = request->header.sequence,
                .uid = token ? token->uid : request->ticket.uid,
                .ticket = request->ticket,
        };
        r = spawn_check(bitsd, request, token);
        LIST_INSERT_HEAD(&bitsd->workers, worker, link);
        if (r >= 0) {
                worker->id = next_id(bitsd);
                order.uid = worker->uid;
                memcpy(order.account, token ? token->account : request->ticket.account,
                       sizeof(order.account));
                memcpy(order.libexec, bitsd->place.libexec, sizeof(order.libexec));
                r = order_start(bitsd, &order, token ? token_fd : -1, on_become, worker,
                                &worker->order);
        }
        if (r < 0) {
                worker_answer(worker, r, -1);
                worker_free(worker);
        }
        return 0;
}

Worker *worker_find(const Bitsd *bitsd, uint32_t id)
{
        Worker *worker;

        LIST_FOREACH(worker, &bitsd->workers, link)
        if (worker->id == id)
                return worker;
        return NULL;
}

void worker_end(Worker *worker)
{
        if (worker->process)
                process_end(worker->process);
        else if (!worker->refusal)
                worker->refusal = -EKEYREVOKED; /* it ends before it has begun */
}

void worker_end_of_token(Bitsd *bitsd, const Token *token)
{
        Worker *worker;

        LIST_FOREACH(worker, &bitsd->workers, link)
        {
                if (worker->token != token)
                        continue;
                worker->token = NULL;
                if (worker->order)
                        worker->refusal = -ENOKEY;
                worker_end(worker);
        }
}

void worker_end_of_owner(Bitsd *bitsd, uid_t uid)
{
        Worker *worker;

        LIST_FOREACH(worker, &bitsd->workers, link)
        if (worker->ticket.uid == uid || worker->uid == uid)
                worker_end(worker);
}

void worker_end_all(Bitsd *bitsd)
{
        Worker *worker, *next;

        for (worker = LIST_FIRST(&bitsd->workers); worker; worker = next) {
                next = LIST_NEXT(worker, link);
                worker->announced = false;
                if (!worker->order) {
                        process_end(worker->process);
                        continue;
                }
                worker->process = TAKE_PTR(worker->order->process);
                order_cancel(TAKE_PTR(worker->order));
                if (!worker->process) {
                        worker_free(worker);
                        continue;
                }
                process_watch(worker->process, on_worker_exited, worker);
                process_kill(worker->process);
        }
}
