/* IBackgroundCopyFile: one file of a job, live. */
#pragma once

#include <bits.h>

#include "libbits/security.h"

HRESULT file_new(const char *job_path, uint32_t index, IBackgroundCopyFile **ret);

Blanket *file_blanket(const IUnknown *proxy); /* NULL: not a file of ours */
