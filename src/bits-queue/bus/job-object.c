/* org.bitsd1.Job. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/job-methods.h"
#include "bus/objects.h"
#include "bus/reply.h"
#include "queue.h"

enum {
        PAGE_MAX = 256,
        PAGE_BYTES = 128 * 1024, /* an answer waits in memory for a client who may not read */
        FILES_PER_CALL_MAX = 10000,
        SID_SIZE = 32,
};

/* Samba's convention for Unix accounts. */
static void sid_text(uid_t uid, char ret[SID_SIZE])
{
        (void)snprintf(ret, SID_SIZE, "S-1-22-1-%u", uid);
}

/* ---- methods --------------------------------------------------------------------------------- */

static int check_access(Target *t, sd_bus_message *m)
{
        const char *interface;
        int r = sd_bus_message_read(m, "s", &interface);

        if (r < 0)
                return r;
        if (strcmp(interface, "IBitsTokenOptions") == 0 && t->client->cred.uid != t->job->owner)
                return reply_error(m, E_ACCESSDENIED);
        return sd_bus_reply_method_return(m, "");
}

static int add_file(Target *t, sd_bus_message *m)
{
        Caller caller = client_caller(t->client);
        FileName name = {0};
        int r = sd_bus_message_read(m, "ss", &name.remote, &name.local);

        if (r < 0)
                return r;
        job_add_files(t->job, &caller, &name, 1, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

static int read_names(sd_bus_message *m, FileName **ret, size_t *ret_n)
{
        _cleanup_(freep) FileName *names = NULL;
        size_t n = 0, size = 0;
        FileName name = {0};
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(ss)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(ss)", &name.remote, &name.local)) > 0) {
                if (n == FILES_PER_CALL_MAX)
                        return -E2BIG;
                if (n == size) {
                        FileName *more = reallocarray(names, size + 256, sizeof(*names));

                        if (!more)
                                return -ENOMEM;
                        names = more;
                        size += 256;
                }
                names[n++] = name;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(names);
        *ret_n = n;
        return 0;
}

static int add_file_set(Target *t, sd_bus_message *m)
{
        Caller caller = client_caller(t->client);
        _cleanup_(freep) FileName *names = NULL;
        size_t n = 0;
        int r = read_names(m, &names, &n);

        if (r < 0)
                return r;
        job_add_files(t->job, &caller, names, n, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

static int append_files(sd_bus_message *answer, const Job *job, uint32_t from, uint32_t max)
{
        size_t bytes = 0;
        int r = 0;

        for (size_t i = from; i < job->n_files && i - from < max && r >= 0; i++) {
                const File *f = job->files[i];

                bytes += strlen(file_remote_name(f)) + strlen(f->local);
                if (i > from && bytes > PAGE_BYTES)
                        break;
                r = sd_bus_message_append(answer, "(ussttb)", f->index, file_remote_name(f),
                                          f->local, f->size, f->received,
                                          f->state == FILE_FINISHED);
        }
        return r;
}

static int list_files(Target *t, sd_bus_message *m)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        uint32_t from, max;
        int r;

        r = sd_bus_message_read(m, "uu", &from, &max);
        if (r < 0)
                return r;
        if (max == 0 || max > PAGE_MAX)
                return reply_error(m, E_INVALIDARG);
        if (job_load_files(t->job) < 0)
                return reply_error(m, BG_E_DATABASE_CORRUPT);
        r = sd_bus_message_new_method_return(m, &answer);
        if (r >= 0)
                r = sd_bus_message_open_container(answer, 'a', "(ussttb)");
        if (r >= 0)
                r = append_files(answer, t->job, from, max);
        if (r >= 0)
                r = sd_bus_message_close_container(answer);
        return r < 0 ? r : sd_bus_send(t->client->bus, answer, NULL);
}

static int suspend(Target *t, sd_bus_message *m)
{
        job_suspend(t->job, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

static int resume(Target *t, sd_bus_message *m)
{
        job_resume(t->job, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

static int cancel(Target *t, sd_bus_message *m)
{
        job_cancel(t->job, reply_later(t->client, m, REPLY_HRESULT));
        return 1;
}

static int complete(Target *t, sd_bus_message *m)
{
        job_complete(t->job, reply_later(t->client, m, REPLY_HRESULT));
        return 1;
}

static int get_error(Target *t, sd_bus_message *m)
{
        const JobError *e = job_error(t->job);

        if (!e)
                return reply_error(m, BG_E_ERROR_INFORMATION_UNAVAILABLE);
        return sd_bus_reply_method_return(m, "iuiss", e->code, e->context, e->file,
                                          e->protocol ? e->protocol : "", e->text ? e->text : "");
}

static int set_text(Target *t, sd_bus_message *m, HRESULT (*set)(Job *, const char *))
{
        const char *value;
        int r = sd_bus_message_read(m, "s", &value);

        return r < 0 ? r : job_after_commit(t, m, set(t->job, value));
}

static int set_number(Target *t, sd_bus_message *m, HRESULT (*set)(Job *, uint32_t))
{
        uint32_t value;
        int r = sd_bus_message_read(m, "u", &value);

        return r < 0 ? r : job_after_commit(t, m, set(t->job, value));
}

static int set_display_name(Target *t, sd_bus_message *m)
{
        return set_text(t, m, job_set_display_name);
}

static int set_description(Target *t, sd_bus_message *m)
{
        return set_text(t, m, job_set_description);
}

static int set_priority(Target *t, sd_bus_message *m)
{
        return set_number(t, m, job_set_priority);
}

static int set_notify_flags(Target *t, sd_bus_message *m)
{
        return set_number(t, m, job_set_notify_flags);
}

static int set_minimum_retry_delay(Target *t, sd_bus_message *m)
{
        return set_number(t, m, job_set_minimum_retry_delay);
}

static int set_no_progress_timeout(Target *t, sd_bus_message *m)
{
        return set_number(t, m, job_set_no_progress_timeout);
}

static int set_maximum_download_time(Target *t, sd_bus_message *m)
{
        return set_number(t, m, job_set_max_download_time);
}

static int get_maximum_download_time(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "u", t->job->max_download_time_sec);
}

static int set_helper_token_flags(Target *t, sd_bus_message *m)
{
        return set_number(t, m, job_set_helper_flags);
}

static int set_helper_token(Target *t, sd_bus_message *m)
{
        Caller caller = client_caller(t->client);
        int fd, r = sd_bus_message_read(m, "h", &fd);

        if (r < 0)
                return r;
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the message's is borrowed */
        if (fd < 0)
                return reply_error(m, E_OUTOFMEMORY);
        job_set_helper_token(t->job, &caller, fd, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

static int clear_helper_token(Target *t, sd_bus_message *m)
{
        return job_after_commit(t, m, job_clear_helper_token(t->job));
}

static int get_helper_token_flags(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "u", t->job->helper_flags);
}

static void helper_sid(const Job *job, char ret[SID_SIZE])
{
        uid_t uid;

        ret[0] = 0;
        if (job_helper_uid(job, &uid))
                sid_text(uid, ret);
}

static int get_helper_token_sid(Target *t, sd_bus_message *m)
{
        char sid[SID_SIZE];

        helper_sid(t->job, sid);
        return sd_bus_reply_method_return(m, "s", sid);
}

static int take_ownership(Target *t, sd_bus_message *m)
{
        Caller caller = client_caller(t->client);

        job_take_ownership(t->job, &caller, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

static int set_file_acl_flags(Target *t, sd_bus_message *m)
{
        return set_number(t, m, job_set_acl_flags);
}

static int get_file_acl_flags(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "u", t->job->acl_flags);
}

static int set_peer_caching_flags(Target *t, sd_bus_message *m)
{
        return set_number(t, m, job_set_peer_flags);
}

static int get_peer_caching_flags(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "u", t->job->peer_flags);
}

/* RIDs of the mandatory labels: medium, high, system. */
static int get_owner_integrity_level(Target *t, sd_bus_message *m)
{
        uint32_t level = t->job->owner == 0 ? 0x4000 : t->job->elevated ? 0x3000 : 0x2000;

        return sd_bus_reply_method_return(m, "u", level);
}

static int get_owner_elevation_state(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "b", t->job->elevated);
}

/* Proxies are not served yet, and say so. */
static int refuse(Target *t, sd_bus_message *m)
{
        return reply_error(m, state_is_final(t->job->state) ? BG_E_INVALID_STATE : E_NOTIMPL);
}

static const Method methods[] = {
        {"CheckAccess", 0, check_access},
        {"AddFile", METHOD_CHANGES, add_file},
        {"AddFileSet", METHOD_CHANGES, add_file_set},
        {"AddFileWithRanges", METHOD_CHANGES, job_method_add_file_with_ranges},
        {"AddFileWithHash", METHOD_CHANGES, job_method_add_file_with_hash},
        {"ReplaceRemotePrefix", METHOD_CHANGES, job_method_replace_remote_prefix},
        {"ListFiles", 0, list_files},
        {"Suspend", METHOD_CHANGES, suspend},
        {"Resume", METHOD_CHANGES, resume},
        {"Cancel", METHOD_CHANGES | METHOD_ALWAYS, cancel},
        {"Complete", METHOD_CHANGES, complete},
        {"GetError", 0, get_error},
        {"SetDisplayName", METHOD_CHANGES, set_display_name},
        {"SetDescription", METHOD_CHANGES, set_description},
        {"SetPriority", METHOD_CHANGES, set_priority},
        {"SetNotifyFlags", METHOD_CHANGES, set_notify_flags},
        {"SetMinimumRetryDelay", METHOD_CHANGES, set_minimum_retry_delay},
        {"SetNoProgressTimeout", METHOD_CHANGES, set_no_progress_timeout},
        {"SetMaximumDownloadTime", METHOD_CHANGES, set_maximum_download_time},
        {"GetMaximumDownloadTime", 0, get_maximum_download_time},
        {"SetProperty", METHOD_CHANGES, job_method_set_property},
        {"GetProperty", 0, job_method_get_property},
        {"SetNotifyInterface", METHOD_CHANGES | METHOD_ALWAYS, job_notify_set_interface},
        {"SetNotifyLevel", METHOD_CHANGES | METHOD_ALWAYS, job_notify_set_level},
        {"GetNotifyInterface", 0, job_notify_get_interface},
        {"SetNotifyCmdLine", METHOD_CHANGES, job_notify_set_command},
        {"GetNotifyCmdLine", 0, job_notify_get_command},
        {"SetProxySettings", METHOD_CHANGES, refuse},
        {"TakeOwnership", METHOD_CHANGES, take_ownership},
        {"SetFileACLFlags", METHOD_CHANGES, set_file_acl_flags},
        {"GetFileACLFlags", 0, get_file_acl_flags},
        {"SetPeerCachingFlags", METHOD_CHANGES, set_peer_caching_flags},
        {"GetPeerCachingFlags", 0, get_peer_caching_flags},
        {"GetOwnerIntegrityLevel", 0, get_owner_integrity_level},
        {"GetOwnerElevationState", 0, get_owner_elevation_state},
        {"SetSecurityFlags", METHOD_CHANGES, job_method_set_security_flags},
        {"GetSecurityFlags", 0, job_method_get_security_flags},
        {"SetHttpMethod", METHOD_CHANGES, job_method_set_http_method},
        {"GetHttpMethod", 0, job_method_get_http_method},
        {"SetCustomHeaders", METHOD_CHANGES | METHOD_OWNER_ONLY, job_method_set_custom_headers},
        {"GetCustomHeaders", METHOD_OWNER_ONLY, job_method_get_custom_headers},
        {"MakeCustomHeadersWriteOnly", METHOD_CHANGES | METHOD_OWNER_ONLY,
         job_method_make_headers_write_only},
        {"SetClientCertificateByID", METHOD_CHANGES | METHOD_OWNER_ONLY,
         job_method_set_certificate_by_id},
        {"SetClientCertificateByName", METHOD_CHANGES | METHOD_OWNER_ONLY,
         job_method_set_certificate_by_name},
        {"RemoveClientCertificate", METHOD_CHANGES | METHOD_OWNER_ONLY,
         job_method_remove_certificate},
        {"GetClientCertificate", METHOD_OWNER_ONLY, job_method_get_certificate},
        {"SetServerCertificateValidationInterface", METHOD_CHANGES, job_notify_set_validation},
        {"SetHelperToken", METHOD_CHANGES | METHOD_OWNER_ONLY, set_helper_token},
        {"ClearHelperToken", METHOD_CHANGES | METHOD_OWNER_ONLY, clear_helper_token},
        {"SetHelperTokenFlags", METHOD_CHANGES | METHOD_OWNER_ONLY, set_helper_token_flags},
        {"GetHelperTokenFlags", METHOD_OWNER_ONLY, get_helper_token_flags},
        {"GetHelperTokenSid", METHOD_OWNER_ONLY, get_helper_token_sid},
};

static int on_method(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Target *target = userdata;
        Job *job = job_ref(target->job);
        int r;

        (void)error;
        r = objects_dispatch(methods, ELEMENTS(methods), target, m);
        job_unref(job);
        return r;
}

/* ---- properties ------------------------------------------------------------------------------ */

static int append_progress(sd_bus_message *reply, const Job *job)
{
        JobProgress p;

        job_progress(job, &p);
        return sd_bus_message_append(reply, "(ttuu)", p.bytes_total, p.bytes_transferred,
                                     p.files_total, p.files_transferred);
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const Target *target = userdata;
        Job *job = target->job;
        /* As by method, for the owner alone. To others it looks as if there were none: an error
         * here would be one of GetAll as a whole. */
        bool own = target->client->cred.uid == job->owner;
        char sid[SID_SIZE] = "", id[GUID_TEXT_SIZE];
        const struct {
                const char *name;
                uint32_t value;
        } numbers[] = {
                {"Type", job->type},
                {"State", job->state},
                {"Priority", job->priority},
                {"NotifyFlags", job->notify_flags},
                {"MinimumRetryDelay", job->minimum_retry_delay_sec},
                {"NoProgressTimeout", job->no_progress_timeout_sec},
                {"ErrorCount", job->error_count},
                {"OwnerUid", job->owner},
                {"HelperTokenFlags", own ? job->helper_flags : 0},
        };

        (void)bus;
        (void)path;
        (void)interface;
        (void)error;
        for (size_t i = 0; i < ELEMENTS(numbers); i++)
                if (strcmp(property, numbers[i].name) == 0)
                        return sd_bus_message_append(reply, "u", numbers[i].value);
        if (strcmp(property, "Progress") == 0)
                return append_progress(reply, job);
        if (strcmp(property, "Times") == 0)
                return sd_bus_message_append(reply, "(ttt)", job->created_usec, job->modified_usec,
                                             job->completed_usec);
        if (strcmp(property, "ProxySettings") == 0)
                return sd_bus_message_append(reply, "(uss)", 0, "", ""); /* PRECONFIG, no lists */
        if (strcmp(property, "ReasonUntil") == 0)
                return sd_bus_message_append(reply, "t", job->reason_until_usec);
        if (strcmp(property, "NotifyInterface") == 0)
                return sd_bus_message_append(reply, "b", job->receiver != NULL);
        if (strcmp(property, "Id") == 0) {
                guid_text(&job->id, id);
                return sd_bus_message_append(reply, "s", id);
        }
        if (strcmp(property, "Owner") == 0)
                sid_text(job->owner, sid);
        else if (own)
                helper_sid(job, sid);
        return sd_bus_message_append(reply, "s",
                                     strcmp(property, "DisplayName") == 0   ? job->display_name
                                     : strcmp(property, "Description") == 0 ? job->description
                                     : strcmp(property, "Reason") == 0      ? job_reason_name(job)
                                                                            : sid);
}

#define METHOD(name, in, out) SD_BUS_METHOD(name, in, out, on_method, SD_BUS_VTABLE_UNPRIVILEGED)
#define PROPERTY(name, type)  SD_BUS_PROPERTY(name, type, get_property, 0, 0)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("CheckAccess", "s", ""),
        METHOD("AddFile", "ss", ""),
        METHOD("AddFileSet", "a(ss)", ""),
        METHOD("AddFileWithRanges", "ssa(tt)", ""),
        METHOD("AddFileWithHash", "sssay", ""),
        METHOD("ReplaceRemotePrefix", "ss", "i"),
        METHOD("ListFiles", "uu", "a(ussttb)"),
        METHOD("Suspend", "", ""),
        METHOD("Resume", "", ""),
        METHOD("Cancel", "", "i"),
        METHOD("Complete", "", "i"),
        METHOD("GetError", "", "iuiss"),
        METHOD("SetDisplayName", "s", ""),
        METHOD("SetDescription", "s", ""),
        METHOD("SetPriority", "u", ""),
        METHOD("SetNotifyFlags", "u", ""),
        METHOD("SetMinimumRetryDelay", "u", ""),
        METHOD("SetNoProgressTimeout", "u", ""),
        METHOD("SetMaximumDownloadTime", "u", ""),
        METHOD("GetMaximumDownloadTime", "", "u"),
        METHOD("SetProperty", "uv", ""),
        METHOD("GetProperty", "u", "v"),
        METHOD("SetNotifyInterface", "b", ""),
        METHOD("SetNotifyLevel", "u", ""),
        METHOD("GetNotifyInterface", "", "b"),
        METHOD("SetNotifyCmdLine", "ss", ""),
        METHOD("GetNotifyCmdLine", "", "ss"),
        METHOD("SetProxySettings", "uss", ""),
        METHOD("TakeOwnership", "", ""),
        METHOD("SetFileACLFlags", "u", ""),
        METHOD("GetFileACLFlags", "", "u"),
        METHOD("SetPeerCachingFlags", "u", ""),
        METHOD("GetPeerCachingFlags", "", "u"),
        METHOD("GetOwnerIntegrityLevel", "", "u"),
        METHOD("GetOwnerElevationState", "", "b"),
        METHOD("SetSecurityFlags", "u", ""),
        METHOD("GetSecurityFlags", "", "u"),
        METHOD("SetHttpMethod", "s", ""),
        METHOD("GetHttpMethod", "", "s"),
        METHOD("SetCustomHeaders", "s", ""),
        METHOD("GetCustomHeaders", "", "s"),
        METHOD("MakeCustomHeadersWriteOnly", "", ""),
        METHOD("SetClientCertificateByID", "usay", ""),
        METHOD("SetClientCertificateByName", "uss", ""),
        METHOD("RemoveClientCertificate", "", "i"),
        METHOD("GetClientCertificate", "", "usays"),
        METHOD("SetServerCertificateValidationInterface", "b", ""),
        METHOD("SetHelperToken", "h", ""),
        METHOD("ClearHelperToken", "", ""),
        METHOD("SetHelperTokenFlags", "u", ""),
        METHOD("GetHelperTokenFlags", "", "u"),
        METHOD("GetHelperTokenSid", "", "s"),
        PROPERTY("Id", "s"),
        PROPERTY("Type", "u"),
        PROPERTY("State", "u"),
        PROPERTY("DisplayName", "s"),
        PROPERTY("Description", "s"),
        PROPERTY("Priority", "u"),
        PROPERTY("NotifyFlags", "u"),
        PROPERTY("MinimumRetryDelay", "u"),
        PROPERTY("NoProgressTimeout", "u"),
        PROPERTY("ErrorCount", "u"),
        PROPERTY("Owner", "s"),
        PROPERTY("OwnerUid", "u"),
        PROPERTY("Progress", "(ttuu)"),
        PROPERTY("Times", "(ttt)"),
        PROPERTY("ProxySettings", "(uss)"),
        PROPERTY("HelperTokenFlags", "u"),
        PROPERTY("HelperTokenSid", "s"),
        PROPERTY("Reason", "s"),
        PROPERTY("ReasonUntil", "t"),
        PROPERTY("NotifyInterface", "b"),
        SD_BUS_VTABLE_END,
};

static int find(sd_bus *bus, const char *path, const char *interface, void *userdata,
                void **ret_found, sd_bus_error *error)
{
        Client *client = userdata;
        const char *rest;
        HRESULT hr;

        (void)bus;
        (void)interface;
        if (strcmp(path, JOBS_PATH) == 0)
                return 0; /* the folder of them all */
        hr = objects_find_job(client, path, &client->target.job, &rest);
        if (FAILED(hr))
                return reply_set_error(error, hr);
        if (*rest)
                return 0; /* below the job: not this interface's */
        *ret_found = &client->target;
        return 1;
}

int job_object_add(Client *client)
{
        return sd_bus_add_fallback_vtable(client->bus, NULL, JOBS_PATH, JOB_INTERFACE, vtable, find,
                                          client);
}
