#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/peer.h"
#include "worker.h"

int token_room(const Bitsd *bitsd, uid_t uid)
{
        size_t n = 0, n_same = 0;
        Token *token;

        LIST_FOREACH(token, &bitsd->tokens, link)
        {
                n++;
                n_same += token->uid == uid;
        }
        if (n_same >= TOKENS_PER_UID_MAX)
                return -EDQUOT;
        return n >= TOKENS_MAX ? -EMFILE : 0;
}

static int on_hangup(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        (void)source;
        (void)fd;
        if (events & (EPOLLHUP | EPOLLERR))
                token_drop(userdata, "its last holder closed it");
        return 0;
}

int token_add(Bitsd *bitsd, const TokenTerms *terms, int *keep, int hold)
{
        _cleanup_(freep) Token *token = NULL;
        int r;
        PeerCred maker;

        r = token_room(bitsd, terms->uid);
        if (r >= 0)
                r = peer_cred(hold, &maker);
        if (r < 0)
                return r;
        if (maker.uid != terms->uid)
                return -EIO;

        token = calloc(1, sizeof(*token));
        if (!token)
                return -ENOMEM;
        *token = (Token){.bitsd = bitsd,
                         .uid = terms->uid,
                         .audience = terms->audience,
                         .uses = terms->uses,
                         .by_logon = terms->by_logon};
        memcpy(token->account, terms->account, sizeof(token->account));
        r = peer_cookie(hold, &token->cookie);
        if (r < 0)
                return r;

        /* Nothing can be queued at our end: not the token itself, which would then never hang up.
         */
        if (shutdown(*keep, SHUT_RD) < 0)
                return -errno;
        r = sd_event_add_io(bitsd->event, &token->hangup, *keep, 0, on_hangup, token);
        if (r < 0)
                return r;
        token->keep = TAKE_FD(*keep);
        LIST_INSERT_HEAD(&bitsd->tokens, token, link);
        TAKE_PTR(token);
        return 0;
}

Token *token_find(const Bitsd *bitsd, int fd)
{
        uint64_t cookie;
        PeerCred maker;
        Token *token;

        if (peer_cookie(fd, &cookie) < 0 || peer_cred(fd, &maker) < 0)
                return NULL;
        LIST_FOREACH(token, &bitsd->tokens, link)
        if (token->cookie == cookie && token->uid == maker.uid)
                return token;
        return NULL;
}

bool token_is_administrator(const Token *token)
{
        gid_t group = token->bitsd->admin_gid;

        if (token->uid == 0)
                return true;
        return group != UINT32_MAX && peer_in_group(token->keep, group) != 0;
}

void token_drop(Token *token, const char *reason)
{
        log_info("token of uid %u for the jobs of uid %u ended: %s", token->uid, token->audience,
                 reason);
        LIST_REMOVE(token, link);
        worker_end_of_token(token->bitsd, token);
        sd_event_source_disable_unref(token->hangup);
        close_fd(token->keep);
        free(token);
}

void token_drop_all_of(Bitsd *bitsd, uid_t uid, const char *reason)
{
        Token *token, *next;

        for (token = LIST_FIRST(&bitsd->tokens); token; token = next) {
                next = LIST_NEXT(token, link);
                if (token->uid == uid)
                        token_drop(token, reason);
        }
}
