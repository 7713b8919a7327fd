/*
 * Closing: how a connection ended whose end is the only one that a body has. TCP tells an end from
 * a reset, and TLS by close_notify from what somebody on the way has cut (RFC 9112, 8 and 9.8);
 * libcurl 7.88 passes over a missing one.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

typedef struct Closing {
        bool secure;   /* a connection with TLS is watched */
        bool notified; /* its server has said that it ends */
} Closing;

/* From a callback of easy's, for its connection, which then ends with the request, and which
 * closing must outlive. */
void closing_watch(Closing *closing, CURL *easy);

/* The connection has ended, without an error: in good order? */
bool closing_is_orderly(const Closing *closing);
