/*
 * history: what happened to the jobs, those that have ended too, the oldest first; with --follow
 * also what happens from then on. After a lost connection it asks for what it missed, so that it
 * shows every event once, or says that some are gone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/guid.h"
#include "base/hresult.h"
#include "command.h"
#include "format.h"
#include "job-json.h"
#include "link.h"
#include "names.h"

enum {
        PAGE = 256,
        ALL_USERS = 1,
};

typedef struct History {
        Service *service;
        const Options *options;
        const char *only; /* NULL, or the id of a job */
        uint64_t last;    /* sequence of the last event that was seen */
        bool said_gone, follow;
        Link *link;
} History;

static const char *kind_name(uint32_t kind)
{
        static const char *const names[] = {"",        "created", "state", "error",
                                            "files",   "owner",   "token", "notified",
                                            "command", "unused",  "gap"};

        return kind > 0 && kind < ELEMENTS(names) ? names[kind] : "other";
}

static void print_json(const JobEvent *event)
{
        json_object *o = json_object_new_object();
        char name[HRESULT_NAME_SIZE];

        hresult_name(event->code, name);
        json_object_object_add(o, "sequence", json_object_new_uint64(event->sequence));
        json_object_object_add(o, "time", json_time(event->time_usec));
        json_object_object_add(o, "id", json_object_new_string(event->id));
        json_object_object_add(o, "owner_uid", json_object_new_uint64(event->owner));
        json_object_object_add(o, "event", json_object_new_string(kind_name(event->kind)));
        json_object_object_add(o, "state", json_object_new_string(state_name(event->state)));
        json_object_object_add(o, "code", json_text(event->code < 0 ? name : ""));
        json_object_object_add(o, "text", json_text(event->text));
        json_print_line(o);
}

static void print_line(const JobEvent *event)
{
        char time[FORMAT_SIZE], name[HRESULT_NAME_SIZE];
        _cleanup_(freep) char *clean = format_failure(event->text);

        hresult_name(event->code, name);
        printf("%s  %.36s  %-8s  %-15s%s%s%s%s\n", format_local_time(event->time_usec, time),
               event->id, kind_name(event->kind), state_name(event->state),
               event->code < 0 ? "  " : "", event->code < 0 ? name : "",
               clean && *clean ? "  " : "", clean ?: "");
}

/* Each once: what the history has told already comes again as a signal. */
static void on_event(void *userdata, const JobEvent *event)
{
        History *h = userdata;

        if (event->sequence <= h->last)
                return;
        h->last = event->sequence;
        if (h->only && strcmp(h->only, event->id) != 0)
                return;
        if (h->options->json)
                print_json(event);
        else
                print_line(event);
        if (h->follow)
                fflush(stdout);
}

/* One page; last stays at the end. */
static int print_page(History *h)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        uint64_t last = 0;
        JobEvent event;
        int gone = 0, r;

        r = service_call(h->service, MANAGER_PATH, MANAGER_INTERFACE, "ListHistory", &answer, "tuu",
                         h->last, h->options->all_users ? (uint32_t)ALL_USERS : 0, (uint32_t)PAGE);
        if (r != 0)
                return r;
        r = sd_bus_message_enter_container(answer, 'a', "(" JOB_EVENT_SIGNATURE ")");
        while (r >= 0 && (r = job_event_read(answer, "(" JOB_EVENT_SIGNATURE ")", &event)) > 0)
                on_event(h, &event);
        if (r >= 0)
                r = sd_bus_message_exit_container(answer);
        if (r >= 0)
                r = sd_bus_message_read(answer, "tb", &last, &gone);
        if (r < 0)
                return r;
        if (gone && !h->said_gone && !h->options->quiet)
                service_say(h->service, "history: some of what is older is not kept any more");
        h->said_gone = h->said_gone || gone;
        h->last = last > h->last ? last : h->last;
        return 0;
}

static int print_pages(History *h)
{
        uint64_t before;
        int r;

        do {
                before = h->last;
                r = print_page(h);
        } while (r == 0 && h->last > before);
        return r;
}

/* ---- --follow ---------------------------------------------------------------------------------
 */

static int on_connected(void *userdata)
{
        History *h = userdata;

        h->said_gone =
                false; /* what was missed while there was no connection may be gone as well */
        return print_pages(h) < 0 ? -ENOTCONN : 0;
}

static void on_lost(void *userdata)
{
        (void)userdata; /* what it misses now comes with the next connection */
}

static void on_gave_up(void *userdata)
{
        service_say(((History *)userdata)->service, "the service does not come back");
}

static void on_interrupted(void *userdata, int signal)
{
        (void)signal;
        link_end(((History *)userdata)->link, EXIT_DONE);
}

static void on_tick(void *userdata, uint64_t now_usec)
{
        (void)userdata;
        (void)now_usec;
}

static int follow(History *h)
{
        static const LinkHandlers handlers = {
                .connected = on_connected,
                .lost = on_lost,
                .gave_up = on_gave_up,
                .event = on_event,
                .interrupted = on_interrupted,
                .tick = on_tick,
        };
        int r = link_new(h->service, &handlers, h, h->options->all_users, &h->link);

        if (r < 0)
                return service_fail(h->service, r, NULL);
        r = link_run(h->link);
        link_free(h->link);
        return r;
}

int command_history(Service *service, const Options *options)
{
        History h = {
                .service = service, .options = options, .follow = options->seen & OPTION_FOLLOW};
        char id[GUID_TEXT_SIZE];
        Guid guid;
        int r;

        if (options->n_arguments > 0) {
                /* A job that has ended is found by its whole id alone. */
                if (guid_parse(options->arguments[0], &guid) < 0) {
                        service_say(service, "history: '%s' is not the whole id of a job",
                                    options->arguments[0]);
                        return EXIT_USAGE;
                }
                guid_text(&guid, id);
                h.only = id;
        }
        if (h.follow)
                return follow(&h);
        r = print_pages(&h);
        return r != 0 ? service_fail(service, r, NULL) : EXIT_DONE;
}
