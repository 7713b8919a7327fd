#include "settings.h"

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
                .inactivity_sec = 90ULL * 24 * 3600,
                .download_time_max_sec = 7776000,
        };
}
