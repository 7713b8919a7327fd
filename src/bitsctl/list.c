#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "command.h"
#include "job-json.h"
#include "job-table.h"
#include "job.h"

static void print_json(const JobList *list)
{
        json_object *array = json_object_new_array();

        for (size_t i = 0; i < list->n; i++)
                json_object_array_add(array, job_json(list->jobs[i]));
        json_print(array);
}

int command_list(Service *service, const Options *options)
{
        _cleanup_(job_list_deinit) JobList list = {0};
        _cleanup_(freep) char *text = NULL;
        int r;

        r = job_list_read(service, options->all_users, options->json ? JOB_ERROR : 0, &list);
        if (r != 0)
                return service_fail(service, r, NULL);
        if (options->json) {
                print_json(&list);
                return EXIT_DONE;
        }
        text = list.n > 0 ? job_table_text(&list, options->all_users) : NULL;
        if (text)
                puts(text);
        if (!options->quiet)
                printf("%zu job%s\n", list.n, list.n == 1 ? "" : "s");
        return EXIT_DONE;
}
