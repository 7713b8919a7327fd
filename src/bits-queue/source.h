/*
 * Source: a remote name that is a file of this machine, as an absolute path or a file:// URL. Names
 * and errors alone; bits-file opens it, bits-net copies it.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>

#include "wire/wire.h"

/* By its form, whether it is a good one or not. */
bool source_is_local(const char *remote);

/* The absolute path that a local remote name stands for: a file:// URL, of no host or localhost, is
 * percent-decoded once. 0 or -EINVAL. */
int source_path(const char *remote, char ret[WIRE_PATH_SIZE]);

/* What a bits-file's refusal to open it means; and whether that may pass by itself. */
HRESULT source_error(int result);
bool source_error_passes(int result);
