/* Job rows, and those of them that are set aside. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "job.h"
#include "queue.h"
#include "store/row.h"

static void put_http(RowWriter *row, const HttpOptions *http)
{
        row_number(row, http->security_flags);
        row_text(row, http->method ? http->method : "");
        row_blob(row, http->headers.data, http->headers.size);
        row_number(row, http->headers_write_only);
        row_number(row, http->certificate_location);
        row_text(row, http->certificate_store ? http->certificate_store : "");
        row_text(row, http->certificate_subject ? http->certificate_subject : "");
        row_blob(row, http->certificate_hash, sizeof(http->certificate_hash));
        row_number(row, http->asks);
}

static int put_job(Store *store, const Job *job)
{
        RowWriter row;
        int r;

        r = store_touch(store, job->serial);
        if (r == 0)
                r = row_start(store, SQL_JOB_PUT, "job", &row);
        if (r < 0)
                return r;
        row_number(&row, (int64_t)job->serial);
        row_blob(&row, job->id.bytes, sizeof(job->id.bytes));
        row_number(&row, job->owner);
        row_number(&row, job->type);
        row_number(&row, job->state);
        row_number(&row, job->priority);
        row_text(&row, job->display_name);
        row_text(&row, job->description);
        row_number(&row, job->notify_flags);
        row_number(&row, job->minimum_retry_delay_sec);
        row_number(&row, job->no_progress_timeout_sec);
        row_number(&row, job->error_count);
        row_number(&row, job->helper_flags);
        row_number(&row, job->notified);
        row_number(&row, (int64_t)job->created_usec);
        row_number(&row, (int64_t)job->modified_usec);
        row_number(&row, (int64_t)job->completed_usec);
        row_number(&row, job->error.code);
        row_number(&row, job->error.context);
        row_number(&row, job->error.file);
        row_text(&row, job->error.protocol ? job->error.protocol : "");
        row_text(&row, job->error.text);
        row_number(&row, job->elevated);
        row_number(&row, job->resumed);
        row_number(&row, job->max_download_time_sec);
        row_number(&row, (int64_t)job->download_time_usec);
        row_number(&row, job->cost_flags);
        row_text(&row, job->notify_program ? job->notify_program : "");
        row_text(&row, job->notify_parameters ? job->notify_parameters : "");
        row_number(&row, job->notify_uid);
        row_blob(&row, job->notify_class.bytes, sizeof(job->notify_class.bytes));
        row_number(&row, job->notify_interval_msec);
        row_number(&row, job->dynamic_content);
        row_number(&row, job->high_performance);
        row_number(&row, job->on_demand);
        row_number(&row, (int64_t)job->max_download_size);
        row_number(&row, job->peer_flags);
        row_number(&row, job->acl_flags);
        row_number(&row, (int64_t)job->no_progress_until_usec);
        row_number(&row, job->n_stored);
        row_number(&row, (int64_t)job->stored.size);
        row_number(&row, (int64_t)job->stored.offset);
        row_number(&row, job->stored.n_unknown);
        row_number(&row, job->stored.n_sealed);
        put_http(&row, &job->http);
        return row_finish(&row);
}

int store_insert_job(Store *store, Job *job)
{
        job->serial = store->next_job;

        int r = put_job(store, job);

        if (r == 0)
                store->next_job++;
        return r;
}

int store_update_job(Store *store, const Job *job)
{
        return store_holds(store, job->serial) ? 0 : put_job(store, job);
}

int store_delete_job(Store *store, const Job *job)
{
        int r = store_touch(store, job->serial);

        if (r == 0)
                r = store_step_with_serial(store, SQL_JOB_DELETE_FILES, (int64_t)job->serial);
        return r < 0 ? r : store_step_with_serial(store, SQL_JOB_DELETE, (int64_t)job->serial);
}

/* The protocols an error can have, so that job.error.protocol stays a static text. */
static const char *protocol_name(const char *text)
{
        static const char *const names[] = {"http", "file"};

        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (strcmp(text, names[i]) == 0)
                        return names[i];
        return "";
}

static void read_settings(sqlite3_stmt *s, Job *job)
{
        job->elevated = sqlite3_column_int64(s, JOB_elevated) != 0;
        job->resumed = sqlite3_column_int64(s, JOB_resumed) != 0;
        job->max_download_time_sec = (uint32_t)sqlite3_column_int64(s, JOB_max_download_time_sec);
        job->download_time_usec = (uint64_t)sqlite3_column_int64(s, JOB_download_time_usec);
        job->cost_flags = (uint32_t)sqlite3_column_int64(s, JOB_cost_flags);
        job->notify_program = column_text_or_null(s, JOB_notify_program);
        job->notify_parameters = column_text_or_null(s, JOB_notify_parameters);
        job->notify_uid = (uid_t)sqlite3_column_int64(s, JOB_notify_uid);
        job->notify_interval_msec = (uint32_t)sqlite3_column_int64(s, JOB_notify_interval_msec);
        job->dynamic_content = sqlite3_column_int64(s, JOB_dynamic_content) != 0;
        job->high_performance = sqlite3_column_int64(s, JOB_high_performance) != 0;
        job->on_demand = sqlite3_column_int64(s, JOB_on_demand) != 0;
        job->max_download_size = (uint64_t)sqlite3_column_int64(s, JOB_max_download_size);
        job->peer_flags = (uint32_t)sqlite3_column_int64(s, JOB_peer_flags);
        job->acl_flags = (uint32_t)sqlite3_column_int64(s, JOB_acl_flags);
        job->no_progress_until_usec = (uint64_t)sqlite3_column_int64(s, JOB_no_progress_until_usec);
        job->n_stored = (uint32_t)sqlite3_column_int64(s, JOB_n_stored);
        job->stored = (FileTotals){
                .size = (uint64_t)sqlite3_column_int64(s, JOB_files_size),
                .offset = (uint64_t)sqlite3_column_int64(s, JOB_files_offset),
                .n_unknown = (uint32_t)sqlite3_column_int64(s, JOB_n_unknown),
                .n_sealed = (uint32_t)sqlite3_column_int64(s, JOB_n_sealed),
        };
}

static bool read_certificate(sqlite3_stmt *s, HttpOptions *ret)
{
        ret->certificate_location = (uint32_t)sqlite3_column_int64(s, JOB_certificate_location);
        ret->certificate_store = column_text_or_null(s, JOB_certificate_store);
        if (ret->certificate_store)
                ret->certificate_subject = strdup(column_text(s, JOB_certificate_subject));
        return !ret->certificate_store == !ret->certificate_subject &&
               column_copy(s, JOB_certificate_hash, ret->certificate_hash,
                           sizeof(ret->certificate_hash));
}

/* false: no memory, or a value that cannot be. */
static bool read_http(sqlite3_stmt *s, HttpOptions *ret)
{
        ret->security_flags = (uint32_t)sqlite3_column_int64(s, JOB_security_flags);
        ret->method = column_text_or_null(s, JOB_http_method);
        ret->headers_write_only = sqlite3_column_int64(s, JOB_headers_write_only) != 0;
        ret->asks = sqlite3_column_int64(s, JOB_certificate_asked) != 0;
        ret->headers.size = (size_t)sqlite3_column_bytes(s, JOB_headers);
        if (!read_certificate(s, ret))
                return false;
        if (ret->headers.size == 0)
                return true;
        ret->headers.data = malloc(ret->headers.size);
        if (ret->headers.data)
                memcpy(ret->headers.data, sqlite3_column_blob(s, JOB_headers), ret->headers.size);
        return ret->headers.data != NULL;
}

static void free_text(Job *job)
{
        http_options_clear(&job->http);
        free(job->display_name);
        free(job->description);
        free(job->error.text);
        free(job->notify_program);
        free(job->notify_parameters);
}

/* What the row has, and nothing else of job; its texts must not be there yet. */
static int fill_job(sqlite3_stmt *s, Job *job)
{
        const char *error_text = (const char *)sqlite3_column_text(s, JOB_error_text);
        bool good;

        job->serial = (uint64_t)sqlite3_column_int64(s, JOB_serial);
        good = column_copy(s, JOB_guid, job->id.bytes, sizeof(job->id.bytes));
        job->owner = (uid_t)sqlite3_column_int64(s, JOB_owner);
        job->type = (uint32_t)sqlite3_column_int64(s, JOB_type);
        job->state = (JobState)sqlite3_column_int64(s, JOB_state);
        job->priority = (JobPriority)sqlite3_column_int64(s, JOB_priority);
        job->display_name = strdup(column_text(s, JOB_display_name));
        job->description = strdup(column_text(s, JOB_description));
        job->notify_flags = (uint32_t)sqlite3_column_int64(s, JOB_notify_flags);
        job->minimum_retry_delay_sec =
                (uint32_t)sqlite3_column_int64(s, JOB_minimum_retry_delay_sec);
        job->no_progress_timeout_sec =
                (uint32_t)sqlite3_column_int64(s, JOB_no_progress_timeout_sec);
        job->error_count = (uint32_t)sqlite3_column_int64(s, JOB_error_count);
        job->helper_flags = (uint32_t)sqlite3_column_int64(s, JOB_helper_flags);
        job->notified = sqlite3_column_int64(s, JOB_notified) != 0;
        job->created_usec = (uint64_t)sqlite3_column_int64(s, JOB_created_usec);
        job->modified_usec = (uint64_t)sqlite3_column_int64(s, JOB_modified_usec);
        job->completed_usec = (uint64_t)sqlite3_column_int64(s, JOB_completed_usec);
        job->error.code = (HRESULT)sqlite3_column_int64(s, JOB_error_code);
        job->error.context = (uint32_t)sqlite3_column_int64(s, JOB_error_context);
        job->error.file = (int32_t)sqlite3_column_int64(s, JOB_error_file);
        job->error.protocol = protocol_name(column_text(s, JOB_error_protocol));
        job->error.text = error_text ? strdup(error_text) : NULL;
        read_settings(s, job);
        job->http = (HttpOptions){0};
        good = read_http(s, &job->http) && good &&
               column_copy(s, JOB_notify_class, job->notify_class.bytes,
                           sizeof(job->notify_class.bytes)) &&
               job->display_name && job->description && job->state < JOB_STATE_COUNT &&
               !state_is_final(job->state) && job->priority < PRIORITY_COUNT;
        return good ? 0 : -EBADMSG;
}

static int read_job(Store *store, sqlite3_stmt *s, Job **ret)
{
        Job *job = calloc(1, sizeof(*job));
        int r;

        if (!job)
                return -ENOMEM;
        job->queue = store->queue;
        r = fill_job(s, job);
        if (r < 0) {
                free_text(job);
                free(job);
                return r;
        }
        *ret = job;
        return 0;
}

int store_reload_job(Store *store, Job *job)
{
        sqlite3_stmt *s = store->statements[SQL_JOB_RELOAD];
        int r, step = SQLITE_DONE;
        Job old = *job;

        r = store_error(sqlite3_bind_int64(s, 1, (int64_t)job->serial));
        if (r == 0)
                step = sqlite3_step(s);
        if (r == 0 && step != SQLITE_ROW)
                r = step == SQLITE_DONE ? -ENOENT : store_error(step);
        if (r == 0 && !row_is_authentic(store, "job", s, JOB_N))
                r = -EBADMSG;
        if (r == 0) {
                r = fill_job(s, job);
                if (r < 0) {
                        free_text(job);
                        *job = old;
                } else
                        free_text(&old);
        }
        sqlite3_reset(s);
        return r;
}

int store_quarantine_job(Store *store, uint64_t serial, const char *why)
{
        sqlite3_stmt *s = store->statements[SQL_QUARANTINE_PUT];
        int r = store_begin(store);

        sqlite3_bind_int64(s, 1, (int64_t)serial);
        sqlite3_bind_text(s, 2, why, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 3, (int64_t)now_realtime_usec());
        if (r == 0)
                r = store_wrote(store, sqlite3_step(s));
        sqlite3_reset(s);
        return r;
}

/* Jobs of which only files are left, with serials of which none has a row to be loaded: theirs was
 * deleted. */
static int set_aside_strays(Store *store, int64_t first, int64_t last, unsigned *quarantined)
{
        sqlite3_stmt *s = store->statements[SQL_FILE_STRAY];
        int r, step = SQLITE_DONE;

        r = store_error(sqlite3_bind_int64(s, 1, first));
        if (r == 0)
                r = store_error(sqlite3_bind_int64(s, 2, last));
        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
                uint64_t serial = (uint64_t)sqlite3_column_int64(s, 0);

                log_error("job of row %llu was deleted outside the service: its files are set "
                          "aside in quarantine",
                          (unsigned long long)serial);
                r = store_quarantine_job(store, serial, "job row lost");
                ++*quarantined;
        }
        if (r == 0)
                r = store_error(step);
        sqlite3_reset(s);
        return r;
}

static int load_job(Store *store, sqlite3_stmt *s, int (*load)(Queue *queue, Job *job),
                    unsigned *quarantined)
{
        uint64_t serial = (uint64_t)sqlite3_column_int64(s, JOB_serial);
        int r = -EBADMSG;
        Job *job = NULL;

        if (row_is_authentic(store, "job", s, JOB_N))
                r = read_job(store, s, &job);
        if (r == -EBADMSG) {
                log_error("job of row %llu was altered outside the service: set aside in "
                          "quarantine",
                          (unsigned long long)serial);
                ++*quarantined;
                return store_quarantine_job(store, serial, "job row altered");
        }
        return r == 0 ? load(store->queue, job) : r;
}

/* Files are looked for between the jobs, not through the table of all of them: mostly there is
 * nothing in between. */
int store_load_jobs(Store *store, int (*load)(Queue *queue, Job *job), unsigned *ret_quarantined)
{
        sqlite3_stmt *s = store->statements[SQL_JOB_LOAD];
        int64_t next = INT64_MIN; /* the first serial that no row was found for yet */
        int r = 0, step = SQLITE_DONE;

        *ret_quarantined = 0;
        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
                int64_t serial = sqlite3_column_int64(s, JOB_serial);

                if (serial > next)
                        r = set_aside_strays(store, next, serial - 1, ret_quarantined);
                next = serial < INT64_MAX ? serial + 1 : serial;
                if (r == 0)
                        r = load_job(store, s, load, ret_quarantined);
        }
        if (r == 0)
                r = store_error(step);
        sqlite3_reset(s);
        return r < 0 ? r : set_aside_strays(store, next, INT64_MAX, ret_quarantined);
}
