/* Files for a job as the command line names them; shared by add and transfer. */
#pragma once

#include "command.h"

/* arguments: REMOTE LOCAL pairs, n of words; one when a hash is given. All are added, or none.
 * EXIT_DONE; EXIT_FAILED or EXIT_USAGE when it was said why. */
int add_files(Service *service, const Options *options, const char *path, const char *id,
              char **arguments, int n);
