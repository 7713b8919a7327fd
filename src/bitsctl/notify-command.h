/* The command line of a job; shared by create and notify-command. */
#pragma once

#include "command.h"

/* A full path? Else that is said. */
bool notify_command_check(const Service *service, const char *program);

/* Sets it to program with n arguments, as they are: what quoting they need is added. Results are
 * those of service_call(); -EINVAL when the program's name cannot be quoted. */
int notify_command_set(Service *service, const char *path, const char *program,
                       char *const arguments[], int n);
