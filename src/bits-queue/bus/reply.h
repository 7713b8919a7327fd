/*
 * Answers: a result code as a D-Bus error with its name, or what the method returns. A late answer
 * outlives its connection harmlessly.
 */
#pragma once

#include <bitsmsg.h>
#include <systemd/sd-bus.h>

#include "done.h"

typedef struct Client Client;

#define ERROR_PREFIX "org.bitsd1.Error."

/* At once: fails with hr. Returns what sd-bus wants of a handler. */
int reply_error(sd_bus_message *m, HRESULT hr);
/* The same with a text that says more than that of hr. NULL: that of hr. */
int reply_error_text(sd_bus_message *m, HRESULT hr, const char *why);
/* The same for lookups, which answer by sd_bus_error. */
int reply_set_error(sd_bus_error *error, HRESULT hr);

typedef enum ReplyForm {
        REPLY_EMPTY,   /* a method without results */
        REPLY_HRESULT, /* one that returns its success code: "i" */
} ReplyForm;

/* For a verb that answers later: holds the message and the connection until its Done is called. */
Done reply_later(Client *client, sd_bus_message *m, ReplyForm form);
/* For one that answers with a message made beforehand, when the commit went well. Takes answer
 * over. */
Done reply_later_with(Client *client, sd_bus_message *m, sd_bus_message *answer);
