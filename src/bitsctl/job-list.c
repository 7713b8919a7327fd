/* Many jobs: reading all of them, and finding the one that a person means. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "command.h"
#include "format.h"
#include "job.h"
#include "reference.h"

enum {
        PAGE = 256,
        ALL_USERS = 1, /* BG_JOB_ENUM_ALL_USERS */
};

static int append(JobList *list, Job *job)
{
        Job **jobs = reallocarray(list->jobs, list->n + 1, sizeof(*jobs));

        if (!jobs)
                return -ENOMEM;
        list->jobs = jobs;
        jobs[list->n++] = job;
        return 0;
}

static int read_one(Service *service, const char *path, JobParts parts, JobList *list)
{
        _cleanup_(job_freep) Job *job = NULL;
        int r;

        r = job_read(service, path, parts, &job);
        if (r == SERVICE_E_REFUSED) /* gone since it was listed, or given to somebody else */
                return 0;
        if (r == 0)
                r = append(list, job);
        if (r == 0)
                (void)TAKE_PTR(job);
        return r;
}

/* One page; *after moves on, to 0 at the end. */
static int read_page(Service *service, bool all_users, JobParts parts, uint64_t *after,
                     JobList *list)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        const char *id, *path;
        int r;

        r = service_call(service, MANAGER_PATH, MANAGER_INTERFACE, "ListJobs", &answer, "utu",
                         all_users ? (uint32_t)ALL_USERS : 0, *after, (uint32_t)PAGE);
        if (r != 0)
                return r;
        r = sd_bus_message_enter_container(answer, 'a', "(so)");
        while (r >= 0 && (r = sd_bus_message_read(answer, "(so)", &id, &path)) > 0)
                r = read_one(service, path, parts, list);
        if (r >= 0)
                r = sd_bus_message_exit_container(answer);
        if (r >= 0)
                r = sd_bus_message_read(answer, "t", after);
        return r < 0 ? r : 0;
}

int job_list_read(Service *service, bool all_users, JobParts parts, JobList *ret)
{
        uint64_t after = 0;
        int r;

        *ret = (JobList){0};
        do
                r = read_page(service, all_users, parts, &after, ret);
        while (r == 0 && after != 0);
        if (r != 0) {
                job_list_deinit(ret);
                *ret = (JobList){0};
        }
        return r;
}

void job_list_deinit(JobList *list)
{
        for (size_t i = 0; i < list->n; i++)
                job_free(list->jobs[i]);
        free(list->jobs);
}

static int say_ambiguous(const Service *service, const char *clean_name, const JobList *list,
                         const char *name)
{
        service_say(service, "job \"%s\": several have this name; use the id:", clean_name);
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->jobs[i]->display_name, name) == 0) {
                        _cleanup_(freep) char *id = format_clean(list->jobs[i]->id);

                        fprintf(stderr, "  %s\n", id ?: "");
                }
        return EXIT_FAILED;
}

/* Among the caller's own jobs: others' are reached by id alone. */
static int resolve_name(Service *service, const char *name, char ret_id[GUID_TEXT_SIZE])
{
        _cleanup_(job_list_deinit) JobList list = {0};
        _cleanup_(freep) char *clean = format_clean(name);
        size_t found = 0, n = 0;
        int r;

        r = job_list_read(service, false, 0, &list);
        if (r != 0)
                return service_fail(service, r, NULL);
        for (size_t i = 0; i < list.n; i++)
                if (strcmp(list.jobs[i]->display_name, name) == 0) {
                        found = i;
                        n++;
                }
        if (n > 1)
                return say_ambiguous(service, clean ?: "", &list, name);
        if (n == 0 || reference_parse(list.jobs[found]->id, ret_id) != 1) {
                service_say(service, "job \"%s\": you have no job of this name", clean ?: "");
                return EXIT_FAILED;
        }
        return EXIT_DONE;
}

int job_resolve(Service *service, const char *reference, char **ret_path,
                char ret_id[GUID_TEXT_SIZE])
{
        int r = reference_parse(reference, ret_id);

        if (r < 0) {
                service_say(service, "the name of a job is missing");
                return EXIT_FAILED;
        }
        if (r == 0) {
                r = resolve_name(service, reference, ret_id);
                if (r != EXIT_DONE)
                        return r;
        }
        r = job_find(service, ret_id, ret_path);
        return r == 0 ? EXIT_DONE : job_fail(service, r, ret_id);
}

int job_fail(const Service *service, int r, const char *id)
{
        char subject[GUID_TEXT_SIZE + 8];

        (void)snprintf(subject, sizeof(subject), "job %s", id);
        return service_fail(service, r, subject);
}
