/*
 * A world for the tests of the handlers: a memory file system in a private mount namespace, a
 * worker that runs the real loop as bob over a real socket pair, and mal, who attacks. Needs root,
 * and says so by failing; leaves nothing behind.
 */
#pragma once

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "wire/file.h"

enum {
        BOB = 12345,
        MAL = 12346,
};

#define PLACE "/mnt"        /* the memory file system */
#define HOME  PLACE "/home" /* bob's, 0700 */
#define OPEN  PLACE "/open" /* everybody's, 0777, no sticky bit */
#define TEMP  "BIT0123ABCD.tmp"

typedef enum Kernel { /* what the worker's kernel offers */
        KERNEL_WHOLE,
        KERNEL_WITHOUT_LEASES,
        KERNEL_WITHOUT_HANDLES,
} Kernel;

typedef struct World {
        int sock; /* ours */
        pid_t worker;
} World;

int world_setup(void **state); /* of each test: *state is a World with a worker */
int world_teardown(
        void **state); /* hangs up: the worker must end with 0, unless it was ended before */

void world_restart(World *world, Kernel kernel, mode_t mask); /* another worker */
int world_end(World *world);                                  /* hangs up -> wait status */

FileRequest make_request(uint32_t type, const char *path);
void ask_raw(World *world, const void *data, size_t size, int fd);
FileReply hear(World *world, int *ret_fd);
FileReply ask_for(World *world, const FileRequest *request, int *ret_fd); /* ret_fd: -1 for none */
int ask(World *world, const FileRequest *request); /* the result; no descriptor is expected */

/* Makes the temporary file of path through the worker, size bytes in it, and fills *ret_request
 * with all that recognises it. The descriptor that wrote them. */
int make_temp(World *world, const char *path, size_t size, FileRequest *ret_request);

void put(const char *path, const char *text, uid_t owner, mode_t mode); /* a file */
void put_link(const char *path, const char *target, uid_t owner);
void put_fifo(const char *path, uid_t owner);
void put_directory(const char *path, uid_t owner, mode_t mode);
void assert_text(const char *path, const char *text);
struct stat look(const char *path); /* lstat */
void assert_absent(const char *path);
