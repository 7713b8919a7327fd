#include "account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

/* What getpwnam(3) leaves in errno when there is simply no such entry. */
static int absence(int error)
{
        switch (error) {
        case 0:
        case ENOENT:
        case ESRCH:
        case EBADF:
        case EPERM:
                return -ENOENT;
        }
        return -error;
}

static int account_copy(const struct passwd *entry, Account *ret)
{
        int name, home, shell;

        if (!entry)
                return absence(errno);

        *ret = (Account){.uid = entry->pw_uid, .gid = entry->pw_gid};
        name = snprintf(ret->name, sizeof(ret->name), "%s", entry->pw_name);
        home = snprintf(ret->home, sizeof(ret->home), "%s", entry->pw_dir);
        shell = snprintf(ret->shell, sizeof(ret->shell), "%s",
                         *entry->pw_shell ? entry->pw_shell : "/bin/sh"); /* passwd(5) */
        if (name < 0 || (size_t)name >= sizeof(ret->name) || home < 0 ||
            (size_t)home >= sizeof(ret->home) || shell < 0 || (size_t)shell >= sizeof(ret->shell))
                return -ENAMETOOLONG;
        return 0;
}

int account_by_name(const char *name, Account *ret)
{
        errno = 0;
        return account_copy(getpwnam(name), ret);
}

int account_by_uid(uid_t uid, Account *ret)
{
        errno = 0;
        return account_copy(getpwuid(uid), ret);
}

int account_group(const char *name, gid_t *ret)
{
        struct group *group;

        errno = 0;
        group = getgrnam(name);
        if (!group)
                return absence(errno);
        *ret = group->gr_gid;
        return 0;
}
