#include "bus/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bus/callback.h"
#include "bus/listener.h"
#include "bus/objects.h"
#include "command.h"
#include "queue.h"
#include "supervisor.h"

enum {
        AUTH_USEC = 60 * 1000 * 1000, /* who is silent makes room before that */
        QUEUED_MAX = 256,             /* messages that wait for a client who does not read */
        QUEUED_PAUSE = 16,            /* from here on his own calls wait */
        QUEUED_PER_USER = 64,         /* and from here on in all his connections */
        QUEUED_PER_USER_MAX = 256, /* of calls that were under way when the others began to wait */
        CALLS_PER_USER_MAX = 32,   /* unanswered; from here on one for each connection */
};

#define LOCAL_PATH      "/org/freedesktop/DBus/Local"
#define LOCAL_INTERFACE "org.freedesktop.DBus.Local"

Client *client_ref(Client *client)
{
        client->refs++;
        return client;
}

Client *client_unref(Client *client)
{
        if (client && --client->refs == 0)
                free(client);
        return NULL;
}

void client_destroy(Client *client)
{
        Listener *listener = client->listener;

        if (!listener)
                return;
        client->listener = NULL;
        listener_remove(listener, client);
        if (client->receives)
                job_client_gone(listener_queue(listener), client);
        client->deadline = sd_event_source_disable_unref(client->deadline);
        client->close_later = sd_event_source_disable_unref(client->close_later);
        client->gate = gate_free(client->gate);
        if (client->bus) {
                sd_bus_detach_event(client->bus);
                client->bus = sd_bus_close_unref(client->bus);
        }
        client->fd = -1;
        callbacks_drop(client);
        client_unref(client);
}

static int on_close_later(sd_event_source *source, void *userdata)
{
        (void)source;
        client_destroy(userdata);
        return 0;
}

void client_close(Client *client, const char *why)
{
        if (!client->listener || client->closing)
                return;
        client->closing = true;
        if (why)
                log_notice("connection of uid %u (pid %d) closed: %s", client->cred.uid,
                           (int)client->cred.pid, why);
        if (sd_event_add_defer(client_queue(client)->event, &client->close_later, on_close_later,
                               client) < 0)
                abort(); /* no memory for the least of things */
}

Queue *client_queue(const Client *client)
{
        return listener_queue(client->listener);
}

Caller client_caller(const Client *client)
{
        return (Caller){.uid = client->cred.uid, .administrator = client->administrator};
}

uid_t client_uid(const Client *client)
{
        return client->cred.uid;
}

bool client_is_restricted(const Client *client, const Job *job)
{
        const Queue *queue = client_queue(client);

        if (queue->flags & SUPERVISOR_ALLOW_RESTRICTED)
                return false;
        if (queue_is_system_account(queue, client->cred.uid) &&
            !(queue->flags & SUPERVISOR_RESTRICT_SYSTEM_ACCOUNTS))
                return false;
        return peer_is_restricted(client->fd) != 0 &&
               !(job && command_calls(job, client->cred.uid, client->fd));
}

bool client_may_see_history(const Client *client, uid_t owner)
{
        return client->cred.uid == owner || (client->administrator && owner != 0);
}

bool client_may_access(const Client *client, const Job *job)
{
        return client_may_see_history(client, job->owner);
}

uint64_t client_queued(const Client *client)
{
        uint64_t queued = 0;

        if (client->bus)
                (void)sd_bus_get_n_queued_write(client->bus, &queued);
        return queued;
}

bool client_can_take(Client *client)
{
        if (!client->listener || client->closing || !client->connected)
                return false;
        if (client_queued(client) <= QUEUED_MAX)
                return true;
        client_close(client, "it does not read");
        return false;
}

bool client_may_ask(Client *client)
{
        if (client->closing)
                return false;
        if (client_queued(client) == 0 ||
            listener_queued_of(client->listener, client->cred.uid) < QUEUED_PER_USER_MAX)
                return true;
        client_close(client, "it asks and does not read");
        return false;
}

static bool may_read(void *userdata)
{
        Client *client = userdata;
        uint64_t queued;

        if (client->n_calls > 0 &&
            listener_calls_of(client->listener, client->cred.uid) >= CALLS_PER_USER_MAX)
                return false;
        queued = client_queued(client);
        return queued == 0 ||
               (queued < QUEUED_PAUSE &&
                listener_queued_of(client->listener, client->cred.uid) < QUEUED_PER_USER);
}

static void on_gate_closed(void *userdata, int error)
{
        Client *client = userdata;

        if (error < 0)
                client_close(client, error == -EMSGSIZE ? "a message is too long"
                                     : error == -EMFILE ? "too many descriptors"
                                     : error == -E2BIG  ? "the authentication does not end"
                                                        : "it does not speak D-Bus");
        else
                client_close(client, NULL);
}

static int on_auth_overdue(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        client_close(userdata, "no authentication in time");
        return 0;
}

static int on_connected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Client *client = userdata;

        (void)m;
        (void)error;
        client->connected = true;
        client->deadline = sd_event_source_disable_unref(client->deadline);
        if (client->gate)
                gate_open(client->gate);
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)m;
        (void)error;
        client_close(userdata, NULL);
        return 0;
}

/* The bus reads what the gate passes on and writes to the client itself. */
static int make_bus(Client *client, int in, int out)
{
        sd_id128_t id;
        int r;

        r = sd_bus_new(&client->bus);
        if (r >= 0)
                r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_set_fd(client->bus, in, out);
        if (r < 0) {
                close(in);
                close(out);
                return r;
        }
        r = sd_bus_set_server(client->bus, 1, id);
        if (r >= 0) /* sd-bus would compare with the gate's credentials; ours are the kernel's */
                r = sd_bus_set_anonymous(client->bus, 1);
        if (r >= 0) /* at the end of the loop sd-bus would wait for clients that do not read */
                r = sd_bus_set_close_on_exit(client->bus, 0);
        if (r >= 0)
                r = sd_bus_negotiate_fds(client->bus, 1);
        if (r >= 0)
                r = sd_bus_set_connected_signal(client->bus, 1);
        if (r >= 0)
                r = objects_add(client);
        if (r >= 0)
                r = sd_bus_match_signal(client->bus, NULL, LOCAL_INTERFACE, LOCAL_PATH,
                                        LOCAL_INTERFACE, "Connected", on_connected, client);
        if (r >= 0)
                r = sd_bus_match_signal(client->bus, NULL, LOCAL_INTERFACE, LOCAL_PATH,
                                        LOCAL_INTERFACE, "Disconnected", on_disconnected, client);
        if (r >= 0)
                r = sd_bus_attach_event(client->bus, client_queue(client)->event, 0);
        return r < 0 ? r : sd_bus_start(client->bus);
}

void client_refresh(Client *client)
{
        gid_t group = client_queue(client)->admin_gid;

        client->administrator = client->cred.uid == 0 || (group != (gid_t)-1 && client->fd >= 0 &&
                                                          peer_in_group(client->fd, group) == 1);
}

int client_new(Listener *listener, int fd, const PeerCred *cred, Client **ret)
{
        const Queue *queue = listener_queue(listener);
        Client *client = calloc(1, sizeof(*client));
        _cleanup_(closep) int gate_fd = -1;
        int bus_fd = -1, r;

        if (!client) {
                close(fd);
                return -ENOMEM;
        }
        *client = (Client){.listener = listener, .refs = 1, .fd = -1, .cred = *cred};
        client->target.client = client;
        TAILQ_INIT(&client->callbacks);
        listener_insert(listener, client);

        gate_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        r = gate_fd < 0 ? -errno : 0;
        client->fd = gate_fd;
        client_refresh(client);
        if (r == 0)
                r = gate_new(queue->event, TAKE_FD(gate_fd),
                             &(GateHandler){may_read, on_gate_closed, client}, &client->gate,
                             &bus_fd);
        if (r < 0)
                close(fd);
        else
                r = make_bus(client, bus_fd, fd);
        if (r >= 0)
                r = sd_event_add_time_relative(queue->event, &client->deadline, CLOCK_MONOTONIC,
                                               AUTH_USEC, 0, on_auth_overdue, client);
        if (r < 0) {
                client_destroy(client);
                return r;
        }
        *ret = client;
        return 0;
}
