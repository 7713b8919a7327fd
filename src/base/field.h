/*
 * Field: a line of an HTTP request's header that is not our own. Who takes it from a client and who
 * sends it ask the same: is it one line, well-formed, and of no name that the request itself needs?
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A token of RFC 9110, 5.6.2: a field's name, a method. */
bool field_is_token(const char *text, size_t size);

/* What is wrong with a line of size bytes, without its end; NULL: nothing, and it has a colon. */
const char *field_fault(const char *line, size_t size);
