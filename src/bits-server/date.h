/* HTTP dates (RFC 9110, 5.6.7): whole seconds of the epoch, and their text. No locale, no time
 * zone. */
#pragma once

#include <stdint.h>

#define DATE_TEXT_SIZE 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and the NUL */

/* -ERANGE for a year that has no four digits. */
int date_format(int64_t time_sec, char ret[DATE_TEXT_SIZE]);

/* Any of the three forms a recipient must know; now_sec decides the century of a two-digit year.
 * -EINVAL for everything else, and for days that no calendar has. */
int date_parse(const char *text, int64_t now_sec, int64_t *ret_sec);
