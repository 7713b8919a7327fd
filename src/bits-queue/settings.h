/*
 * What an administrator sets for the queue: limits, schedule, policies (bitsd.conf(5)). The
 * defaults are those of behaviour.md §16.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bandwidth.h"

typedef struct Settings {
        /* quotas; they do not concern administrators and system accounts */
        uint32_t jobs_per_user_max, jobs_per_machine_max;
        uint32_t files_per_job_max, ranges_per_file_max;

        /* schedule */
        uint32_t background_jobs; /* side by side; 1, with files_per_job 1: the order of Windows */
        uint32_t files_per_job;   /* side by side */
        uint32_t connections_per_host;
        uint32_t time_slice_sec;

        /* history */
        uint32_t history_per_user_max; /* events */
        uint64_t history_age_sec;

        /* time limits */
        uint64_t inactivity_sec;
        uint64_t download_time_max_sec;   /* of a new job */
        uint64_t notify_command_time_sec; /* of one run of a command line */

        /* policies */
        Bandwidth bandwidth;     /* of background jobs */
        uint32_t network_cost;   /* COST_*, whatever NetworkManager says; 0: what it says */
        uint32_t cost_policy[4]; /* COST_*, by priority: of jobs without cost flags of their own */
        bool run_when_logged_on; /* only while the owner is */

        /* our own bounds; in the environment, for tests: BITS_FILE_PATIENCE, BITS_ORPHANS_MAX */
        uint32_t file_patience_sec;    /* for one answer of a bits-file */
        uint32_t orphans_per_user_max; /* of his jobs, before new temporary files are refused */
} Settings;

/* The settings by their keys, for those who ask: index from 0, durations in seconds; NULL at the
 * end.
 */
const char *settings_key(const Settings *settings, size_t index, uint64_t *ret_value);

void settings_default(Settings *ret);

/* The defaults, overlaid with the configuration in directory: how many lines were bad, or -errno
 * when it cannot be read. */
int settings_load(const char *directory, Settings *ret);
