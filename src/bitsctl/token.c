#include <string.h>

#include "base/cleanup.h"
#include "command.h"
#include "helper.h"
#include "job-json.h"
#include "job.h"
#include "logon.h"
#include "names.h"

int helper_set(Service *service, const char *path, int token)
{
        return service_call(service, path, JOB_INTERFACE, "SetHelperToken", NULL, "h", token);
}

int helper_set_uses(Service *service, const char *path, uint32_t uses)
{
        return service_call(service, path, JOB_INTERFACE, "SetHelperTokenFlags", NULL, "u", uses);
}

static int set(Service *service, const Options *options, const char *path, const char *id)
{
        _cleanup_(closep) int token = -1;
        int r;

        if (!options->account) {
                service_say(service, "\"token set\" needs --user USER");
                return EXIT_USAGE;
        }
        r = logon_helper(service, options->account, options->password_fd, &token);
        if (r != EXIT_DONE)
                return EXIT_FAILED;
        r = helper_set(service, path, token);
        return r == 0 ? EXIT_DONE : job_fail(service, r, id);
}

static int clear(Service *service, const Options *options, const char *path, const char *id)
{
        int r = service_call(service, path, JOB_INTERFACE, "ClearHelperToken", NULL, "");

        (void)options;
        return r == 0 ? EXIT_DONE : job_fail(service, r, id);
}

static int flags(Service *service, const Options *options, const char *path, const char *id)
{
        uint32_t uses;
        int r;

        if (!uses_parse(options->arguments[2], &uses)) {
                service_say(service, "the token's uses are \"file\", \"network\", \"file,network\" "
                                     "or \"none\"");
                return EXIT_USAGE;
        }
        r = helper_set_uses(service, path, uses);
        return r == 0 ? EXIT_DONE : job_fail(service, r, id);
}

static const struct Verb {
        const char *name;
        int n_arguments; /* with the verb itself */
        int (*run)(Service *service, const Options *options, const char *path, const char *id);
} verbs[] = {{"set", 2, set}, {"clear", 2, clear}, {"flags", 3, flags}};

static int print_json(Service *service, const char *path, const char *id)
{
        _cleanup_(job_freep) Job *job = NULL;
        json_object *o, *all;
        int r = job_read(service, path, 0, &job);

        if (r != 0)
                return job_fail(service, r, id);
        all = job_json(job);
        o = json_object_new_object();
        json_object_object_add(o, "id", json_object_new_string(job->id));
        json_object_object_add(o, "helper_token_sid", json_text(job->helper_sid));
        json_object_object_add(o, "helper_token_flags",
                               json_object_get(json_object_object_get(all, "helper_token_flags")));
        json_object_put(all);
        json_print(o);
        return EXIT_DONE;
}

static int run_verb(Service *service, const Options *options, const struct Verb *verb)
{
        _cleanup_(freep) char *path = NULL;
        char id[GUID_TEXT_SIZE];
        int r;

        r = job_resolve(service, options->arguments[1], &path, id);
        if (r == EXIT_DONE)
                r = verb->run(service, options, path, id);
        return r == EXIT_DONE && options->json ? print_json(service, path, id) : r;
}

int command_token(Service *service, const Options *options)
{
        for (size_t i = 0; i < ELEMENTS(verbs); i++)
                if (strcmp(verbs[i].name, options->arguments[0]) == 0 &&
                    verbs[i].n_arguments == options->n_arguments)
                        return run_verb(service, options, &verbs[i]);
        service_say(service,
                    "usage: bitsctl token set JOB --user USER | clear JOB | flags JOB USES");
        return EXIT_USAGE;
}
