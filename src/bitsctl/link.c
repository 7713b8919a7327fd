#include "link.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "command.h"

#define USEC_PER_MSEC UINT64_C(1000)

enum {
        ALL_USERS = 1, /* Subscribe's flags */
        EVENTS = 2,
        TICK_MSEC = 100,
        RETRY_MSEC = 200,
        PATIENCE_MSEC = 60 * 1000, /* for a service that restarts */
};

struct Link {
        Service *service;
        const LinkHandlers *handlers;
        void *userdata;
        bool all_users, up, ended;
        sd_event *event;
        sd_event_source *tick, *retry;
        uint64_t give_up_usec; /* CLOCK_MONOTONIC */
};

static uint64_t now_usec(const Link *link)
{
        uint64_t now = 0;

        (void)sd_event_now(link->event, CLOCK_MONOTONIC, &now);
        return now;
}

static void rearm(sd_event_source *timer, uint64_t msec)
{
        if (sd_event_source_set_time_relative(timer, msec * USEC_PER_MSEC) < 0 ||
            sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT) < 0)
                abort(); /* a timer that exists can be set */
}

/* ---- signals of the service ------------------------------------------------------------------ */

static void take_change(Link *link, sd_bus_message *m)
{
        JobChange change;
        const char *path;

        if (sd_bus_message_read(m, "souttuu", &change.id, &path, &change.state,
                                &change.bytes_transferred, &change.bytes_total,
                                &change.files_transferred, &change.files_total) >= 0)
                link->handlers->changed(link->userdata, &change);
}

static void take_removal(Link *link, sd_bus_message *m)
{
        const char *id;

        if (sd_bus_message_read(m, "s", &id) >= 0)
                link->handlers->removed(link->userdata, id);
}

int job_event_read(sd_bus_message *m, const char *signature, JobEvent *ret)
{
        return sd_bus_message_read(m, signature, &ret->sequence, &ret->id, &ret->owner,
                                   &ret->time_usec, &ret->kind, &ret->state, &ret->code,
                                   &ret->text);
}

static void take_event(Link *link, sd_bus_message *m)
{
        JobEvent event;

        if (job_event_read(m, JOB_EVENT_SIGNATURE, &event) >= 0)
                link->handlers->event(link->userdata, &event);
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Link *link = userdata;

        (void)error;
        if (sd_bus_message_get_bus(m) != link->service->bus || link->ended)
                return 0;
        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Local", "Disconnected"))
                link_lost(link);
        else if (!link->up)
                return 0; /* a connection that is being set up: connected() reads the state */
        else if (link->handlers->event &&
                 sd_bus_message_is_signal(m, MANAGER_INTERFACE, "JobEvent"))
                take_event(link, m);
        else if (link->handlers->changed &&
                 sd_bus_message_is_signal(m, MANAGER_INTERFACE, "JobChanged"))
                take_change(link, m);
        else if (link->handlers->removed &&
                 sd_bus_message_is_signal(m, MANAGER_INTERFACE, "JobRemoved"))
                take_removal(link, m);
        return 0;
}

/* ---- up and down ----------------------------------------------------------------------------- */

static int subscribe(Link *link)
{
        int r;

        r = sd_bus_add_filter(link->service->bus, NULL, on_message, link);
        if (r >= 0)
                r = sd_bus_attach_event(link->service->bus, link->event, 0);
        if (r >= 0)
                r = service_call(link->service, MANAGER_PATH, MANAGER_INTERFACE, "Subscribe", NULL,
                                 "u",
                                 (link->all_users ? (uint32_t)ALL_USERS : 0) |
                                         (link->handlers->event ? (uint32_t)EVENTS : 0));
        return r;
}

/* 0 or -errno; a refusal ends the link. */
static int set_up(Link *link)
{
        int r = 0;

        if (!link->service->bus)
                r = service_connect(link->service);
        if (r == 0)
                r = subscribe(link);
        if (r == SERVICE_E_REFUSED) {
                link_end(link, service_fail(link->service, r, NULL));
                return 0;
        }
        if (r < 0)
                return r;
        link->up = true;
        r = link->handlers->connected(link->userdata);
        return r < 0 ? r : 0;
}

void link_lost(Link *link)
{
        if (link->ended || !link->up)
                return;
        link->up = false;
        link->give_up_usec = now_usec(link) + PATIENCE_MSEC * USEC_PER_MSEC;
        link->handlers->lost(link->userdata);
        rearm(link->retry, 0); /* not here: the bus may be in the middle of its dispatch */
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        Link *link = userdata;

        (void)source;
        (void)usec;
        if (link->ended)
                return 0;
        service_disconnect(link->service);
        if (set_up(link) == 0 || link->ended)
                return 0;
        link->up = false;
        if (now_usec(link) < link->give_up_usec) {
                rearm(link->retry, RETRY_MSEC);
                return 0;
        }
        link->handlers->gave_up(link->userdata);
        link_end(link, EXIT_FAILED);
        return 0;
}

bool link_is_up(const Link *link)
{
        return link->up;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
        Link *link = userdata;

        (void)usec;
        if (!link->ended)
                link->handlers->tick(link->userdata, now_usec(link));
        rearm(source, TICK_MSEC);
        return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        Link *link = userdata;

        (void)source;
        if (!link->ended)
                link->handlers->interrupted(link->userdata, (int)info->ssi_signo);
        return 0;
}

static int add_sources(Link *link)
{
        static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
        sigset_t set;
        int r = 0;

        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTS(signals); i++)
                sigaddset(&set, signals[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTS(signals) && r >= 0; i++)
                r = sd_event_add_signal(link->event, NULL, signals[i], on_signal, link);
        if (r >= 0)
                r = sd_event_add_time_relative(link->event, &link->tick, CLOCK_MONOTONIC,
                                               TICK_MSEC * USEC_PER_MSEC, 1, on_tick, link);
        if (r >= 0)
                r = sd_event_add_time_relative(link->event, &link->retry, CLOCK_MONOTONIC, 0, 1,
                                               on_retry, link);
        if (r >= 0)
                r = sd_event_source_set_enabled(link->retry, SD_EVENT_OFF);
        return r;
}

int link_new(Service *service, const LinkHandlers *handlers, void *userdata, bool all_users,
             Link **ret)
{
        _cleanup_(link_freep) Link *link = calloc(1, sizeof(*link));
        int r;

        if (!link)
                return -ENOMEM;
        link->service = service;
        link->handlers = handlers;
        link->userdata = userdata;
        link->all_users = all_users;
        r = sd_event_new(&link->event);
        if (r >= 0)
                r = add_sources(link);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(link);
        return 0;
}

Link *link_free(Link *link)
{
        if (!link)
                return NULL;
        service_disconnect(link->service);
        sd_event_source_unref(link->tick);
        sd_event_source_unref(link->retry);
        sd_event_unref(link->event);
        free(link);
        return NULL;
}

int link_run(Link *link)
{
        int status = set_up(link);

        if (status < 0) {
                link->up = true; /* it was: the command had a connection before */
                link_lost(link);
        }
        status = sd_event_loop(link->event);
        return status < 0 ? EXIT_FAILED : status;
}

void link_end(Link *link, int status)
{
        link->ended = true;
        (void)sd_event_exit(link->event, status);
}
