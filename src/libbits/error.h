/* IBackgroundCopyError: a snapshot of a failure. */
#pragma once

#include <systemd/sd-bus.h>

#include <bits.h>

#include "libbits/security.h"

typedef struct ErrorInfo {
        HRESULT code;
        uint32_t context; /* BG_ERROR_CONTEXT */
        int32_t file;     /* index in the job, -1: none */
        char *protocol;   /* NULL or "": none */
        char *text;       /* English, likewise */
} ErrorInfo;

/* As Job.GetError answers and Callback.JobError brings it; under the connection's lock. 0 or
 * -errno. */
int error_info_read(sd_bus_message *m, ErrorInfo *ret);
void error_info_clear(ErrorInfo *info);

HRESULT error_new(const char *job_path, const ErrorInfo *info, IBackgroundCopyError **ret);

Blanket *error_blanket(const IUnknown *proxy); /* NULL: not an error of ours */
