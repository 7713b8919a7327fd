/* Numbers, times and foreign strings as people read them. Pure; knows no job. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FORMAT_SIZE 64 /* room for any text of these */

#define SIZE_UNKNOWN UINT64_MAX

/* "512 B", "1.5 MiB": binary prefixes, one decimal; "unknown" for SIZE_UNKNOWN. */
const char *format_size(uint64_t bytes, char ret[FORMAT_SIZE]);

/* "0:07", "12:34", "1:02:03", "2 d 03:04"; "unknown" for UINT64_MAX. */
const char *format_duration(uint64_t seconds, char ret[FORMAT_SIZE]);

/* "2025-01-31T23:59:59.123456Z" from microseconds since the epoch. */
const char *format_iso8601(uint64_t usec, char ret[FORMAT_SIZE]);

/* "2025-02-01 00:59:59 +0100" in the local zone; "-" for 0. */
const char *format_local_time(uint64_t usec, char ret[FORMAT_SIZE]);

/* A copy for the terminal: each control character and each character that changes the direction of
 * writing, and every byte that is not UTF-8, becomes "?". The caller frees; NULL without memory. */
char *format_clean(const char *text);

/* The same of an error's text, whose second line, if it has one, is a server's words. */
char *format_failure(const char *text);
