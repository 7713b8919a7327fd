#include "create.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "job-json.h"
#include "job.h"
#include "names.h"
#include "notify-command.h"
#include "reference.h"

static int new_job(Service *service, const char *name, char **ret_path, char ret_id[GUID_TEXT_SIZE])
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        const char *id, *path;
        int r;

        r = service_call(service, MANAGER_PATH, MANAGER_INTERFACE, "CreateJob", &answer, "su", name,
                         (uint32_t)TYPE_DOWNLOAD);
        if (r != 0)
                return r;
        r = sd_bus_message_read(answer, "so", &id, &path);
        if (r < 0)
                return r;
        if (reference_parse(id, ret_id) != 1)
                return -EBADMSG;
        *ret_path = strdup(path);
        return *ret_path ? 0 : -ENOMEM;
}

static int configure(Service *service, const Options *options, const char *path)
{
        int r = 0;

        if (options->seen & OPTION_DESCRIPTION)
                r = service_call(service, path, JOB_INTERFACE, "SetDescription", NULL, "s",
                                 options->description);
        if (r == 0 && (options->seen & OPTION_PRIORITY))
                r = service_call(service, path, JOB_INTERFACE, "SetPriority", NULL, "u",
                                 options->priority);
        if (r == 0 && (options->seen & OPTION_COMMAND))
                r = notify_command_set(service, path, options->program, options->arguments,
                                       options->n_arguments);
        return r == 0 ? http_configure(service, &options->http, path) : r;
}

int create_job(Service *service, const Options *options, const char *default_name, char **ret_path,
               char ret_id[GUID_TEXT_SIZE])
{
        _cleanup_(freep) char *path = NULL;
        HRESULT result;
        int r;

        r = service_authorize(service);
        if (r == 0)
                r = new_job(service, options->name ?: default_name, &path, ret_id);
        if (r != 0)
                return service_fail(service, r, NULL);
        r = configure(service, options, path);
        if (r != 0) {
                (void)job_fail(service, r, ret_id);
                (void)service_call_result(service, path, "Cancel", &result);
                return EXIT_FAILED;
        }
        *ret_path = TAKE_PTR(path);
        return EXIT_DONE;
}

int command_create(Service *service, const Options *options)
{
        _cleanup_(freep) char *path = NULL;
        char id[GUID_TEXT_SIZE];
        json_object *o;
        int r;

        if (!options->program && options->n_arguments > 0) {
                service_say(service, "arguments are those of --notify-command's program");
                return EXIT_USAGE;
        }
        if (options->program && !notify_command_check(service, options->program))
                return EXIT_USAGE;
        r = create_job(service, options, "bitsctl", &path, id);
        if (r != EXIT_DONE)
                return r;
        if (!options->json) {
                puts(id);
                return EXIT_DONE;
        }
        o = json_object_new_object();
        json_object_object_add(o, "id", json_object_new_string(id));
        json_print(o);
        return EXIT_DONE;
}
