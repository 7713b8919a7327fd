/*
 * What a failed system call becomes in an answer. wire/file.h gives some numbers a meaning of their
 * own; file systems use the same ones for other things (EBADMSG and EPROTO for damage and broken
 * servers, ESTALE for a lost server handle, EXDEV for two volumes), so those become EIO here, and
 * stand in an answer only where we mean them.
 */
#pragma once

#include <errno.h>

/* The negative errno to answer. */
static inline int system_error(void)
{
        switch (errno) {
        case EBADMSG:
        case EPROTO:
        case ERANGE:
        case ESTALE:
        case EXDEV:
                return -EIO;
        default:
                return -errno;
        }
}
