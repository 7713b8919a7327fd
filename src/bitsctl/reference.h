/* How a person names a job, and a file: texts of the command line made exact. Pure. */
#pragma once

#include <limits.h>

#include "base/guid.h"

/* JOB is an id, with or without braces and dashes, or a display name. 1: an id, which goes to
 * ret_id in the form of the service; 0: to be taken for a name; -EINVAL: empty. */
int reference_parse(const char *text, char ret_id[GUID_TEXT_SIZE]);

/* The absolute name of a local file: below cwd where it is relative, without "." and "..", and
 * without doubled slashes. -EISDIR when it can only be a directory; -ENAMETOOLONG. ".." takes the
 * name before it away: a caller that wants links followed resolves the directory first. */
int reference_local(const char *cwd, const char *name, char ret[PATH_MAX]);
