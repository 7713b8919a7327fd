/*
 * What all messages between our own processes share: one SOCK_SEQPACKET packet each
 * (base/packet.h), of a size that its type fixes, in host byte order, without padding, with at most
 * one descriptor.
 *
 * The receiver checks type, size and state before anything else; a message that is not exactly
 * right means that the peer is broken or taken over, and the peer is ended. Texts are
 * NUL-terminated inside their field: wire_text_ok() first. What a type does not use is zero.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WIRE_ACCOUNT_SIZE 256 /* LOGIN_NAME_MAX of Linux, with the NUL */
#define WIRE_PATH_SIZE    PATH_MAX
#define WIRE_TEMP_SIZE    32   /* "BITxxxxxxxx.tmp" */
#define WIRE_URL_SIZE     8808 /* 2,200 code points of UTF-8, with the NUL */
#define WIRE_ETAG_SIZE    512

typedef struct WireHeader {
        uint32_t type;     /* of the pair's enumeration */
        uint32_t sequence; /* a reply carries its request's; 0 where nothing is answered */
} WireHeader;

#define WIRE_NO_PADDING(type, sum) _Static_assert(sizeof(type) == (sum), #type " has padding")

static inline bool wire_text_ok(const char *field, size_t size)
{
        return memchr(field, 0, size) != NULL;
}
