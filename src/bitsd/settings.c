#include "settings.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/conf.h"
#include "config.h"

static int set_admin_group(void *data, const char *value)
{
        Settings *settings = data;

        if (!*value || strlen(value) >= sizeof(settings->admin_group))
                return -EINVAL;
        (void)snprintf(settings->admin_group, sizeof(settings->admin_group), "%s", value);
        return 0;
}

static int set_restricted_callers(void *data, const char *value)
{
        static const char *const words[] = {"sandboxed", "all", "none", NULL};
        int i = conf_word(words, value);

        if (i >= 0)
                ((Settings *)data)->restricted_callers = (RestrictedCallers)i;
        return i;
}

static int set_notify_commands(void *data, const char *value)
{
        static const char *const words[] = {"administrators", "all", "none", NULL};
        int i = conf_word(words, value);

        if (i >= 0)
                ((Settings *)data)->notify_commands = (NotifyCommands)i;
        return i;
}

static int set_root_jobs(void *data, const char *value)
{
        int truth, r = conf_truth(value, &truth);

        if (r == 0)
                ((Settings *)data)->root_jobs = truth;
        return r;
}

static const ConfKey keys[] = {
        {"AdminGroup", set_admin_group},
        {"RestrictedCallers", set_restricted_callers},
        {"NotifyCommands", set_notify_commands},
        {"RootJobs", set_root_jobs},
};

void settings_default(Settings *ret)
{
        *ret = (Settings){.admin_group = ADMIN_GROUP, .root_jobs = true};
}

int settings_load(const char *directory, Settings *ret)
{
        settings_default(ret);
        return conf_load(directory, keys, ELEMENTS(keys), ret);
}
