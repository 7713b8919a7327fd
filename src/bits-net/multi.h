/*
 * Multi: joins libcurl to sd-event. The only file that knows both. libcurl's wishes about sockets
 * and its timer are noted when it calls and applied once, before the loop waits; every connection
 * is known here from its opening to its closing, so that a decision per connection has one place.
 */
#pragma once

#include <curl/curl.h>
#include <stdint.h>
#include <systemd/sd-event.h>

typedef struct Multi Multi;

/* done: a request has ended; userdata is the easy handle's CURLOPT_PRIVATE. It must remove the
 * handle. */
int multi_new(sd_event *event, void (*done)(void *userdata, CURLcode code), Multi **ret);

/* At most n connections to one host; what is beyond waits for one. */
void multi_set_host_connections(Multi *multi, uint32_t n);

/* An easy handle without options, ready for multi_add(); NULL without memory. */
CURL *multi_take(Multi *multi);
int multi_add(Multi *multi, CURL *easy); /* 0 or -ENOMEM */

/* Stops the request if it runs and takes the handle back. Not from a callback of libcurl's. */
void multi_give(Multi *multi, CURL *easy);
