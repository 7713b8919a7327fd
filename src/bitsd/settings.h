/* Of /etc/bits/bitsd.conf what bitsd enforces itself. A bad line is logged with its number and
 * changes nothing; a missing file means the defaults. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "wire/wire.h"

typedef enum RestrictedCallers {
        RESTRICTED_SANDBOXED, /* NoNewPrivs callers are refused, except system accounts */
        RESTRICTED_ALL,       /* ... system accounts too */
        RESTRICTED_NONE,      /* nobody is refused for it */
} RestrictedCallers;

typedef enum NotifyCommands {
        NOTIFY_ADMINISTRATORS,
        NOTIFY_ALL,
        NOTIFY_NONE,
} NotifyCommands;

typedef struct Settings {
        char admin_group[WIRE_ACCOUNT_SIZE];
        RestrictedCallers restricted_callers;
        NotifyCommands notify_commands;
        bool root_jobs;
} Settings;

void settings_default(Settings *ret);
/* The defaults, overlaid with the configuration in directory: how many lines were bad, or -errno
 * when it cannot be read. */
int settings_load(const char *directory, Settings *ret);
