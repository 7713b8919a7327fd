/* Making a job as the options say; shared by create and transfer. */
#pragma once

#include "base/guid.h"
#include "command.h"

/* *ret_path is the caller's. EXIT_DONE, or EXIT_FAILED when it was said why; no job is left then.
 */
int create_job(Service *service, const Options *options, const char *default_name, char **ret_path,
               char ret_id[GUID_TEXT_SIZE]);
