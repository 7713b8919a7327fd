/* Joins locate.c and identity.c for the rest of the library. */
#include "libbits/service.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config.h"
#include "libbits/locate.h"

int service_find(char ret_dir[PATH_MAX])
{
        const char *mode = secure_getenv("BITS_USER_MODE");

        return locate_service(mode && strcmp(mode, "1") == 0, ret_dir);
}

int service_identity_in(const char *dir, Identity *ret)
{
        return identity_open(dir, strcmp(dir, RUNTIME_DIR) == 0 ? 0 : geteuid(), ret);
}

DWORD service_identity(Identity *ret)
{
        char dir[PATH_MAX];

        return service_find(dir) < 0 || service_identity_in(dir, ret) < 0 ? RPC_S_SERVER_UNAVAILABLE
                                                                          : ERROR_SUCCESS;
}

DWORD service_error(int r)
{
        static const struct {
                int error;
                DWORD code;
        } rows[] = {
                {EACCES, ERROR_ACCESS_DENIED},
                {EPERM, ERROR_PRIVILEGE_NOT_HELD},
                {EDQUOT, ERROR_NOT_ENOUGH_QUOTA},
                {EMFILE, ERROR_NOT_ENOUGH_QUOTA},
                {ETIMEDOUT, ERROR_TIMEOUT},
                {ENOPKG, ERROR_NOT_SUPPORTED},
                {EINVAL, ERROR_INVALID_PARAMETER},
                {ENOMEM, ERROR_NOT_ENOUGH_MEMORY},
                {EIO, ERROR_IO_DEVICE},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (rows[i].error == -r)
                        return rows[i].code;
        return RPC_S_SERVER_UNAVAILABLE;
}
