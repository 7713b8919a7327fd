/* What bits-queue reads of the configuration: every key, drop-ins, and what is wrong with a line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cost.h"
#include "settings.h"

static char directory[] = "/tmp/bits-test-conf-XXXXXX";

static void path_of(const char *name, char ret[256])
{
        (void)snprintf(ret, 256, "%s/%s", directory, name);
}

static void put(const char *name, const char *text)
{
        char path[256];
        FILE *f;

        path_of(name, path);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        (void)fclose(f);
}

static int setup(void **state)
{
        char path[256];

        (void)state;
        memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
        if (!mkdtemp(directory))
                return -1;
        path_of("bitsd.conf.d", path);
        return mkdir(path, 0700);
}

static int teardown(void **state)
{
        static const char *const names[] = {"bitsd.conf", "bitsd.conf.d/10-a.conf",
                                            "bitsd.conf.d/20-b.conf", "bitsd.conf.d/30-c.txt"};
        char path[256];

        (void)state;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                path_of(names[i], path);
                (void)unlink(path);
        }
        path_of("bitsd.conf.d", path);
        (void)rmdir(path);
        return rmdir(directory);
}

static uint64_t value_of(const Settings *settings, const char *key)
{
        uint64_t value;
        const char *name;

        for (size_t i = 0; (name = settings_key(settings, i, &value)); i++)
                if (strcmp(name, key) == 0)
                        return value;
        fail_msg("no key %s", key);
        return 0;
}

/* behaviour.md §16 */
static void test_defaults(void **state)
{
        Settings settings;

        (void)state;
        assert_int_equal(settings_load(directory, &settings), 0);
        assert_int_equal(value_of(&settings, "MaxJobsPerUser"), 60);
        assert_int_equal(value_of(&settings, "MaxJobsPerMachine"), 300);
        assert_int_equal(value_of(&settings, "MaxFilesPerJob"), 200);
        assert_int_equal(value_of(&settings, "MaxRangesPerFile"), 500);
        assert_int_equal(value_of(&settings, "MaxDownloadTime"), 7776000);
        assert_int_equal(value_of(&settings, "JobInactivityTimeout"), 90 * 86400);
        assert_int_equal(value_of(&settings, "TimeSlice"), 300);
        assert_int_equal(value_of(&settings, "NotifyCommandTime"), 600);
}

static void test_all_keys(void **state)
{
        static const char *const keys[] = {
                "MaxJobsPerUser",  "MaxJobsPerMachine",    "MaxFilesPerJob",     "MaxRangesPerFile",
                "BackgroundJobs",  "FilesPerJob",          "ConnectionsPerHost", "TimeSlice",
                "MaxDownloadTime", "JobInactivityTimeout", "NotifyCommandTime"};
        char text[1024] = "";
        Settings settings;
        size_t length = 0;

        (void)state;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                length += (size_t)snprintf(text + length, sizeof(text) - length, "%s=%zu\n",
                                           keys[i], i + 1);
        put("bitsd.conf", text);
        assert_int_equal(settings_load(directory, &settings), 0);
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                assert_int_equal(value_of(&settings, keys[i]), i + 1);
}

static void test_units(void **state)
{
        Settings settings;

        (void)state;
        put("bitsd.conf", "MaxDownloadTime=2h\nJobInactivityTimeout = 3d\n");
        assert_int_equal(settings_load(directory, &settings), 0);
        assert_int_equal(value_of(&settings, "MaxDownloadTime"), 7200);
        assert_int_equal(value_of(&settings, "JobInactivityTimeout"), 3 * 86400);
}

static void test_drop_ins(void **state)
{
        Settings settings;

        (void)state;
        put("bitsd.conf", "MaxJobsPerUser=1\nFilesPerJob=2\n");
        put("bitsd.conf.d/20-b.conf", "MaxJobsPerUser=20\n");
        put("bitsd.conf.d/10-a.conf", "MaxJobsPerUser=10\nMaxFilesPerJob=11\n");
        put("bitsd.conf.d/30-c.txt", "MaxJobsPerUser=30\n"); /* not a drop-in */
        assert_int_equal(settings_load(directory, &settings), 0);
        assert_int_equal(value_of(&settings, "MaxJobsPerUser"), 20);
        assert_int_equal(value_of(&settings, "MaxFilesPerJob"), 11);
        assert_int_equal(value_of(&settings, "FilesPerJob"), 2);
}

static void test_bad_values(void **state)
{
        Settings settings;

        (void)state;
        put("bitsd.conf", "MaxJobsPerUser=-1\nBackgroundJobs=0\nFilesPerJob=\nTimeSlice=5 s\n"
                          "MaxDownloadTime=1w\nJobInactivityTimeout=1000d\nNotifyCommandTime=25h\n"
                          "MaxRangesPerFile=99999999999999999999\nMaxFilesPerJob=7x\n");
        assert_int_equal(settings_load(directory, &settings), 9);
        assert_int_equal(value_of(&settings, "MaxJobsPerUser"), 60);
        assert_int_equal(value_of(&settings, "MaxFilesPerJob"), 200);
}

static void test_policies(void **state)
{
        Settings settings;

        (void)state;
        assert_int_equal(settings_load(directory, &settings), 0);
        assert_true(settings.bandwidth.bytes_per_sec == RATE_UNLIMITED);
        assert_int_equal(settings.bandwidth.n_windows, 0);
        assert_int_equal(settings.network_cost, 0);
        assert_int_equal(settings.cost_policy[0], COST_POLICY_ALWAYS);
        assert_false(settings.run_when_logged_on);
        put("bitsd.conf", "MaxBandwidth=1M\nMaxBandwidthSchedule=Mon-Fri 08:00-17:00 100K\n"
                          "NetworkCost=roaming\nCostPolicyForeground=not-roaming\n"
                          "CostPolicyHigh=no-surcharge\nCostPolicyNormal=standard\n"
                          "CostPolicyLow=0x41\nRunWhen=logged-on\n");
        put("bitsd.conf.d/10-a.conf", "MaxBandwidthSchedule=Sat 08:00-17:00 0\n"); /* one more */
        assert_int_equal(settings_load(directory, &settings), 0);
        assert_int_equal(settings.bandwidth.bytes_per_sec, 1 << 20);
        assert_int_equal(settings.bandwidth.n_windows, 2);
        assert_int_equal(settings.network_cost, COST_ROAMING);
        /* types.md: the bits of the composites */
        assert_int_equal(settings.cost_policy[0], 0x8000007F);
        assert_int_equal(settings.cost_policy[1], 0x8000006F);
        assert_int_equal(settings.cost_policy[2], 0x80000067);
        assert_int_equal(settings.cost_policy[3], 0x41);
        assert_true(settings.run_when_logged_on);
        put("bitsd.conf.d/20-b.conf", "MaxBandwidthSchedule=\nCostPolicyLow=unrestricted\n"
                                      "CostPolicyHigh=always\nRunWhen=always\n");
        assert_int_equal(settings_load(directory, &settings), 0);
        assert_int_equal(settings.bandwidth.n_windows, 0);
        assert_int_equal(settings.cost_policy[3], 0x80000021);
        assert_int_equal(settings.cost_policy[1], 0x800000FF);
        assert_false(settings.run_when_logged_on);
}

static void test_bad_policies(void **state)
{
        Settings settings;

        (void)state;
        put("bitsd.conf",
            "MaxBandwidth=fast\nMaxBandwidthSchedule=Mon\nNetworkCost=standard\n"
            "CostPolicyLow=0\nCostPolicyLow=0x0\nCostPolicyLow=0x100\nCostPolicyLow=0x1g\n"
            "CostPolicyLow=0x\nCostPolicyHigh=roaming\nRunWhen=\n");
        assert_int_equal(settings_load(directory, &settings), 10);
        assert_int_equal(settings.cost_policy[3], COST_POLICY_ALWAYS);
}

/* What looks like a setting, and is none: whoever wrote it is to hear of it. */
static void test_sections(void **state)
{
        Settings settings;

        (void)state;
        put("bitsd.conf", "MaxFilesPerJob=5\n[Queue]\nMaxJobsPerUser=7\nColour=red\n");
        assert_int_equal(settings_load(directory, &settings), 2);
        assert_int_equal(value_of(&settings, "MaxJobsPerUser"), 60);
        assert_int_equal(value_of(&settings, "MaxFilesPerJob"), 5);
}

/* A key of bitsd's is not ours to judge; one of nobody is reported, and spoils nothing. */
static void test_keys_of_others(void **state)
{
        Settings settings;

        (void)state;
        put("bitsd.conf", "RootJobs=perhaps\nColour=red\nMaxJobsPerUser=7\n");
        assert_int_equal(settings_load(directory, &settings), 0);
        assert_int_equal(value_of(&settings, "MaxJobsPerUser"), 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_defaults), TEST(test_all_keys),     TEST(test_units),
                TEST(test_drop_ins), TEST(test_bad_values),   TEST(test_keys_of_others),
                TEST(test_policies), TEST(test_bad_policies), TEST(test_sections),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
