#include "multi.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"

enum {
        SPARES_MAX = 16,      /* easy handles kept for reuse */
        CONNECTIONS_MAX = 64, /* likewise; libcurl's own limit shrinks with the transfers of now */
        TIMER_ROUNDS_MAX = 8, /* expired timers worked on before the loop looks at sockets again */
        TIMER_ACCURACY_USEC = 1000,
};

typedef struct Socket Socket;

struct Socket {
        Socket *next; /* Multi.sockets */
        Multi *multi;
        int fd;
        int wanted, applied; /* CURL_POLL_*; 0: nothing */
        bool connection;     /* opened by on_open(): ends in on_close(), not when curl looks away */
        sd_event_source *source;
};

struct Multi {
        sd_event *event;
        CURLM *curl;
        uint32_t host_connections; /* that it knows */
        void (*done)(void *userdata, CURLcode code);
        Socket *sockets; /* Socket.next */
        bool changed;    /* some socket's wanted is not applied */
        sd_event_source *timer;
        uint64_t deadline_usec; /* CLOCK_MONOTONIC; UINT64_MAX: libcurl waits for nothing */
        uint64_t armed_usec; /* the timer's, never later than the deadline before the loop waits */
        CURL *spares[SPARES_MAX];
        unsigned n_spares;
};

static uint64_t monotonic_usec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Hands every finished request over, not just one. */
static void multi_reap(Multi *multi)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(multi->curl, &left))) {
                CURLcode code = message->data.result;
                void *userdata = NULL;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&userdata);
                multi->done(userdata, code);
        }
}

static void multi_act(Multi *multi, curl_socket_t fd, int events)
{
        int running;

        curl_multi_socket_action(multi->curl, fd, events, &running);
        multi_reap(multi);
}

static int on_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Socket *socket = userdata;

        if (!socket->wanted) { /* the server closed an idle connection: libcurl sees that at reuse
                                */
                socket->applied = 0;
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        }
        multi_act(socket->multi, fd,
                  (revents & EPOLLIN ? CURL_CSELECT_IN : 0) |
                          (revents & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                          (revents & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
        return 0;
}

static Socket *socket_find(Multi *multi, int fd)
{
        for (Socket *s = multi->sockets; s; s = s->next)
                if (s->fd == fd)
                        return s;
        return NULL;
}

static Socket *socket_new(Multi *multi, int fd, bool connection)
{
        Socket *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        *s = (Socket){.next = multi->sockets, .multi = multi, .fd = fd, .connection = connection};
        multi->sockets = s;
        return s;
}

static void socket_free(Socket *socket)
{
        for (Socket **p = &socket->multi->sockets; *p; p = &(*p)->next)
                if (*p == socket) {
                        *p = socket->next;
                        break;
                }
        sd_event_source_unref(socket->source);
        free(socket);
}

/* An idle connection stays registered for reading: the next request on it then costs no system
 * call. */
static int socket_apply(Socket *s)
{
        uint32_t events = (s->wanted & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                          (s->wanted & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
        int r = 0;

        if (s->wanted == s->applied || (!s->wanted && s->applied == CURL_POLL_IN))
                return 0;
        if (!s->source)
                r = sd_event_add_io(s->multi->event, &s->source, s->fd, events, on_ready, s);
        else if (!s->wanted)
                r = sd_event_source_set_enabled(s->source, SD_EVENT_OFF);
        else {
                r = sd_event_source_set_io_events(s->source, events);
                if (r >= 0 && !s->applied)
                        r = sd_event_source_set_enabled(s->source, SD_EVENT_ON);
        }
        if (r >= 0)
                s->applied = s->wanted;
        return r;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *unused)
{
        Multi *multi = userdata;
        Socket *s = socket_find(multi, fd);

        (void)easy;
        (void)unused;
        if (!s && what == CURL_POLL_REMOVE)
                return 0;
        if (!s)
                s = socket_new(multi, fd, false);
        if (!s)
                return -1;

        if (what == CURL_POLL_REMOVE &&
            !s->connection) { /* the resolver's: closed right after this */
                socket_free(s);
                return 0;
        }
        s->wanted = what == CURL_POLL_REMOVE ? 0 : what;
        multi->changed = true;
        return 0;
}

static curl_socket_t on_open(void *userdata, curlsocktype purpose, struct curl_sockaddr *address)
{
        Multi *multi = userdata;
        _cleanup_(closep) int fd =
                socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

        (void)purpose;
        if (fd < 0 || !socket_new(multi, fd, true))
                return CURL_SOCKET_BAD;
        return TAKE_FD(fd);
}

static int on_close(void *userdata, curl_socket_t fd)
{
        Socket *s = socket_find(userdata, fd);

        if (s)
                socket_free(s); /* before the number can belong to another socket */
        return close(fd);
}

static int on_deadline(CURLM *curl, long timeout_msec, void *userdata)
{
        Multi *multi = userdata;

        (void)curl;
        multi->deadline_usec =
                timeout_msec < 0 ? UINT64_MAX : monotonic_usec() + (uint64_t)timeout_msec * 1000;
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Multi *multi = userdata;

        (void)usec;
        multi->armed_usec = UINT64_MAX; /* the hook below sees to what is due and arms it again */
        return sd_event_source_set_time(source, UINT64_MAX);
}

/* Runs before every wait of the loop. */
static int on_prepare(sd_event_source *timer, void *userdata)
{
        Multi *multi = userdata;

        for (int i = 0; i < TIMER_ROUNDS_MAX && multi->deadline_usec <= monotonic_usec(); i++) {
                multi->deadline_usec = UINT64_MAX;
                multi_act(multi, CURL_SOCKET_TIMEOUT, 0);
        }

        if (multi->changed) {
                multi->changed = false;
                for (Socket *s = multi->sockets; s; s = s->next)
                        if (socket_apply(s) < 0)
                                multi->changed =
                                        true; /* no memory: tried again with the next event */
        }

        /* Early is harmless: a timer that fires before a deadline that moved on costs one wake-up;
         * moving it along with every packet would cost a system call each. */
        if (multi->deadline_usec < multi->armed_usec) {
                multi->armed_usec = multi->deadline_usec;
                return sd_event_source_set_time(timer, multi->armed_usec);
        }
        return 0;
}

static void multi_free(Multi *multi)
{
        if (multi->curl)
                curl_multi_cleanup(multi->curl);
        sd_event_source_unref(multi->timer);
        sd_event_unref(multi->event);
        free(multi);
}

static void multi_freep(Multi **multi)
{
        if (*multi)
                multi_free(*multi);
}

int multi_new(sd_event *event, void (*done)(void *userdata, CURLcode code), Multi **ret)
{
        _cleanup_(multi_freep) Multi *multi = calloc(1, sizeof(*multi));
        int r;

        if (!multi)
                return -ENOMEM;
        multi->event = sd_event_ref(event);
        multi->done = done;
        multi->deadline_usec = multi->armed_usec = UINT64_MAX;
        multi->curl = curl_multi_init();
        if (!multi->curl)
                return -ENOMEM;
        curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
        curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
        curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, on_deadline);
        curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);

        r = sd_event_add_time(event, &multi->timer, CLOCK_MONOTONIC, UINT64_MAX,
                              TIMER_ACCURACY_USEC, on_timer, multi);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(multi->timer, SD_EVENT_ON); /* else it would be one-shot */
        if (r < 0)
                return r;
        r = sd_event_source_set_prepare(multi->timer, on_prepare);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(multi);
        return 0;
}

void multi_set_host_connections(Multi *multi, uint32_t n)
{
        if (n != multi->host_connections)
                curl_multi_setopt(multi->curl, CURLMOPT_MAX_HOST_CONNECTIONS, (long)n);
        multi->host_connections = n;
}

CURL *multi_take(Multi *multi)
{
        return multi->n_spares > 0 ? multi->spares[--multi->n_spares] : curl_easy_init();
}

int multi_add(Multi *multi, CURL *easy)
{
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, multi);
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, multi);
        return curl_multi_add_handle(multi->curl, easy) == CURLM_OK ? 0 : -ENOMEM;
}

void multi_give(Multi *multi, CURL *easy)
{
        curl_multi_remove_handle(multi->curl, easy);
        if (multi->n_spares == SPARES_MAX) {
                curl_easy_cleanup(easy);
                return;
        }
        curl_easy_reset(easy);
        multi->spares[multi->n_spares++] = easy;
}
