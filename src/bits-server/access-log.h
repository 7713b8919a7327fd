/* The access log: one JSON object a line, one line a request, written when the request is over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct AccessEntry {
        const char *method; /* both as path_clean() leaves them */
        const char *path;
        unsigned status; /* 0: it ended before there was an answer */
        uint64_t begin;  /* of the range of the file */
        uint64_t length; /* what the answer's body was to have */
        uint64_t sent;   /* what it had */
        bool is_complete;
} AccessEntry;

/* path NULL: no log; "-": standard output. A file is appended to, or made, readable by its group.
 * ret_fd is -1 without a log; the caller closes it unless it is standard output. 0 or -errno. */
int access_log_open(const char *path, int *ret_fd);

/* A line is written at once, so that those of several threads do not mix; fd may be -1. 0 or
 * -errno. */
int access_log_write(int fd, const AccessEntry *entry);
