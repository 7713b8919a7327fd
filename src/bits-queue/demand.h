/*
 * Random access to a file that is being downloaded: IBackgroundCopyFile6. What is asked for here is
 * fetched before anything else, and in on-demand mode (job property 10) instead of it. Decides what
 * may be asked; span.c in which order it comes.
 */
#pragma once

#include <bitsmsg.h>
#include <stddef.h>
#include <stdint.h>

#include "range.h"

typedef struct Caller Caller;
typedef struct File File;

/* BG_E_RANDOM_ACCESS_NOT_SUPPORTED: a job of dynamic content, a file of AddFileWithRanges, another
 * protocol, a server without ranges. All below answer it too, and BG_E_INVALID_STATE. */
HRESULT demand_supported(const File *file);

/* Adds what is neither there nor asked for already. E_INVALIDARG: no range.
 * BG_E_INVALID_RANGE: outside the file, or empty; while the size is not known the job fails with it
 * later. BG_E_TOO_MANY_RANGES_IN_FILE: of this call, or of the file with it. Reply after
 * job_commit(). */
HRESULT demand_request(File *file, const Caller *caller, const FileRange *ranges, size_t n);

/* What is missing from position on is preferred. Not stored: a wish of the moment, without effect
 * on a file of as many parts as may be requested. */
HRESULT demand_position(File *file, uint64_t position);
