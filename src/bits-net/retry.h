/* Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3). Pure. */
#pragma once

#include <stdint.h>

#define RETRY_AFTER_MAX_SEC (7 * 24 * 3600) /* longer waits are taken as this */

/* Microseconds from now, 0 for a moment that has passed; -1 for a text that is neither form. */
int64_t retry_after_parse(const char *text, int64_t now_sec);
