/* The store against a real SQLite database: what is kept, and what an attacker's edit comes to. */
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "file.h"
#include "job.h"
#include "queue.h"
#include "store/store.h"

static char directory[] = "/tmp/bits-test-store-XXXXXX";
static Job *loaded[8];
static size_t n_loaded;

uint64_t now_realtime_usec(void)
{
        return 1;
}

static int load(Queue *queue, Job *job)
{
        (void)queue;
        assert_true(n_loaded < ELEMENTS(loaded));
        loaded[n_loaded++] = job;
        return 0;
}

static void free_job(Job *job)
{
        for (size_t i = 0; i < job->n_files; i++)
                file_free(job->files[i]);
        free(job->files);
        free(job->display_name);
        free(job->description);
        free(job->error.text);
        free(job->notify_program);
        free(job->notify_parameters);
        free(job);
}

static Job *make_job(const char *name)
{
        Job *job = calloc(1, sizeof(*job));

        assert_non_null(job);
        job->display_name = strdup(name);
        job->description = strdup("");
        job->owner = 2001;
        job->state = JOB_SUSPENDED;
        job->priority = PRIORITY_NORMAL;
        job->helper_flags = HELPER_LOCAL_FILE;
        job->error.file = -1;
        job->max_download_size = UINT64_MAX;
        job->notify_program = strdup("/usr/bin/true");
        assert_int_equal(guid_random(&job->id), 0);
        return job;
}

static void sql(const char *text)
{
        char path[256];
        sqlite3 *db;

        (void)snprintf(path, sizeof(path), "%s/queue.db", directory);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int setup(void **state)
{
        (void)state;
        memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
        n_loaded = 0;
        return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
        static const char *const names[] = {"queue.db", "queue.db-wal", "queue.db-shm"};
        char path[256];

        (void)state;
        for (size_t i = 0; i < n_loaded; i++)
                free_job(loaded[i]);
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                (void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
                (void)unlink(path);
        }
        return rmdir(directory);
}

/* Two jobs, the first with a file, committed and closed. */
static void fill(Queue *queue)
{
        Job *job = make_job("one"), *other = make_job("two");
        File *file = file_new(job, 0, "http://a/b", "/tmp/x");
        Store *store = NULL;

        memset(queue, 0, sizeof(*queue));
        memset(queue->row_key, 7, sizeof(queue->row_key));
        assert_int_equal(store_open(queue, directory, &store), 0);
        assert_int_equal(store_insert_job(store, job), 0);
        assert_int_equal(store_insert_job(store, other), 0);
        file->offset = 12345;
        file->size = NET_SIZE_UNKNOWN;
        (void)snprintf(file->validator.etag, sizeof(file->validator.etag), "\"v1\"");
        (void)snprintf(file->temp, sizeof(file->temp), "BIT0.tmp");
        file->ranges = calloc(2, sizeof(FileRange));
        assert_non_null(file->ranges);
        file->n_ranges = 2;
        file->ranges[1] = (FileRange){5, UINT64_MAX};
        file->requested = calloc(1, sizeof(FileRange));
        assert_non_null(file->requested);
        file->n_requested = 1;
        file->requested[0] = (FileRange){7, 9};
        assert_int_equal(store_insert_file(store, file), 0);
        assert_int_equal(store_update_job(store, job), 0);
        assert_true(store_is_dirty(store));
        assert_int_equal(store_commit(store), 0);
        store_close(store);
        file_free(file);
        free_job(job);
        free_job(other);
}

static void test_keeps_what_was_committed(void **state)
{
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;

        (void)state;
        fill(&queue);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        queue.store = store;
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(n_loaded, 2);
        assert_int_equal(quarantined, 0);
        assert_string_equal(loaded[0]->display_name, "one");
        assert_int_equal(loaded[0]->helper_flags, HELPER_LOCAL_FILE);
        assert_int_equal(loaded[0]->owner, 2001);
        assert_int_equal(store_load_files(store, loaded[0]), 0);
        assert_int_equal(loaded[0]->n_files, 1);
        assert_int_equal(loaded[0]->files[0]->offset, 12345);
        assert_true(loaded[0]->files[0]->size == NET_SIZE_UNKNOWN);
        assert_int_equal(loaded[0]->files[0]->temp_uid, (uid_t)-1);
        assert_string_equal(loaded[0]->files[0]->validator.etag, "\"v1\"");
        assert_int_equal(loaded[0]->files[0]->n_ranges, 2);
        assert_int_equal(loaded[0]->files[0]->ranges[1].offset, 5);
        assert_true(loaded[0]->files[0]->ranges[1].length == UINT64_MAX);
        assert_null(loaded[0]->files[0]->filled);
        assert_int_equal(loaded[0]->files[0]->n_requested, 1);
        assert_int_equal(loaded[0]->files[0]->requested[0].length, 9);
        assert_true(loaded[0]->max_download_size == UINT64_MAX);
        assert_string_equal(loaded[0]->notify_program, "/usr/bin/true");
        assert_null(loaded[0]->notify_parameters);
        assert_int_equal(store_load_files(store, loaded[1]), 0);
        assert_int_equal(loaded[1]->n_files, 0);
        store_close(store);
}

static void test_uncommitted_is_gone(void **state)
{
        Job *job = make_job("three");
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;

        (void)state;
        fill(&queue);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_insert_job(store, job), 0);
        store_close(store);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(n_loaded, 2);
        store_close(store);
        free_job(job);
}

static void edited_job(const char *edit)
{
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;

        fill(&queue);
        sql(edit);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(quarantined, 1);
        assert_int_equal(n_loaded, 1);
        assert_string_equal(loaded[0]->display_name, "two");
        assert_int_equal(store_commit(store), 0);
        store_close(store);

        /* Not dropped, and not taken in again later. */
        sql("SELECT 1/(count(*)=2) FROM job");
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(n_loaded, 2);
        assert_int_equal(quarantined, 0);
        store_close(store);
}

static void test_edited_owner(void **state)
{
        (void)state;
        edited_job("UPDATE job SET owner=0 WHERE serial=1");
}

static void test_edited_flags(void **state)
{
        (void)state;
        edited_job("UPDATE job SET helper_flags=0 WHERE serial=1");
}

static void test_swapped_macs(void **state)
{
        (void)state;
        edited_job("UPDATE job SET mac=(SELECT mac FROM job WHERE serial=2) WHERE serial=1");
}

static void edited_file(const char *edit)
{
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;

        fill(&queue);
        sql(edit);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(n_loaded, 2);
        assert_int_equal(store_load_files(store, loaded[0]), -EBADMSG);
        store_close(store);
}

static void test_edited_path(void **state)
{
        (void)state;
        edited_file("UPDATE file SET local='/etc/shadow'");
}

static void test_edited_offset(void **state)
{
        (void)state;
        edited_file("UPDATE file SET offset=99999");
}

static void test_file_moved_to_another_job(void **state)
{
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;

        (void)state;
        fill(&queue);
        sql("UPDATE file SET job=2");
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(store_load_files(store, loaded[1]), -EBADMSG);
        store_close(store);
}

static void test_missing_file_row(void **state)
{
        (void)state;
        edited_file("DELETE FROM file");
}

static Job *held_job;
static int put_held(Queue *queue, uint64_t serial)
{
        assert_int_equal(serial, held_job->serial);
        return store_update_job(queue->store, held_job);
}

/* What is held back is not in the store, comes back by a reload, and is written by the release. */
static void test_held_and_reloaded(void **state)
{
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;
        Job *job;

        (void)state;
        fill(&queue);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        queue.store = store;
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        job = loaded[0];

        job->priority = PRIORITY_LOW;
        assert_int_equal(store_update_job(store, job), 0);
        assert_true(store_has_touched(store, job->serial));
        assert_false(store_has_touched(store, loaded[1]->serial));
        store_rollback(store);
        assert_int_equal(store_reload_job(store, job), 0);
        assert_int_equal(job->priority, PRIORITY_NORMAL);
        assert_string_equal(job->display_name, "one");

        store_hold(store);
        held_job = job;
        job->priority = PRIORITY_HIGH;
        assert_int_equal(store_update_job(store, job), 0);
        assert_false(store_is_dirty(store));
        assert_int_equal(store_release(store, put_held), 0);
        job->priority = PRIORITY_LOW;
        assert_int_equal(store_reload_job(store, job), 0);
        assert_int_equal(job->priority, PRIORITY_HIGH);

        assert_int_equal(store_delete_job(store, job), 0);
        assert_int_equal(store_reload_job(store, job), -ENOENT);
        store_close(store);
}

static void test_newer_schema(void **state)
{
        Store *store = NULL;
        Queue queue;

        (void)state;
        fill(&queue);
        sql("PRAGMA user_version=99");
        assert_int_equal(store_open(&queue, directory, &store), -EPROTO);
        assert_null(store);
}

static void test_open_to_others(void **state)
{
        Store *store = NULL;
        Queue queue;

        (void)state;
        fill(&queue);
        assert_int_equal(chmod(directory, 0750), 0);
        assert_int_equal(store_open(&queue, directory, &store), -EPERM);
}

static void test_damaged(void **state)
{
        char path[256];
        Store *store = NULL;
        Queue queue;
        FILE *f;

        (void)state;
        fill(&queue);
        (void)snprintf(path, sizeof(path), "%s/queue.db", directory);
        f = fopen(path, "r+");
        assert_non_null(f);
        assert_int_equal(fputs("no database at all, not even near", f) >= 0, 1);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(store_open(&queue, directory, &store), -EUCLEAN);
}

static int restored;
static int load_orphan(Queue *queue, const Orphan *orphan)
{
        (void)queue;
        assert_string_equal(orphan->temp, "BIT1.tmp");
        restored++;
        return 0;
}

static void test_orphans(void **state)
{
        Orphan orphan = {.uid = 5, .owner = 6, .path = "/tmp/x", .temp = "BIT1.tmp"},
               second = orphan;
        Store *store = NULL;
        Queue queue;

        (void)state;
        restored = 0;
        fill(&queue);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_insert_orphan(store, &orphan), 0);
        assert_int_equal(store_insert_orphan(store, &second), 0);
        assert_int_not_equal(orphan.id, second.id);
        assert_int_equal(store_delete_orphan(store, second.id), 0);
        assert_int_equal(store_commit(store), 0);
        store_close(store);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_load_orphans(store, load_orphan), 0);
        assert_int_equal(restored, 1);
        store_close(store);

        sql("UPDATE orphan SET path='/etc/passwd'");
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_load_orphans(store, load_orphan), 0);
        assert_int_equal(restored, 1); /* the altered row is left alone */
        store_close(store);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_keeps_what_was_committed),
                TEST(test_uncommitted_is_gone),
                TEST(test_edited_owner),
                TEST(test_edited_flags),
                TEST(test_swapped_macs),
                TEST(test_edited_path),
                TEST(test_edited_offset),
                TEST(test_file_moved_to_another_job),
                TEST(test_missing_file_row),
                TEST(test_held_and_reloaded),
                TEST(test_newer_schema),
                TEST(test_open_to_others),
                TEST(test_damaged),
                TEST(test_orphans),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
