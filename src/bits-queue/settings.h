/*
 * What an administrator sets for the queue: limits, schedule, policies (bitsd.conf(5)). The
 * defaults are those of behaviour.md §16.
 */
#pragma once

#include <stdint.h>

typedef struct Settings {
        /* quotas; they do not concern administrators and system accounts */
        uint32_t jobs_per_user_max, jobs_per_machine_max;
        uint32_t files_per_job_max, ranges_per_file_max;

        /* schedule */
        uint32_t background_jobs; /* side by side; 1, with files_per_job 1: the order of Windows */
        uint32_t files_per_job;   /* side by side */
        uint32_t connections_per_host;
        uint32_t time_slice_sec;

        /* time limits */
        uint64_t inactivity_sec;
        uint32_t download_time_max_sec; /* of a new job */
} Settings;

void settings_default(Settings *ret);
