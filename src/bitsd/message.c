#include "message.h"

#include <errno.h>

#include "base/cleanup.h"
#include "wire/become.h"
#include "wire/identity.h"
#include "wire/supervisor.h"

enum {
        ERRNO_MAX = 4095, /* of the kernel */
};

/* ---- of bits-queue ------------------------------------------------------------------------------
 */

static const struct {
        size_t size;
        enum {
                FD_NONE,
                FD_WANTED,
                FD_ALLOWED
        } fd;
        bool answered;
} queue_requests[] = {
        [SUPERVISOR_QUERY] = {sizeof(SupervisorQuery), FD_WANTED, true},
        [SUPERVISOR_VERIFY] = {sizeof(SupervisorVerify), FD_NONE, true},
        [SUPERVISOR_SPAWN] = {sizeof(SupervisorSpawn), FD_ALLOWED, true},
        [SUPERVISOR_STOP] = {sizeof(SupervisorStop), FD_NONE, false},
        [SUPERVISOR_IDLE] = {sizeof(SupervisorIdle), FD_NONE, false},
};

static bool spawn_ok(const SupervisorSpawn *spawn, bool with_fd)
{
        return spawn->role >= WORKER_FILE && spawn->role <= WORKER_NOTIFY &&
               spawn->with_token <= 1 && (spawn->with_token == 1) == with_fd;
}

int queue_request_check(const void *data, size_t size, bool with_fd)
{
        SupervisorMessage message = {0};
        uint32_t type;

        if (size < sizeof(WireHeader) || size > sizeof(message))
                return -EPROTO;
        memcpy(&message, data, size);
        type = message.header.type;
        if (type >= ELEMENTS(queue_requests) || queue_requests[type].size != size)
                return -EPROTO; /* also of the types between, which have no size */
        if (queue_requests[type].fd != FD_ALLOWED &&
            (queue_requests[type].fd == FD_WANTED) != with_fd)
                return -EPROTO;
        if (!queue_requests[type].answered && message.header.sequence != 0)
                return -EPROTO;
        if (type == SUPERVISOR_SPAWN && !spawn_ok(&message.spawn, with_fd))
                return -EPROTO;
        if (type == SUPERVISOR_STOP && message.stop.reserved != 0)
                return -EPROTO;
        return 0;
}

/* ---- of callers ---------------------------------------------------------------------------------
 */

enum Need { /* what a request says; what it does not say is zero */
        NEED_AUDIENCE = 1,
        NEED_USES = 2,
        NEED_ACCOUNT = 4,
        NEED_PIPE = 8,
};

static const struct {
        bool known;
        unsigned needs;
} caller_requests[] = {
        [IDENTITY_MINT] = {true, NEED_AUDIENCE | NEED_USES},
        [IDENTITY_LOGON] = {true, NEED_USES | NEED_ACCOUNT | NEED_PIPE},
        [IDENTITY_TICKET] = {true, 0},
        [IDENTITY_REVOKE] = {true, 0},
};

static bool uses_ok(uint32_t uses)
{
        return uses && !(uses & ~(uint32_t)(TOKEN_LOCAL_FILE | TOKEN_NETWORK));
}

int caller_request_check(const void *data, size_t size, bool with_fd)
{
        IdentityRequest request;
        unsigned needs;

        if (size != sizeof(request))
                return -EPROTO;
        memcpy(&request, data, sizeof(request));
        if (request.header.type >= ELEMENTS(caller_requests) ||
            !caller_requests[request.header.type].known)
                return -EPROTO;
        needs = caller_requests[request.header.type].needs;

        if (!(needs & NEED_PIPE) == with_fd)
                return -EPROTO;
        if (!(needs & NEED_AUDIENCE) && request.audience != 0)
                return -EPROTO;
        if (needs & NEED_USES ? !uses_ok(request.uses) : request.uses != 0)
                return -EPROTO;
        if (!wire_text_ok(request.account, sizeof(request.account)))
                return -EPROTO;
        if (!(needs & NEED_ACCOUNT) && request.account[0] != 0)
                return -EPROTO;
        return 0;
}

/* ---- of bits-become -----------------------------------------------------------------------------
 */

static const struct {
        size_t n_fds;
        bool named; /* the account's name is what was asked for, or belongs to the token */
} tasks[] = {
        [BECOME_RESOLVE] = {0, false}, [BECOME_NAME] = {0, true},   [BECOME_MINT] = {2, true},
        [BECOME_LOGON] = {2, true},    [BECOME_QUEUE] = {1, false}, [BECOME_WORKER] = {1, false},
};

size_t become_reply_fds(uint32_t task)
{
        return task < ELEMENTS(tasks) ? tasks[task].n_fds : 0;
}

static bool refusal_ok(uint32_t task, const BecomeReply *reply)
{
        if (reply->result > 0 && (task != BECOME_LOGON || reply->result > LOGON_NOT_GRANTED))
                return false;
        return reply->result >= -ERRNO_MAX && reply->uid == 0 && reply->gid == 0 &&
               reply->group_gid == 0 && reply->account[0] == 0;
}

static bool success_ok(uint32_t task, const BecomeReply *reply)
{
        if (reply->uid == UINT32_MAX || reply->gid == UINT32_MAX) /* nobody's: "do not change" */
                return false;
        if (task == BECOME_RESOLVE)
                return reply->account[0] == 0;
        return reply->group_gid == UINT32_MAX && (reply->account[0] != 0 || !tasks[task].named);
}

int become_reply_check(uint32_t task, size_t n_before, const void *data, size_t size, bool with_fd)
{
        BecomeReply reply;
        size_t n_fds;

        if (size != sizeof(reply) || task < BECOME_RESOLVE || task >= ELEMENTS(tasks))
                return -EPROTO;
        memcpy(&reply, data, sizeof(reply));
        if (reply.header.type != BECOME_REPLY || reply.header.sequence != 0 ||
            !wire_text_ok(reply.account, sizeof(reply.account)))
                return -EPROTO;
        if (reply.result != 0)
                return !with_fd && refusal_ok(task, &reply) ? 0 : -EPROTO;

        n_fds = tasks[task].n_fds;
        if (with_fd != (n_fds > 0) || n_before >= (n_fds ? n_fds : 1))
                return -EPROTO;
        return success_ok(task, &reply) ? 0 : -EPROTO;
}
