#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/peer.h"
#include "job.h"
#include "queue.h"
#include "supervisor.h"

typedef struct Check {
        Queue *queue;
        HelperToken *token;
        void (*answer)(void *userdata, HRESULT hr, HelperToken *token);
        void *userdata;
} Check;

static int on_hang_up(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        HelperToken *token = userdata;

        (void)fd;
        (void)revents;
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        token->hung_up = true;
        log_info("a helper token of uid %u is gone", token->uid);
        job_token_lost(token->queue, token);
        return 0;
}

static HelperToken *find(const Queue *queue, uint64_t cookie)
{
        HelperToken *token;

        LIST_FOREACH(token, &queue->tokens, link)
        if (token->cookie == cookie)
                return token;
        return NULL;
}

static void on_checked(void *userdata, const SupervisorMessage *message, int fd)
{
        _cleanup_(freep) Check *check = userdata;
        const SupervisorQueryReply *reply = &message->query_reply;
        HelperToken *token = check->token, *known;
        sd_event_source *watch = NULL;

        closep(&fd);
        if (reply->result < 0) {
                token_unref(token);
                check->answer(check->userdata, E_ACCESSDENIED, NULL);
                return;
        }
        known = find(check->queue, token->cookie);
        if (known) { /* the same socket once more: the workers it has serve on */
                token_unref(token);
                token = token_ref(known);
        }
        token->uid = reply->uid;
        token->audience = reply->audience;
        token->uses = reply->uses;
        token->administrator = reply->administrator != 0;
        token->session_uid = reply->by_logon ? reply->audience : reply->uid;
        if (!known && sd_event_add_io(check->queue->event, &watch, token->fd, EPOLLRDHUP,
                                      on_hang_up, token) < 0) {
                token_unref(token);
                check->answer(check->userdata, E_OUTOFMEMORY, NULL);
                return;
        }
        if (!known) {
                token->watch = watch;
                LIST_INSERT_HEAD(&check->queue->tokens, token, link);
        }
        check->answer(check->userdata, S_OK, token);
}

void token_check(Queue *queue, int fd,
                 void (*answer)(void *userdata, HRESULT hr, HelperToken *token), void *userdata)
{
        _cleanup_(freep) Check *check = calloc(1, sizeof(*check));
        HelperToken *token = calloc(1, sizeof(*token));

        if (token)
                *token = (HelperToken){.queue = queue, .refs = 1, .fd = fd};
        else
                closep(&fd);
        if (!check || !token || peer_cookie(fd, &token->cookie) < 0) {
                token_unref(token);
                answer(userdata, check && token ? E_ACCESSDENIED : E_OUTOFMEMORY, NULL);
                return;
        }
        *check = (Check){.queue = queue, .token = token, .answer = answer, .userdata = userdata};
        if (supervisor_query(queue->supervisor, fd, on_checked, check) < 0) {
                token_unref(token);
                answer(userdata, E_UNEXPECTED, NULL);
                return;
        }
        check = NULL; /* on_checked() frees it */
}

HelperToken *token_ref(HelperToken *token)
{
        if (token)
                token->refs++;
        return token;
}

HelperToken *token_unref(HelperToken *token)
{
        if (token && --token->refs == 0) {
                if (token->watch)
                        LIST_REMOVE(token, link);
                sd_event_source_disable_unref(token->watch);
                closep(&token->fd);
                free(token);
        }
        return NULL;
}
