/* Ownership by scope: cleanup attributes and hand-over macros. Leaf header, no code of its own. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE_PTR(p)                                                                                \
        ({                                                                                         \
                __typeof__(p) *_pp = &(p);                                                         \
                __typeof__(p) _p = *_pp;                                                           \
                *_pp = NULL;                                                                       \
                _p;                                                                                \
        })

/* Hands a descriptor over: yields it and leaves -1 behind. */
#define TAKE_FD(fd)                                                                                \
        ({                                                                                         \
                int *_fdp = &(fd);                                                                 \
                int _fd = *_fdp;                                                                   \
                *_fdp = -1;                                                                        \
                _fd;                                                                               \
        })

static inline void freep(void *p)
{
        free(*(void **)p);
}

static inline void closep(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

static inline void fclosep(FILE **f)
{
        if (*f)
                fclose(*f);
}

/* close() that yields -1, for: fd = close_fd(fd); NULL-like -1 is accepted. */
static inline int close_fd(int fd)
{
        if (fd >= 0)
                close(fd);
        return -1;
}

#define ELEMENTS(a) (sizeof(a) / sizeof(*(a)))
