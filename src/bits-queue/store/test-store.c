/* The store against a real SQLite database: what is kept, and what an attacker's edit comes to. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "store/row.h"
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
        http_options_clear(&job->http);
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
        job->no_progress_until_usec = 77;
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

static void clear(void)
{
        DIR *d = opendir(directory);
        const struct dirent *entry;

        for (size_t i = 0; i < n_loaded; i++)
                free_job(loaded[i]);
        n_loaded = 0;
        assert_non_null(d);
        while ((entry = readdir(d)))
                (void)unlinkat(dirfd(d), entry->d_name, 0);
        closedir(d);
}

static int teardown(void **state)
{
        (void)state;
        clear();
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
        file->named = strdup("http://c/d");
        file->response_headers = strdup("HTTP/1.1 200 OK\r\n\r\n");
        file->sent = true;
        job->http.security_flags = 0x101;
        job->http.method = strdup("POST");
        assert_int_equal(
                secret_seal(queue->seal_key, &job->id, "headers", "A: b", 4, &job->http.headers),
                0);
        job->http.headers_write_only = true;
        job->http.certificate_store = strdup("MY");
        job->http.certificate_subject = strdup("");
        job->http.certificate_location = 1;
        job->http.asks = true;
        job->http.certificate_hash[19] = 9;
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
        size_t headers_size;
        char *headers;
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
        assert_int_equal(loaded[0]->http.security_flags, 0x101);
        assert_string_equal(loaded[0]->http.method, "POST");
        assert_true(loaded[0]->http.headers_write_only);
        assert_int_equal(secret_open(queue.seal_key, &loaded[0]->id, "headers",
                                     &loaded[0]->http.headers, &headers, &headers_size),
                         0);
        assert_string_equal(headers, "A: b");
        secret_free(headers, headers_size);
        assert_string_equal(loaded[0]->http.certificate_store, "MY");
        assert_string_equal(loaded[0]->http.certificate_subject, "");
        assert_int_equal(loaded[0]->http.certificate_location, 1);
        assert_int_equal(loaded[0]->http.certificate_hash[19], 9);
        assert_true(loaded[0]->http.asks);
        assert_null(loaded[1]->http.certificate_store);
        assert_null(loaded[1]->http.method);
        assert_null(loaded[1]->http.headers.data);
        assert_int_equal(store_load_files(store, loaded[0]), 0);
        assert_string_equal(loaded[0]->files[0]->named, "http://c/d");
        assert_string_equal(loaded[0]->files[0]->response_headers, "HTTP/1.1 200 OK\r\n\r\n");
        assert_true(loaded[0]->files[0]->sent);
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
        assert_int_equal(loaded[0]->no_progress_until_usec, 77);
        assert_string_equal(loaded[0]->notify_program, "/usr/bin/true");
        assert_null(loaded[0]->notify_parameters);
        assert_int_equal(store_load_files(store, loaded[1]), 0);
        assert_int_equal(loaded[1]->n_files, 0);
        store_close(store);
}

static void assert_totals(const Job *job, uint64_t size, uint64_t offset, uint32_t n_unknown,
                          uint32_t n_sealed)
{
        assert_int_equal(job->stored.size, size);
        assert_int_equal(job->stored.offset, offset);
        assert_int_equal(job->stored.n_unknown, n_unknown);
        assert_int_equal(job->stored.n_sealed, n_sealed);
}

static Store *open_again(Queue *queue)
{
        unsigned quarantined;
        Store *store = NULL;

        for (size_t i = 0; i < n_loaded; i++)
                free_job(loaded[i]);
        n_loaded = 0;
        assert_int_equal(store_open(queue, directory, &store), 0);
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(n_loaded, 2);
        return store;
}

/* A job whose files are not loaded has the totals of their rows, whatever became of them. */
static void test_totals(void **state)
{
        File *second;
        Store *store;
        Queue queue;
        Job *job;

        (void)state;
        fill(&queue);
        store = open_again(&queue);
        assert_totals(loaded[0], 0, 12345, 1, 0);
        assert_totals(loaded[1], 0, 0, 0, 0);

        job = loaded[0];
        assert_int_equal(store_load_files(store, job), 0);
        second = file_new(job, 1, "http://a/c", "/tmp/y");
        assert_non_null(second);
        second->size = 1000;
        assert_int_equal(store_insert_file(store, second), 0);
        assert_int_equal(store_update_job(store, job), 0);
        job->files[0]->size = 20000;
        job->files[0]->offset = 15000;
        assert_int_equal(store_update_file(store, job->files[0]), 0);
        second->state = FILE_SEALED;
        second->offset = 1000;
        assert_int_equal(store_update_file(store, second), 0);
        assert_totals(job, 21000, 16000, 0, 1);
        assert_int_equal(store_commit(store), 0);

        second->size = NET_SIZE_UNKNOWN; /* another version, and the commit fails */
        second->offset = 0;
        second->state = FILE_WAITING;
        assert_int_equal(store_update_file(store, second), 0);
        assert_totals(job, 20000, 15000, 1, 0);
        store_rollback(store);
        assert_int_equal(store_reload_job(store, job), 0);
        assert_totals(job, 21000, 16000, 0, 1);
        file_free(second);
        store_close(store);

        store = open_again(&queue);
        assert_int_equal(loaded[0]->n_stored, 2);
        assert_totals(loaded[0], 21000, 16000, 0, 1);
        assert_int_equal(store_load_files(store, loaded[0]), 0);
        assert_totals(loaded[0], 21000, 16000, 0, 1);
        store_close(store);
}

/* The rows decide. */
static void test_wrong_totals(void **state)
{
        Store *store;
        Queue queue;

        (void)state;
        fill(&queue);
        store = open_again(&queue);
        loaded[0]->stored = (FileTotals){.size = 1, .offset = 2, .n_unknown = 3, .n_sealed = 4};
        assert_int_equal(store_update_job(store, loaded[0]), 0);
        assert_int_equal(store_commit(store), 0);
        store_close(store);
        store = open_again(&queue);
        assert_totals(loaded[0], 1, 2, 3, 4);
        assert_int_equal(store_load_files(store, loaded[0]), 0);
        assert_totals(loaded[0], 0, 12345, 1, 0);
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

static void edited_job_leaves(const char *edit, const char *check)
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
        sql(check);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(n_loaded, 2);
        assert_int_equal(quarantined, 0);
        store_close(store);
}

static void edited_job(const char *edit)
{
        edited_job_leaves(edit, "SELECT 1/(count(*)=2) FROM job");
}

static void test_edited_owner(void **state)
{
        (void)state;
        edited_job("UPDATE job SET owner=0 WHERE serial=1");
}

static void test_edited_totals(void **state)
{
        (void)state;
        edited_job("UPDATE job SET files_offset=0 WHERE serial=1");
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

static void test_missing_job_row(void **state)
{
        (void)state;
        edited_job_leaves("DELETE FROM job WHERE serial=1",
                          "SELECT 1/(count(*)=1) FROM file JOIN quarantine USING(job)");
}

static void stray_files(const char *edit, unsigned n)
{
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;

        fill(&queue);
        sql(edit);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(store_open(&queue, directory, &store), 0);
                assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
                assert_int_equal(quarantined, i == 0 ? n : 0); /* each is told of once */
                assert_int_equal(store_commit(store), 0);
                store = store_close(store);
        }
        sql("SELECT 1/(count(*)=1) FROM file JOIN quarantine USING(job)");
        clear();
}

/* Wherever they are among the jobs. */
static void test_stray_files(void **state)
{
        (void)state;
        stray_files("UPDATE file SET job=-5", 1);
        stray_files("UPDATE file SET job=0", 1);
        stray_files("UPDATE file SET job=3", 1);
        stray_files("UPDATE file SET job=9223372036854775807", 1);
        stray_files("DELETE FROM job; UPDATE file SET job=5", 1);
        stray_files("UPDATE job SET serial=3 WHERE serial=2; UPDATE file SET job=2", 2);
        stray_files("UPDATE job SET serial=9 WHERE serial=2; UPDATE file SET job=5", 2);
        stray_files("UPDATE job SET serial=9 WHERE serial=2; UPDATE file SET job=8", 2);
        stray_files("UPDATE job SET serial=9223372036854775807 WHERE serial=2;"
                    "UPDATE file SET job=9223372036854775806",
                    2);
}

/* A counter that was set back: what is there is not replaced. */
static void test_serials_set_back(void **state)
{
        Job *job = make_job("three");
        Orphan orphan = {.path = "/tmp/x", .temp = "BIT1.tmp"}, second = orphan;
        Store *store = NULL;
        Queue queue;

        (void)state;
        fill(&queue);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_insert_orphan(store, &orphan), 0);
        assert_int_equal(store_commit(store), 0);
        store_close(store);
        sql("DELETE FROM sqlite_sequence; UPDATE file SET job=7");
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_int_equal(store_insert_job(store, job), 0);
        assert_int_equal(job->serial, 8);
        assert_int_equal(store_insert_orphan(store, &second), 0);
        assert_int_not_equal(second.id, orphan.id);
        store_close(store);
        free_job(job);
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

/* ---- damage ---------------------------------------------------------------------------------- */

static void overwrite(off_t offset, const void *data, size_t size)
{
        char path[256];
        int fd;

        (void)snprintf(path, sizeof(path), "%s/queue.db", directory);
        fd = open(path, O_WRONLY);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, data, size, offset), size);
        assert_int_equal(close(fd), 0);
}

static bool is_set_aside(const char *start)
{
        DIR *d = opendir(directory);
        const struct dirent *entry;
        bool found = false;

        assert_non_null(d);
        while ((entry = readdir(d)))
                found |= strncmp(entry->d_name, start, strlen(start)) == 0;
        closedir(d);
        return found;
}

/* Opens what is damaged, once by itself and once more by the mark when only loading notices; how
 * many jobs are there then, set aside ones with them. */
static size_t open_damaged(Queue *queue, unsigned *ret_quarantined)
{
        Store *store = NULL;
        int r;

        assert_int_equal(store_open(queue, directory, &store), 0);
        queue->store = store;
        r = store_load_jobs(store, load, ret_quarantined);
        if (r == -EUCLEAN) {
                store_mark_damaged(store);
                store_close(store);
                for (size_t i = 0; i < n_loaded; i++)
                        free_job(loaded[i]);
                n_loaded = 0;
                assert_int_equal(store_open(queue, directory, &store), 0);
                queue->store = store;
                r = store_load_jobs(store, load, ret_quarantined);
        }
        assert_int_equal(r, 0);
        return n_loaded + *ret_quarantined;
}

static void test_no_database(void **state)
{
        unsigned quarantined;
        Queue queue;

        (void)state;
        fill(&queue);
        overwrite(0, "no database at all, not even near", 33);
        assert_int_equal(open_damaged(&queue, &quarantined), 0);
        assert_true(is_set_aside("queue.db.damaged-"));
        store_close(queue.store);
}

static void test_truncated(void **state)
{
        unsigned quarantined;
        char path[256];
        Queue queue;

        (void)state;
        fill(&queue);
        (void)snprintf(path, sizeof(path), "%s/queue.db", directory);
        assert_int_equal(truncate(path, 3 * 4096 + 100), 0);
        (void)open_damaged(&queue, &quarantined);
        assert_true(is_set_aside("queue.db.damaged-"));
        store_close(queue.store);
}

/* A store that was there does not become a new one without a word; its log may tell something. */
static void test_emptied(void **state)
{
        char path[256], log[300];
        unsigned quarantined;
        struct stat st;
        Queue queue;
        FILE *f;

        (void)state;
        (void)snprintf(path, sizeof(path), "%s/queue.db", directory);
        for (int removed = 0; removed < 2; removed++) {
                fill(&queue);
                assert_int_equal(removed ? unlink(path) : truncate(path, 0), 0);
                (void)snprintf(log, sizeof(log), "%s-wal", path);
                f = fopen(log, "w");
                assert_non_null(f);
                assert_int_equal(fputs("old", f) >= 0 ? fclose(f) : -1, 0);
                assert_int_equal(open_damaged(&queue, &quarantined), 0);
                assert_true(is_set_aside("queue.db.damaged-0"));
                (void)snprintf(log, sizeof(log), "%s.damaged-0-wal", path);
                assert_return_code(stat(log, &st), errno);
                assert_int_equal(st.st_size, 3);
                store_close(queue.store);
                clear();
        }
}

/* Another database was put there, in which nothing is. */
static void test_replaced(void **state)
{
        unsigned quarantined;
        char path[256];
        Queue queue;

        (void)state;
        fill(&queue);
        (void)snprintf(path, sizeof(path), "%s/queue.db", directory);
        assert_int_equal(unlink(path), 0);
        sql("PRAGMA application_id=1");
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(open_damaged(&queue, &quarantined), 0);
        assert_true(is_set_aside("queue.db.damaged-"));
        store_close(queue.store);
}

/* No version ever was: not one of which nothing can be carried over. */
static void test_impossible_version(void **state)
{
        unsigned quarantined;
        Queue queue;

        (void)state;
        fill(&queue);
        sql("PRAGMA user_version=-1");
        assert_int_equal(open_damaged(&queue, &quarantined), 2);
        assert_int_equal(quarantined, 0);
        assert_true(is_set_aside("queue.db.damaged-"));
        store_close(queue.store);
}

static int64_t root_page(const char *name)
{
        char path[256], query[128];
        sqlite3_stmt *s;
        sqlite3 *db;
        int64_t page;

        (void)snprintf(path, sizeof(path), "%s/queue.db", directory);
        (void)snprintf(query, sizeof(query), "SELECT rootpage FROM sqlite_schema WHERE name='%s'",
                       name);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, query, -1, &s, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(s), SQLITE_ROW);
        page = sqlite3_column_int64(s, 0);
        sqlite3_finalize(s);
        sqlite3_close(db);
        return page;
}

static void zero_root(const char *name)
{
        uint8_t page[4096] = {0};

        overwrite((root_page(name) - 1) * 4096, page, sizeof(page));
}

/* The jobs' table is gone, their index and their files say that they were there. */
static void test_zeroed_jobs(void **state)
{
        unsigned quarantined;
        Queue queue;

        (void)state;
        fill(&queue);
        zero_root("job");
        assert_int_equal(open_damaged(&queue, &quarantined), 0);
        assert_true(is_set_aside("queue.db.damaged-"));
        store_close(queue.store);
        sql("SELECT 1/(count(*)=2) FROM quarantine WHERE why='job row lost'");
        sql("SELECT 1/(count(*)=1) FROM file");
}

/* The index is gone: all jobs are carried over, as they were. */
static void test_zeroed_index(void **state)
{
        unsigned quarantined;
        Queue queue;
        Job *job;

        (void)state;
        fill(&queue);
        zero_root("sqlite_autoindex_job_1");
        {
                Store *store = NULL;

                assert_int_equal(store_open(&queue, directory, &store), 0);
                store_mark_damaged(store); /* as a commit finds it */
                store_close(store);
        }
        assert_int_equal(open_damaged(&queue, &quarantined), 2);
        assert_int_equal(quarantined, 0);
        assert_int_equal(store_load_files(queue.store, loaded[0]), 0);
        assert_int_equal(loaded[0]->files[0]->offset, 12345);
        job = make_job("three");
        assert_int_equal(store_insert_job(queue.store, job), 0);
        assert_int_equal(job->serial, 3);
        free_job(job);
        store_close(queue.store);
}

/* Files that cannot be read are missed: their job is not run without them. */
static void test_zeroed_files(void **state)
{
        unsigned quarantined;
        Queue queue;

        (void)state;
        fill(&queue);
        zero_root("file");
        {
                Store *store = NULL;

                assert_int_equal(store_open(&queue, directory, &store), 0);
                store_mark_damaged(store);
                store_close(store);
        }
        assert_int_equal(open_damaged(&queue, &quarantined), 2);
        assert_int_equal(store_load_files(queue.store, loaded[0]), -EBADMSG);
        assert_int_equal(store_load_files(queue.store, loaded[1]), 0);
        store_close(queue.store);
}

/* Whatever is hit: it opens, and what is loaded is as it was or set aside. */
static void test_random_bytes(void **state)
{
        (void)state;
        for (unsigned seed = 1; seed <= 50; seed++) {
                unsigned quarantined;
                struct stat st;
                char path[256];
                Queue queue;

                srandom(seed);
                fill(&queue);
                (void)snprintf(path, sizeof(path), "%s/queue.db", directory);
                assert_int_equal(stat(path, &st), 0);
                for (int i = 0; i < 8; i++)
                        overwrite(100 + random() % (st.st_size - 100),
                                  &(uint8_t){(uint8_t)random()}, 1);
                (void)open_damaged(&queue, &quarantined);
                for (size_t i = 0; i < n_loaded; i++) {
                        assert_int_equal(loaded[i]->owner, 2001);
                        assert_true(strcmp(loaded[i]->display_name, "one") == 0 ||
                                    strcmp(loaded[i]->display_name, "two") == 0);
                        if (store_load_files(queue.store, loaded[i]) == 0 && loaded[i]->n_files)
                                assert_string_equal(loaded[i]->files[0]->local, "/tmp/x");
                }
                store_close(queue.store);
                clear();
        }
}

/* A rebuild that was cut off after the old file had gone. */
static void test_interrupted_rebuild(void **state)
{
        char path[256], other[300];
        unsigned quarantined;
        Queue queue;

        (void)state;
        fill(&queue);
        (void)snprintf(path, sizeof(path), "%s/queue.db", directory);
        (void)snprintf(other, sizeof(other), "%s.new", path);
        assert_int_equal(rename(path, other), 0);
        assert_int_equal(open_damaged(&queue, &quarantined), 2);
        store_close(queue.store);
        assert_false(is_set_aside("queue.db.new"));
        assert_false(is_set_aside("queue.db.damaged"));
}

/* ---- an older schema ------------------------------------------------------------------------- */

#define NAME_1(name) #name ","

static const char old_schema[] =
        "CREATE TABLE old_job(serial INTEGER PRIMARY KEY AUTOINCREMENT, guid BLOB NOT NULL UNIQUE,"
        " owner INTEGER NOT NULL, type INTEGER NOT NULL, state INTEGER NOT NULL,"
        " priority INTEGER NOT NULL, display_name TEXT NOT NULL, description TEXT NOT NULL,"
        " notify_flags INTEGER NOT NULL, minimum_retry_delay_sec INTEGER NOT NULL,"
        " no_progress_timeout_sec INTEGER NOT NULL, error_count INTEGER NOT NULL,"
        " helper_flags INTEGER NOT NULL, notified INTEGER NOT NULL, created_usec INTEGER NOT NULL,"
        " modified_usec INTEGER NOT NULL, completed_usec INTEGER NOT NULL,"
        " error_code INTEGER NOT NULL, error_context INTEGER NOT NULL,"
        " error_file INTEGER NOT NULL, error_protocol TEXT NOT NULL, error_text TEXT,"
        " mac BLOB NOT NULL) STRICT;"
        "CREATE TABLE old_file(job INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
        " state INTEGER NOT NULL, remote TEXT NOT NULL, local TEXT NOT NULL, temp TEXT NOT NULL,"
        " temp_uid INTEGER NOT NULL, id BLOB NOT NULL, directory BLOB NOT NULL, etag TEXT NOT NULL,"
        " last_modified_usec INTEGER NOT NULL, version_size INTEGER NOT NULL,"
        " size INTEGER NOT NULL, offset INTEGER NOT NULL, mac BLOB NOT NULL,"
        " PRIMARY KEY(job, ordinal)) STRICT, WITHOUT ROWID;";

static void copy_to_old(Store *store, const char *table, const char *columns, int n)
{
        char query[2048];
        sqlite3_stmt *from, *to;
        uint8_t mac[MAC_SIZE];

        (void)snprintf(query, sizeof(query), "SELECT %s0 FROM %s", columns, table);
        assert_int_equal(sqlite3_prepare_v2(store->db, query, -1, &from, NULL), SQLITE_OK);
        while (sqlite3_step(from) == SQLITE_ROW) {
                (void)snprintf(query, sizeof(query), "INSERT INTO old_%s(%smac) VALUES(", table,
                               columns);
                for (int i = 0; i < n; i++)
                        (void)strcat(query, "?,");
                (void)strcat(query, "?)");
                assert_int_equal(sqlite3_prepare_v2(store->db, query, -1, &to, NULL), SQLITE_OK);
                for (int i = 0; i < n; i++)
                        assert_int_equal(
                                sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i)), 0);
                assert_true(row_mac(store, table, from, n, mac));
                assert_int_equal(sqlite3_bind_blob(to, n + 1, mac, MAC_SIZE, SQLITE_STATIC), 0);
                assert_int_equal(sqlite3_step(to), SQLITE_DONE);
                sqlite3_finalize(to);
        }
        sqlite3_finalize(from);
}

/* The database of fill() as schema 1 had it. */
static void fill_old(Queue *queue)
{
        Store *store = NULL;

        fill(queue);
        sql(old_schema);
        assert_int_equal(store_open(queue, directory, &store), 0);
        copy_to_old(store, "job", JOB_COLUMNS_1(NAME_1), JOB_error_text + 1);
        copy_to_old(store, "file", FILE_COLUMNS_1(NAME_1), FILE_offset + 1);
        store_close(store);
        sql("DROP TABLE job; DROP TABLE file; ALTER TABLE old_job RENAME TO job;"
            "ALTER TABLE old_file RENAME TO file; PRAGMA user_version=1");
}

static void test_older_schema(void **state)
{
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;

        (void)state;
        fill_old(&queue);
        assert_int_equal(store_open(&queue, directory, &store), 0);
        queue.store = store;
        assert_true(is_set_aside("queue.db.schema-1"));
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(n_loaded, 2);
        assert_int_equal(quarantined, 0);
        assert_string_equal(loaded[0]->display_name, "one");
        assert_int_equal(loaded[0]->notify_interval_msec, 500);
        assert_int_equal(loaded[0]->no_progress_until_usec, 0);
        assert_int_equal(loaded[0]->notify_uid, (uid_t)-1);
        assert_totals(loaded[0], 0, 12345, 1, 0);
        assert_int_equal(store_load_files(store, loaded[0]), 0);
        assert_int_equal(loaded[0]->n_files, 1);
        assert_int_equal(loaded[0]->files[0]->offset, 12345);
        assert_int_equal(loaded[0]->files[0]->n_ranges, 0);
        store_close(store);
        sql("SELECT 1/(user_version=3) FROM pragma_user_version");
}

/* The MACs of a table as schema 2 made them, of its first n columns; the first one finds the row.
 */
static void make_old_macs(Store *store, const char *select, const char *update, const char *table,
                          int n)
{
        sqlite3_stmt *from, *to;
        uint8_t mac[MAC_SIZE];

        assert_int_equal(sqlite3_prepare_v2(store->db, select, -1, &from, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(store->db, update, -1, &to, NULL), SQLITE_OK);
        while (sqlite3_step(from) == SQLITE_ROW) {
                assert_true(row_mac(store, table, from, n, mac));
                assert_int_equal(sqlite3_bind_blob(to, 1, mac, MAC_SIZE, SQLITE_STATIC), 0);
                assert_int_equal(sqlite3_bind_int64(to, 2, sqlite3_column_int64(from, 0)), 0);
                assert_int_equal(sqlite3_step(to), SQLITE_DONE);
                sqlite3_reset(to);
        }
        sqlite3_finalize(from);
        sqlite3_finalize(to);
}

/* The database of fill() as schema 2 had it. */
static void fill_2(Queue *queue)
{
        static const char *const job_columns[] = {
                "files_size",        "files_offset",        "n_unknown",
                "n_sealed",          "security_flags",      "http_method",
                "headers",           "headers_write_only",  "certificate_location",
                "certificate_store", "certificate_subject", "certificate_hash",
                "certificate_asked",
        };
        Store *store = NULL;
        char text[80];

        fill(queue);
        assert_int_equal(store_open(queue, directory, &store), 0);
        make_old_macs(store, "SELECT " JOB_COLUMNS_2(NAME_1) "0 FROM job",
                      "UPDATE job SET mac=?1 WHERE serial=?2", "job", JOB_n_stored + 1);
        make_old_macs(store, "SELECT " FILE_COLUMNS_2(NAME_1) "0 FROM file",
                      "UPDATE file SET mac=?1 WHERE job=?2", "file", FILE_requested + 1);
        store_close(store);
        assert_int_equal(ELEMENTS(job_columns), JOB_N - JOB_n_stored - 1);
        for (size_t i = 0; i < ELEMENTS(job_columns); i++) {
                (void)snprintf(text, sizeof(text), "ALTER TABLE job DROP COLUMN %s",
                               job_columns[i]);
                sql(text);
        }
        sql("ALTER TABLE file DROP COLUMN named; ALTER TABLE file DROP COLUMN response_headers;"
            "ALTER TABLE file DROP COLUMN sent; PRAGMA user_version=2");
}

static void test_schema_2(void **state)
{
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;

        (void)state;
        fill_2(&queue);
        sql("UPDATE job SET owner=0 WHERE serial=2");
        assert_int_equal(store_open(&queue, directory, &store), 0);
        assert_true(is_set_aside("queue.db.schema-2"));
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(n_loaded, 1);
        assert_int_equal(quarantined, 1);
        assert_int_equal(loaded[0]->no_progress_until_usec, 77);
        assert_int_equal(loaded[0]->n_stored, 1);
        assert_totals(loaded[0], 0, 12345, 1, 0);
        assert_null(loaded[0]->http.method);
        assert_null(loaded[0]->http.headers.data);
        assert_int_equal(store_load_files(store, loaded[0]), 0);
        assert_int_equal(loaded[0]->files[0]->n_ranges, 2);
        assert_null(loaded[0]->files[0]->named);
        assert_false(loaded[0]->files[0]->sent);
        store_close(store);
        sql("SELECT 1/(user_version=3) FROM pragma_user_version");
}

/* A row that was altered before does not get a MAC for it. */
static void test_older_schema_altered(void **state)
{
        unsigned quarantined;
        Store *store = NULL;
        Queue queue;

        (void)state;
        fill_old(&queue);
        sql("UPDATE job SET owner=0 WHERE serial=2; UPDATE file SET local='/etc/shadow'");
        assert_int_equal(store_open(&queue, directory, &store), 0);
        queue.store = store;
        assert_int_equal(store_load_jobs(store, load, &quarantined), 0);
        assert_int_equal(n_loaded, 1);
        assert_int_equal(quarantined, 1);
        assert_int_equal(store_load_files(store, loaded[0]), -EBADMSG);
        store_close(store);
        sql("SELECT 1/(count(*)=2) FROM job");
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
                TEST(test_totals),
                TEST(test_wrong_totals),
                TEST(test_uncommitted_is_gone),
                TEST(test_edited_owner),
                TEST(test_edited_totals),
                TEST(test_edited_flags),
                TEST(test_swapped_macs),
                TEST(test_edited_path),
                TEST(test_edited_offset),
                TEST(test_file_moved_to_another_job),
                TEST(test_missing_file_row),
                TEST(test_missing_job_row),
                TEST(test_stray_files),
                TEST(test_serials_set_back),
                TEST(test_held_and_reloaded),
                TEST(test_newer_schema),
                TEST(test_open_to_others),
                TEST(test_no_database),
                TEST(test_truncated),
                TEST(test_emptied),
                TEST(test_replaced),
                TEST(test_impossible_version),
                TEST(test_zeroed_jobs),
                TEST(test_zeroed_index),
                TEST(test_zeroed_files),
                TEST(test_random_bytes),
                TEST(test_interrupted_rebuild),
                TEST(test_older_schema),
                TEST(test_older_schema_altered),
                TEST(test_schema_2),
                TEST(test_orphans),
        };

        (void)umask(077); /* as the service's */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
