/* resume, suspend, cancel, complete, take-ownership: one call each, alike but for the row of a
 * table. */
#include <string.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "command.h"
#include "job-json.h"
#include "job.h"

static const struct Action {
        const char *command, *member;
        bool needs_ticket, has_result;
} actions[] = {
        {"resume", "Resume", true, false},
        {"suspend", "Suspend", false, false},
        {"cancel", "Cancel", true, true},
        {"complete", "Complete", true, true},
        {"take-ownership", "TakeOwnership", true, false},
};

static const struct Action *find_action(const char *command)
{
        size_t i = 0;

        while (i + 1 < ELEMENTS(actions) && strcmp(actions[i].command, command) != 0)
                i++;
        return &actions[i];
}

static void print_result(const Service *service, const Options *options, const char *id,
                         HRESULT result)
{
        char name[HRESULT_NAME_SIZE];
        json_object *o;

        hresult_name(result, name);
        if (options->json) {
                o = json_object_new_object();
                json_object_object_add(o, "id", json_object_new_string(id));
                json_object_object_add(o, "result", json_object_new_string(name));
                json_print(o);
        } else if (result != S_OK && !options->quiet) {
                service_say(service, "job %s: %s (0x%08X): %s", id, name, (unsigned)result,
                            hresult_text(result) ?: "");
        }
}

int command_control(Service *service, const Options *options)
{
        const struct Action *action = find_action(options->command);
        _cleanup_(freep) char *path = NULL;
        char id[GUID_TEXT_SIZE];
        HRESULT result = S_OK;
        int r;

        r = job_resolve(service, options->arguments[0], &path, id);
        if (r != EXIT_DONE)
                return r;
        r = action->needs_ticket ? service_authorize(service) : 0;
        if (r == 0 && action->has_result)
                r = service_call_result(service, path, action->member, &result);
        else if (r == 0)
                r = service_call(service, path, JOB_INTERFACE, action->member, NULL, "");
        if (r != 0)
                return job_fail(service, r, id);
        print_result(service, options, id, result);
        return EXIT_DONE;
}
