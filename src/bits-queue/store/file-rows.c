/* File rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "job.h"
#include "queue.h"
#include "store/row.h"

static int put_file(Store *store, const File *file)
{
        RowWriter row;
        int r;

        r = store_touch(store, file->job->serial);
        if (r == 0)
                r = row_start(store, SQL_FILE_PUT, "file", &row);
        if (r < 0)
                return r;
        row_number(&row, (int64_t)file->job->serial);
        row_number(&row, file->index);
        row_number(&row, file->state);
        row_text(&row, file->remote);
        row_text(&row, file->local);
        row_text(&row, file->temp);
        row_number(&row, file->temp_uid);
        row_blob(&row, &file->id, sizeof(file->id));
        row_blob(&row, &file->directory, sizeof(file->directory));
        row_text(&row, file->validator.etag);
        row_number(&row, file->validator.last_modified_usec);
        row_number(&row, (int64_t)file->validator.size);
        row_number(&row, (int64_t)file->size);
        row_number(&row, (int64_t)file->offset);
        row_number(&row, file->hash);
        row_blob(&row, file->digest, sizeof(file->digest));
        row_number(&row, file->validation);
        row_number(&row, file->announced);
        row_blob(&row, file->ranges, file->n_ranges * sizeof(FileRange));
        row_blob(&row, file->filled, file->n_filled * sizeof(FileRange));
        row_blob(&row, file->requested, file->n_requested * sizeof(FileRange));
        row_text(&row, file->named ? file->named : "");
        row_text(&row, file->response_headers ? file->response_headers : "");
        row_number(&row, file->sent);
        return row_finish(&row);
}

/* From what the row added to what it adds now. */
static void count(FileTotals *totals, FileTotals *row, FileTotals now)
{
        totals->size += now.size - row->size;
        totals->offset += now.offset - row->offset;
        totals->n_unknown += now.n_unknown - row->n_unknown;
        totals->n_sealed += now.n_sealed - row->n_sealed;
        *row = now;
}

static bool are_equal(const FileTotals *a, const FileTotals *b)
{
        return a->size == b->size && a->offset == b->offset && a->n_unknown == b->n_unknown &&
               a->n_sealed == b->n_sealed;
}

int store_insert_file(Store *store, File *file)
{
        int r = put_file(store, file);

        if (r < 0)
                return r;
        file->job->n_stored = file->index + 1;
        count(&file->job->stored, &file->stored, file_totals(file));
        return 0;
}

int store_update_file(Store *store, File *file)
{
        FileTotals now = file_totals(file);
        int r;

        if (store_holds(store, file->job->serial))
                return 0;
        r = put_file(store, file);
        if (r < 0 || are_equal(&now, &file->stored))
                return r;
        count(&file->job->stored, &file->stored, now);
        return store_update_job(store, file->job);
}

static bool column_ranges(sqlite3_stmt *s, int column, FileRange **ret, size_t *ret_n)
{
        size_t size = (size_t)sqlite3_column_bytes(s, column);

        if (size % sizeof(FileRange))
                return false;
        if (size == 0)
                return true;
        *ret = malloc(size);
        if (!*ret)
                return false;
        memcpy(*ret, sqlite3_column_blob(s, column), size);
        *ret_n = size / sizeof(FileRange);
        return true;
}

static int read_file_row(Job *job, sqlite3_stmt *s, File **ret)
{
        _cleanup_(filep_free) File *file =
                file_new(job, (uint32_t)sqlite3_column_int64(s, FILE_ordinal),
                         column_text(s, FILE_remote), column_text(s, FILE_local));

        if (!file)
                return -ENOMEM;
        file->state = (FileState)sqlite3_column_int64(s, FILE_state);
        file->temp_uid = (uid_t)sqlite3_column_int64(s, FILE_temp_uid);
        file->validator.last_modified_usec = sqlite3_column_int64(s, FILE_last_modified_usec);
        file->validator.size = (uint64_t)sqlite3_column_int64(s, FILE_version_size);
        file->size = (uint64_t)sqlite3_column_int64(s, FILE_size);
        file->offset = file->received = (uint64_t)sqlite3_column_int64(s, FILE_offset);
        file->hash = (uint32_t)sqlite3_column_int64(s, FILE_hash);
        file->validation = (FileValidation)sqlite3_column_int64(s, FILE_validation);
        file->announced = sqlite3_column_int64(s, FILE_announced) != 0;
        file->sent = sqlite3_column_int64(s, FILE_sent) != 0;
        file->named = column_text_or_null(s, FILE_named);
        file->response_headers = column_text_or_null(s, FILE_response_headers);
        if (!column_copy_text(s, FILE_temp, file->temp, sizeof(file->temp)) ||
            !column_copy_text(s, FILE_etag, file->validator.etag, sizeof(file->validator.etag)) ||
            !column_copy(s, FILE_id, &file->id, sizeof(file->id)) ||
            !column_copy(s, FILE_directory, &file->directory, sizeof(file->directory)) ||
            !column_copy(s, FILE_digest, file->digest, sizeof(file->digest)) ||
            !column_ranges(s, FILE_ranges, &file->ranges, &file->n_ranges) ||
            !column_ranges(s, FILE_filled, &file->filled, &file->n_filled) ||
            !column_ranges(s, FILE_requested, &file->requested, &file->n_requested) ||
            file->state > FILE_FINISHED || file->hash > FILE_HASH_SHA512 ||
            file->validation > VALIDATION_BAD)
                return -EBADMSG;
        *ret = TAKE_PTR(file);
        return 0;
}

int store_load_files(Store *store, Job *job)
{
        sqlite3_stmt *s = store->statements[SQL_FILE_LOAD];
        FileTotals totals = {0};
        int r, step = SQLITE_DONE;

        r = store_error(sqlite3_bind_int64(s, 1, (int64_t)job->serial));
        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
                File *file = NULL, **files;

                r = row_is_authentic(store, "file", s, FILE_N) ? read_file_row(job, s, &file)
                                                               : -EBADMSG;
                if (r == 0 && file->index != job->n_files)
                        r = -EBADMSG; /* a row is missing */
                if (r == 0) {
                        count(&totals, &file->stored, file_totals(file));
                        files = realloc(job->files, (job->n_files + 1) * sizeof(*files));
                        if (files) {
                                job->files = files;
                                job->files[job->n_files++] = TAKE_PTR(file);
                        } else
                                r = -ENOMEM;
                }
                file_free(file);
        }
        if (r == 0)
                r = store_error(step);
        if (r == 0 && job->n_files != job->n_stored)
                r = -EBADMSG; /* the last rows are missing, or there are more */
        if (r == 0)
                job->stored = totals; /* what the job's row says of them is for displays */
        sqlite3_reset(s);
        return r;
}
