#include "add.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "format.h"
#include "job-json.h"
#include "job.h"
#include "reference.h"

/* The directory with its links followed, as the shell's own ".." means it; where this person may
 * not look (a helper's directory), the text alone must do. */
static int follow_directory(const char *name, char ret[PATH_MAX])
{
        _cleanup_(freep) char *copy = strdup(name), *directory = NULL;
        char *slash = copy ? strrchr(copy, '/') : NULL;
        int n;

        if (!copy)
                return -ENOMEM;
        if (!slash || !strstr(name, ".."))
                return 0;
        *slash = 0;
        directory = realpath(*copy ? copy : "/", NULL);
        if (!directory)
                return 0;
        n = snprintf(ret, PATH_MAX, "%s/%s", directory, slash + 1);
        return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 1;
}

static int local_name(const char *name, char ret[PATH_MAX])
{
        char followed[PATH_MAX], cwd[PATH_MAX];
        int r;

        if (!getcwd(cwd, sizeof(cwd)) && *name != '/')
                return -errno;
        r = follow_directory(name, followed);
        return r < 0 ? r : reference_local(cwd, r > 0 ? followed : name, ret);
}

static int append_pair(sd_bus_message *call, const char *remote, const char *local)
{
        char absolute[PATH_MAX];
        int r = local_name(local, absolute);

        return r < 0 ? r : sd_bus_message_append(call, "(ss)", remote, absolute);
}

static int say_bad_name(const Service *service, const char *name, int r)
{
        _cleanup_(freep) char *clean = format_clean(name);

        service_say(service, "%s: %s", clean ?: "",
                    r == -EISDIR ? "the name of a directory; the file needs one of its own"
                                 : strerror(-r));
        return EXIT_USAGE;
}

/* One file that must have a hash. */
static int add_hashed(Service *service, const Options *options, const char *path, const char *id,
                      char **arguments)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        char absolute[PATH_MAX];
        int r = local_name(arguments[1], absolute);

        if (r < 0)
                return say_bad_name(service, arguments[1], r);
        r = sd_bus_message_new_method_call(service->bus, &call, NULL, path, JOB_INTERFACE,
                                           "AddFileWithHash");
        if (r >= 0)
                r = sd_bus_message_append(call, "sss", arguments[0], absolute, options->algorithm);
        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', options->digest, options->digest_size);
        if (r >= 0)
                r = service_send(service, call, NULL);
        return r == 0 ? EXIT_DONE : job_fail(service, r, id);
}

int add_files(Service *service, const Options *options, const char *path, const char *id,
              char **arguments, int n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        if (options->algorithm && n != 2) {
                service_say(service, "--%s is the hash of one file", options->algorithm);
                return EXIT_USAGE;
        }
        if (!service->bus)
                return job_fail(service, -ENOTCONN, id);
        if (options->algorithm)
                return add_hashed(service, options, path, id, arguments);
        r = sd_bus_message_new_method_call(service->bus, &call, NULL, path, JOB_INTERFACE,
                                           "AddFileSet");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "(ss)");
        if (r < 0)
                return job_fail(service, r, id);
        for (int i = 0; i + 1 < n; i += 2) {
                r = append_pair(call, arguments[i], arguments[i + 1]);
                if (r < 0)
                        return say_bad_name(service, arguments[i + 1], r);
        }
        r = sd_bus_message_close_container(call);
        if (r >= 0)
                r = service_send(service, call, NULL);
        return r == 0 ? EXIT_DONE : job_fail(service, r, id);
}

int command_add(Service *service, const Options *options)
{
        _cleanup_(freep) char *path = NULL;
        char id[GUID_TEXT_SIZE];
        json_object *o;
        int r;

        if (options->n_arguments % 2 == 0) {
                service_say(service, "each REMOTE needs a LOCAL");
                return EXIT_USAGE;
        }
        r = job_resolve(service, options->arguments[0], &path, id);
        if (r != EXIT_DONE)
                return r;
        r = service_authorize(service);
        if (r != 0)
                return job_fail(service, r, id);
        r = add_files(service, options, path, id, options->arguments + 1, options->n_arguments - 1);
        if (r != EXIT_DONE || !options->json)
                return r;
        o = json_object_new_object();
        json_object_object_add(o, "id", json_object_new_string(id));
        json_object_object_add(o, "files_added", json_object_new_int(options->n_arguments / 2));
        json_print(o);
        return EXIT_DONE;
}
