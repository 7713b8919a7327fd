/* The service's place as this process sees it, and what the identity socket answers as Win32
 * errors. */
#pragma once

#include <limits.h>

#include <windef.h>

#include "libbits/identity.h"

/* BITS_USER_MODE=1 in the environment asks for the person's own service. 0 or -errno as
 * locate_service(); may start it. */
int service_find(char ret_dir[PATH_MAX]);

/* The identity socket there; ERROR_SUCCESS or a Win32 error. */
DWORD service_identity(Identity *ret);
int service_identity_in(const char *dir, Identity *ret); /* of a known directory; 0 or -errno */

DWORD service_error(int r); /* of a negative result of identity.h */
