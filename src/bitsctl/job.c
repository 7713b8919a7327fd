#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "format.h"
#include "names.h"

enum {
        PAGE = 256
};

static const struct Property {
        const char *name;
        char type; /* of D-Bus: s, u, t, b */
        size_t offset;
} properties[] = {
        {"Id", 's', offsetof(Job, id)},
        {"DisplayName", 's', offsetof(Job, display_name)},
        {"Description", 's', offsetof(Job, description)},
        {"Owner", 's', offsetof(Job, owner)},
        {"Reason", 's', offsetof(Job, reason)},
        {"HelperTokenSid", 's', offsetof(Job, helper_sid)},
        {"Type", 'u', offsetof(Job, type)},
        {"State", 'u', offsetof(Job, state)},
        {"Priority", 'u', offsetof(Job, priority)},
        {"NotifyFlags", 'u', offsetof(Job, notify_flags)},
        {"MinimumRetryDelay", 'u', offsetof(Job, minimum_retry_delay)},
        {"NoProgressTimeout", 'u', offsetof(Job, no_progress_timeout)},
        {"ErrorCount", 'u', offsetof(Job, error_count)},
        {"OwnerUid", 'u', offsetof(Job, owner_uid)},
        {"HelperTokenFlags", 'u', offsetof(Job, helper_uses)},
        {"ReasonUntil", 't', offsetof(Job, reason_until_usec)},
        {"NotifyInterface", 'b', offsetof(Job, notify_interface)},
};

static void error_deinit(JobError *error)
{
        free(error->protocol);
        free(error->text);
}

Job *job_free(Job *job)
{
        if (!job)
                return NULL;
        for (size_t i = 0; i < ELEMENTS(properties); i++)
                if (properties[i].type == 's')
                        free(*(char **)((char *)job + properties[i].offset));
        for (size_t i = 0; i < job->n_files; i++) {
                free(job->files[i].remote);
                free(job->files[i].local);
        }
        free(job->files);
        free(job->proxy_list);
        free(job->proxy_bypass);
        free(job->notify_program);
        free(job->notify_parameters);
        error_deinit(&job->error);
        free(job);
        return NULL;
}

static int copy_text(const char *text, char **ret)
{
        char *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        free(*ret);
        *ret = copy;
        return 0;
}

static int read_simple(sd_bus_message *m, const struct Property *property, Job *job)
{
        void *field = (char *)job + property->offset;
        const char *text;
        int truth, r;

        switch (property->type) {
        case 's':
                r = sd_bus_message_read(m, "v", "s", &text);
                return r < 0 ? r : copy_text(text, field);
        case 'u':
                return sd_bus_message_read(m, "v", "u", field);
        case 't':
                return sd_bus_message_read(m, "v", "t", field);
        default:
                r = sd_bus_message_read(m, "v", "b", &truth);
                if (r >= 0)
                        *(bool *)field = truth;
                return r;
        }
}

static int read_proxy(sd_bus_message *m, Job *job)
{
        const char *list, *bypass;
        int r;

        r = sd_bus_message_read(m, "v", "(uss)", &job->proxy_usage, &list, &bypass);
        if (r >= 0)
                r = copy_text(list, &job->proxy_list);
        return r < 0 ? r : copy_text(bypass, &job->proxy_bypass);
}

static int read_property(sd_bus_message *m, const char *name, Job *job)
{
        for (size_t i = 0; i < ELEMENTS(properties); i++)
                if (strcmp(properties[i].name, name) == 0)
                        return read_simple(m, &properties[i], job);
        if (strcmp(name, "Progress") == 0)
                return sd_bus_message_read(m, "v", "(ttuu)", &job->bytes_total,
                                           &job->bytes_transferred, &job->files_total,
                                           &job->files_transferred);
        if (strcmp(name, "Times") == 0)
                return sd_bus_message_read(m, "v", "(ttt)", &job->created_usec, &job->modified_usec,
                                           &job->completed_usec);
        if (strcmp(name, "ProxySettings") == 0)
                return read_proxy(m, job);
        return sd_bus_message_skip(m, "v"); /* of a newer service */
}

static int read_properties(sd_bus_message *m, Job *job)
{
        const char *name;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &name);
                if (r >= 0)
                        r = read_property(m, name, job);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(properties); i++)
                if (properties[i].type == 's' && !*(char **)((char *)job + properties[i].offset))
                        return -EBADMSG;
        return 0;
}

static int read_error(Service *service, const char *path, Job *job)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        const char *protocol, *text;
        int r;

        r = service_call(service, path, JOB_INTERFACE, "GetError", &answer, "");
        if (r == SERVICE_E_REFUSED) /* none any more */
                return 0;
        if (r == 0)
                r = sd_bus_message_read(answer, "iuiss", &job->error.code, &job->error.context,
                                        &job->error.file, &protocol, &text);
        if (r >= 0)
                r = copy_text(protocol, &job->error.protocol);
        if (r >= 0)
                r = copy_text(text, &job->error.text);
        if (r < 0)
                return r;
        job->has_error = true;
        return 0;
}

static int read_command(Service *service, const char *path, Job *job)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        const char *program, *parameters;
        int r;

        r = service_call(service, path, JOB_INTERFACE, "GetNotifyCmdLine", &answer, "");
        if (r != 0)
                return r;
        r = sd_bus_message_read(answer, "ss", &program, &parameters);
        if (r >= 0)
                r = copy_text(program, &job->notify_program);
        return r < 0 ? r : copy_text(parameters, &job->notify_parameters);
}

static int append_file(Job *job, const JobFile *file)
{
        JobFile *files, copy = *file;

        copy.remote = strdup(file->remote);
        copy.local = strdup(file->local);
        files = reallocarray(job->files, job->n_files + 1, sizeof(*files));
        if (files)
                job->files = files;
        if (!files || !copy.remote || !copy.local) {
                free(copy.remote);
                free(copy.local);
                return -ENOMEM;
        }
        job->files[job->n_files++] = copy;
        return 0;
}

static int read_file_page(Service *service, const char *path, Job *job)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        JobFile file;
        int completed, r;

        r = service_call(service, path, JOB_INTERFACE, "ListFiles", &answer, "uu",
                         (uint32_t)job->n_files, (uint32_t)PAGE);
        if (r != 0)
                return r;
        r = sd_bus_message_enter_container(answer, 'a', "(ussttb)");
        while (r >= 0 && (r = sd_bus_message_read(answer, "(ussttb)", &file.index, &file.remote,
                                                  &file.local, &file.bytes_total,
                                                  &file.bytes_transferred, &completed)) > 0) {
                file.completed = completed;
                r = append_file(job, &file);
        }
        return r < 0 ? r : 0;
}

static int read_files(Service *service, const char *path, Job *job)
{
        size_t before;
        int r;

        do {
                before = job->n_files;
                r = read_file_page(service, path, job);
        } while (r == 0 && job->n_files > before);
        return r;
}

int job_read(Service *service, const char *path, JobParts parts, Job **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        _cleanup_(job_freep) Job *job = NULL;
        int r;

        job = calloc(1, sizeof(*job));
        if (!job)
                return -ENOMEM;
        r = service_call(service, path, "org.freedesktop.DBus.Properties", "GetAll", &answer, "s",
                         JOB_INTERFACE);
        if (r != 0)
                return r;
        r = read_properties(answer, job);
        if (r == 0 && (parts & JOB_ERROR) &&
            (job->state == STATE_ERROR || job->state == STATE_TRANSIENT_ERROR))
                r = read_error(service, path, job);
        if (r == 0 && (parts & JOB_FILES))
                r = read_files(service, path, job);
        if (r == 0 && (parts & JOB_COMMAND))
                r = read_command(service, path, job);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(job);
        return 0;
}

int job_find(Service *service, const char *id, char **ret_path)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        const char *path;
        char *copy;
        int r;

        r = service_call(service, MANAGER_PATH, MANAGER_INTERFACE, "GetJob", &answer, "s", id);
        if (r != 0)
                return r;
        r = sd_bus_message_read(answer, "o", &path);
        if (r < 0)
                return r;
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        *ret_path = copy;
        return 0;
}
