/* The path in a request's target: as a name to open, and as text for a log. Pure. */
#pragma once

#include <stddef.h>

#define PATH_SIZE 4096 /* with the NUL */

/* Decodes the target ("/a%20b?query", or the absolute form "http://host/a%20b") once, into a path
 * that does not begin with a slash; "." for the root. ".." is left to who resolves the path.
 * -EINVAL: no path, a broken escape, an escaped NUL or slash, a fragment; -ENAMETOOLONG. */
int path_decode(const char *target, char ret[PATH_SIZE]);

/* What a log may show of text from outside: printable ASCII without quote marks and backslashes,
 * the rest escaped as %XX; without the query and an absolute form's authority; cut to size. */
void path_clean(const char *target, char *ret, size_t size);
