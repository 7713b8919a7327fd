/* org.bitsd1.Job: what it asks of HTTP. */
#include "base/cleanup.h"
#include "bus/job-methods.h"
#include "bus/reply.h"
#include "certificate.h"
#include "http.h"

int job_method_set_security_flags(Target *t, sd_bus_message *m)
{
        uint32_t flags;
        int r = sd_bus_message_read(m, "u", &flags);

        return r < 0 ? r : job_after_commit(t, m, job_set_security_flags(t->job, flags));
}

int job_method_get_security_flags(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "u", t->job->http.security_flags);
}

int job_method_set_http_method(Target *t, sd_bus_message *m)
{
        const char *method;
        int r = sd_bus_message_read(m, "s", &method);

        return r < 0 ? r : job_after_commit(t, m, job_set_http_method(t->job, method));
}

int job_method_get_http_method(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "s", job_http_method(t->job));
}

int job_method_set_custom_headers(Target *t, sd_bus_message *m)
{
        const char *text, *why;
        HRESULT hr;
        int r;

        r = sd_bus_message_sensitive(m);
        if (r >= 0)
                r = sd_bus_message_read(m, "s", &text);
        if (r < 0)
                return r;
        hr = job_set_custom_headers(t->job, text, &why);
        return FAILED(hr) ? reply_error_text(m, hr, why) : job_after_commit(t, m, hr);
}

int job_method_get_custom_headers(Target *t, sd_bus_message *m)
{
        size_t size = 0;
        char *text = NULL;
        HRESULT hr = job_get_custom_headers(t->job, &text, &size);
        int r;

        if (FAILED(hr))
                return reply_error(m, hr);
        r = sd_bus_reply_method_return(m, "s", text ? text : "");
        secret_free(text, size);
        return r;
}

int job_method_make_headers_write_only(Target *t, sd_bus_message *m)
{
        return job_after_commit(t, m, job_make_headers_write_only(t->job));
}

/* ---- the client certificate ------------------------------------------------------------------ */

int job_method_set_certificate_by_id(Target *t, sd_bus_message *m)
{
        uint32_t location;
        const char *store;
        const void *hash;
        size_t size;
        int r;

        r = sd_bus_message_read(m, "us", &location, &store);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &hash, &size);
        if (r < 0)
                return r;
        if (size != sizeof(t->job->http.certificate_hash))
                return reply_error(m, state_is_final(t->job->state)
                                              ? BG_E_INVALID_STATE
                                              : HRESULT_FROM_WIN32(RPC_X_BAD_STUB_DATA));
        job_set_client_certificate(t->job, location, store, hash, NULL,
                                   reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

int job_method_set_certificate_by_name(Target *t, sd_bus_message *m)
{
        const char *store, *subject;
        uint32_t location;
        int r = sd_bus_message_read(m, "uss", &location, &store, &subject);

        if (r < 0)
                return r;
        job_set_client_certificate(t->job, location, store, NULL, subject,
                                   reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

int job_method_remove_certificate(Target *t, sd_bus_message *m)
{
        HRESULT hr = job_remove_client_certificate(t->job);

        if (FAILED(hr))
                return reply_error(m, hr);
        job_commit(t->job, hr, reply_later(t->client, m, REPLY_HRESULT));
        return 1;
}

int job_method_get_certificate(Target *t, sd_bus_message *m)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        const HttpOptions *http = &t->job->http;
        int r;

        if (!http->certificate_store)
                return reply_error(m, HRESULT_FROM_WIN32(RPC_X_BAD_STUB_DATA));
        r = sd_bus_message_new_method_return(m, &answer);
        if (r >= 0)
                r = sd_bus_message_append(answer, "us", http->certificate_location,
                                          http->certificate_store);
        if (r >= 0)
                r = sd_bus_message_append_array(answer, 'y', http->certificate_hash,
                                                sizeof(http->certificate_hash));
        if (r >= 0)
                r = sd_bus_message_append(answer, "s", http->certificate_subject);
        return r < 0 ? r : sd_bus_send(t->client->bus, answer, NULL);
}
