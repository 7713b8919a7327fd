/*
 * Excerpt: the first words of an error answer's body, fit to stand in a job's error text: one line
 * of printable UTF-8, whatever came. Pure.
 */
#pragma once

#include <stddef.h>

#define EXCERPT_SIZE 200

/* "" when the body does not begin with text. */
void excerpt_take(const char *body, size_t size, char ret[EXCERPT_SIZE]);
