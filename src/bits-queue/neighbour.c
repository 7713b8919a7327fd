#include "neighbour.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

enum {
        RETRY_USEC = 5 * 1000 * 1000, /* while there is no bus */
        MATCH_SIZE = 256,
};

struct Neighbour {
        const NeighbourKind *kind;
        void *userdata;
        sd_event *event;
        sd_event_source *retry;
        sd_bus *bus; /* NULL: none */
};

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Neighbour *neighbour = userdata;

        (void)m;
        (void)error;
        if (neighbour->bus)
                neighbour->kind->on(neighbour->userdata, neighbour->bus);
        return 0;
}

static int wait_for_bus(Neighbour *neighbour)
{
        int r = sd_event_source_set_time_relative(neighbour->retry, RETRY_USEC);

        return r < 0 ? r : sd_event_source_set_enabled(neighbour->retry, SD_EVENT_ONESHOT);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Neighbour *neighbour = userdata;

        (void)m;
        (void)error;
        log_debug("the system bus has gone (%s)", neighbour->kind->name);
        sd_bus_detach_event(neighbour->bus);
        neighbour->bus = sd_bus_close_unref(neighbour->bus);
        neighbour->kind->on(neighbour->userdata, NULL);
        return wait_for_bus(neighbour);
}

static int set_up(Neighbour *neighbour, sd_bus *bus)
{
        char owner[MATCH_SIZE];
        int r;

        (void)snprintf(owner, sizeof(owner),
                       "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                       "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
                       neighbour->kind->name);
        r = sd_bus_attach_event(bus, neighbour->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_match_signal_async(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                              "org.freedesktop.DBus.Local", "Disconnected",
                                              on_disconnected, NULL, neighbour);
        if (r >= 0)
                r = sd_bus_add_match_async(bus, NULL, owner, on_signal, NULL, neighbour);
        if (r >= 0)
                r = sd_bus_add_match_async(bus, NULL, neighbour->kind->match, on_signal, NULL,
                                           neighbour);
        return r;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        Neighbour *neighbour = userdata;
        sd_bus *bus = NULL;
        int r;

        (void)source;
        (void)usec;
        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = set_up(neighbour, bus);
        if (r < 0) {
                sd_bus_detach_event(bus);
                sd_bus_close_unref(bus);
                neighbour->kind->on(neighbour->userdata, NULL);
                return wait_for_bus(neighbour);
        }
        neighbour->bus = bus;
        neighbour->kind->on(neighbour->userdata, bus);
        return 0;
}

int neighbour_new(sd_event *event, const NeighbourKind *kind, void *userdata, Neighbour **ret)
{
        Neighbour *neighbour = calloc(1, sizeof(*neighbour));
        int r;

        if (!neighbour)
                return -ENOMEM;
        *neighbour = (Neighbour){.kind = kind, .userdata = userdata, .event = event};
        r = sd_event_add_time(event, &neighbour->retry, CLOCK_MONOTONIC, 0, 500000, on_retry,
                              neighbour);
        if (r < 0) {
                free(neighbour);
                return r;
        }
        *ret = neighbour;
        return 0;
}

Neighbour *neighbour_free(Neighbour *neighbour)
{
        if (!neighbour)
                return NULL;
        sd_event_source_disable_unref(neighbour->retry);
        if (neighbour->bus)
                sd_bus_detach_event(neighbour->bus);
        sd_bus_close_unref(neighbour->bus);
        free(neighbour);
        return NULL;
}

int neighbour_call(Neighbour *neighbour, const char *path, const char *interface,
                   const char *member, sd_bus_message_handler_t answer, void *userdata,
                   const char *types, ...)
{
        sd_bus_message *m = NULL;
        va_list arguments;
        int r;

        r = sd_bus_message_new_method_call(neighbour->bus, &m, neighbour->kind->name, path,
                                           interface, member);
        if (r < 0)
                return r;
        r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0) {
                va_start(arguments, types);
                r = sd_bus_message_appendv(m, types, arguments);
                va_end(arguments);
        }
        if (r >= 0)
                r = sd_bus_call_async(neighbour->bus, NULL, m, answer, userdata, 0);
        sd_bus_message_unref(m);
        return r;
}
