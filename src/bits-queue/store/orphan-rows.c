/* Orphan rows: temporary files without a job. */
#include <string.h>

#include "base/log.h"
#include "store/row.h"

int store_insert_orphan(Store *store, Orphan *orphan)
{
        RowWriter row;
        int r;

        r = row_start(store, SQL_ORPHAN_PUT, "orphan", &row);
        if (r < 0)
                return r;
        orphan->id = (int64_t)store->next_orphan;
        row_number(&row, orphan->id);
        row_number(&row, orphan->uid);
        row_number(&row, orphan->owner);
        row_blob(&row, &orphan->file, sizeof(orphan->file));
        row_blob(&row, &orphan->directory, sizeof(orphan->directory));
        row_text(&row, orphan->path);
        row_text(&row, orphan->temp);
        r = row_finish(&row);
        if (r == 0)
                store->next_orphan++;
        return r;
}

int store_delete_orphan(Store *store, int64_t id)
{
        return store_step_with_serial(store, SQL_ORPHAN_DELETE, id);
}

int store_load_orphans(Store *store, int (*load)(Queue *queue, const Orphan *orphan))
{
        sqlite3_stmt *s = store->statements[SQL_ORPHAN_LOAD];
        int r = 0, step = SQLITE_DONE;
        Orphan orphan;

        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
                memset(&orphan, 0, sizeof(orphan));
                orphan.id = sqlite3_column_int64(s, ORPHAN_serial);
                orphan.uid = (uid_t)sqlite3_column_int64(s, ORPHAN_uid);
                orphan.owner = (uid_t)sqlite3_column_int64(s, ORPHAN_owner);
                if (!row_is_authentic(store, "orphan", s, ORPHAN_N) ||
                    !column_copy(s, ORPHAN_file, &orphan.file, sizeof(orphan.file)) ||
                    !column_copy(s, ORPHAN_directory, &orphan.directory,
                                 sizeof(orphan.directory)) ||
                    !column_copy_text(s, ORPHAN_path, orphan.path, sizeof(orphan.path)) ||
                    !column_copy_text(s, ORPHAN_temp, orphan.temp, sizeof(orphan.temp))) {
                        log_error("orphan row %lld was altered outside the service: left alone",
                                  (long long)orphan.id);
                        continue;
                }
                r = load(store->queue, &orphan);
        }
        if (r == 0)
                r = store_error(step);
        sqlite3_reset(s);
        return r;
}
