/* History rows. */
#include <errno.h>
#include <string.h>

#include "store/row.h"

int store_insert_history(Store *store, HistoryRow *row)
{
        sqlite3_stmt *s = store->statements[SQL_HISTORY_PUT];
        int r = store_begin(store);

        if (r < 0)
                return r;
        sqlite3_bind_blob(s, 1, row->job.bytes, sizeof(row->job.bytes), SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, row->owner);
        sqlite3_bind_int64(s, 3, (int64_t)row->at_usec);
        sqlite3_bind_int64(s, 4, row->kind);
        sqlite3_bind_int64(s, 5, row->state);
        sqlite3_bind_int64(s, 6, row->code);
        sqlite3_bind_text(s, 7, row->text, -1, SQLITE_STATIC);
        r = store_wrote(store, sqlite3_step(s));
        sqlite3_reset(s);
        sqlite3_clear_bindings(s);
        if (r == 0)
                row->serial = (uint64_t)sqlite3_last_insert_rowid(store->db);
        return r;
}

int store_count_history(Store *store, void (*count)(void *userdata, uid_t owner, uint64_t n),
                        void *userdata)
{
        sqlite3_stmt *s = store->statements[SQL_HISTORY_COUNT];
        int step;

        while ((step = sqlite3_step(s)) == SQLITE_ROW)
                count(userdata, (uid_t)sqlite3_column_int64(s, 0),
                      (uint64_t)sqlite3_column_int64(s, 1));
        sqlite3_reset(s);
        return store_error(step);
}

/* Deletes owner's rows up to serial, and remembers that they are gone. */
static int delete_up_to(Store *store, uid_t owner, int64_t serial)
{
        sqlite3_stmt *trim = store->statements[SQL_HISTORY_TRIM];
        sqlite3_stmt *lost = store->statements[SQL_HISTORY_LOST_PUT];
        int r = store_begin(store), n;

        sqlite3_bind_int64(trim, 1, owner);
        sqlite3_bind_int64(trim, 2, serial);
        if (r == 0)
                r = store_wrote(store, sqlite3_step(trim));
        n = sqlite3_changes(store->db);
        sqlite3_reset(trim);
        sqlite3_bind_int64(lost, 1, owner);
        sqlite3_bind_int64(lost, 2, serial);
        if (r == 0)
                r = store_wrote(store, sqlite3_step(lost));
        sqlite3_reset(lost);
        return r < 0 ? r : n;
}

int store_trim_history(Store *store, uid_t owner, uint64_t n)
{
        sqlite3_stmt *s = store->statements[SQL_HISTORY_OLDEST];
        int64_t serial = 0;
        int step;

        sqlite3_bind_int64(s, 1, owner);
        sqlite3_bind_int64(s, 2, (int64_t)n - 1);
        step = sqlite3_step(s);
        if (step == SQLITE_ROW)
                serial = sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        return step == SQLITE_ROW ? delete_up_to(store, owner, serial) : store_error(step);
}

/* Rows are in the order of time, but for jumps of the clock: those before the first that is young
 * enough go, and no other is looked at. */
static int first_kept(Store *store, uint64_t before_usec, int64_t *ret)
{
        sqlite3_stmt *s = store->statements[SQL_HISTORY_OLDEST_KEPT];
        int step;

        sqlite3_bind_int64(s, 1, (int64_t)before_usec);
        step = sqlite3_step(s);
        *ret = step == SQLITE_ROW ? sqlite3_column_int64(s, 0) : INT64_MAX;
        sqlite3_reset(s);
        return store_error(step);
}

int store_age_history(Store *store, uint64_t before_usec, uint64_t *ret_n)
{
        sqlite3_stmt *s = store->statements[SQL_HISTORY_OLD_OWNER];
        int step = SQLITE_ROW, r;
        int64_t kept;

        /* One owner at a time: the table changes under the question. */
        *ret_n = 0;
        r = first_kept(store, before_usec, &kept);
        while (r >= 0 && step == SQLITE_ROW) {
                uid_t owner = 0;
                int64_t serial = 0;

                sqlite3_bind_int64(s, 1, kept);
                step = sqlite3_step(s);
                if (step == SQLITE_ROW) {
                        owner = (uid_t)sqlite3_column_int64(s, 0);
                        serial = sqlite3_column_int64(s, 1);
                }
                sqlite3_reset(s);
                if (step == SQLITE_ROW)
                        r = delete_up_to(store, owner, serial);
                if (step == SQLITE_ROW && r >= 0)
                        *ret_n += (uint64_t)r;
        }
        return r < 0 ? r : store_error(step);
}

int store_load_history(Store *store, uint64_t after, const uid_t *owner, uint32_t max,
                       int (*load)(void *userdata, const HistoryRow *row), void *userdata)
{
        sqlite3_stmt *s = store->statements[owner ? SQL_HISTORY_LIST_OF : SQL_HISTORY_LIST];
        int r = 0, step = SQLITE_DONE;

        sqlite3_bind_int64(s, 1, (int64_t)after);
        sqlite3_bind_int64(s, 2, max);
        if (owner)
                sqlite3_bind_int64(s, 3, (int64_t)*owner);
        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
                HistoryRow row = {
                        .serial = (uint64_t)sqlite3_column_int64(s, 0),
                        .owner = (uid_t)sqlite3_column_int64(s, 2),
                        .at_usec = (uint64_t)sqlite3_column_int64(s, 3),
                        .kind = (uint32_t)sqlite3_column_int64(s, 4),
                        .state = (uint32_t)sqlite3_column_int64(s, 5),
                        .code = (int32_t)sqlite3_column_int64(s, 6),
                        .text = column_text(s, 7),
                };

                if (column_copy(s, 1, row.job.bytes, sizeof(row.job.bytes)))
                        r = load(userdata, &row);
        }
        sqlite3_reset(s);
        return r < 0 ? r : r > 0 ? 0 : store_error(step);
}

int store_lost_history(Store *store, const uid_t *owner, uint64_t *ret)
{
        sqlite3_stmt *s = store->statements[SQL_HISTORY_LOST_GET];
        int step;

        sqlite3_bind_int64(s, 1, owner ? (int64_t)*owner : -1);
        step = sqlite3_step(s);
        if (step == SQLITE_ROW)
                *ret = (uint64_t)sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        return step == SQLITE_ROW ? 0 : store_error(step);
}
