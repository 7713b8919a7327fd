#include "bus/reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "bus/client.h"

typedef struct Later {
        Client *client;
        sd_bus_message *message, *answer;
        ReplyForm form;
} Later;

static void describe(HRESULT hr, char ret_name[sizeof(ERROR_PREFIX) + HRESULT_NAME_SIZE],
                     const char **ret_text)
{
        char name[HRESULT_NAME_SIZE];

        hresult_name(hr, name);
        (void)snprintf(ret_name, sizeof(ERROR_PREFIX) + HRESULT_NAME_SIZE, "%s%s", ERROR_PREFIX,
                       name);
        *ret_text = hresult_text(hr);
        if (!*ret_text)
                *ret_text = name[0] ? "the call failed" : "";
}

int reply_error(sd_bus_message *m, HRESULT hr)
{
        return reply_error_text(m, hr, NULL);
}

int reply_error_text(sd_bus_message *m, HRESULT hr, const char *why)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        char name[sizeof(ERROR_PREFIX) + HRESULT_NAME_SIZE];
        const char *text;
        int r;

        describe(hr, name, &text);
        if (why)
                text = why;
        r = sd_bus_message_new_method_error(m, &answer, &SD_BUS_ERROR_MAKE_CONST(name, text));
        if (r >= 0)
                r = sd_bus_message_append(answer, "i", hr);
        if (r >= 0)
                r = sd_bus_send(sd_bus_message_get_bus(m), answer, NULL);
        return r < 0 ? r : 1;
}

int reply_set_error(sd_bus_error *error, HRESULT hr)
{
        char name[sizeof(ERROR_PREFIX) + HRESULT_NAME_SIZE];
        const char *text;

        describe(hr, name, &text);
        return sd_bus_error_set(error, name, text);
}

static void on_done(void *userdata, HRESULT hr)
{
        _cleanup_(freep) Later *later = userdata;

        later->client->n_calls--;
        if (later->client->listener && !later->client->closing) {
                if (FAILED(hr))
                        (void)reply_error(later->message, hr);
                else if (later->answer)
                        (void)sd_bus_send(later->client->bus, later->answer, NULL);
                else if (later->form == REPLY_HRESULT)
                        (void)sd_bus_reply_method_return(later->message, "i", hr);
                else
                        (void)sd_bus_reply_method_return(later->message, "");
        }
        sd_bus_message_unref(later->answer);
        sd_bus_message_unref(later->message);
        client_unref(later->client);
}

static Done later_new(Client *client, sd_bus_message *m, sd_bus_message *answer, ReplyForm form)
{
        Later *later = malloc(sizeof(*later));

        if (!later)
                abort(); /* an accepted call must be answered */
        *later = (Later){
                .client = client_ref(client),
                .message = sd_bus_message_ref(m),
                .answer = answer,
                .form = form,
        };
        client->n_calls++;
        return (Done){on_done, later};
}

Done reply_later(Client *client, sd_bus_message *m, ReplyForm form)
{
        return later_new(client, m, NULL, form);
}

Done reply_later_with(Client *client, sd_bus_message *m, sd_bus_message *answer)
{
        return later_new(client, m, answer, REPLY_EMPTY);
}
