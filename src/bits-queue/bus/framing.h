/*
 * How the bytes of one D-Bus client are cut: authentication lines up to BEGIN, then messages. A
 * pure reader that never looks beyond what is under way, so whoever feeds it knows to which message
 * a descriptor belongs. Checks sizes alone; what a message says is for sd-bus to judge.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMING_AUTH_MAX    ((size_t)16 * 1024)
#define FRAMING_MESSAGE_MAX ((size_t)1024 * 1024)
#define FRAMING_HEADER_SIZE 16

typedef enum FramingPhase {
        FRAMING_AUTH,   /* lines; ends with "BEGIN\r\n" */
        FRAMING_HEADER, /* the fixed part, checked when it is whole */
        FRAMING_BODY,   /* the rest: header fields and body */
} FramingPhase;

typedef struct Framing {
        FramingPhase phase;
        size_t auth_size; /* bytes of authentication so far */
        size_t matched;   /* bytes of "BEGIN\r\n" at the start of this line; SIZE_MAX: another line */
        uint8_t last;     /* byte before, in authentication */
        uint8_t header[FRAMING_HEADER_SIZE];
        size_t header_size; /* bytes of it that are here */
        size_t left;        /* bytes of the body still to come */
} Framing;

void framing_init(Framing *framing);

/* How many bytes may be fed now without reaching past the end of what is under way; never 0. */
size_t framing_want(const Framing *framing);

/* Takes size bytes, at most framing_want(). 0; -EMSGSIZE: authentication or message too long;
 * -EBADMSG: no message of this protocol. After an error it must not be fed again. */
int framing_feed(Framing *framing, const uint8_t *data, size_t size);

/* Between two messages: nothing of the next one has come. */
static inline bool framing_at_boundary(const Framing *framing)
{
        return framing->phase == FRAMING_HEADER && framing->header_size == 0;
}
