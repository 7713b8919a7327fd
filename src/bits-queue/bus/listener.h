/*
 * The listening socket: accepts, within limits per user and in all, and announces to those who
 * subscribed.
 */
#pragma once

#include "bus/client.h"

#define CLIENTS_PER_USER_MAX 64
#define CLIENTS_MAX          4096

Queue *listener_queue(const Listener *listener);
void listener_insert(Listener *listener, Client *client);
void listener_remove(Listener *listener, Client *client);
/* Calls of uid, on all its connections, that are not answered yet. */
size_t listener_calls_of(const Listener *listener, uid_t uid);
/* Messages that wait until uid reads, on all its connections. */
uint64_t listener_queued_of(const Listener *listener, uid_t uid);
