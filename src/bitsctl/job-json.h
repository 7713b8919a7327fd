/*
 * Jobs as JSON. The keys are an interface: they stand in bitsctl(1), and only ever become more.
 * Sizes and counts are numbers, what is not known is null, times are ISO 8601 in UTC.
 */
#pragma once

#include <json-c/json.h>

#include "job.h"

json_object *job_json(const Job *job); /* with "files" when they were read */
json_object *job_json_error(const Job *job);
json_object *job_json_command(const Job *job); /* which was read; NULL: there is none */

/* Values of the special kinds. */
json_object *json_size(uint64_t bytes);
json_object *json_time(uint64_t usec);
json_object *json_text(const char *text); /* null for "" */

/* Prints to standard output and frees: in several lines, or in one. */
void json_print(json_object *object);
void json_print_line(json_object *object);
