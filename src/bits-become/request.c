#include "request.h"

#include <errno.h>

#include "base/cleanup.h"
#include "wire/supervisor.h"

enum Need { /* what a request says; what it does not say is zero, or empty */
        NEED_ACCOUNT = 1,
        NEED_GROUP = 2,
        NEED_UID = 4,
        NEED_ROLE = 8,
        NEED_LIBEXEC = 16,
        NEED_PLACE = 32,  /* state, runtime */
        MAY_ACCOUNT = 64, /* also an empty one, which PAM will refuse */
};

static const struct {
        unsigned needs;
        enum {
                FD_NONE,
                FD_WANTED,
                FD_ALLOWED
        } fd;
} requests[] = {
        [BECOME_RESOLVE] = {NEED_ACCOUNT | NEED_GROUP, FD_NONE},
        [BECOME_NAME] = {NEED_UID, FD_NONE},
        [BECOME_MINT] = {NEED_UID, FD_WANTED},
        [BECOME_LOGON] = {MAY_ACCOUNT, FD_WANTED},
        [BECOME_QUEUE] = {NEED_ACCOUNT | NEED_LIBEXEC | NEED_PLACE, FD_WANTED},
        [BECOME_WORKER] = {NEED_ACCOUNT | NEED_UID | NEED_ROLE | NEED_LIBEXEC, FD_ALLOWED},
};

static bool name_ok(const char name[WIRE_ACCOUNT_SIZE], bool needed, bool allowed)
{
        if (!wire_text_ok(name, WIRE_ACCOUNT_SIZE))
                return false;
        return name[0] ? needed || allowed : !needed;
}

static bool directory_ok(const char path[BECOME_DIRECTORY_SIZE], bool needed)
{
        if (!wire_text_ok(path, BECOME_DIRECTORY_SIZE))
                return false;
        return needed ? path[0] == '/' : path[0] == 0;
}

static bool numbers_ok(const BecomeRequest *request, unsigned needs)
{
        if (request->header.sequence != 0 || request->reserved != 0 || request->user_mode > 1)
                return false;
        if (needs & NEED_UID ? request->uid == UINT32_MAX : request->uid != 0)
                return false; /* UINT32_MAX: "do not change" */
        if (needs & NEED_ROLE)
                return request->role >= WORKER_FILE && request->role <= WORKER_NOTIFY;
        return request->role == 0;
}

static bool texts_ok(const BecomeRequest *request, unsigned needs)
{
        return name_ok(request->account, needs & NEED_ACCOUNT, needs & MAY_ACCOUNT) &&
               name_ok(request->group, needs & NEED_GROUP, false) &&
               directory_ok(request->libexec, needs & NEED_LIBEXEC) &&
               directory_ok(request->state, needs & NEED_PLACE) &&
               directory_ok(request->runtime, needs & NEED_PLACE);
}

int become_request_check(const void *data, size_t size, bool with_fd)
{
        BecomeRequest request;
        uint32_t type;

        if (size != sizeof(request))
                return -EPROTO;
        memcpy(&request, data, sizeof(request));
        type = request.header.type;
        if (type < BECOME_RESOLVE || type >= ELEMENTS(requests))
                return -EPROTO;
        if (requests[type].fd != FD_ALLOWED && (requests[type].fd == FD_WANTED) != with_fd)
                return -EPROTO;
        return numbers_ok(&request, requests[type].needs) &&
                               texts_ok(&request, requests[type].needs)
                       ? 0
                       : -EPROTO;
}
