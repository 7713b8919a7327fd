/* UTF-8 (RFC 3629), one code point at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Length of the sequence that text begins with, and its code point; 0 when there is none that is
 * well-formed. Where text ends with NUL, size may be SIZE_MAX: no sequence goes beyond a NUL. */
size_t utf8_decode(const char *text, size_t size, uint32_t *ret);
