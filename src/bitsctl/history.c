/* history: what happened to the jobs, those that have ended too, the oldest first. */
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
#include "names.h"

enum {
        PAGE = 256,
        ALL_USERS = 1,
};

typedef struct Event {
        uint64_t serial, time_usec;
        const char *job, *text;
        uint32_t owner, kind, state;
        int32_t code;
} Event;

static const char *kind_name(uint32_t kind)
{
        static const char *const names[] = {"",      "created", "state",    "error",   "files",
                                            "owner", "token",   "notified", "command", "unused"};

        return kind > 0 && kind < ELEMENTS(names) ? names[kind] : "other";
}

static void print_json(const Event *event)
{
        json_object *o = json_object_new_object();
        char name[HRESULT_NAME_SIZE];

        hresult_name(event->code, name);
        json_object_object_add(o, "sequence", json_object_new_uint64(event->serial));
        json_object_object_add(o, "time", json_time(event->time_usec));
        json_object_object_add(o, "id", json_object_new_string(event->job));
        json_object_object_add(o, "owner_uid", json_object_new_uint64(event->owner));
        json_object_object_add(o, "event", json_object_new_string(kind_name(event->kind)));
        json_object_object_add(o, "state", json_object_new_string(state_name(event->state)));
        json_object_object_add(o, "code", json_text(event->code < 0 ? name : ""));
        json_object_object_add(o, "text", json_text(event->text));
        json_print_line(o);
}

static void print_line(const Event *event)
{
        char time[FORMAT_SIZE], name[HRESULT_NAME_SIZE];
        _cleanup_(freep) char *clean = format_clean(event->text);

        hresult_name(event->code, name);
        printf("%s  %.36s  %-8s  %-15s%s%s%s%s\n", format_local_time(event->time_usec, time),
               event->job, kind_name(event->kind), state_name(event->state),
               event->code < 0 ? "  " : "", event->code < 0 ? name : "",
               clean && *clean ? "  " : "", clean ?: "");
}

/* One page after *after, which moves on; *ret_n is 0 at the end. */
static int print_page(Service *service, const Options *options, const char *only, uint64_t *after,
                      bool *ret_gone, size_t *ret_n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        uint64_t before = *after;
        Event e;
        int gone, r;

        r = service_call(service, MANAGER_PATH, MANAGER_INTERFACE, "ListHistory", &answer, "tuu",
                         *after, options->all_users ? (uint32_t)ALL_USERS : 0, (uint32_t)PAGE);
        if (r != 0)
                return r;
        r = sd_bus_message_enter_container(answer, 'a', "(tsutuuis)");
        while (r >= 0 &&
               (r = sd_bus_message_read(answer, "(tsutuuis)", &e.serial, &e.job, &e.owner,
                                        &e.time_usec, &e.kind, &e.state, &e.code, &e.text)) > 0) {
                if (only && strcmp(only, e.job) != 0)
                        continue;
                if (options->json)
                        print_json(&e);
                else
                        print_line(&e);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(answer);
        if (r >= 0)
                r = sd_bus_message_read(answer, "tb", after, &gone);
        if (r < 0)
                return r;
        *ret_gone = gone;
        *ret_n = *after > before;
        return 0;
}

int command_history(Service *service, const Options *options)
{
        const char *argument = options->n_arguments > 0 ? options->arguments[0] : NULL;
        char id[GUID_TEXT_SIZE];
        bool gone, gone_at_first = false;
        uint64_t after = 0;
        size_t n = 1;
        Guid guid;
        int r;

        /* A job that has ended is found by its whole id alone. */
        if (argument && guid_parse(argument, &guid) < 0) {
                service_say(service, "history: '%s' is not the whole id of a job", argument);
                return EXIT_USAGE;
        }
        if (argument)
                guid_text(&guid, id);
        while (n > 0) {
                bool first = after == 0;

                r = print_page(service, options, argument ? id : NULL, &after, &gone, &n);
                if (r != 0)
                        return service_fail(service, r, NULL);
                if (first)
                        gone_at_first = gone;
        }
        if (gone_at_first && !options->quiet)
                service_say(service, "history: what is older is not kept any more");
        return EXIT_DONE;
}
