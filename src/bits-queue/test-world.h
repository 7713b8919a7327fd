/*
 * A real bits-queue with a store of its own, for tests from outside: the test stands at bitsd's end
 * of the supervisor's socket, and connects to its bus.
 */
#pragma once

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

#include "bus/listener.h"

enum {
        PATIENCE_MSEC = 20 * 1000, /* for what must happen */
};

typedef struct World {
        char dir[64];
        struct sockaddr_un address;
        int supervisor;
        pid_t pid;
        int clients[CLIENTS_PER_USER_MAX + 1]; /* -1 where there is none */
} World;

extern const char *world_program;

/* descriptors: how many it may have; 0: as many as this process. */
void world_start(World *w, uint32_t flags, rlim_t descriptors);
int world_setup(void **state);
int world_finish(World *w);       /* waits for the service's end; the status is wait(2)'s */
int world_teardown(void **state); /* the service ends by itself, and well */

int dial(const World *w);
int speak(int fd, sd_bus **ret); /* 0 or -errno */
void bus_end(sd_bus **bus);
int ping(sd_bus *bus);
void assert_served(const World *w); /* a new client is answered */

void create_job(sd_bus *bus, char **ret_path);
/* Stores a ticket of this process's user; the test says as bitsd that it is good. */
void authorize(World *w, sd_bus *bus);
