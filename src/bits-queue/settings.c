#include "settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/conf.h"
#include "cost.h"
#include "wire/notify.h"

/* A key of each kind names the field that it sets. */
#define NUMBER(key, field, min, max)                                                               \
        static int set_##field(void *data, const char *value)                                      \
        {                                                                                          \
                return conf_number(value, min, max, &((Settings *)data)->field);                   \
        }
#define DURATION(key, field, max_sec)                                                              \
        static int set_##field(void *data, const char *value)                                      \
        {                                                                                          \
                return conf_duration(value, max_sec, &((Settings *)data)->field);                  \
        }
#define KEYS(NUMBER, DURATION)                                                                     \
        NUMBER(MaxJobsPerUser, jobs_per_user_max, 0, 1000000)                                      \
        NUMBER(MaxJobsPerMachine, jobs_per_machine_max, 0, 1000000)                                \
        NUMBER(MaxFilesPerJob, files_per_job_max, 0, 1000000)                                      \
        NUMBER(MaxRangesPerFile, ranges_per_file_max, 0, 100000)                                   \
        NUMBER(BackgroundJobs, background_jobs, 1, 64)                                             \
        NUMBER(FilesPerJob, files_per_job, 1, 64)                                                  \
        NUMBER(ConnectionsPerHost, connections_per_host, 1, 256)                                   \
        NUMBER(HistoryPerUser, history_per_user_max, 10, 10000000)                                 \
        NUMBER(TimeSlice, time_slice_sec, 1, 86400)                                                \
        DURATION(HistoryAge, history_age_sec, 3650ULL * 86400)                                     \
        DURATION(MaxDownloadTime, download_time_max_sec, UINT32_MAX)                               \
        DURATION(JobInactivityTimeout, inactivity_sec, 999ULL * 86400)                             \
        DURATION(NotifyCommandTime, notify_command_time_sec, NOTIFY_TIME_MAX_SEC)

KEYS(NUMBER, DURATION)

#undef NUMBER
#undef DURATION
#define NUMBER(key, field, min, max)  {#key, set_##field},
#define DURATION(key, field, max_sec) {#key, set_##field},

static int set_max_bandwidth(void *data, const char *value)
{
        return bandwidth_parse_rate(value, &((Settings *)data)->bandwidth.bytes_per_sec);
}

static int set_schedule(void *data, const char *value)
{
        return bandwidth_parse_window(value, &((Settings *)data)->bandwidth);
}

static int set_network_cost(void *data, const char *value)
{
        return cost_parse_state(value, &((Settings *)data)->network_cost);
}

static int set_cost_foreground(void *data, const char *value)
{
        return cost_parse_policy(value, &((Settings *)data)->cost_policy[0]);
}

static int set_cost_high(void *data, const char *value)
{
        return cost_parse_policy(value, &((Settings *)data)->cost_policy[1]);
}

static int set_cost_normal(void *data, const char *value)
{
        return cost_parse_policy(value, &((Settings *)data)->cost_policy[2]);
}

static int set_cost_low(void *data, const char *value)
{
        return cost_parse_policy(value, &((Settings *)data)->cost_policy[3]);
}

static int set_run_when(void *data, const char *value)
{
        static const char *const words[] = {"always", "logged-on", NULL};
        int i = conf_word(words, value);

        if (i >= 0)
                ((Settings *)data)->run_when_logged_on = i == 1;
        return i;
}

static const ConfKey keys[] = {
        KEYS(NUMBER, DURATION) /* first: settings_key() counts on it */
        {"MaxBandwidth", set_max_bandwidth},
        {"MaxBandwidthSchedule", set_schedule},
        {"NetworkCost", set_network_cost},
        {"CostPolicyForeground", set_cost_foreground},
        {"CostPolicyHigh", set_cost_high},
        {"CostPolicyNormal", set_cost_normal},
        {"CostPolicyLow", set_cost_low},
        {"RunWhen", set_run_when},
};

static uint32_t from_environment(const char *name, uint32_t otherwise)
{
        const char *text = getenv(name);

        return text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

void settings_default(Settings *ret)
{
        *ret = (Settings){
                .jobs_per_user_max = 60,
                .jobs_per_machine_max = 300,
                .files_per_job_max = 200,
                .ranges_per_file_max = 500,
                .background_jobs = 4,
                .files_per_job = 8,
                .connections_per_host = 6,
                .time_slice_sec = 300,
                .history_per_user_max = 10000,
                .history_age_sec = 30ULL * 86400,
                .inactivity_sec = 90ULL * 86400,
                .download_time_max_sec = 90ULL * 86400,
                .notify_command_time_sec = 600,
                .bandwidth = {.bytes_per_sec = RATE_UNLIMITED},
                .cost_policy = {COST_POLICY_ALWAYS, COST_POLICY_ALWAYS, COST_POLICY_ALWAYS,
                                COST_POLICY_ALWAYS},
                .file_patience_sec = from_environment("BITS_FILE_PATIENCE", 120),
                .orphans_per_user_max = from_environment("BITS_ORPHANS_MAX", 1000),
        };
}

#undef NUMBER
#undef DURATION
#define NUMBER(key, field, min, max)  settings->field,
#define DURATION(key, field, max_sec) settings->field,

const char *settings_key(const Settings *settings, size_t index, uint64_t *ret_value)
{
        const uint64_t values[] = {KEYS(NUMBER, DURATION)};

        if (index >= ELEMENTS(values))
                return NULL;
        *ret_value = values[index];
        return keys[index].name;
}

int settings_load(const char *directory, Settings *ret)
{
        settings_default(ret);
        return conf_load(directory, keys, ELEMENTS(keys), ret);
}
