/*
 * Fills a store with jobs as if a service had accepted them, for ./dev bench store: the rows are
 * written by the service's own code, under the key that stands on the standard input.
 *
 * usage: fill-store DIRECTORY JOBS FILES UID mixed|queued URL < row.key
 *        fill-store DIRECTORY commits N < row.key
 *
 * mixed: jobs of UID and of a hundred others, most of them suspended, some in every other state
 * that lasts. queued: all of them UID's, and ready to run. commits: one job is created and
 * committed N times over; the microseconds of each are printed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/guid.h"
#include "file.h"
#include "history.h"
#include "job.h"
#include "queue.h"
#include "store/store.h"

enum {
        OTHERS = 100,
        FIRST_OTHER = 60000,
        JOBS_PER_COMMIT = 1000,
};

static uint64_t now_usec(clockid_t clock)
{
        struct timespec ts;

        (void)clock_gettime(clock, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t now_realtime_usec(void)
{
        return now_usec(CLOCK_REALTIME);
}

static void check(int r, const char *what)
{
        if (r >= 0)
                return;
        (void)fprintf(stderr, "fill-store: %s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}

static JobState mixed_state(unsigned number)
{
        static const JobState states[] = {JOB_TRANSFERRED, JOB_ERROR, JOB_QUEUED, JOB_QUEUED};

        number %= 20;
        return number < ELEMENTS(states) ? states[number] : JOB_SUSPENDED;
}

static void make_job(Queue *queue, unsigned number, uid_t owner, JobState state, Job *ret)
{
        static char name[64], description[] = "";

        (void)snprintf(name, sizeof(name), "Package update number %u", number);
        *ret = (Job){
                .queue = queue,
                .owner = owner,
                .state = state,
                .priority = PRIORITY_NORMAL,
                .display_name = name,
                .description = description,
                .notify_flags = NOTIFY_TRANSFERRED | NOTIFY_ERROR,
                .minimum_retry_delay_sec = 600,
                .no_progress_timeout_sec = 1209600,
                .max_download_time_sec = 7776000,
                .notify_interval_msec = 500,
                .notify_uid = (uid_t)-1,
                .created_usec = now_realtime_usec(),
                .error = {.code = state == JOB_ERROR ? BG_E_HTTP_ERROR_404 : S_OK,
                          .context = state == JOB_ERROR ? CONTEXT_REMOTE_FILE : CONTEXT_NONE,
                          .file = state == JOB_ERROR ? 0 : -1},
        };
        ret->modified_usec = ret->created_usec;
        check(guid_random(&ret->id), "an id");
}

static void add_file(Store *store, Job *job, unsigned number, uint32_t index, const char *url)
{
        char remote[256], local[256];
        File *file;

        (void)snprintf(remote, sizeof(remote), "%s/packages/pool/main/%u/package-%u.bin", url,
                       number, index);
        (void)snprintf(local, sizeof(local), "/run/home/alice/package-%u-%u.bin", number, index);
        file = file_new(job, index, remote, local);
        check(file ? 0 : -ENOMEM, "a file");
        if (job->state == JOB_TRANSFERRED) {
                file->state = FILE_SEALED;
                file->size = file->offset = 4096;
        }
        check(store_insert_file(store, file), "a file's row");
        file_free(file);
}

/* As after its creation, its files and one change of state. */
static void add_history(Store *store, const Job *job)
{
        static const HistoryKind kinds[] = {HISTORY_CREATED, HISTORY_FILES, HISTORY_STATE};

        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                HistoryRow row = {
                        .job = job->id,
                        .owner = job->owner,
                        .at_usec = job->created_usec,
                        .kind = kinds[i],
                        .state = job->state,
                        .text = "resume",
                };

                check(store_insert_history(store, &row), "a row of the history");
        }
}

static void fill(Queue *queue, unsigned jobs, uint32_t files, uid_t uid, bool mixed,
                 const char *url)
{
        for (unsigned i = 0; i < jobs; i++) {
                Job job;

                make_job(queue, i, mixed && i % 1000 ? FIRST_OTHER + i % OTHERS : uid,
                         mixed ? mixed_state(i) : JOB_QUEUED, &job);
                check(store_insert_job(queue->store, &job), "a job's row");
                for (uint32_t f = 0; f < files; f++)
                        add_file(queue->store, &job, i, f, url);
                check(store_update_job(queue->store, &job), "the number of its files");
                add_history(queue->store, &job);
                if (i % JOBS_PER_COMMIT == JOBS_PER_COMMIT - 1)
                        check(store_commit(queue->store), "commit");
        }
        check(store_commit(queue->store), "commit");
}

static void measure_commits(Queue *queue, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                uint64_t begin = now_usec(CLOCK_MONOTONIC);
                Job job;

                make_job(queue, i, FIRST_OTHER, JOB_SUSPENDED, &job);
                check(store_insert_job(queue->store, &job), "a job's row");
                check(store_commit(queue->store), "commit");
                printf("%" PRIu64 "\n", now_usec(CLOCK_MONOTONIC) - begin);
        }
}

int main(int argc, char **argv)
{
        Queue queue = {0};
        bool commits = argc == 4 && strcmp(argv[2], "commits") == 0;

        if (!commits && argc != 7)
                return 2;
        if (read(STDIN_FILENO, queue.row_key, sizeof(queue.row_key)) !=
            (ssize_t)sizeof(queue.row_key))
                check(-EIO, "the key");
        check(store_open(&queue, argv[1], &queue.store), argv[1]);
        if (commits)
                measure_commits(&queue, (unsigned)strtoul(argv[3], NULL, 10));
        else
                fill(&queue, (unsigned)strtoul(argv[2], NULL, 10),
                     (uint32_t)strtoul(argv[3], NULL, 10), (uid_t)strtoul(argv[4], NULL, 10),
                     strcmp(argv[5], "mixed") == 0, argv[6]);
        store_close(queue.store);
        return EXIT_SUCCESS;
}
