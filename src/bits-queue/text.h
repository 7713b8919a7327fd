/* Text from outside: UTF-8, checked and counted. */
#pragma once

#include <stddef.h>

/* Number of code points; -EINVAL when it is not UTF-8 (RFC 3629). */
int text_count(const char *text, size_t *ret_code_points);
