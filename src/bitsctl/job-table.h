/* Jobs as tables and lines for people; every string of the service's is cleaned here. */
#pragma once

#include "job.h"

/* The table of list and monitor as text, the caller's; NULL without memory. */
char *job_table_text(const JobList *list, bool with_owner);

/* Everything about one job, to standard output. 0 or -ENOMEM. */
int job_table_print(const Job *job);

/* "BG_E_...(0x...): text (context CONTEXT, file N)": the caller's, clean; NULL without memory. */
char *job_error_text(const Job *job);
