#include "job-json.h"

#include <stdio.h>

#include "base/hresult.h"
#include "format.h"
#include "names.h"

json_object *json_size(uint64_t bytes)
{
        return bytes == SIZE_UNKNOWN ? NULL : json_object_new_uint64(bytes);
}

json_object *json_time(uint64_t usec)
{
        char text[FORMAT_SIZE];

        return usec == 0 ? NULL : json_object_new_string(format_iso8601(usec, text));
}

json_object *json_text(const char *text)
{
        return text && *text ? json_object_new_string(text) : NULL;
}

static json_object *number(uint32_t value)
{
        return json_object_new_uint64(value);
}

static json_object *uses_json(uint32_t uses)
{
        json_object *array = json_object_new_array();

        if (uses & USE_LOCAL_FILE)
                json_object_array_add(array, json_object_new_string("file"));
        if (uses & USE_NETWORK)
                json_object_array_add(array, json_object_new_string("network"));
        return array;
}

static json_object *proxy_json(const Job *job)
{
        json_object *o = json_object_new_object();

        json_object_object_add(o, "usage",
                               json_object_new_string(proxy_usage_name(job->proxy_usage)));
        json_object_object_add(o, "list", json_text(job->proxy_list));
        json_object_object_add(o, "bypass", json_text(job->proxy_bypass));
        return o;
}

json_object *job_json_error(const Job *job)
{
        char name[HRESULT_NAME_SIZE], code[16];
        const JobError *error = &job->error;
        json_object *o;

        if (!job->has_error)
                return NULL;
        o = json_object_new_object();
        hresult_name(error->code, name);
        (void)snprintf(code, sizeof(code), "0x%08X", (unsigned)error->code);
        json_object_object_add(o, "name", json_object_new_string(name));
        json_object_object_add(o, "code", json_object_new_string(code));
        json_object_object_add(o, "context", json_object_new_string(context_name(error->context)));
        json_object_object_add(o, "file", error->file < 0 ? NULL : number((uint32_t)error->file));
        json_object_object_add(o, "protocol", json_text(error->protocol));
        json_object_object_add(o, "text", json_text(error->text));
        return o;
}

json_object *job_json_command(const Job *job)
{
        json_object *o;

        if (!*job->notify_program)
                return NULL;
        o = json_object_new_object();
        json_object_object_add(o, "program", json_object_new_string(job->notify_program));
        json_object_object_add(o, "parameters", json_text(job->notify_parameters));
        return o;
}

static json_object *file_json(const JobFile *file)
{
        json_object *o = json_object_new_object();

        json_object_object_add(o, "index", number(file->index));
        json_object_object_add(o, "remote_name", json_object_new_string(file->remote));
        json_object_object_add(o, "local_name", json_object_new_string(file->local));
        json_object_object_add(o, "bytes_total", json_size(file->bytes_total));
        json_object_object_add(o, "bytes_transferred", json_size(file->bytes_transferred));
        json_object_object_add(o, "completed", json_object_new_boolean(file->completed));
        return o;
}

static json_object *files_json(const Job *job)
{
        json_object *array = json_object_new_array();

        for (size_t i = 0; job->files && i < job->n_files; i++)
                json_object_array_add(array, file_json(&job->files[i]));
        return array;
}

static void add_progress(json_object *o, const Job *job)
{
        json_object_object_add(o, "bytes_total", json_size(job->bytes_total));
        json_object_object_add(o, "bytes_transferred", json_size(job->bytes_transferred));
        json_object_object_add(o, "files_total", number(job->files_total));
        json_object_object_add(o, "files_transferred", number(job->files_transferred));
        json_object_object_add(o, "created", json_time(job->created_usec));
        json_object_object_add(o, "modified", json_time(job->modified_usec));
        json_object_object_add(o, "completed", json_time(job->completed_usec));
}

static void add_settings(json_object *o, const Job *job)
{
        json_object_object_add(o, "notify_flags", number(job->notify_flags));
        json_object_object_add(o, "notify_interface",
                               json_object_new_boolean(job->notify_interface));
        if (job->notify_program)
                json_object_object_add(o, "notify_command", job_json_command(job));
        json_object_object_add(o, "minimum_retry_delay", number(job->minimum_retry_delay));
        json_object_object_add(o, "no_progress_timeout", number(job->no_progress_timeout));
        json_object_object_add(o, "proxy", proxy_json(job));
        json_object_object_add(o, "helper_token_flags", uses_json(job->helper_uses));
        json_object_object_add(o, "helper_token_sid", json_text(job->helper_sid));
}

json_object *job_json(const Job *job)
{
        json_object *o = json_object_new_object();

        json_object_object_add(o, "id", json_object_new_string(job->id));
        json_object_object_add(o, "display_name", json_object_new_string(job->display_name));
        json_object_object_add(o, "description", json_object_new_string(job->description));
        json_object_object_add(o, "type", json_object_new_string(type_name(job->type)));
        json_object_object_add(o, "state", json_object_new_string(state_name(job->state)));
        json_object_object_add(o, "reason", json_text(job->reason));
        json_object_object_add(o, "reason_until", json_time(job->reason_until_usec));
        json_object_object_add(o, "priority", json_object_new_string(priority_name(job->priority)));
        json_object_object_add(o, "owner", json_object_new_string(job->owner));
        json_object_object_add(o, "owner_uid", number(job->owner_uid));
        add_progress(o, job);
        add_settings(o, job);
        json_object_object_add(o, "error_count", number(job->error_count));
        json_object_object_add(o, "error", job_json_error(job));
        if (job->files || job->files_total == 0)
                json_object_object_add(o, "files", files_json(job));
        return o;
}

/* json-c escapes what JSON demands; DEL and the C1 controls are legal in it, but do harm on a
 * terminal. */
static void print(json_object *object, int flags)
{
        const char *text =
                json_object_to_json_string_ext(object, flags | JSON_C_TO_STRING_NOSLASHESCAPE);

        for (const unsigned char *c = (const unsigned char *)text; *c; c++)
                if (*c == 0x7f)
                        fputs("\\u007f", stdout);
                else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
                        printf("\\u00%02x", *++c);
                else
                        putchar(*c);
        putchar('\n');
        fflush(stdout);
        json_object_put(object);
}

void json_print(json_object *object)
{
        print(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}

void json_print_line(json_object *object)
{
        print(object, JSON_C_TO_STRING_PLAIN);
}
