/*
 * What the database keeps and nobody reads back from it: sealed with AES-256-GCM under a key that
 * is not in it (Queue.seal_key), bound to the job and to what it is. A row of another job, or
 * another column, does not open.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/guid.h"

typedef struct Sealed {
        uint8_t *data; /* owned; NULL: nothing */
        size_t size;
} Sealed;

/* what: "headers", ... Replaces *ret on success. 0 or -ENOMEM. */
int secret_seal(const uint8_t key[32], const Guid *job, const char *what, const void *plain,
                size_t size, Sealed *ret);

/* The plain bytes, with a NUL behind them; for secret_free(). -EBADMSG: not sealed with this key,
 * for this job, as this. */
int secret_open(const uint8_t key[32], const Guid *job, const char *what, const Sealed *sealed,
                char **ret, size_t *ret_size);
char *secret_free(char *plain, size_t size); /* NULL; wipes it first */

void sealed_clear(Sealed *sealed);
