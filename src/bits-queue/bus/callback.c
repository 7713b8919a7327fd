#include "bus/callback.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "bus/client.h"
#include "bus/objects.h"
#include "queue.h"

enum {
        ANSWER_USEC = 5 * 60 * 1000 * 1000,
        X509_ASN_ENCODING = 1, /* of certEncodingType */
};

struct Callback {
        TAILQ_ENTRY(Callback) link; /* Client.callbacks */
        Client *client;
        sd_bus_slot *slot;
        void (*done)(void *userdata, HRESULT hr);
        void *userdata;
};

static void finish(Callback *c, HRESULT hr)
{
        TAILQ_REMOVE(&c->client->callbacks, c, link);
        sd_bus_slot_unref(c->slot);
        c->done(c->userdata, hr);
        client_unref(c->client);
        free(c);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const sd_bus_error *e = sd_bus_message_get_error(m);
        HRESULT hr;

        (void)error;
        if (e && sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY))
                hr = HRESULT_FROM_WIN32(ERROR_TIMEOUT);
        else if (e || sd_bus_message_read(m, "i", &hr) < 0)
                hr = RPC_E_DISCONNECTED;
        finish(userdata, hr);
        return 0;
}

void callbacks_drop(Client *client)
{
        Callback *c;

        while ((c = TAILQ_FIRST(&client->callbacks)))
                finish(c, RPC_E_DISCONNECTED);
}

static int append_error(sd_bus_message *m, const Job *job)
{
        const JobError *e = job_error(job);

        return sd_bus_message_append(
                m, "iuiss", e ? e->code : E_UNEXPECTED, e ? e->context : CONTEXT_QUEUE_MANAGER,
                e ? e->file : -1, e && e->protocol ? e->protocol : "", e && e->text ? e->text : "");
}

static int append_ranges(sd_bus_message *m, const CallbackEvent *event)
{
        int r = sd_bus_message_open_container(m, 'a', "(tt)");

        for (size_t i = 0; i < event->n_ranges && r >= 0; i++)
                r = sd_bus_message_append(m, "(tt)", event->ranges[i].offset,
                                          event->ranges[i].length);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_certificate(sd_bus_message *m, const CallbackEvent *event)
{
        const NetCertificate *c = event->certificate;
        int r;

        r = sd_bus_message_append(m, "u", event->file);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', c->der, c->size);
        if (r >= 0)
                r = sd_bus_message_append(m, "u", X509_ASN_ENCODING);
        return r < 0 ? r : sd_bus_message_append_array(m, 'y', c->der + c->size, c->chain_size);
}

static int append_arguments(sd_bus_message *m, const CallbackEvent *event, const Job *job)
{
        char path[JOB_PATH_SIZE];
        int r;

        job_path(job, path);
        r = sd_bus_message_append(m, "o", path);
        if (r < 0)
                return r;
        switch (event->kind) {
        case CALLBACK_TRANSFERRED:
                return 0;
        case CALLBACK_ERROR:
                return append_error(m, job);
        case CALLBACK_MODIFICATION:
                return sd_bus_message_append(m, "u", 0);
        case CALLBACK_FILE:
                return sd_bus_message_append(m, "u", event->file);
        case CALLBACK_RANGES:
                r = sd_bus_message_append(m, "u", event->file);
                return r < 0 ? r : append_ranges(m, event);
        case CALLBACK_CERTIFICATE:
                return append_certificate(m, event);
        }
        return -EINVAL;
}

int callback_call(Client *client, const CallbackEvent *event, Job *job,
                  void (*done)(void *userdata, HRESULT hr), void *userdata)
{
        static const char *const members[] = {
                [CALLBACK_TRANSFERRED] = "JobTransferred",
                [CALLBACK_ERROR] = "JobError",
                [CALLBACK_MODIFICATION] = "JobModification",
                [CALLBACK_FILE] = "FileTransferred",
                [CALLBACK_RANGES] = "FileRangesTransferred",
                [CALLBACK_CERTIFICATE] = "ValidateServerCertificate",
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Callback *c;
        int r;

        if (!client_can_take(client))
                return -ENOTCONN;
        r = sd_bus_message_new_method_call(client->bus, &m, NULL, CALLBACK_PATH, CALLBACK_INTERFACE,
                                           members[event->kind]);
        if (r >= 0)
                r = append_arguments(m, event, job);
        if (r < 0)
                return r;
        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (Callback){.client = client_ref(client), .done = done, .userdata = userdata};
        r = sd_bus_call_async(client->bus, &c->slot, m, on_answer, c, ANSWER_USEC);
        if (r < 0) {
                client_unref(client);
                free(c);
                return r;
        }
        TAILQ_INSERT_TAIL(&client->callbacks, c, link);
        return 0;
}
