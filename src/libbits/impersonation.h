/* Whom the calling thread speaks for. */
#pragma once

#include "libbits/token.h"

/* A reference of the caller's; NULL: the process's own identity, also while it impersonates itself.
 */
Token *impersonation_current(void);
