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

static void set_tidy(SerialSet *set)
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

static int set_add(SerialSet *set, uint64_t serial)
{
        uint64_t *serials;

        if (set->n > 0 && set->serials[set->n - 1] == serial)
                return 0;
        if (set->n == set->allocated)
                set_tidy(set);
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
        int r = set_add(&store->touched, serial);

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
        if (store->held && set_add(&store->waiting, serial) < 0)
                abort(); /* nothing else remembers that it must be written */
        return store->held;
}

int store_release(Store *store, int (*put)(Queue *queue, uint64_t serial))
{
        int r = 0;

        store->held = false;
        set_tidy(&store->waiting);
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

static int check_owner(int directory, const char *name, mode_t type)
{
        struct stat st;

        if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
                return errno == ENOENT && *name ? 0 : -errno;
        if ((st.st_mode & S_IFMT) != type || st.st_uid != geteuid() || st.st_mode & 077)
                return -EPERM;
        return 0;
}

static int lock_directory(Store *store, const char *path)
{
        int r;

        store->lock_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (store->lock_fd < 0)
                return -errno;
        r = check_owner(store->lock_fd, "", S_IFDIR);
        if (r < 0)
                return r;
        do
                r = flock(store->lock_fd, LOCK_EX) < 0 ? -errno : 0;
        while (r == -EINTR);
        if (r < 0)
                return r;
        r = openat(store->lock_fd, "queue.db", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (r < 0)
                return -errno;
        close(r);
        r = 0;
        for (size_t i = 0; i < 2 && r == 0; i++)
                r = check_owner(store->lock_fd, i ? "queue.db-wal" : "queue.db", S_IFREG);
        return r;
}

static int read_number(sqlite3 *db, const char *query, int64_t *ret)
{
        sqlite3_stmt *s = NULL;
        int r = store_error(sqlite3_prepare_v2(db, query, -1, &s, NULL));

        if (r == 0)
                r = store_error(sqlite3_step(s));
        if (r == 0)
                *ret = sqlite3_column_int64(s, 0);
        sqlite3_finalize(s);
        return r;
}

static int run(sqlite3 *db, const char *text)
{
        return store_error(sqlite3_exec(db, text, NULL, NULL, NULL));
}

static int make_schema(sqlite3 *db)
{
        _cleanup_(freep) char *text = NULL;
        int64_t version;
        int r;

        r = read_number(db, "PRAGMA user_version", &version);
        if (r < 0 || version == SCHEMA_VERSION)
                return r;
        if (version != 0)
                return -EPROTO;
        if (asprintf(&text, "BEGIN;%sPRAGMA user_version=%d;COMMIT;", schema_text, SCHEMA_VERSION) <
            0)
                return -ENOMEM;
        return run(db, text);
}

static int read_serials(Store *store)
{
        int64_t job = 0, orphan = 0;
        int r;

        r = read_number(store->db,
                        "SELECT coalesce(max(seq),0) FROM sqlite_sequence WHERE name='job'", &job);
        if (r == 0)
                r = read_number(
                        store->db,
                        "SELECT coalesce(max(seq),0) FROM sqlite_sequence WHERE name='orphan'",
                        &orphan);
        store->next_job = (uint64_t)job + 1;
        store->next_orphan = (uint64_t)orphan + 1;
        return r;
}

static void closep_store(Store **store)
{
        store_close(*store);
}

int store_open(Queue *queue, const char *directory, Store **ret)
{
        _cleanup_(closep_store) Store *store = calloc(1, sizeof(*store));
        char path[4096];
        int r;

        if (!store)
                return -ENOMEM;
        store->queue = queue;
        store->lock_fd = -1;
        store->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        if (!store->hmac)
                return -ENOMEM;
        r = lock_directory(store, directory);
        if (r < 0)
                return r;

        if ((size_t)snprintf(path, sizeof(path), "%s/queue.db", directory) >= sizeof(path))
                return -ENAMETOOLONG;
        r = store_error(sqlite3_open_v2(
                path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW,
                NULL));
        if (r == 0)
                r = run(store->db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                                   "PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF;"
                                   "PRAGMA cell_size_check=ON; PRAGMA wal_autocheckpoint=4000;"
                                   "PRAGMA temp_store=MEMORY;");
        if (r == 0)
                r = make_schema(store->db);
        if (r == 0)
                r = read_serials(store);
        for (size_t i = 0; r == 0 && i < SQL_COUNT; i++)
                r = store_error(sqlite3_prepare_v3(store->db, schema_sql[i], -1,
                                                   SQLITE_PREPARE_PERSISTENT, &store->statements[i],
                                                   NULL));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(store);
        return 0;
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
        EVP_MAC_free(store->hmac);
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
