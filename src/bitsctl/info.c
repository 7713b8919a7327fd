#include "base/cleanup.h"
#include "command.h"
#include "job-json.h"
#include "job-table.h"
#include "job.h"

int command_info(Service *service, const Options *options)
{
        _cleanup_(freep) char *path = NULL;
        _cleanup_(job_freep) Job *job = NULL;
        char id[GUID_TEXT_SIZE];
        int r;

        r = job_resolve(service, options->arguments[0], &path, id);
        if (r != EXIT_DONE)
                return r;
        r = job_read(service, path, JOB_ERROR | JOB_FILES | JOB_COMMAND, &job);
        if (r != 0)
                return job_fail(service, r, id);
        if (options->json)
                json_print(job_json(job));
        else
                r = job_table_print(job);
        return r < 0 ? job_fail(service, r, id) : EXIT_DONE;
}
