/* GUIDs as BITS has them: 16 bytes, random, written as 8-4-4-4-12 hexadecimal digits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Guid {
        uint8_t bytes[16]; /* in the order in which they are written */
} Guid;

#define GUID_TEXT_SIZE 37 /* without braces, with the NUL */
#define GUID_HEX_SIZE  33 /* no dashes: for object paths and keys */

int guid_random(Guid *ret);                                 /* RFC 4122 version 4; 0 or -errno */
void guid_text(const Guid *guid, char ret[GUID_TEXT_SIZE]); /* upper case, dashes */
void guid_hex(const Guid *guid, char ret[GUID_HEX_SIZE]);   /* lower case */
int guid_parse(const char *text, Guid *ret); /* dashes and braces optional; -EINVAL */
bool guid_equal(const Guid *a, const Guid *b);
