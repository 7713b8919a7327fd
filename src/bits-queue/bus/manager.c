/* org.bitsd1.Manager. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "bus/objects.h"
#include "bus/reply.h"
#include "config.h"
#include "queue.h"
#include "store/store.h"
#include "supervisor.h"
#include "ticket.h"

enum {
        PAGE_MAX = 256,
        ALL_USERS = 1, /* BG_JOB_ENUM_ALL_USERS */
        EVENTS = 2,    /* Subscribe: JobEvent too */
        INTERFACE_VERSION = 1,
};

static int create_job(Target *t, sd_bus_message *m)
{
        Caller caller = client_caller(t->client);
        char path[JOB_PATH_SIZE], id[GUID_TEXT_SIZE];
        sd_bus_message *answer = NULL;
        const char *name;
        uint32_t type;
        Job *job = NULL;
        HRESULT hr;
        int r;

        r = sd_bus_message_read(m, "su", &name, &type);
        if (r < 0)
                return r;
        if (caller.uid == 0 && !(client_queue(t->client)->flags & SUPERVISOR_ROOT_JOBS))
                return reply_error(m, E_ACCESSDENIED);
        hr = job_create(client_queue(t->client), &caller, name, type, &job);
        if (FAILED(hr))
                return reply_error(m, hr);
        job_path(job, path);
        guid_text(&job->id, id);
        r = sd_bus_message_new_method_return(m, &answer);
        if (r >= 0)
                r = sd_bus_message_append(answer, "so", id, path);
        if (r < 0)
                return r;
        job_commit(job, S_OK, reply_later_with(t->client, m, answer));
        return 1;
}

static int get_job(Target *t, sd_bus_message *m)
{
        char path[JOB_PATH_SIZE];
        const char *text;
        Job *job = NULL;
        Guid id;
        int r;

        r = sd_bus_message_read(m, "s", &text);
        if (r < 0)
                return r;
        if (guid_parse(text, &id) < 0)
                return reply_error(m, E_INVALIDARG);
        job = queue_find_job(client_queue(t->client), &id);
        if (!job || state_is_final(job->state))
                return reply_error(m, BG_E_NOT_FOUND);
        if (!client_may_access(t->client, job))
                return reply_error(m, E_ACCESSDENIED);
        job_path(job, path);
        return sd_bus_reply_method_return(m, "o", path);
}

/* Whose jobs a caller asks for; *ret_all. */
static HRESULT check_all_users(const Client *client, uint32_t flags, bool *ret_all)
{
        *ret_all = flags & ALL_USERS;
        if (flags & ~(uint32_t)ALL_USERS)
                return E_INVALIDARG;
        return *ret_all && !client->administrator ? E_ACCESSDENIED : S_OK;
}

static Job *next_job(const Target *t, bool all, uint64_t after)
{
        const Queue *queue = client_queue(t->client);

        return all ? queue_next_job(queue, after)
                   : queue_next_job_of(queue, t->client->cred.uid, after);
}

static int append_page(Target *t, sd_bus_message *answer, bool all, uint64_t after, uint32_t max,
                       uint64_t *ret_next)
{
        char path[JOB_PATH_SIZE], id[GUID_TEXT_SIZE];
        uint32_t count = 0;
        Job *job;
        int r = 0;

        *ret_next = 0;
        for (job = next_job(t, all, after); job && r >= 0; job = next_job(t, all, job->serial)) {
                if (!client_may_access(t->client, job))
                        continue;
                if (count++ == max)
                        break;
                *ret_next = job->serial;
                job_path(job, path);
                guid_text(&job->id, id);
                r = sd_bus_message_append(answer, "(so)", id, path);
        }
        if (!job)
                *ret_next = 0;
        return r;
}

static int list_jobs(Target *t, sd_bus_message *m)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        uint64_t after, next;
        uint32_t flags, max;
        HRESULT hr;
        bool all;
        int r;

        r = sd_bus_message_read(m, "utu", &flags, &after, &max);
        if (r < 0)
                return r;
        hr = max == 0 || max > PAGE_MAX ? E_INVALIDARG : check_all_users(t->client, flags, &all);
        if (FAILED(hr))
                return reply_error(m, hr);
        r = sd_bus_message_new_method_return(m, &answer);
        if (r >= 0)
                r = sd_bus_message_open_container(answer, 'a', "(so)");
        if (r >= 0)
                r = append_page(t, answer, all, after, max, &next);
        if (r >= 0)
                r = sd_bus_message_close_container(answer);
        if (r >= 0)
                r = sd_bus_message_append(answer, "t", next);
        return r < 0 ? r : sd_bus_send(t->client->bus, answer, NULL);
}

static int get_error_description(Target *t, sd_bus_message *m)
{
        uint32_t language;
        const char *text;
        HRESULT hr;
        int r;

        (void)t;
        r = sd_bus_message_read(m, "iu", &hr, &language);
        if (r < 0)
                return r;
        text = hresult_text_in(hr, language);
        return text ? sd_bus_reply_method_return(m, "s", text)
                    : reply_error(m, HRESULT_FROM_WIN32(ERROR_RESOURCE_LANG_NOT_FOUND));
}

static int get_authorization(Target *t, sd_bus_message *m)
{
        Caller caller = client_caller(t->client);
        uint64_t expires_usec;
        bool needed = tickets_needed(client_queue(t->client)->tickets, &caller, &expires_usec);

        return sd_bus_reply_method_return(m, "bt", needed, expires_usec);
}

static int authorize(Target *t, sd_bus_message *m)
{
        Caller caller = client_caller(t->client);
        const void *data;
        size_t size;
        int r;

        r = sd_bus_message_read_array(m, 'y', &data, &size);
        if (r < 0)
                return r;
        tickets_authorize(client_queue(t->client)->tickets, &caller, data, size,
                          reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

static int subscribe(Target *t, sd_bus_message *m)
{
        uint32_t flags;
        HRESULT hr;
        bool all;
        int r;

        r = sd_bus_message_read(m, "u", &flags);
        if (r < 0)
                return r;
        hr = check_all_users(t->client, flags & ~(uint32_t)EVENTS, &all);
        if (FAILED(hr))
                return reply_error(m, hr);
        t->client->subscription = all ? SUBSCRIBED_ALL : SUBSCRIBED_OWN;
        t->client->events = flags & EVENTS ? t->client->subscription : SUBSCRIBED_NOT;
        return sd_bus_reply_method_return(m, "");
}

static int unsubscribe(Target *t, sd_bus_message *m)
{
        t->client->subscription = t->client->events = SUBSCRIBED_NOT;
        return sd_bus_reply_method_return(m, "");
}

typedef struct Rows {
        const Client *client;
        sd_bus_message *answer;
        uint64_t last;
} Rows;

static int append_history(void *userdata, const HistoryRow *row)
{
        Rows *rows = userdata;
        char id[GUID_TEXT_SIZE];

        rows->last = row->serial;
        if (!client_may_see_history(rows->client, row->owner))
                return 0;
        guid_text(&row->job, id);
        return sd_bus_message_append(rows->answer, "(" HISTORY_SIGNATURE ")", row->serial, id,
                                     row->owner, row->at_usec, row->kind, row->state, row->code,
                                     row->text) < 0
                       ? -ENOMEM
                       : 0;
}

static int list_history(Target *t, sd_bus_message *m)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        Store *store = client_queue(t->client)->store;
        uint64_t after, lost = 0;
        uint32_t flags, max;
        Rows rows = {.client = t->client};
        const uid_t *owner;
        HRESULT hr;
        bool all;
        int r;

        r = sd_bus_message_read(m, "tuu", &after, &flags, &max);
        if (r < 0)
                return r;
        hr = max == 0 || max > PAGE_MAX || after > INT64_MAX
                     ? E_INVALIDARG
                     : check_all_users(t->client, flags, &all);
        if (FAILED(hr))
                return reply_error(m, hr);
        owner = all ? NULL : &t->client->cred.uid;
        r = sd_bus_message_new_method_return(m, &answer);
        if (r >= 0)
                r = sd_bus_message_open_container(answer, 'a', "(" HISTORY_SIGNATURE ")");
        rows.answer = answer;
        rows.last = after;
        if (r >= 0)
                r = store_load_history(store, after, owner, max, append_history, &rows);
        if (r >= 0)
                r = store_lost_history(store, owner, &lost);
        if (r >= 0)
                r = sd_bus_message_close_container(answer);
        if (r >= 0)
                r = sd_bus_message_append(answer, "tb", rows.last, lost > after);
        return r < 0 ? r : sd_bus_send(t->client->bus, answer, NULL);
}

static const Method methods[] = {
        {"CreateJob", METHOD_CHANGES, create_job},
        {"GetJob", 0, get_job},
        {"ListJobs", 0, list_jobs},
        {"GetErrorDescription", 0, get_error_description},
        {"GetAuthorization", 0, get_authorization},
        {"Authorize", METHOD_CHANGES | METHOD_ALWAYS, authorize},
        {"Subscribe", 0, subscribe},
        {"Unsubscribe", 0, unsubscribe},
        {"ListHistory", 0, list_history},
};

static int on_method(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Client *client = userdata;

        (void)error;
        client->target.job = NULL;
        return objects_dispatch(methods, ELEMENTS(methods), &client->target, m);
}

static int append_limits(sd_bus_message *reply, const Settings *settings)
{
        const char *key;
        uint64_t value;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{st}");
        for (size_t i = 0; r >= 0 && (key = settings_key(settings, i, &value)); i++)
                r = sd_bus_message_append(reply, "{st}", key, value);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const Client *client = userdata;

        (void)bus;
        (void)path;
        (void)interface;
        (void)error;
        switch (property[0]) {
        case 'V':
                return sd_bus_message_append(reply, "s", PACKAGE_VERSION);
        case 'L':
                return append_limits(reply, &client_queue(client)->settings);
        case 'I':
                return sd_bus_message_append(reply, "u", INTERFACE_VERSION);
        case 'U':
                return sd_bus_message_append(
                        reply, "b", (client_queue(client)->flags & SUPERVISOR_USER_MODE) != 0);
        default:
                return sd_bus_message_append(reply, "b", client->administrator);
        }
}

#define METHOD(name, in, out) SD_BUS_METHOD(name, in, out, on_method, SD_BUS_VTABLE_UNPRIVILEGED)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("CreateJob", "su", "so"),
        METHOD("GetJob", "s", "o"),
        METHOD("ListJobs", "utu", "a(so)t"),
        METHOD("GetErrorDescription", "iu", "s"),
        METHOD("GetAuthorization", "", "bt"),
        METHOD("Authorize", "ay", ""),
        METHOD("Subscribe", "u", ""),
        METHOD("Unsubscribe", "", ""),
        METHOD("ListHistory", "tuu", "a(" HISTORY_SIGNATURE ")tb"),
        SD_BUS_SIGNAL("JobChanged", "souttuu", 0),
        SD_BUS_SIGNAL("JobRemoved", "s", 0),
        SD_BUS_SIGNAL("JobEvent", HISTORY_SIGNATURE, 0),
        SD_BUS_PROPERTY("Version", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("InterfaceVersion", "u", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Limits", "a{st}", get_property, 0, 0),
        SD_BUS_PROPERTY("UserMode", "b", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Administrator", "b", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

int manager_object_add(Client *client)
{
        return sd_bus_add_object_vtable(client->bus, NULL, MANAGER_PATH, MANAGER_INTERFACE, vtable,
                                        client);
}
