/* Capabilities of this process: only ever fewer. Masks have one bit per CAP_* number. */
#pragma once

#include <stdint.h>

#define CAPABILITY(n) (UINT64_C(1) << (n))

/* Takes everything else out of the bounding set, for good. Without CAP_SETPCAP this does nothing:
 * an unprivileged process that sets no_new_privs gains none anyway. 0 or -errno. */
int capability_bound(uint64_t keep);

/* Keeps of what the process has, permitted and effective, only these; inheritable and ambient sets
 * become empty. 0 or -errno. */
int capability_limit(uint64_t keep);
