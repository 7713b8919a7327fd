/* Calls of a client's callback object that wait for its answer: bus.h's callback_call(). */
#pragma once

typedef struct Client Client;

/* The connection is gone: every caller that waits is answered. */
void callbacks_drop(Client *client);
