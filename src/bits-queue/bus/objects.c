#include "bus/objects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/reply.h"
#include "queue.h"
#include "trouble.h"

int objects_dispatch(const Method *methods, size_t n, Target *target, sd_bus_message *m)
{
        const char *member = sd_bus_message_get_member(m);
        const Method *method = NULL;
        int r;

        for (size_t i = 0; i < n && !method; i++)
                if (strcmp(methods[i].name, member) == 0)
                        method = &methods[i];
        if (!method)
                return -EBADR; /* a vtable row without a row here: a mistake of ours */
        if (!client_may_ask(target->client))
                return 1;
        if (method->flags & METHOD_CHANGES && client_is_restricted(target->client, target->job))
                return reply_error(m, E_ACCESSDENIED);
        if (method->flags & METHOD_OWNER_ONLY && target->client->cred.uid != target->job->owner)
                return reply_error(m, E_ACCESSDENIED);
        r = trouble_error(client_queue(target->client)->trouble);
        if (r < 0 && (method->flags & (METHOD_CHANGES | METHOD_ALWAYS)) == METHOD_CHANGES)
                return reply_error(m, trouble_hresult(r));

        r = method->handle(target, m);
        return r < 0 ? reply_error(m, r == -ENOMEM ? E_OUTOFMEMORY : E_INVALIDARG) : r;
}

/* Programs that believe in a bus say Hello first. */
static int on_hello(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)userdata;
        (void)error;
        return sd_bus_reply_method_return(m, "s", ":1.1");
}

static const sd_bus_vtable hello_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", "", "s", on_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int objects_add(Client *client)
{
        int r;

        r = sd_bus_add_object_vtable(client->bus, NULL, "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", hello_vtable, client);
        if (r >= 0)
                r = manager_object_add(client);
        if (r >= 0)
                r = job_object_add(client);
        if (r >= 0)
                r = file_object_add(client);
        return r;
}

int job_after_commit(Target *t, sd_bus_message *m, HRESULT hr)
{
        if (FAILED(hr))
                return reply_error(m, hr);
        job_commit(t->job, hr, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

void job_path(const Job *job, char ret[JOB_PATH_SIZE])
{
        char hex[GUID_HEX_SIZE];

        guid_hex(&job->id, hex);
        (void)snprintf(ret, JOB_PATH_SIZE, "%s/%s", JOBS_PATH, hex);
}

HRESULT objects_find_job(const Client *client, const char *path, Job **ret, const char **ret_rest)
{
        const char *hex = path + strlen(JOBS_PATH) + 1;
        char text[GUID_HEX_SIZE];
        Job *job = NULL;
        Guid id;

        if (strncmp(path, JOBS_PATH "/", strlen(JOBS_PATH) + 1) != 0 || strcspn(hex, "/") != 32)
                return BG_E_NOT_FOUND;
        memcpy(text, hex, 32);
        text[32] = 0;
        if (guid_parse(text, &id) == 0)
                job = queue_find_job(client_queue(client), &id);
        if (!job)
                return BG_E_NOT_FOUND;
        if (!client_may_access(client, job))
                return E_ACCESSDENIED;
        *ret = job;
        *ret_rest = hex + 32;
        return S_OK;
}

void objects_announce_job(Client *client, Job *job)
{
        char path[JOB_PATH_SIZE], id[GUID_TEXT_SIZE];
        JobProgress p;

        job_path(job, path);
        guid_text(&job->id, id);
        job_progress(job, &p);
        (void)sd_bus_emit_signal(client->bus, MANAGER_PATH, MANAGER_INTERFACE, "JobChanged",
                                 "souttuu", id, path, (uint32_t)job->state, p.bytes_transferred,
                                 p.bytes_total, p.files_transferred, p.files_total);
}

void objects_announce_removal(Client *client, Job *job)
{
        char id[GUID_TEXT_SIZE];

        guid_text(&job->id, id);
        (void)sd_bus_emit_signal(client->bus, MANAGER_PATH, MANAGER_INTERFACE, "JobRemoved", "s",
                                 id);
}

void objects_announce_event(Client *client, const HistoryRow *row)
{
        char id[GUID_TEXT_SIZE];

        guid_text(&row->job, id);
        (void)sd_bus_emit_signal(client->bus, MANAGER_PATH, MANAGER_INTERFACE, "JobEvent",
                                 HISTORY_SIGNATURE, row->serial, id, row->owner, row->at_usec,
                                 row->kind, row->state, row->code, row->text);
}
