/*
 * A bits-queue (test-world.h) between its neighbours: the test is bitsd and every worker of an
 * owner and his job.
 */
#pragma once

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "bus/objects.h"
#include "state.h"
#include "test-world.h"
#include "wire/file.h"
#include "wire/net.h"
#include "wire/supervisor.h"

enum {
        OWNER_UID = 54321, /* one who is no administrator */
        HELPER_UID = 54322,
};

typedef struct Pending { /* a call that is under way */
        sd_bus *bus;
        bool answered;
        char error[128]; /* name; "" for success */
        int32_t result;  /* of those that answer one */
        sd_bus_slot *slot;
} Pending;

typedef struct Scene { /* an owner, his job, and the workers of it */
        World *world;
        sd_bus *bus;
        char *job;
        int file, net; /* -1: none */
} Scene;

void receive(int sock, void *message, size_t size, int *ret_fd);
void transmit(int sock, const void *message, size_t size, int fd);
/* Starts the worker that bits-queue asks for next; our end of its socket. */
int start_worker(World *w, uint32_t role);
/* The next request, which must be of that type. */
FileRequest expect_request(int worker, uint32_t type);
void answer_request(int worker, const FileRequest *request, int result, int fd);
void serve_request(int worker, uint32_t type, int result);
void expect_stop(const World *w);
void begin(sd_bus *bus, Pending *call, sd_bus_message *m);
void begin_call(sd_bus *bus, Pending *call, const char *job, const char *method, const char *types,
                const char *a, const char *b);
void begin_add_files(sd_bus *bus, Pending *call, const char *job, size_t n);
/* Waits for the answer: "" or the error's name. */
const char *finish(Pending *call);
uint32_t job_state(sd_bus *bus, const char *job);
void wait_state(sd_bus *bus, const char *job, JobState expected);
void scene_begin(World *w, Scene *ret);
void scene_end(Scene *s);
void scene_add_file(Scene *s, const char *local);
void scene_resume(Scene *s);
void scene_open(Scene *s);
/* To the order that a bits-net gets. */
NetTransfer scene_move(Scene *s);
void send_response(const Scene *s, uint32_t id, const char *etag);
void send_offset(const Scene *s, uint32_t id, uint32_t type, uint64_t offset);
void send_cancelled(const Scene *s, uint32_t id, uint64_t offset);
/* Half of it is there, and noted. */
uint32_t scene_move_half(Scene *s);
void expect_cancel(const Scene *s, uint32_t id);
/* It goes on where the service knew it to be. */
NetTransfer scene_move_again(Scene *s, uint64_t from);
