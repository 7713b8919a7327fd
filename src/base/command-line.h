/*
 * Splits a command line into words as programs of Windows do (CommandLineToArgvW, "Parsing C
 * command-line arguments"), and joins words to one. No shell: no variable, wildcard or redirection
 * means anything.
 */
#pragma once

#include <stddef.h>

/* The first word: up to the next quote when it begins with one, else up to a space or tab; no
 * backslash means anything in it. In the others: words are parted by spaces and tabs that are not
 * between quotes; 2n backslashes before a quote are n and the quote counts, 2n+1 are n and a
 * literal quote; backslashes before anything else are themselves; two quotes between quotes are a
 * literal one. "" is an empty first word.
 *
 * *ret is one block that the caller frees, NULL-terminated. How many words, at least 1, or -ENOMEM.
 */
int command_line_split(const char *text, char ***ret);

/* A command line that is split into program and the n words again. *ret is the caller's. 0;
 * -EINVAL: program has a quote and a blank, or begins with a quote, and cannot be a first word;
 * -ENOMEM. */
int command_line_join(const char *program, char *const words[], size_t n, char **ret);
