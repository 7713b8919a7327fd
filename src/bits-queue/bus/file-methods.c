/* org.bitsd1.File: what changes a file's names and its validation, what is said of its content; and
 * of org.bitsd1.Job what does that to all files. */
#include "bus/file-methods.h"

#include <string.h>

#include "bus/job-methods.h"
#include "bus/reply.h"
#include "file-settings.h"

enum {
        PROPERTY_RESPONSE_HEADERS = 1, /* BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS */
};

static int after_commit(Target *t, sd_bus_message *m, HRESULT hr, ReplyForm form)
{
        if (FAILED(hr))
                return reply_error(m, hr);
        job_commit(t->job, hr, reply_later(t->client, m, form));
        return 1;
}

int job_method_add_file_with_hash(Target *t, sd_bus_message *m)
{
        Caller caller = client_caller(t->client);
        const char *algorithm;
        FileName name = {0};
        const void *digest;
        size_t size;
        int r;

        r = sd_bus_message_read(m, "sss", &name.remote, &name.local, &algorithm);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &digest, &size);
        if (r < 0)
                return r;
        if (strcmp(algorithm, "sha256") == 0)
                name.hash = FILE_HASH_SHA256;
        else if (strcmp(algorithm, "sha512") == 0)
                name.hash = FILE_HASH_SHA512;
        if (name.hash == FILE_HASH_NONE || size != hash_size(name.hash))
                return reply_error(m, state_is_final(t->job->state) ? BG_E_INVALID_STATE
                                                                    : E_INVALIDARG);
        name.digest = digest;
        job_add_files(t->job, &caller, &name, 1, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

int job_method_replace_remote_prefix(Target *t, sd_bus_message *m)
{
        const char *old, *new;
        int r = sd_bus_message_read(m, "ss", &old, &new);

        return r < 0 ? r
                     : after_commit(t, m, job_replace_remote_prefix(t->job, old, new),
                                    REPLY_HRESULT);
}

int file_method_set_remote_name(Target *t, sd_bus_message *m)
{
        const char *name;
        int r = sd_bus_message_read(m, "s", &name);

        return r < 0 ? r : after_commit(t, m, file_set_remote_name(t->file, name), REPLY_EMPTY);
}

int file_method_set_validation_state(Target *t, sd_bus_message *m)
{
        int good, r = sd_bus_message_read(m, "b", &good);

        if (r < 0)
                return r;
        file_set_validation(t->file, good != 0, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

int file_method_get_validation_state(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "b", t->file->validation == VALIDATION_GOOD);
}

/* There are no peers to fetch from: everything is the origin's. */
int file_method_is_downloaded_from_peer(Target *t, sd_bus_message *m)
{
        (void)t;
        return sd_bus_reply_method_return(m, "b", false);
}

int file_method_get_peer_download_stats(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "tt", t->file->received, UINT64_C(0));
}

int file_method_set_property(Target *t, sd_bus_message *m)
{
        uint32_t id;
        int r = sd_bus_message_read(m, "u", &id);

        if (r < 0)
                return r;
        if (state_is_final(t->job->state))
                return reply_error(m, BG_E_INVALID_STATE);
        return reply_error(m, id == PROPERTY_RESPONSE_HEADERS ? BG_E_READ_ONLY_PROPERTY
                                                              : BG_E_UNKNOWN_PROPERTY_ID);
}

/* "": no answer has come. */
int file_method_get_property(Target *t, sd_bus_message *m)
{
        uint32_t id;
        int r = sd_bus_message_read(m, "u", &id);

        if (r < 0)
                return r;
        if (id != PROPERTY_RESPONSE_HEADERS)
                return reply_error(m, BG_E_UNKNOWN_PROPERTY_ID);
        return sd_bus_reply_method_return(
                m, "v", "s", t->file->response_headers ? t->file->response_headers : "");
}
