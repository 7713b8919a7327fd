/* The HTTP server: a listening socket, a few threads, and the limits of what clients may take. */
#pragma once

#include <stdint.h>

#include "request.h"

#define SERVER_URL_SIZE 80

typedef struct Server Server;

/* address is numeric; port 0: any that is free. origin stays the caller's, and must live as long as
 * the server. 0 or -errno; -EINVAL for no address. */
int server_new(const char *address, uint16_t port, Origin *origin, Server **ret);

/* Ends all connections, after their lines in the access log. NULL is accepted; returns NULL. */
Server *server_free(Server *server);
void server_freep(Server **server);

void server_url(const Server *server, char ret[SERVER_URL_SIZE]); /* "http://127.0.0.1:8080/" */
