/* A file beneath the directory served: its open descriptor, and validators of that very descriptor.
 */
#pragma once

#include "conditional.h"

typedef struct Resource {
        int fd;
        Validators validators;
} Resource;

#define RESOURCE_NONE ((Resource){.fd = -1})

/* path as path_decode() yields it. 0 or -errno; of those, -EXDEV and -ELOOP mean that the path
 * leads out, -ENOENT also that what it names is no regular file. */
int resource_open(int directory, const char *path, Resource *ret);
void resource_close(Resource *resource);
