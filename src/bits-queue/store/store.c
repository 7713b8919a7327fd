/* Opening, locking and committing the database behind store.h. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "queue.h"
#include "store/row.h"

int store_error(int sqlite_code)
{
        switch (sqlite_code & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_ERROR: /* statements are right, so the schema is not */
        case SQLITE_FORMAT:
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG:
                return -EUCLEAN;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        default:
                return -EIO;
        }
}

/* Where the system said more than SQLite passes on: that the quota is exceeded, for one. */
static int system_error(const Store *store, int r)
{
        int error = r == -EIO || r == -EACCES ? sqlite3_system_errno(store->db) : 0;

        return error ? -error : r;
}

int store_wrote(Store *store, int sqlite_code)
{
        int r = system_error(store, store_error(sqlite_code));

        if (r < 0 && store->error == 0) {
                store->error = r;
                store->dirty = true;
        }
        return r;
}

int store_begin(Store *store)
{
        int r;

        if (store->error < 0)
                return store->error; /* SQLite may have ended the transaction by itself */
        if (store->dirty)
                return 0;
        sqlite3_reset(store->statements[SQL_BEGIN]);
        r = store_wrote(store, sqlite3_step(store->statements[SQL_BEGIN]));
        sqlite3_reset(store->statements[SQL_BEGIN]);
        if (r == 0)
                store->dirty = true;
        return r;
}

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return (x > y) - (x < y);
}

void serial_set_tidy(SerialSet *set)
{
        size_t n = 0;

        if (set->n == 0)
                return;
        qsort(set->serials, set->n, sizeof(*set->serials), compare);
        for (size_t i = 0; i < set->n; i++)
                if (n == 0 || set->serials[n - 1] != set->serials[i])
                        set->serials[n++] = set->serials[i];
        set->n = n;
}

int serial_set_add(SerialSet *set, uint64_t serial)
{
        uint64_t *serials;

        if (set->n > 0 && set->serials[set->n - 1] == serial)
                return 0;
        if (set->n == set->allocated)
                serial_set_tidy(set);
        if (set->n == set->allocated) {
                serials = reallocarray(set->serials, set->n * 2 + 16, sizeof(*serials));
                if (!serials)
                        return -ENOMEM;
                set->serials = serials;
                set->allocated = set->n * 2 + 16;
        }
        set->serials[set->n++] = serial;
        return 0;
}

int store_touch(Store *store, uint64_t serial)
{
        int r = serial_set_add(&store->touched, serial);

        return r < 0 ? store_wrote(store, SQLITE_NOMEM) : 0;
}

bool store_has_touched(const Store *store, uint64_t serial)
{
        for (size_t i = 0; i < store->touched.n; i++)
                if (store->touched.serials[i] == serial)
                        return true;
        return false;
}

void store_hold(Store *store)
{
        store->held = true;
}

bool store_holds(Store *store, uint64_t serial)
{
        if (store->held && serial_set_add(&store->waiting, serial) < 0)
                abort(); /* nothing else remembers that it must be written */
        return store->held;
}

int store_release(Store *store, int (*put)(Queue *queue, uint64_t serial))
{
        int r = 0;

        store->held = false;
        serial_set_tidy(&store->waiting);
        for (size_t i = 0; i < store->waiting.n && r == 0; i++)
                r = put(store->queue, store->waiting.serials[i]);
        if (r == 0)
                r = store_commit(store);
        if (r == 0) {
                store->waiting.n = 0;
                return 0;
        }
        store_rollback(store);
        store->held = true;
        return r;
}

int store_step_with_serial(Store *store, Statement which, int64_t serial)
{
        sqlite3_stmt *s = store->statements[which];
        int r = store_begin(store);

        if (r == 0)
                r = store_wrote(store, sqlite3_bind_int64(s, 1, serial));
        if (r == 0)
                r = store_wrote(store, sqlite3_step(s));
        sqlite3_reset(s);
        return r;
}

Store *store_close(Store *store)
{
        if (!store)
                return NULL;
        if (store->dirty)
                store_rollback(store);
        for (size_t i = 0; i < SQL_COUNT; i++)
                sqlite3_finalize(store->statements[i]);
        sqlite3_close(store->db);
        EVP_MAC_CTX_free(store->keyed);
        free(store->touched.serials);
        free(store->waiting.serials);
        closep(&store->lock_fd);
        free(store);
        return NULL;
}

bool store_is_dirty(const Store *store)
{
        return store->dirty;
}

static int step_alone(Store *store, Statement which)
{
        sqlite3_stmt *s = store->statements[which];
        int r = system_error(store, store_error(sqlite3_step(s)));

        sqlite3_reset(s);
        return r;
}

int store_commit(Store *store)
{
        int r;

        if (store->error < 0 || !store->dirty)
                return store->error;
        r = step_alone(store, SQL_COMMIT);
        if (r < 0) {
                store->error = r;
                return r;
        }
        store->dirty = false;
        store->touched.n = 0;
        return 0;
}

void store_rollback(Store *store)
{
        (void)step_alone(store, SQL_ROLLBACK); /* some errors have rolled back already */
        store->dirty = false;
        store->error = 0;
        store->touched.n = 0;
}
