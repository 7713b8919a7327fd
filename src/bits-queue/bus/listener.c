#include "bus/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bus/objects.h"
#include "queue.h"

enum {
        ACCEPTS = 16,               /* per wake-up */
        ANNOUNCE_USEC = 100 * 1000, /* least distance of JobChanged of a job */
        UNMAPPED_UID = 65534,       /* of a foreign user namespace */
};

struct Listener {
        Queue *queue;
        int fd, spare;
        sd_event_source *source, *announce;
        TAILQ_HEAD(, Client) clients; /* Client.link: oldest first */
        size_t n_clients;
        struct JobList changed; /* Job.changed_link */
};

Queue *listener_queue(const Listener *listener)
{
        return listener->queue;
}

void listener_insert(Listener *l, Client *client)
{
        TAILQ_INSERT_TAIL(&l->clients, client, link);
        l->n_clients++;
}

void listener_remove(Listener *l, Client *client)
{
        TAILQ_REMOVE(&l->clients, client, link);
        l->n_clients--;
}

size_t listener_n_clients(const Listener *l)
{
        size_t count = 0;
        Client *client;

        TAILQ_FOREACH (client, &l->clients, link)
                count += client->connected;
        return count;
}

size_t listener_calls_of(const Listener *l, uid_t uid)
{
        size_t count = 0;
        Client *client;

        TAILQ_FOREACH (client, &l->clients, link)
                count += client->cred.uid == uid ? client->n_calls : 0;
        return count;
}

uint64_t listener_queued_of(const Listener *l, uid_t uid)
{
        uint64_t count = 0;
        Client *client;

        TAILQ_FOREACH (client, &l->clients, link)
                count += client->cred.uid == uid ? client_queued(client) : 0;
        return count;
}

/* Room for one more of uid: who has not authenticated yet makes room for who comes. */
static bool make_room(Listener *l, uid_t uid)
{
        Client *client, *victim_of_user = NULL, *victim = NULL;
        size_t of_user = 0;

        TAILQ_FOREACH (client, &l->clients, link) {
                if (!client->connected && !victim)
                        victim = client;
                if (client->cred.uid != uid)
                        continue;
                of_user++;
                if (!client->connected && !victim_of_user)
                        victim_of_user = client;
        }
        if (of_user >= CLIENTS_PER_USER_MAX)
                victim = victim_of_user;
        else if (l->n_clients < CLIENTS_MAX)
                return true;
        if (!victim)
                return false;
        client_destroy(victim);
        return true;
}

/* No descriptor left: take the connection with the spare one, and let it go. */
static void refuse_with_spare(Listener *l)
{
        l->spare = close_fd(l->spare);
        closep(&(int){accept4(l->fd, NULL, NULL, SOCK_CLOEXEC)});
        l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int accept_one(Listener *l)
{
        _cleanup_(closep) int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        Client *client;
        PeerCred cred;

        if (fd < 0) {
                if (errno == EMFILE || errno == ENFILE)
                        refuse_with_spare(l);
                return errno == EAGAIN ? -EAGAIN : 0;
        }
        if (peer_cred(fd, &cred) < 0 || cred.uid == UNMAPPED_UID || !make_room(l, cred.uid))
                return 0;
        (void)client_new(l, TAKE_FD(fd), &cred, &client);
        return 0;
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        (void)source;
        (void)fd;
        (void)revents;
        for (int i = 0; i < ACCEPTS; i++)
                if (accept_one(userdata) < 0)
                        break;
        return 0;
}

/* ---- announcements --------------------------------------------------------------------------- */

static bool is_for(const Client *client, const Job *job)
{
        return client->subscription == SUBSCRIBED_ALL
                       ? client_may_access(client, job)
                       : client->subscription == SUBSCRIBED_OWN && client->cred.uid == job->owner;
}

/* Whose events a client is told. */
static bool event_is_for(const Client *client, const HistoryRow *row)
{
        switch (client->events) {
        case SUBSCRIBED_NOT:
                return false;
        case SUBSCRIBED_OWN:
                return client->cred.uid == row->owner;
        case SUBSCRIBED_ALL:
                return client->cred.uid == row->owner || client_may_see_history(client, row->owner);
        }
        return false;
}

void bus_job_event(Queue *queue, const HistoryRow *row)
{
        Listener *l = queue->listener;
        Client *client;

        if (!l)
                return;
        TAILQ_FOREACH (client, &l->clients, link)
                if (event_is_for(client, row) && client_can_take(client))
                        objects_announce_event(client, row);
}

static void announce(Listener *l, Job *job)
{
        Client *client;

        TAILQ_FOREACH (client, &l->clients, link)
                if (is_for(client, job) && client_can_take(client))
                        objects_announce_job(client, job);
}

static int on_announce(sd_event_source *source, uint64_t usec, void *userdata)
{
        Listener *l = userdata;
        Job *job;

        (void)source;
        (void)usec;
        while ((job = TAILQ_FIRST(&l->changed))) {
                TAILQ_REMOVE(&l->changed, job, changed_link);
                job->changed_listed = false;
                announce(l, job);
        }
        return 0;
}

void bus_job_changed(Queue *queue, Job *job)
{
        Listener *l = queue->listener;

        if (!l || job->changed_listed)
                return;
        if (TAILQ_EMPTY(&l->changed)) {
                (void)sd_event_source_set_time_relative(l->announce, ANNOUNCE_USEC);
                (void)sd_event_source_set_enabled(l->announce, SD_EVENT_ONESHOT);
        }
        TAILQ_INSERT_TAIL(&l->changed, job, changed_link);
        job->changed_listed = true;
}

void bus_job_removed(Queue *queue, Job *job)
{
        Listener *l = queue->listener;
        Client *client;

        if (!l)
                return;
        if (job->changed_listed)
                TAILQ_REMOVE(&l->changed, job, changed_link);
        job->changed_listed = false;
        announce(l, job);
        TAILQ_FOREACH (client, &l->clients, link)
                if (is_for(client, job) && client_can_take(client))
                        objects_announce_removal(client, job);
}

void bus_settings_changed(Queue *queue)
{
        Client *client;

        TAILQ_FOREACH (client, &queue->listener->clients, link)
                client_refresh(client);
}

/* ---- life ------------------------------------------------------------------------------------ */

int listener_new(Queue *queue, int fd, Listener **ret)
{
        Listener *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        *l = (Listener){.queue = queue, .fd = fd};
        TAILQ_INIT(&l->clients);
        TAILQ_INIT(&l->changed);
        l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
        r = fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
        if (r == 0)
                r = sd_event_add_io(queue->event, &l->source, fd, EPOLLIN, on_accept, l);
        if (r >= 0)
                r = sd_event_add_time(queue->event, &l->announce, CLOCK_MONOTONIC, UINT64_MAX, 1000,
                                      on_announce, l);
        if (r < 0) {
                listener_free(l);
                return r;
        }
        *ret = l;
        return 0;
}

Listener *listener_free(Listener *l)
{
        Client *client;

        if (!l)
                return NULL;
        while ((client = TAILQ_FIRST(&l->clients)))
                client_destroy(client);
        sd_event_source_disable_unref(l->source);
        sd_event_source_disable_unref(l->announce);
        closep(&l->fd);
        closep(&l->spare);
        free(l);
        return NULL;
}
