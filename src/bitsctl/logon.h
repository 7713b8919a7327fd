/* The log-on of a helper: his password becomes a token, and is gone. */
#pragma once

#include "service.h"

/* Asks for the password (password.h) and logs account on. *ret_fd, the token, is the caller's.
 * EXIT_DONE; EXIT_FAILED after saying why; LOGON_CANCELLED when the person gave up. */
enum {
        LOGON_CANCELLED = 3
};
int logon_helper(const Service *service, const char *account, int password_fd, int *ret_fd);
