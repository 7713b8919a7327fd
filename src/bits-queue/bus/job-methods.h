/* Methods of org.bitsd1.Job that stand in files of their own; job-object.c has the table. */
#pragma once

#include "bus/objects.h"

int job_method_add_file_with_ranges(Target *t, sd_bus_message *m);
/* job-http.c */
int job_method_set_security_flags(Target *t, sd_bus_message *m);
int job_method_get_security_flags(Target *t, sd_bus_message *m);
int job_method_set_http_method(Target *t, sd_bus_message *m);
int job_method_get_http_method(Target *t, sd_bus_message *m);
int job_method_set_custom_headers(Target *t, sd_bus_message *m);
int job_method_get_custom_headers(Target *t, sd_bus_message *m);
int job_method_make_headers_write_only(Target *t, sd_bus_message *m);
int job_method_set_certificate_by_id(Target *t, sd_bus_message *m);
int job_method_set_certificate_by_name(Target *t, sd_bus_message *m);
int job_method_remove_certificate(Target *t, sd_bus_message *m);
int job_method_get_certificate(Target *t, sd_bus_message *m);

int job_method_set_property(Target *t, sd_bus_message *m);
int job_method_get_property(Target *t, sd_bus_message *m);
int job_method_add_file_with_hash(Target *t, sd_bus_message *m);    /* file-methods.c */
int job_method_replace_remote_prefix(Target *t, sd_bus_message *m); /* file-methods.c */
