/* bitsd.conf: every key, and what is wrong with a line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "settings.h"

static int load(const char *text, Settings *ret)
{
        char directory[] = "/tmp/test-settings-XXXXXX", path[64];
        FILE *f;
        int r;

        assert_non_null(mkdtemp(directory));
        (void)snprintf(path, sizeof(path), "%s/bitsd.conf", directory);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        (void)fclose(f);
        r = settings_load(directory, ret);
        (void)unlink(path);
        (void)rmdir(directory);
        return r;
}

static void assert_defaults(const Settings *settings)
{
        assert_string_equal(settings->admin_group, ADMIN_GROUP);
        assert_int_equal(settings->restricted_callers, RESTRICTED_SANDBOXED);
        assert_int_equal(settings->notify_commands, NOTIFY_ADMINISTRATORS);
        assert_true(settings->root_jobs);
}

static void test_defaults(void **state)
{
        Settings settings;

        (void)state;
        assert_int_equal(settings_load("/nonexistent", &settings), 0);
        assert_defaults(&settings);
        assert_int_equal(load("# nothing\n\n", &settings), 0);
        assert_defaults(&settings);
        assert_int_equal(settings_load("/proc/self/mem", &settings), -ENOTDIR);
        assert_defaults(&settings);
}

static void test_all_keys(void **state)
{
        Settings settings;

        (void)state;
        assert_int_equal(load("AdminGroup=wheel\nRestrictedCallers = all\n"
                              "NotifyCommands=none\nRootJobs=no\n",
                              &settings),
                         0);
        assert_string_equal(settings.admin_group, "wheel");
        assert_int_equal(settings.restricted_callers, RESTRICTED_ALL);
        assert_int_equal(settings.notify_commands, NOTIFY_NONE);
        assert_false(settings.root_jobs);

        assert_int_equal(load("RestrictedCallers=none\nNotifyCommands=all\n", &settings), 0);
        assert_int_equal(settings.restricted_callers, RESTRICTED_NONE);
        assert_int_equal(settings.notify_commands, NOTIFY_ALL);
}

static void test_bad_lines(void **state)
{
        Settings settings;
        char long_group[512];

        (void)state;
        assert_int_equal(load("RootJobs=perhaps\nRestrictedCallers=some\nNotifyCommands=\n"
                              "AdminGroup=\nColour=red\nno assignment\n[section]\nRootJobs=no\n",
                              &settings),
                         6); /* the unknown key is only reported */
        assert_defaults(&settings);

        (void)snprintf(long_group, sizeof(long_group), "AdminGroup=%0400d\nRootJobs=no\n", 0);
        assert_int_equal(load(long_group, &settings), 1);
        assert_string_equal(settings.admin_group, ADMIN_GROUP);
        assert_false(settings.root_jobs); /* the line after it counts */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_all_keys),
                cmocka_unit_test(test_bad_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
