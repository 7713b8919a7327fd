/*
 * What a conditional or partial request gets (RFC 9110, 13 and 14): its header fields against the
 * validators of the file. Pure: no file, no clock, no socket.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ETAG_SIZE 35 /* 32 digits in quote marks, and the NUL */

typedef enum Field {
        FIELD_IF_MATCH,
        FIELD_IF_UNMODIFIED_SINCE,
        FIELD_IF_NONE_MATCH,
        FIELD_IF_MODIFIED_SINCE,
        FIELD_RANGE,
        FIELD_IF_RANGE,
        FIELD_COUNT,
} Field;

typedef enum Method {
        METHOD_GET,
        METHOD_HEAD,
        METHOD_OTHER,
} Method;

/* Start with {0}. */
typedef struct Conditions {
        char *fields[FIELD_COUNT]; /* NULL: not sent */
} Conditions;

typedef struct Validators {
        char etag[ETAG_SIZE]; /* strong */
        int64_t modified_sec;
        uint64_t size_bytes;
} Validators;

typedef struct Selection {
        unsigned status; /* 200, 206, 304, 412 or 416 */
        uint64_t begin;  /* of the part of the file to send; all 0 but for 200 and 206 */
        uint64_t length;
} Selection;

/* Notes a header field of a request; a name that is none of ours is passed over. A field that comes
 * again is joined to what was there by ", ", as RFC 9110, 5.3 has it. 0 or -ENOMEM. */
int conditions_add(Conditions *conditions, const char *name, const char *value);
void conditions_clear(Conditions *conditions);

/* now_sec: the time of the answer. */
Selection conditional_select(const Conditions *conditions, const Validators *validators,
                             Method method, int64_t now_sec);
