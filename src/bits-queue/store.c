/*
 * SQLite behind store.h. Each table's columns stand once, in an X macro: the statements, the
 * indices for binding and reading, and the order of the MAC all come from it.
 *
 * Schema history (PRAGMA user_version):
 *   1  job, file, ticket, orphan, quarantine
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "job.h"
#include "queue.h"

#define SCHEMA_VERSION 1
#define MAC_SIZE       32

#define JOB_COLUMNS(X)                                                                             \
        X(serial)                                                                                  \
        X(guid)                                                                                    \
        X(owner)                                                                                   \
        X(type)                                                                                    \
        X(state)                                                                                   \
        X(priority)                                                                                \
        X(display_name) X(description) X(notify_flags) X(minimum_retry_delay_sec)                  \
                X(no_progress_timeout_sec) X(error_count) X(helper_flags) X(notified)              \
                        X(created_usec) X(modified_usec) X(completed_usec) X(error_code)           \
                                X(error_context) X(error_file) X(error_protocol) X(error_text)     \
                                        X(mac)
#define FILE_COLUMNS(X)                                                                            \
        X(job)                                                                                     \
        X(ordinal)                                                                                 \
        X(state)                                                                                   \
        X(remote)                                                                                  \
        X(local)                                                                                   \
        X(temp)                                                                                    \
        X(temp_uid) X(id) X(directory) X(etag) X(last_modified_usec) X(version_size) X(size)       \
                X(offset) X(mac)
#define ORPHAN_COLUMNS(X) X(serial) X(uid) X(owner) X(file) X(directory) X(path) X(temp) X(mac)

#define NUMBER(table, name) table##_##name,
enum {
#define X(name) NUMBER(JOB, name)
        JOB_COLUMNS(X)
#undef X
        JOB_N,
};
enum {
#define X(name) NUMBER(FILE, name)
        FILE_COLUMNS(X)
#undef X
        FILE_N,
};
enum {
#define X(name) NUMBER(ORPHAN, name)
        ORPHAN_COLUMNS(X)
#undef X
        ORPHAN_N,
};

#define NAME(name)  #name ","
#define JOB_LIST    JOB_COLUMNS(NAME)
#define FILE_LIST   FILE_COLUMNS(NAME)
#define ORPHAN_LIST ORPHAN_COLUMNS(NAME)

static const char schema[] =
        "CREATE TABLE job("
        " serial INTEGER PRIMARY KEY AUTOINCREMENT, guid BLOB NOT NULL UNIQUE, owner INTEGER NOT "
        "NULL,"
        " type INTEGER NOT NULL, state INTEGER NOT NULL, priority INTEGER NOT NULL,"
        " display_name TEXT NOT NULL, description TEXT NOT NULL, notify_flags INTEGER NOT NULL,"
        " minimum_retry_delay_sec INTEGER NOT NULL, no_progress_timeout_sec INTEGER NOT NULL,"
        " error_count INTEGER NOT NULL, helper_flags INTEGER NOT NULL, notified INTEGER NOT NULL,"
        " created_usec INTEGER NOT NULL, modified_usec INTEGER NOT NULL,"
        " completed_usec INTEGER NOT NULL, error_code INTEGER NOT NULL,"
        " error_context INTEGER NOT NULL, error_file INTEGER NOT NULL, error_protocol TEXT NOT "
        "NULL,"
        " error_text TEXT, mac BLOB NOT NULL) STRICT;"
        "CREATE TABLE file("
        " job INTEGER NOT NULL, ordinal INTEGER NOT NULL, state INTEGER NOT NULL,"
        " remote TEXT NOT NULL, local TEXT NOT NULL, temp TEXT NOT NULL, temp_uid INTEGER NOT NULL,"
        " id BLOB NOT NULL, directory BLOB NOT NULL, etag TEXT NOT NULL,"
        " last_modified_usec INTEGER NOT NULL, version_size INTEGER NOT NULL, size INTEGER NOT "
        "NULL,"
        " offset INTEGER NOT NULL, mac BLOB NOT NULL, PRIMARY KEY(job, ordinal)) STRICT,"
        " WITHOUT ROWID;"
        "CREATE TABLE ticket(uid INTEGER PRIMARY KEY, ticket BLOB NOT NULL) STRICT;"
        "CREATE TABLE orphan("
        " serial INTEGER PRIMARY KEY AUTOINCREMENT, uid INTEGER NOT NULL, owner INTEGER NOT NULL,"
        " file BLOB NOT NULL, directory BLOB NOT NULL, path TEXT NOT NULL, temp TEXT NOT NULL,"
        " mac BLOB NOT NULL) STRICT;"
        "CREATE TABLE quarantine(job INTEGER PRIMARY KEY, why TEXT NOT NULL, at_usec INTEGER NOT "
        "NULL)"
        " STRICT;";

typedef enum Statement {
        SQL_BEGIN,
        SQL_COMMIT,
        SQL_ROLLBACK,
        SQL_JOB_PUT,
        SQL_JOB_DELETE,
        SQL_JOB_DELETE_FILES,
        SQL_JOB_LOAD,
        SQL_QUARANTINE_PUT,
        SQL_FILE_PUT,
        SQL_FILE_LOAD,
        SQL_TICKET_PUT,
        SQL_TICKET_LOAD,
        SQL_ORPHAN_PUT,
        SQL_ORPHAN_DELETE,
        SQL_ORPHAN_LOAD,
        SQL_COUNT,
} Statement;

/* A column list ends in a comma; a literal behind it makes it a list again. */
static const char *const sql[SQL_COUNT] = {
        [SQL_BEGIN] = "BEGIN IMMEDIATE",
        [SQL_COMMIT] = "COMMIT",
        [SQL_ROLLBACK] = "ROLLBACK",
        [SQL_JOB_PUT] =
                "REPLACE INTO job VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,"
                "?16,?17,?18,?19,?20,?21,?22,?23)",
        [SQL_JOB_DELETE] = "DELETE FROM job WHERE serial=?1",
        [SQL_JOB_DELETE_FILES] = "DELETE FROM file WHERE job=?1",
        [SQL_JOB_LOAD] = "SELECT " JOB_LIST "0 FROM job WHERE serial NOT IN"
                         " (SELECT job FROM quarantine) ORDER BY serial",
        [SQL_QUARANTINE_PUT] = "INSERT OR IGNORE INTO quarantine VALUES(?1,?2,?3)",
        [SQL_FILE_PUT] =
                "REPLACE INTO file VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
        [SQL_FILE_LOAD] = "SELECT " FILE_LIST "0 FROM file WHERE job=?1 ORDER BY ordinal",
        [SQL_TICKET_PUT] = "REPLACE INTO ticket VALUES(?1,?2)",
        [SQL_TICKET_LOAD] = "SELECT ticket FROM ticket",
        [SQL_ORPHAN_PUT] = "REPLACE INTO orphan VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
        [SQL_ORPHAN_DELETE] = "DELETE FROM orphan WHERE serial=?1",
        [SQL_ORPHAN_LOAD] = "SELECT " ORPHAN_LIST "0 FROM orphan ORDER BY serial",
};

struct Store {
        Queue *queue;
        sqlite3 *db;
        EVP_MAC *hmac;
        sqlite3_stmt *statements[SQL_COUNT];
        int lock_fd;
        bool dirty;
        uint64_t next_job, next_orphan; /* serials: never used twice, whatever is deleted */
};

static int error_from_sqlite(int code)
{
        switch (code & 0xff) {
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

/* ---- rows and their MAC ---------------------------------------------------------------------- */

/* A row being written: values are bound and fed to the MAC in one go, so that none can be
 * forgotten. */
typedef struct RowWriter {
        sqlite3_stmt *statement;
        EVP_MAC_CTX *mac;
        int column, error;
} RowWriter;

static EVP_MAC_CTX *mac_new(const Store *store, const char *table)
{
        OSSL_PARAM parameters[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
                OSSL_PARAM_construct_end(),
        };
        EVP_MAC_CTX *mac = EVP_MAC_CTX_new(store->hmac);

        if (mac &&
            (!EVP_MAC_init(mac, store->queue->row_key, sizeof(store->queue->row_key), parameters) ||
             !EVP_MAC_update(mac, (const unsigned char *)table, strlen(table) + 1))) {
                EVP_MAC_CTX_free(mac);
                mac = NULL;
        }
        return mac;
}

/* Length first, so that no two different rows feed the same bytes. */
static bool mac_feed(EVP_MAC_CTX *mac, const void *data, size_t size)
{
        uint64_t length = size;

        return EVP_MAC_update(mac, (const unsigned char *)&length, sizeof(length)) &&
               (size == 0 || EVP_MAC_update(mac, data, size));
}

static void row_number(RowWriter *row, int64_t value)
{
        if (row->error == 0)
                row->error =
                        error_from_sqlite(sqlite3_bind_int64(row->statement, ++row->column, value));
        if (row->error == 0 && !mac_feed(row->mac, &value, sizeof(value)))
                row->error = -ENOMEM;
}

static void row_text(RowWriter *row, const char *value)
{
        if (row->error == 0)
                row->error = error_from_sqlite(
                        sqlite3_bind_text(row->statement, ++row->column, value, -1, SQLITE_STATIC));
        if (row->error == 0 && !mac_feed(row->mac, value ? value : "", value ? strlen(value) : 0))
                row->error = -ENOMEM;
}

static void row_blob(RowWriter *row, const void *value, size_t size)
{
        if (row->error == 0)
                row->error = error_from_sqlite(sqlite3_bind_blob64(row->statement, ++row->column,
                                                                   value, size, SQLITE_STATIC));
        if (row->error == 0 && !mac_feed(row->mac, value, size))
                row->error = -ENOMEM;
}

static int begin(Store *store)
{
        int r;

        if (store->dirty)
                return 0;
        sqlite3_reset(store->statements[SQL_BEGIN]);
        r = error_from_sqlite(sqlite3_step(store->statements[SQL_BEGIN]));
        sqlite3_reset(store->statements[SQL_BEGIN]);
        if (r == 0)
                store->dirty = true;
        return r;
}

static int row_start(Store *store, Statement which, const char *table, RowWriter *ret)
{
        int r = begin(store);

        if (r < 0)
                return r;
        *ret = (RowWriter){.statement = store->statements[which], .mac = mac_new(store, table)};
        return ret->mac ? 0 : -ENOMEM;
}

static int row_finish(RowWriter *row)
{
        uint8_t mac[MAC_SIZE];
        size_t size = 0;

        if (row->error == 0 && !EVP_MAC_final(row->mac, mac, &size, sizeof(mac)))
                row->error = -ENOMEM;
        EVP_MAC_CTX_free(row->mac);
        if (row->error == 0)
                row->error = error_from_sqlite(sqlite3_bind_blob(row->statement, row->column + 1,
                                                                 mac, sizeof(mac), SQLITE_STATIC));
        if (row->error == 0)
                row->error = error_from_sqlite(sqlite3_step(row->statement));
        sqlite3_reset(row->statement);
        sqlite3_clear_bindings(row->statement);
        return row->error;
}

/* Does the MAC in the last of n columns belong to the values before it? They were written in order.
 */
static bool row_is_authentic(const Store *store, const char *table, sqlite3_stmt *s, int n)
{
        EVP_MAC_CTX *mac = mac_new(store, table);
        uint8_t expected[MAC_SIZE];
        size_t size = 0;
        bool good = mac != NULL;

        for (int i = 0; good && i < n - 1; i++) {
                if (sqlite3_column_type(s, i) == SQLITE_INTEGER) {
                        int64_t value = sqlite3_column_int64(s, i);

                        good = mac_feed(mac, &value, sizeof(value));
                } else {
                        const void *value = sqlite3_column_blob(s, i);

                        good = mac_feed(mac, value, (size_t)sqlite3_column_bytes(s, i));
                }
        }
        good = good && EVP_MAC_final(mac, expected, &size, sizeof(expected)) &&
               sqlite3_column_bytes(s, n - 1) == MAC_SIZE &&
               CRYPTO_memcmp(expected, sqlite3_column_blob(s, n - 1), MAC_SIZE) == 0;
        EVP_MAC_CTX_free(mac);
        return good;
}

static const char *column_text(sqlite3_stmt *s, int column)
{
        const char *text = (const char *)sqlite3_column_text(s, column);

        return text ? text : "";
}

static bool column_copy(sqlite3_stmt *s, int column, void *ret, size_t size)
{
        if (sqlite3_column_bytes(s, column) != (int)size)
                return false;
        memcpy(ret, sqlite3_column_blob(s, column), size);
        return true;
}

static bool column_copy_text(sqlite3_stmt *s, int column, char *ret, size_t size)
{
        const char *text = column_text(s, column);

        if (strlen(text) >= size)
                return false;
        memset(ret, 0, size);
        memcpy(ret, text, strlen(text));
        return true;
}

/* ---- opening --------------------------------------------------------------------------------- */

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
        int r = error_from_sqlite(sqlite3_prepare_v2(db, query, -1, &s, NULL));

        if (r == 0)
                r = error_from_sqlite(sqlite3_step(s));
        if (r == 0)
                *ret = sqlite3_column_int64(s, 0);
        sqlite3_finalize(s);
        return r;
}

static int run(sqlite3 *db, const char *text)
{
        return error_from_sqlite(sqlite3_exec(db, text, NULL, NULL, NULL));
}

static int make_schema(sqlite3 *db)
{
        char text[sizeof(schema) + 128];
        int64_t version;
        int r;

        r = read_number(db, "PRAGMA user_version", &version);
        if (r < 0 || version == SCHEMA_VERSION)
                return r;
        if (version != 0)
                return -EPROTO;
        (void)snprintf(text, sizeof(text), "BEGIN;%sPRAGMA user_version=%d;COMMIT;", schema,
                       SCHEMA_VERSION);
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
        r = error_from_sqlite(sqlite3_open_v2(
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
                r = error_from_sqlite(sqlite3_prepare_v3(store->db, sql[i], -1,
                                                         SQLITE_PREPARE_PERSISTENT,
                                                         &store->statements[i], NULL));
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
        int r = error_from_sqlite(sqlite3_step(s));

        sqlite3_reset(s);
        return r;
}

int store_commit(Store *store)
{
        int r;

        if (!store->dirty)
                return 0;
        r = step_alone(store, SQL_COMMIT);
        if (r == 0)
                store->dirty = false;
        return r;
}

void store_rollback(Store *store)
{
        (void)step_alone(store, SQL_ROLLBACK); /* some errors have rolled back already */
        store->dirty = false;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static int put_job(Store *store, const Job *job)
{
        RowWriter row;
        int r;

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
        return put_job(store, job);
}

static int step_with_serial(Store *store, Statement which, int64_t serial)
{
        sqlite3_stmt *s = store->statements[which];
        int r = begin(store);

        if (r == 0)
                r = error_from_sqlite(sqlite3_bind_int64(s, 1, serial));
        if (r == 0)
                r = error_from_sqlite(sqlite3_step(s));
        sqlite3_reset(s);
        return r;
}

int store_delete_job(Store *store, const Job *job)
{
        int r = step_with_serial(store, SQL_JOB_DELETE_FILES, (int64_t)job->serial);

        return r < 0 ? r : step_with_serial(store, SQL_JOB_DELETE, (int64_t)job->serial);
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

static int read_job(Store *store, sqlite3_stmt *s, Job **ret)
{
        const char *error_text = (const char *)sqlite3_column_text(s, JOB_error_text);
        Job *job = calloc(1, sizeof(*job));
        bool good;

        if (!job)
                return -ENOMEM;
        job->queue = store->queue;
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
        good = good && job->display_name && job->description && job->state < JOB_STATE_COUNT &&
               !state_is_final(job->state) && job->priority < PRIORITY_COUNT;
        if (good) {
                *ret = job;
                return 0;
        }
        free(job->display_name);
        free(job->description);
        free(job->error.text);
        free(job);
        return -EBADMSG;
}

int store_quarantine_job(Store *store, uint64_t serial, const char *why)
{
        sqlite3_stmt *s = store->statements[SQL_QUARANTINE_PUT];
        int r = begin(store);

        sqlite3_bind_int64(s, 1, (int64_t)serial);
        sqlite3_bind_text(s, 2, why, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 3, (int64_t)now_realtime_usec());
        if (r == 0)
                r = error_from_sqlite(sqlite3_step(s));
        sqlite3_reset(s);
        return r;
}

int store_load_jobs(Store *store, int (*load)(Queue *queue, Job *job), unsigned *ret_quarantined)
{
        sqlite3_stmt *s = store->statements[SQL_JOB_LOAD];
        int r = 0, step;

        *ret_quarantined = 0;
        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
                uint64_t serial = (uint64_t)sqlite3_column_int64(s, JOB_serial);
                Job *job = NULL;

                if (row_is_authentic(store, "job", s, JOB_N))
                        r = read_job(store, s, &job);
                else
                        r = -EBADMSG;
                if (r == -EBADMSG) {
                        log_error("job of row %llu was altered outside the service: set aside in "
                                  "quarantine",
                                  (unsigned long long)serial);
                        r = store_quarantine_job(store, serial, "job row altered");
                        ++*ret_quarantined;
                } else if (r == 0)
                        r = load(store->queue, job);
        }
        if (r == 0)
                r = error_from_sqlite(step);
        sqlite3_reset(s);
        return r;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int put_file(Store *store, const File *file)
{
        RowWriter row;
        int r;

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
        return row_finish(&row);
}

int store_insert_file(Store *store, const File *file)
{
        return put_file(store, file);
}

int store_update_file(Store *store, const File *file)
{
        return put_file(store, file);
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
        if (!column_copy_text(s, FILE_temp, file->temp, sizeof(file->temp)) ||
            !column_copy_text(s, FILE_etag, file->validator.etag, sizeof(file->validator.etag)) ||
            !column_copy(s, FILE_id, &file->id, sizeof(file->id)) ||
            !column_copy(s, FILE_directory, &file->directory, sizeof(file->directory)) ||
            file->state > FILE_FINISHED)
                return -EBADMSG;
        *ret = TAKE_PTR(file);
        return 0;
}

int store_load_files(Store *store, Job *job)
{
        sqlite3_stmt *s = store->statements[SQL_FILE_LOAD];
        int r, step = SQLITE_DONE;

        r = error_from_sqlite(sqlite3_bind_int64(s, 1, (int64_t)job->serial));
        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
                File *file = NULL, **files;

                r = row_is_authentic(store, "file", s, FILE_N) ? read_file_row(job, s, &file)
                                                               : -EBADMSG;
                if (r == 0 && file->index != job->n_files)
                        r = -EBADMSG; /* a row is missing */
                if (r == 0) {
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
                r = error_from_sqlite(step);
        sqlite3_reset(s);
        return r;
}

/* ---- tickets --------------------------------------------------------------------------------- */

int store_put_ticket(Store *store, const Ticket *ticket)
{
        sqlite3_stmt *s = store->statements[SQL_TICKET_PUT];
        int r = begin(store);

        sqlite3_bind_int64(s, 1, ticket->uid);
        sqlite3_bind_blob(s, 2, ticket, sizeof(*ticket), SQLITE_STATIC);
        if (r == 0)
                r = error_from_sqlite(sqlite3_step(s));
        sqlite3_reset(s);
        sqlite3_clear_bindings(s);
        return r;
}

int store_load_tickets(Store *store, int (*load)(Queue *queue, const Ticket *ticket))
{
        sqlite3_stmt *s = store->statements[SQL_TICKET_LOAD];
        Ticket ticket;
        int r = 0, step = SQLITE_DONE;

        /* No MAC of ours: bitsd checks its own at every use. */
        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW)
                if (column_copy(s, 0, &ticket, sizeof(ticket)))
                        r = load(store->queue, &ticket);
        if (r == 0)
                r = error_from_sqlite(step);
        sqlite3_reset(s);
        return r;
}

/* ---- orphans --------------------------------------------------------------------------------- */

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
        return step_with_serial(store, SQL_ORPHAN_DELETE, id);
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
                r = error_from_sqlite(step);
        sqlite3_reset(s);
        return r;
}
