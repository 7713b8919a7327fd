#include "notify-command.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/command-line.h"
#include "job-json.h"
#include "job.h"

bool notify_command_check(const Service *service, const char *program)
{
        if (*program == '/')
                return true;
        service_say(service, "the program of a command line needs its full path");
        return false;
}

int notify_command_set(Service *service, const char *path, const char *program,
                       char *const arguments[], int n)
{
        _cleanup_(freep) char *line = NULL;
        int r = n > 0 ? command_line_join(program, arguments, (size_t)n, &line) : 0;

        if (r < 0)
                return r;
        return service_call(service, path, JOB_INTERFACE, "SetNotifyCmdLine", NULL, "ss", program,
                            line ?: "");
}

static int print_json(Service *service, const char *path, const char *id)
{
        _cleanup_(job_freep) Job *job = NULL;
        json_object *o;
        int r = job_read(service, path, JOB_COMMAND, &job);

        if (r != 0)
                return job_fail(service, r, id);
        o = json_object_new_object();
        json_object_object_add(o, "id", json_object_new_string(job->id));
        json_object_object_add(o, "notify_command", job_json_command(job));
        json_print(o);
        return EXIT_DONE;
}

static int set(Service *service, const Options *options, const char *path)
{
        int r = service_authorize(service); /* who sets it is whom it runs as */

        if (r != 0)
                return r;
        return notify_command_set(service, path, options->arguments[2], options->arguments + 3,
                                  options->n_arguments - 3);
}

static int clear(Service *service, const char *path)
{
        return service_call(service, path, JOB_INTERFACE, "SetNotifyCmdLine", NULL, "ss", "", "");
}

int command_notify_command(Service *service, const Options *options)
{
        bool sets = strcmp(options->arguments[0], "set") == 0 && options->n_arguments >= 3;
        bool clears = strcmp(options->arguments[0], "clear") == 0 && options->n_arguments == 2;
        _cleanup_(freep) char *path = NULL;
        char id[GUID_TEXT_SIZE];
        int r;

        if (!sets && !clears) {
                service_say(service,
                            "usage: bitsctl notify-command set JOB PROGRAM [ARGUMENT]... | "
                            "clear JOB");
                return EXIT_USAGE;
        }
        if (sets && !notify_command_check(service, options->arguments[2]))
                return EXIT_USAGE;
        r = job_resolve(service, options->arguments[1], &path, id);
        if (r != EXIT_DONE)
                return r;
        r = sets ? set(service, options, path) : clear(service, path);
        if (r != 0)
                return job_fail(service, r, id);
        return options->json ? print_json(service, path, id) : EXIT_DONE;
}
