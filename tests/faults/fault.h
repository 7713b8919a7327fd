/*
 * Which operations of a file system are to fail, by a file that may change at any time. Each of its
 * lines is a rule: OPERATION ERROR [BYTES]
 *
 *     write EDQUOT 1048576    no byte of any file from there on can be written or allocated
 *     create ENOSPC           no file, directory or link can be made
 *     sync EIO
 *
 * Replace it by a rename, so that it is never seen half written. Without it, nothing fails.
 */
#pragma once

#include <stdint.h>

typedef enum Operation {
        OPERATION_CREATE,
        OPERATION_READ,
        OPERATION_RENAME,
        OPERATION_SYNC,
        OPERATION_TRUNCATE,
        OPERATION_UNLINK,
        OPERATION_WRITE,
        OPERATION_COUNT,
} Operation;

typedef struct Fault {
        int error;            /* positive; 0: the operation works */
        uint64_t limit_bytes; /* up to here it works: read, write and truncate; 0 without BYTES */
} Fault;

typedef struct Faults {
        Fault of[OPERATION_COUNT];
} Faults;

/* text is changed. 0; -EINVAL: some line is no rule. */
int faults_parse(char *text, Faults *ret);

/* 0 or -errno; an absent file is no faults. */
int faults_read(const char *path, Faults *ret);
