/* The connection. Invariant: the bus and all its messages are touched only under the lock; nobody
 * waits for anything else while holding it. */
#include "libbits/connection.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "libbits/apartment.h"
#include "libbits/callback.h"
#include "libbits/service.h"

#define ERROR_PREFIX "org.bitsd1.Error."
#define CALL_USEC    UINT64_C(600000000) /* longer than any rename or fsync should take */
#define NOT_SENT     1

typedef struct Pending {
        TAILQ_ENTRY(Pending) link; /* Connection.pending */
        pthread_cond_t answered;
        bool done;
        sd_bus_message *answer; /* NULL: the connection was lost */
} Pending;

typedef struct Connection {
        uint64_t serial;
        char dir[PATH_MAX];
        sd_bus *bus; /* NULL: lost */
        int fd;      /* its socket */
        int wake;    /* eventfd: there is something to write */
        bool closing;
        pthread_t thread;
        unsigned refs; /* the thread's, the state's, and of everybody inside a call */
        TAILQ_HEAD(, Pending) pending;
} Connection;

static struct {
        pthread_mutex_t lock;    /* of everything here and of the connection */
        pthread_mutex_t connect; /* held while one connects; taken before lock */
        Connection *current;
        uint64_t last_serial;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .connect = PTHREAD_MUTEX_INITIALIZER};

/* Under the lock; the bus is gone by the last time. */
static void connection_unref(Connection *c)
{
        if (--c->refs > 0)
                return;
        close(c->wake);
        free(c);
}

static void wake(const Connection *c)
{
        (void)!write(c->wake, &(uint64_t){1}, sizeof(uint64_t));
}

/* ---- the I/O thread ----------------------------------------------------------------------------
 */

static int process(Connection *c)
{
        int r;

        do
                r = c->closing ? -ESHUTDOWN : sd_bus_process(c->bus, NULL);
        while (r > 0);
        return r;
}

/* Until there is something to read, to write or overdue. The lock is given up meanwhile. */
static int wait_for_io(Connection *c)
{
        int events = sd_bus_get_events(c->bus), r;
        struct timespec deadline, now, left, *timeout = NULL;
        struct pollfd fds[2];
        uint64_t usec, count;

        if (events < 0)
                return events;
        r = sd_bus_get_timeout(c->bus, &usec);
        if (r < 0)
                return r;
        if (usec != UINT64_MAX) {
                clock_gettime(CLOCK_MONOTONIC, &now);
                deadline = (struct timespec){
                        .tv_sec = (time_t)(usec / 1000000),
                        .tv_nsec = (long)(usec % 1000000) * 1000,
                };
                left = (struct timespec){
                        .tv_sec = deadline.tv_sec - now.tv_sec,
                        .tv_nsec = deadline.tv_nsec - now.tv_nsec,
                };
                if (left.tv_nsec < 0) {
                        left.tv_sec--;
                        left.tv_nsec += 1000000000;
                }
                if (left.tv_sec < 0)
                        left = (struct timespec){0};
                timeout = &left;
        }
        fds[0] = (struct pollfd){.fd = c->fd, .events = (short)events};
        fds[1] = (struct pollfd){.fd = c->wake, .events = POLLIN};
        pthread_mutex_unlock(&state.lock);
        r = ppoll(fds, 2, timeout, NULL);
        if (r > 0 && fds[1].revents)
                (void)!read(c->wake, &count, sizeof(count));
        r = r < 0 && errno != EINTR ? -errno : 0;
        pthread_mutex_lock(&state.lock);
        return r;
}

static void lose(Connection *c)
{
        Pending *pending;

        if (state.current == c) {
                state.current = NULL;
                c->refs--; /* the thread's is still there */
        }
        TAILQ_FOREACH (pending, &c->pending, link)
                if (!pending->done) {
                        pending->done = true;
                        pthread_cond_signal(&pending->answered);
                }
        c->bus = sd_bus_close_unref(c->bus);
}

static void *run(void *p)
{
        Connection *c = p;
        uint64_t serial = c->serial;

        pthread_mutex_lock(&state.lock);
        while (process(c) >= 0 && wait_for_io(c) >= 0)
                ;
        if (!c->closing) /* else connection_close() joins us */
                pthread_detach(pthread_self());
        lose(c);
        connection_unref(c);
        pthread_mutex_unlock(&state.lock);
        callback_forget_connection(serial);
        return NULL;
}

/* ---- connecting --------------------------------------------------------------------------------
 */

static int open_socket(const char *dir)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(closep) int fd = -1;
        int n;

        n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", dir);
        if (n < 0 || (size_t)n >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int start_bus(Connection *c, int fd)
{
        int r;

        r = sd_bus_new(&c->bus);
        if (r >= 0)
                r = sd_bus_set_fd(c->bus, fd, fd);
        if (r < 0) {
                close(fd);
                return r;
        }
        c->fd = fd;
        r = sd_bus_negotiate_fds(c->bus, 1);
        if (r >= 0)
                r = callback_export(c->bus, c->serial);
        return r < 0 ? r : sd_bus_start(c->bus);
}

/* The program's signals are its own threads' business. */
static int start_thread(Connection *c)
{
        sigset_t all, old;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        r = -pthread_create(&c->thread, NULL, run, c);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        return r;
}

static int connect_in(const char *dir)
{
        Connection *c = calloc(1, sizeof(*c));
        int fd, r;

        if (!c)
                return -ENOMEM;
        c->refs = 1;
        TAILQ_INIT(&c->pending);
        memccpy(c->dir, dir, 0, sizeof(c->dir));
        c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        fd = c->wake < 0 ? -errno : open_socket(dir);
        pthread_mutex_lock(&state.lock);
        c->serial = ++state.last_serial;
        r = fd < 0 ? fd : start_bus(c, fd);
        if (r >= 0)
                r = start_thread(c);
        if (r >= 0) {
                c->refs++; /* the thread's, which waits for the lock */
                state.current = c;
        } else {
                c->bus = sd_bus_close_unref(c->bus);
                connection_unref(c);
        }
        pthread_mutex_unlock(&state.lock);
        return r;
}

static void after_fork(void)
{
        Connection *c = state.current;

        pthread_mutex_init(&state.lock, NULL);
        pthread_mutex_init(&state.connect, NULL);
        if (c) /* its thread, and what it was doing, stayed with the parent */
                close(c->fd);
        state.current = NULL;
        callback_after_fork();
        apartment_after_fork();
}

static void watch_forks(void)
{
        (void)pthread_atfork(NULL, NULL, after_fork);
}

HRESULT connection_open(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        char dir[PATH_MAX];
        int r = 0;

        (void)pthread_once(&once, watch_forks);
        pthread_mutex_lock(&state.connect);
        if (connection_serial(NULL) == 0) {
                r = service_find(dir);
                if (r >= 0)
                        r = connect_in(dir);
        }
        pthread_mutex_unlock(&state.connect);
        return r >= 0         ? S_OK
               : r == -ENOMEM ? E_OUTOFMEMORY
                              : HRESULT_FROM_WIN32(RPC_S_SERVER_UNAVAILABLE);
}

uint64_t connection_serial(char ret_dir[PATH_MAX])
{
        uint64_t serial = 0;

        pthread_mutex_lock(&state.lock);
        if (state.current) {
                serial = state.current->serial;
                if (ret_dir)
                        memccpy(ret_dir, state.current->dir, 0, PATH_MAX);
        }
        pthread_mutex_unlock(&state.lock);
        return serial;
}

void connection_close(void)
{
        Connection *c;

        pthread_mutex_lock(&state.lock);
        c = state.current;
        if (c) { /* the state's reference becomes ours */
                state.current = NULL;
                c->closing = true;
                wake(c);
        }
        pthread_mutex_unlock(&state.lock);
        if (!c)
                return;
        pthread_join(c->thread, NULL);
        pthread_mutex_lock(&state.lock);
        connection_unref(c);
        pthread_mutex_unlock(&state.lock);
}

/* ---- calls -------------------------------------------------------------------------------------
 */

static HRESULT error_code(const sd_bus_error *error)
{
        static const struct {
                const char *name;
                HRESULT code;
        } rows[] = {
                {SD_BUS_ERROR_NO_REPLY, HRESULT_FROM_WIN32(RPC_S_CALL_FAILED)},
                {SD_BUS_ERROR_TIMEOUT, HRESULT_FROM_WIN32(RPC_S_CALL_FAILED)},
                {SD_BUS_ERROR_DISCONNECTED, HRESULT_FROM_WIN32(RPC_S_CALL_FAILED)},
                {SD_BUS_ERROR_ACCESS_DENIED, E_ACCESSDENIED},
                {SD_BUS_ERROR_NO_MEMORY, E_OUTOFMEMORY},
                {SD_BUS_ERROR_INVALID_ARGS, E_INVALIDARG},
                {SD_BUS_ERROR_UNKNOWN_OBJECT, BG_E_NOT_FOUND},
                {SD_BUS_ERROR_UNKNOWN_METHOD, E_NOTIMPL},
        };
        HRESULT hr;

        if (strncmp(error->name, ERROR_PREFIX, strlen(ERROR_PREFIX)) == 0) {
                hr = hresult_parse(error->name + strlen(ERROR_PREFIX));
                return FAILED(hr) ? hr : E_UNEXPECTED;
        }
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (strcmp(rows[i].name, error->name) == 0)
                        return rows[i].code;
        return E_FAIL;
}

static HRESULT read_answer(const Exchange *e, sd_bus_message *answer)
{
        int r;

        if (!answer)
                return HRESULT_FROM_WIN32(RPC_S_CALL_FAILED);
        if (sd_bus_message_is_method_error(answer, NULL))
                return error_code(sd_bus_message_get_error(answer));
        r = e->read ? e->read(answer, e->userdata) : 0;
        return r >= 0 ? S_OK : r == -ENOMEM ? E_OUTOFMEMORY : E_UNEXPECTED;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Pending *pending = userdata;

        (void)error;
        pending->answer = sd_bus_message_ref(m);
        pending->done = true;
        pthread_cond_signal(&pending->answered);
        return 0;
}

static int send_call(Connection *c, const Exchange *e, Pending *pending, sd_bus_slot **ret_slot)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(c->bus, &m, NULL, e->path, e->interface, e->member);
        if (r >= 0 && e->write)
                r = e->write(m, e->userdata);
        return r < 0 ? r : sd_bus_call_async(c->bus, ret_slot, m, on_answer, pending, CALL_USEC);
}

/* On a connection that may turn out to be lost: NOT_SENT. Under the lock, which waiting gives up.
 */
static HRESULT exchange_on(Connection *c, const Exchange *e)
{
        Pending pending = {.answered = PTHREAD_COND_INITIALIZER};
        sd_bus_slot *slot = NULL;
        HRESULT hr;
        int r;

        r = send_call(c, e, &pending, &slot);
        if (r == -ENOMEM)
                return E_OUTOFMEMORY;
        if (r == -EINVAL || r == -EBADF || r == -EOPNOTSUPP)
                return E_INVALIDARG;
        wake(c);
        if (r < 0) {
                (void)shutdown(c->fd, SHUT_RDWR); /* the thread sees it, too */
                return NOT_SENT;
        }
        TAILQ_INSERT_TAIL(&c->pending, &pending, link);
        while (!pending.done)
                pthread_cond_wait(&pending.answered, &state.lock);
        TAILQ_REMOVE(&c->pending, &pending, link);
        hr = read_answer(e, pending.answer);
        sd_bus_message_unref(pending.answer);
        sd_bus_slot_unref(slot);
        pthread_cond_destroy(&pending.answered);
        return hr;
}

static HRESULT exchange_once(const Exchange *e)
{
        HRESULT hr = connection_open();
        Connection *c;

        if (FAILED(hr))
                return hr;
        pthread_mutex_lock(&state.lock);
        c = state.current;
        hr = NOT_SENT; /* lost since */
        if (c) {
                c->refs++;
                hr = exchange_on(c, e);
                if (hr == NOT_SENT && state.current == c) {
                        state.current = NULL;
                        c->refs--; /* ours is still there */
                }
                connection_unref(c);
        }
        pthread_mutex_unlock(&state.lock);
        return hr;
}

HRESULT connection_exchange(const Exchange *exchange)
{
        HRESULT hr = exchange_once(exchange);

        if (hr == NOT_SENT)
                hr = exchange_once(exchange);
        return hr == NOT_SENT ? HRESULT_FROM_WIN32(RPC_S_SERVER_UNAVAILABLE) : hr;
}

void connection_reply(uint64_t serial, sd_bus_message *call, HRESULT hr)
{
        pthread_mutex_lock(&state.lock);
        if (state.current && state.current->serial == serial) {
                (void)sd_bus_reply_method_return(call, "i", hr);
                wake(state.current);
        }
        sd_bus_message_unref(call);
        pthread_mutex_unlock(&state.lock);
}
