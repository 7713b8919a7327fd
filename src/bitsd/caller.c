#include "caller.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/packet.h"
#include "base/peer.h"
#include "config.h"
#include "message.h"
#include "order.h"
#include "process.h"
#include "supervisor.h"
#include "ticket.h"
#include "token.h"
#include "wire/identity.h"
#include "wire/supervisor.h"
#include "worker.h"

#define DROPS_QUIET_USEC UINT64_C(1000000)
#define IDLE_USEC        UINT64_C(5000000)
#define UNMAPPED_UID     65534 /* what a uid of no number here looks like */
#define PENDING          1     /* a request is answered later */

struct Caller {
        Bitsd *bitsd;
        int fd;
        PeerCred cred;
        bool ours; /* one of our own children */
        bool busy; /* the request has come */
        bool waits_to_revoke;
        uint64_t since_usec;
        uint8_t nonce[IDENTITY_NONCE_SIZE];
        IdentityRequest request;
        sd_event_source *io, *timer;
        Order *order;
        LIST_ENTRY(Caller) link; /* Bitsd.callers */
};

static const char *const logon_texts[] = {
        [LOGON_FAILURE] = "wrong name or password",
        [LOGON_ACCOUNT_EXPIRED] = "account expired",
        [LOGON_PASSWORD_EXPIRED] = "password expired",
        [LOGON_ACCOUNT_LOCKED_OUT] = "locked out by PAM",
        [LOGON_RESTRICTED] = "refused by PAM's account rules",
        [LOGON_NOT_GRANTED] = "not granted",
};

static uint64_t now_usec(const Bitsd *bitsd)
{
        uint64_t now = 0;

        (void)sd_event_now(bitsd->event, CLOCK_MONOTONIC, &now);
        return now;
}

static void caller_free(Caller *caller)
{
        LIST_REMOVE(caller, link);
        order_cancel(caller->order);
        sd_event_source_disable_unref(caller->io);
        sd_event_source_disable_unref(caller->timer);
        close_fd(caller->fd);
        free(caller);
}

/* ---- answers ------------------------------------------------------------------------------------
 */

static const char *result_text(int result)
{
        if (result == 0)
                return "granted";
        if (result < 0)
                return strerror(-result);
        return (size_t)result < ELEMENTS(logon_texts) ? logon_texts[result] : "refused";
}

static void log_answer(const Caller *caller, int result, uid_t uid)
{
        static const char *const verbs[] = {
                [IDENTITY_MINT] = "token",
                [IDENTITY_LOGON] = "log-on",
                [IDENTITY_TICKET] = "ticket",
                [IDENTITY_REVOKE] = "revocation",
        };
        uint32_t type = caller->request.header.type;
        const char *verb = type < ELEMENTS(verbs) && verbs[type] ? verbs[type] : "request";
        int priority = result == 0 ? LOG_INFO : LOG_NOTICE;

        if (type == IDENTITY_LOGON && result == 0)
                log_write(priority, "%s of '%s' by uid %u, pid %d: %s, uid %u", verb,
                          caller->request.account, caller->cred.uid, (int)caller->cred.pid,
                          result_text(result), uid);
        else if (type == IDENTITY_LOGON)
                log_write(priority, "%s of '%s' by uid %u, pid %d: %s", verb,
                          caller->request.account, caller->cred.uid, (int)caller->cred.pid,
                          result_text(result));
        else if (type == IDENTITY_MINT)
                log_write(priority, "%s of uid %u, pid %d, for the jobs of uid %u: %s", verb,
                          caller->cred.uid, (int)caller->cred.pid, caller->request.audience,
                          result_text(result));
        else
                log_write(priority, "%s of uid %u, pid %d: %s", verb, caller->cred.uid,
                          (int)caller->cred.pid, result_text(result));
}

/* The last word to a caller. fd (or -1) stays ours; he has his copy in the packet. */
static void caller_answer(Caller *caller, int result, uid_t uid, const Ticket *ticket, int fd)
{
        IdentityReply reply = {
                .header = {IDENTITY_REPLY, caller->request.header.sequence},
                .result = result,
                .uid = uid,
        };

        if (ticket)
                reply.ticket = *ticket;
        log_answer(caller, result, uid);
        /* A request that still lies here when we close would turn the answer into ECONNRESET. */
        (void)recv(caller->fd, &(char){0}, 1, MSG_DONTWAIT);
        (void)packet_send(caller->fd, &reply, sizeof(reply), fd); /* or he is gone: his loss */
        caller_free(caller);
}

static void caller_refuse(Caller *caller, int result)
{
        caller_answer(caller, result, caller->cred.uid, NULL, -1);
}

/* ---- tokens: MINT and LOGON ---------------------------------------------------------------------
 */

static void caller_give_token(Caller *caller, Order *order, uid_t uid, uid_t audience)
{
        TokenTerms terms = {
                .uid = uid,
                .audience = audience,
                .uses = caller->request.uses,
                .by_logon = caller->request.header.type == IDENTITY_LOGON,
                .account = order->reply.account,
        };
        int r;

        r = token_add(caller->bitsd, &terms, &order->fds[0], order->fds[1]);
        caller_answer(caller, r, uid, NULL, r < 0 ? -1 : order->fds[1]);
}

static void on_minted(void *userdata, Order *order, int result)
{
        Caller *caller = userdata;

        caller->order = NULL;
        if (result == 0)
                caller_give_token(caller, order, caller->cred.uid, caller->request.audience);
        else
                caller_refuse(caller, result);
}

static int handle_mint(Caller *caller)
{
        BecomeRequest order = {.header.type = BECOME_MINT, .uid = caller->cred.uid};
        int r;

        if (caller->cred.uid == 0 && caller->request.audience != 0)
                return -EPERM; /* root's token serves root's jobs only */
        r = token_room(caller->bitsd, caller->cred.uid);
        if (r < 0)
                return r;
        r = order_start(caller->bitsd, &order, caller->fd, on_minted, caller, &caller->order);
        return r < 0 ? -EIO : PENDING;
}

static void on_logged_on(void *userdata, Order *order, int result)
{
        Caller *caller = userdata;
        PeerCred maker;

        caller->order = NULL;
        if (result == 0)
                result = peer_cred(order->fds[1], &maker);
        if (result == 0 && maker.uid == 0)
                result = LOGON_NOT_GRANTED;
        if (result == LOGON_FAILURE || result == LOGON_ACCOUNT_LOCKED_OUT)
                logon_delay_failed(&caller->bitsd->logon_delay, caller->cred.uid,
                                   caller->request.account, now_usec(caller->bitsd));
        if (result == 0)
                caller_give_token(caller, order, maker.uid, caller->cred.uid);
        else
                caller_refuse(caller, result);
}

static int on_logon_turn(sd_event_source *source, uint64_t usec, void *userdata)
{
        Caller *caller = userdata;
        Bitsd *bitsd = caller->bitsd;
        BecomeRequest order = {.header.type = BECOME_LOGON};
        uint64_t wait_usec;

        (void)source;
        (void)usec;
        /* Others of this caller's may have failed meanwhile. */
        wait_usec = logon_delay_caller(&bitsd->logon_delay, caller->cred.uid, now_usec(bitsd));
        if (wait_usec > 0 && sd_event_source_set_time_relative(caller->timer, wait_usec) >= 0 &&
            sd_event_source_set_enabled(caller->timer, SD_EVENT_ONESHOT) >= 0)
                return 0;

        memcpy(order.account, caller->request.account, sizeof(order.account));
        if (wait_usec > 0 ||
            order_start(bitsd, &order, caller->fd, on_logged_on, caller, &caller->order) < 0)
                caller_refuse(caller, -EIO);
        return 0;
}

static int handle_logon(Caller *caller)
{
        Bitsd *bitsd = caller->bitsd;
        uint64_t now = now_usec(bitsd), wait_usec, target_usec;
        size_t n = 0;
        Caller *other;
        int r;

        if (bitsd->place.user_mode)
                return -EPERM;
        LIST_FOREACH(other, &bitsd->callers, link)
        n += other->busy && other->cred.uid == caller->cred.uid &&
             other->request.header.type == IDENTITY_LOGON;
        if (n > LOGONS_PER_UID_MAX) /* with this one */
                return -EDQUOT;

        wait_usec = logon_delay_caller(&bitsd->logon_delay, caller->cred.uid, now);
        target_usec = logon_delay_target(&bitsd->logon_delay, caller->request.account, now);
        if (wait_usec < target_usec)
                wait_usec = target_usec;
        caller->timer = sd_event_source_disable_unref(caller->timer);
        r = sd_event_add_time_relative(bitsd->event, &caller->timer, CLOCK_MONOTONIC, wait_usec, 1,
                                       on_logon_turn, caller);
        return r < 0 ? -EIO : PENDING;
}

/* ---- tickets ------------------------------------------------------------------------------------
 */

/* 1, 0 or -errno. */
static int caller_is_administrator(const Caller *caller)
{
        if (caller->cred.uid == 0)
                return 1;
        if (caller->bitsd->admin_gid == UINT32_MAX)
                return 0;
        return peer_in_group(caller->fd, caller->bitsd->admin_gid);
}

static void on_named(void *userdata, Order *order, int result)
{
        Caller *caller = userdata;
        int administrator = caller_is_administrator(caller);
        Ticket ticket;

        caller->order = NULL;
        if (result == 0)
                result = administrator < 0 ? administrator : 0;
        if (result == 0)
                result =
                        ticket_make(&caller->bitsd->secrets, caller->cred.uid, order->reply.account,
                                    administrator ? TICKET_ADMINISTRATOR : 0, time(NULL), &ticket);
        caller_answer(caller, result, caller->cred.uid, result == 0 ? &ticket : NULL, -1);
}

static int handle_ticket(Caller *caller)
{
        BecomeRequest order = {.header.type = BECOME_NAME, .uid = caller->cred.uid};
        int r;

        r = order_start(caller->bitsd, &order, -1, on_named, caller, &caller->order);
        return r < 0 ? -EIO : PENDING;
}

static int revoke_all_of(Bitsd *bitsd, uid_t uid)
{
        SupervisorRevoked revoked = {.header.type = SUPERVISOR_REVOKED, .uid = uid};
        int r;

        r = secrets_revoke(&bitsd->secrets, uid, now_usec(bitsd), &revoked.epoch);
        if (r < 0)
                return r;
        token_drop_all_of(bitsd, uid, "revoked");
        worker_end_of_owner(bitsd, uid);
        supervisor_send(bitsd, &revoked, sizeof(revoked), -1);
        return 0;
}

/* Whoever waits for the same has it by this one. */
static int on_revoke_turn(sd_event_source *source, uint64_t usec, void *userdata)
{
        Caller *caller = userdata, *next;
        Bitsd *bitsd = caller->bitsd;
        uid_t uid = caller->cred.uid;
        int r = revoke_all_of(bitsd, uid);

        (void)source;
        (void)usec;
        for (caller = LIST_FIRST(&bitsd->callers); caller; caller = next) {
                next = LIST_NEXT(caller, link);
                if (caller->waits_to_revoke && caller->cred.uid == uid)
                        caller_refuse(caller, r);
        }
        return 0;
}

static int handle_revoke(Caller *caller)
{
        uint64_t turn_usec = secrets_revocable_usec(&caller->bitsd->secrets, caller->cred.uid);
        int r;

        r = sd_event_add_time(caller->bitsd->event, &caller->timer, CLOCK_MONOTONIC, turn_usec, 1,
                              on_revoke_turn, caller);
        caller->waits_to_revoke = r >= 0;
        return r < 0 ? -EIO : PENDING;
}

/* ---- requests -----------------------------------------------------------------------------------
 */

static const struct {
        int (*handle)(Caller *caller); /* PENDING, or the result */
        bool restricted_may;
} requests[] = {
        [IDENTITY_MINT] = {handle_mint, false},
        [IDENTITY_LOGON] = {handle_logon, false},
        [IDENTITY_TICKET] = {handle_ticket, false},
        [IDENTITY_REVOKE] = {handle_revoke, true},
};

static bool caller_is_restricted(const Caller *caller)
{
        if (caller->ours)
                return true;
        switch (caller->bitsd->settings.restricted_callers) {
        case RESTRICTED_NONE:
                return false;
        case RESTRICTED_SANDBOXED:
                if (caller->cred.uid <= SYSTEM_UID_MAX)
                        return false;
                break;
        case RESTRICTED_ALL:
                break;
        }
        return peer_is_restricted(caller->fd) != 0;
}

/* Looks at the request where it lies. MSG_CTRUNC, without room for control data, says that a
 * descriptor came with it. Nothing is kept of what is no request. */
static int caller_read(Caller *caller)
{
        IdentityRequest *request = &caller->request;
        struct iovec iov = {.iov_base = request, .iov_len = sizeof(*request)};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t n;
        int r;

        n = recvmsg(caller->fd, &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
        if (n < 0)
                return -errno;
        if (n == 0)
                return -ECONNRESET;
        r = caller_request_check(request, (size_t)n, message.msg_flags & MSG_CTRUNC);
        if (r < 0)
                *request = (IdentityRequest){0};
        return r;
}

static int caller_handle(Caller *caller)
{
        uint32_t type = caller->request.header.type;

        if (CRYPTO_memcmp(caller->request.nonce, caller->nonce, sizeof(caller->nonce)) != 0)
                return -EPROTO; /* led to write blindly */
        if (!requests[type].restricted_may && caller_is_restricted(caller))
                return -EACCES;
        return requests[type].handle(caller);
}

static int on_request(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Caller *caller = userdata;
        int r;

        (void)fd;
        (void)events;
        r = caller_read(caller);
        if (r == -EAGAIN)
                return 0;
        if (r < 0 && r != -EPROTO) {
                caller_free(caller);
                return 0;
        }
        caller->busy = true;
        caller->timer = sd_event_source_disable_unref(caller->timer);
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        if (r >= 0)
                r = caller_handle(caller);
        if (r != PENDING)
                caller_refuse(caller, r);
        return 0;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        caller_free(userdata);
        return 0;
}

/* ---- connections --------------------------------------------------------------------------------
 */

/* One line a second is enough of somebody who knocks all the time. */
static void log_drop(Bitsd *bitsd, const PeerCred *cred, const char *reason)
{
        uint64_t now = now_usec(bitsd);

        if (now < bitsd->drops_quiet_usec) {
                bitsd->n_drops++;
                return;
        }
        log_notice("a caller of uid %u, pid %d, was dropped, and %u others before: %s", cred->uid,
                   (int)cred->pid, bitsd->n_drops, reason);
        bitsd->n_drops = 0;
        bitsd->drops_quiet_usec = now + DROPS_QUIET_USEC;
}

/* Room for one of uid's: when there is none, whoever has been silent the longest goes, among his
 * own connections first. */
static int make_room(Bitsd *bitsd, uid_t uid)
{
        Caller *caller, *silent = NULL, *silent_own = NULL;
        size_t n = 0, n_own = 0;

        LIST_FOREACH(caller, &bitsd->callers, link)
        {
                bool own = caller->cred.uid == uid;

                n++;
                n_own += own;
                if (caller->busy)
                        continue;
                if (!silent || caller->since_usec < silent->since_usec)
                        silent = caller;
                if (own && (!silent_own || caller->since_usec < silent_own->since_usec))
                        silent_own = caller;
        }
        if (n_own >= CALLERS_PER_UID_MAX)
                silent = silent_own;
        else if (n < CALLERS_MAX)
                return 0;
        if (!silent)
                return -EBUSY;
        log_drop(bitsd, &silent->cred, "it was silent, and there are too many");
        caller_free(silent);
        return 0;
}

static int caller_greet(Caller *caller)
{
        IdentityHello hello = {.header.type = IDENTITY_HELLO, .version = IDENTITY_VERSION};
        Bitsd *bitsd = caller->bitsd;
        int r;

        if (getrandom(caller->nonce, sizeof(caller->nonce), 0) != sizeof(caller->nonce))
                return -EIO;
        memcpy(hello.nonce, caller->nonce, sizeof(hello.nonce));
        r = sd_event_add_io(bitsd->event, &caller->io, caller->fd, EPOLLIN, on_request, caller);
        if (r >= 0)
                r = sd_event_add_time_relative(bitsd->event, &caller->timer, CLOCK_MONOTONIC,
                                               IDLE_USEC, 0, on_idle, caller);
        return r < 0 ? r : packet_send(caller->fd, &hello, sizeof(hello), -1);
}

static int caller_new(Bitsd *bitsd, int *fd)
{
        Caller *caller;
        PeerCred cred;
        int r;

        r = peer_cred(*fd, &cred);
        if (r < 0)
                return r;
        r = cred.uid == UNMAPPED_UID || (bitsd->place.user_mode && cred.uid != getuid())
                    ? -EPERM
                    : make_room(bitsd, cred.uid);
        if (r < 0) {
                log_drop(bitsd, &cred, strerror(-r));
                return r;
        }

        caller = calloc(1, sizeof(*caller));
        if (!caller)
                return -ENOMEM;
        *caller = (Caller){
                .bitsd = bitsd,
                .fd = TAKE_FD(*fd),
                .cred = cred,
                .ours = process_is_ours(bitsd, cred.pid),
                .since_usec = now_usec(bitsd),
        };
        LIST_INSERT_HEAD(&bitsd->callers, caller, link);
        r = caller_greet(caller);
        if (r < 0)
                caller_free(caller);
        return r;
}

/* Without a free descriptor the listener would stay ready for ever: take the caller with the spare
 * one, and let him go. */
static void accept_and_drop(Bitsd *bitsd, int listener)
{
        bitsd->spare_fd = close_fd(bitsd->spare_fd);
        close_fd(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
        bitsd->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        log_drop(bitsd, &(PeerCred){.uid = UNMAPPED_UID}, "out of descriptors");
}

static int on_connection(sd_event_source *source, int listener, uint32_t events, void *userdata)
{
        Bitsd *bitsd = userdata;
        _cleanup_(closep) int fd = -1;
        int r;

        (void)source;
        (void)events;
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
                if (errno == EMFILE || errno == ENFILE)
                        accept_and_drop(bitsd, listener);
                return 0;
        }
        r = caller_new(bitsd, &fd);
        if (r < 0)
                log_debug("a caller was dropped: %s", strerror(-r));
        return 0;
}

int caller_listen(Bitsd *bitsd)
{
        if (bitsd->accepting)
                return 0;
        close_fd(bitsd->spare_fd);
        bitsd->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (bitsd->spare_fd < 0)
                return -errno;
        return sd_event_add_io(bitsd->event, &bitsd->accepting, bitsd->place.identity_listener,
                               EPOLLIN, on_connection, bitsd);
}

void caller_drop_all(Bitsd *bitsd)
{
        while (!LIST_EMPTY(&bitsd->callers))
                caller_free(LIST_FIRST(&bitsd->callers));
}
