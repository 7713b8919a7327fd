/*
 * Opening the store: who may own it, one bits-queue at a time, which schema it has. One that cannot
 * go on as it is (an older schema, damage) is rebuilt beside the old file, which keeps its content
 * under another name:
 *
 *   queue.db.new is filled, flushed and closed; queue.db gets the other name; queue.db.new becomes
 *   queue.db. Without a queue.db, a queue.db.new is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "queue.h"
#include "store/rebuild.h"
#include "store/row.h"

#define DATABASE    "queue.db"
#define NEW         "queue.db.new"
#define MARK        "queue.damaged"
#define MADE        "queue.made" /* there was a database: an empty one is not a new one */
#define ASIDE_SIZE  64
#define PATH_LENGTH 4096

/* ---- the directory --------------------------------------------------------------------------- */

static int check_owner(int directory, const char *name, mode_t type)
{
        struct stat st;

        if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
                return errno == ENOENT && *name ? 0 : -errno;
        if ((st.st_mode & S_IFMT) != type || st.st_uid != geteuid() || st.st_mode & 077)
                return -EPERM;
        return 0;
}

static bool exists(int directory, const char *name)
{
        return faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int rename_in(int directory, const char *from, const char *to)
{
        return renameat(directory, from, directory, to) < 0 && errno != ENOENT ? -errno : 0;
}

/* Of a rebuild that was cut off: to its end, or away with what it left. */
static int finish_rebuild(int directory)
{
        int r = 0;

        if (!exists(directory, NEW))
                return 0;
        if (exists(directory, DATABASE)) {
                (void)unlinkat(directory, NEW, 0);
                (void)unlinkat(directory, NEW "-wal", 0);
                (void)unlinkat(directory, NEW "-journal", 0);
                return 0;
        }
        r = rename_in(directory, DATABASE "-wal", DATABASE ".damaged-wal");
        if (r == 0)
                r = rename_in(directory, NEW, DATABASE);
        if (r == 0 && fsync(directory) < 0)
                r = -errno;
        return r;
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
        r = finish_rebuild(store->lock_fd);
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

/* ---- the database ----------------------------------------------------------------------------
 */

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

        if (asprintf(&text, "BEGIN;%sPRAGMA user_version=%d;COMMIT;", schema_text, SCHEMA_VERSION) <
            0)
                return -ENOMEM;
        return run(db, text);
}

/* What the counter says and what is there: a counter that was altered must not have a row replaced.
 */
static const char job_serial[] =
        "SELECT max((SELECT coalesce(max(seq),0) FROM sqlite_sequence WHERE name='job'),"
        "(SELECT coalesce(max(serial),0) FROM job),(SELECT coalesce(max(job),0) FROM file),"
        "(SELECT coalesce(max(job),0) FROM quarantine))";
static const char orphan_serial[] =
        "SELECT max((SELECT coalesce(max(seq),0) FROM sqlite_sequence WHERE name='orphan'),"
        "(SELECT coalesce(max(serial),0) FROM orphan))";

static int read_serials(Store *store)
{
        int64_t job = 0, orphan = 0;
        int r;

        r = read_number(store->db, job_serial, &job);
        if (r == 0)
                r = read_number(store->db, orphan_serial, &orphan);
        store->next_job = (uint64_t)job + 1;
        store->next_orphan = (uint64_t)orphan + 1;
        return r;
}

static int open_database(const char *directory, const char *name, sqlite3 **ret)
{
        char path[PATH_LENGTH];
        int r;

        if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) >= sizeof(path))
                return -ENAMETOOLONG;
        r = sqlite3_open_v2(path, ret,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW |
                                    SQLITE_OPEN_NOMUTEX, /* there is one thread */
                            NULL);
        r = store_error(r);
        if (r == 0)
                r = run(*ret, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                              "PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF;"
                              "PRAGMA cell_size_check=ON; PRAGMA wal_autocheckpoint=4000;"
                              "PRAGMA temp_store=MEMORY;");
        if (r == -EIO || r == -EACCES) {
                int error = sqlite3_system_errno(*ret);

                r = error ? -error : r;
        }
        return r;
}

static void close_database(Store *store)
{
        for (size_t i = 0; i < SQL_COUNT; i++) {
                sqlite3_finalize(store->statements[i]);
                store->statements[i] = NULL;
        }
        sqlite3_close(store->db);
        store->db = NULL;
}

static int prepare_all(Store *store)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < SQL_COUNT; i++)
                r = store_error(sqlite3_prepare_v3(store->db, schema_sql[i], -1,
                                                   SQLITE_PREPARE_PERSISTENT, &store->statements[i],
                                                   NULL));
        return r;
}

static bool is_empty(int directory)
{
        struct stat st;

        return fstatat(directory, DATABASE, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == 0;
}

/* On a full disk there is none, until the next start. */
static void note_made(int directory)
{
        _cleanup_(closep) int fd = -1;

        if (exists(directory, MADE))
                return;
        fd = openat(directory, MADE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
                (void)fsync(directory);
}

/* Opens the database, makes the schema of a new one. *ret_version: of what is there; 0 when it
 * cannot be read. */
static int open_current(Store *store, const char *directory, int64_t *ret_version)
{
        int r;

        *ret_version = 0;
        if (exists(store->lock_fd, MADE) && is_empty(store->lock_fd))
                return -EUCLEAN; /* unopened: SQLite would delete the log beside it */
        r = open_database(directory, DATABASE, &store->db);
        if (r == 0)
                r = read_number(store->db, "PRAGMA user_version", ret_version);
        if (r == 0 && (*ret_version < 0 || (*ret_version == 0 && exists(store->lock_fd, MADE))))
                r = -EUCLEAN;
        if (r == 0 && *ret_version == 0) {
                r = make_schema(store->db);
                *ret_version = SCHEMA_VERSION;
        }
        if (r == 0 && *ret_version > SCHEMA_VERSION)
                r = -EPROTO;
        if (r == 0 && *ret_version == SCHEMA_VERSION)
                r = read_serials(store);
        if (r == 0 && *ret_version == SCHEMA_VERSION)
                r = prepare_all(store);
        if (r == 0)
                note_made(store->lock_fd);
        return r;
}

/* ---- rebuilding ------------------------------------------------------------------------------ */

static int fill_new(Store *store, const char *directory, sqlite3 *old, int64_t version)
{
        int r;

        r = open_database(directory, NEW, &store->db);
        if (r == 0)
                r = make_schema(store->db);
        if (r == 0)
                r = prepare_all(store);
        if (r == 0 && old && version > 0)
                r = store_carry_over(store, old, version);
        if (store->dirty)
                store_rollback(store);
        close_database(store); /* which writes its log back and removes it */
        return r;
}

/* The old files stay as they are. */
static int put_aside(int directory, const char *aside)
{
        char log[ASIDE_SIZE + 8];
        int r;

        (void)snprintf(log, sizeof(log), "%s-wal", aside);
        r = rename_in(directory, DATABASE, aside);
        if (r == 0)
                r = rename_in(directory, DATABASE "-wal", log);
        if (r == 0)
                r = rename_in(directory, NEW, DATABASE);
        if (r == 0 && unlinkat(directory, MARK, 0) < 0 && errno != ENOENT)
                r = -errno;
        if (r == 0 && fsync(directory) < 0)
                r = -errno;
        return r;
}

static int rebuild(Store *store, const char *directory, int64_t version, const char *aside)
{
        sqlite3 *old;
        int r, on = 1;

        for (size_t i = 0; i < SQL_COUNT; i++) {
                sqlite3_finalize(store->statements[i]);
                store->statements[i] = NULL;
        }
        old = TAKE_PTR(store->db);
        if (old) {
                (void)sqlite3_db_config(old, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
                (void)sqlite3_file_control(old, NULL, SQLITE_FCNTL_PERSIST_WAL, &on);
        }
        (void)store_spend_reserve(store);
        r = fill_new(store, directory, old, version);
        sqlite3_close(old);
        if (r == 0)
                r = put_aside(store->lock_fd, aside);
        if (r == 0)
                r = open_current(store, directory, &version);
        return r;
}

static int open_or_rebuild(Store *store, const char *directory)
{
        char aside[ASIDE_SIZE];
        int64_t version;
        int r;

        r = open_current(store, directory, &version);
        if (r == -EROFS) /* it was opened for writing: what forbids that is in the file */
                r = -EUCLEAN;
        if (r == 0 && version < SCHEMA_VERSION) {
                (void)snprintf(aside, sizeof(aside), DATABASE ".schema-%d", (int)version);
                log_notice("the database is of schema %d: rebuilt, the old one is kept as %s",
                           (int)version, aside);
                return rebuild(store, directory, version, aside);
        }
        if (r != -EUCLEAN && !(r == 0 && exists(store->lock_fd, MARK)))
                return r;
        (void)snprintf(aside, sizeof(aside), DATABASE ".damaged-%llu",
                       (unsigned long long)now_realtime_usec() / 1000000);
        log_write(LOG_CRIT,
                  "the database is damaged: set aside as %s in %s; what can be read of "
                  "it is carried over into a new one",
                  aside, directory);
        return rebuild(store, directory, version > 0 ? version : SCHEMA_VERSION, aside);
}

void store_mark_damaged(Store *store)
{
        _cleanup_(closep) int fd = -1;

        /* The reserve's room, should there be no other. */
        (void)store_spend_reserve(store);
        fd = openat(store->lock_fd, MARK, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
                (void)fsync(fd);
}

static void closep_store(Store **store)
{
        store_close(*store);
}

int store_open(Queue *queue, const char *directory, Store **ret)
{
        _cleanup_(closep_store) Store *store = calloc(1, sizeof(*store));
        int r;

        if (!store)
                return -ENOMEM;
        store->queue = queue;
        store->lock_fd = -1;
        store->keyed = row_key(queue->row_key);
        if (!store->keyed)
                return -ENOMEM;
        r = lock_directory(store, directory);
        if (r == 0)
                r = open_or_rebuild(store, directory);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(store);
        return 0;
}
