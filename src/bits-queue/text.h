/* Text from outside: UTF-8, checked and counted. */
#pragma once

#include <stddef.h>

/* Number of code points; -EINVAL when it is not UTF-8 (RFC 3629). */
int text_count(const char *text, size_t *ret_code_points);

/* Its length in UTF-16, as where the documentation counts characters of a WCHAR text. */
int text_count_utf16(const char *text, size_t *ret_units);

/* ISO-8859-1, which headers have that are no UTF-8 (RFC 9110 §5.5), as UTF-8. The caller frees;
 * NULL: no memory. */
char *text_from_latin1(const char *text);
