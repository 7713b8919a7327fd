/* org.bitsd1.Job: what it asks of HTTP. */
#include "bus/job-methods.h"
#include "bus/reply.h"
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
