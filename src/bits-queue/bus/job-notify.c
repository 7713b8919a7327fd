/* org.bitsd1.Job: who is told of it. */
#include "bus/objects.h"
#include "bus/reply.h"

enum {
        LEVEL_CALLBACK = 1, /* IBackgroundCopyCallback; 2 and 3 are Callback2 and Callback3 */
};

int job_notify_set_interface(Target *t, sd_bus_message *m)
{
        int on, r = sd_bus_message_read(m, "b", &on);

        if (r < 0)
                return r;
        t->client->receives |= on != 0;
        return job_after_commit(t, m, job_set_receiver(t->job, t->client, on ? LEVEL_CALLBACK : 0));
}

int job_notify_set_level(Target *t, sd_bus_message *m)
{
        uint32_t level;
        int r = sd_bus_message_read(m, "u", &level);

        if (r < 0)
                return r;
        t->client->receives |= level != 0;
        return job_after_commit(t, m, job_set_receiver(t->job, t->client, level));
}

int job_notify_set_validation(Target *t, sd_bus_message *m)
{
        int on, r = sd_bus_message_read(m, "b", &on);

        if (r < 0)
                return r;
        t->client->receives |= on != 0;
        return job_after_commit(t, m, job_set_validation(t->job, t->client, on != 0));
}

int job_notify_get_interface(Target *t, sd_bus_message *m)
{
        return sd_bus_reply_method_return(m, "b", t->job->receiver != NULL);
}

int job_notify_set_command(Target *t, sd_bus_message *m)
{
        Caller caller = client_caller(t->client);
        const char *program, *parameters;
        int r = sd_bus_message_read(m, "ss", &program, &parameters);
        HRESULT hr;

        if (r < 0)
                return r;
        hr = job_set_notify_command(t->job, &caller, program, parameters);
        if (hr == E_ACCESSDENIED)
                return reply_error_text(m, hr,
                                        "NotifyCommands= in bitsd.conf(5) allows you no command "
                                        "line");
        return job_after_commit(t, m, hr);
}

int job_notify_get_command(Target *t, sd_bus_message *m)
{
        const Job *job = t->job;

        return sd_bus_reply_method_return(m, "ss", job->notify_program ? job->notify_program : "",
                                          job->notify_parameters ? job->notify_parameters : "");
}
