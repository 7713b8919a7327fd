/* Accounts as the name service knows them. Everything here may block for long: that is what this
 * program is for. Results are -ENOENT for what does not exist and another -errno for a name service
 * that fails. */
#pragma once

#include <sys/types.h>

#include "wire/wire.h"

typedef struct Account {
        uid_t uid;
        gid_t gid;
        char name[WIRE_ACCOUNT_SIZE];
        char home[WIRE_PATH_SIZE], shell[WIRE_PATH_SIZE];
} Account;

int account_by_name(const char *name, Account *ret);
int account_by_uid(uid_t uid, Account *ret);
int account_group(const char *name, gid_t *ret);
