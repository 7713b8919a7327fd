/*
 * The caller's side of the identity socket (wire/identity.h): tokens, tickets and revocation, one
 * connection each. Only a socket in a directory of the right owner is spoken to, so that a password
 * or a consent never goes to somebody else's program.
 */
#pragma once

#include <sys/types.h>

#include "wire/identity.h"

typedef struct Identity {
        char path[108]; /* of the socket */
} Identity;

/* runtime_dir as libbits found it; owner is 0 for the system service and the own uid in user mode.
 * 0; -EPERM when the directory belongs to another or others may write it; another -errno. */
int identity_open(const char *runtime_dir, uid_t owner, Identity *ret);

/* All of these return IdentityReply.result: 0, -errno, or (logon) a positive LogonResult. Besides
 * those, -ECONNREFUSED when nobody serves, -ECONNRESET when bitsd had no room, -EPROTONOSUPPORT for
 * another version, -ETIMEDOUT. A descriptor belongs to the caller and is close-on-exec. */
int identity_mint(const Identity *identity, uid_t audience, uint32_t uses, int *ret_fd);
/* password is wiped before this returns, whatever the outcome. -EINVAL when it or the account is
 * too long. */
int identity_logon(const Identity *identity, const char *account, char *password, uint32_t uses,
                   int *ret_fd);
int identity_ticket(const Identity *identity, Ticket *ret);
int identity_revoke(const Identity *identity);
