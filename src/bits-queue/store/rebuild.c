/*
 * A new database out of an old one that cannot go on as it is: of an older schema, or damaged. Row
 * by row, so that what can be read is carried over; a row keeps its MAC, or gets a new one only
 * after its old one has been found right. What is inauthentic is carried over as it is, and set
 * aside when it is loaded. The old file stays beside the new one, as evidence.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "file.h"
#include "queue.h"
#include "store/rebuild.h"

enum {
        JOB_N_1 = JOB_error_text + 1, /* columns of schema 1: the first ones of today's */
        JOB_N_2 = JOB_n_stored + 1,
        FILE_N_1 = FILE_offset + 1,
        FILE_N_2 = FILE_requested + 1,
        COUNTED = JOB_n_sealed + 1 - JOB_n_stored, /* columns of a job that its files tell */
        EMPTY_BLOB = -1,
};

typedef struct Count {
        unsigned jobs, files, orphans, tickets, altered;
        unsigned lost;       /* rows that are known to have been there */
        unsigned unreadable; /* tables, or their ends */
} Count;

typedef struct Rebuild {
        Store *store; /* the new one */
        sqlite3 *old;
        int64_t version;
        SerialSet serials;
        Count count;
} Rebuild;

typedef struct Column { /* what a column gets that the old schema does not have */
        int index;
        int64_t number;
        const char *text;
        size_t blob_size;
} Column;

static const uint8_t zeros[64];

static const Column job_defaults[] = {
        {.index = JOB_elevated},
        {.index = JOB_resumed, .number = 1},
        {.index = JOB_max_download_time_sec, .number = 7776000},
        {.index = JOB_download_time_usec},
        {.index = JOB_cost_flags},
        {.index = JOB_notify_program, .text = ""},
        {.index = JOB_notify_parameters, .text = ""},
        {.index = JOB_notify_uid, .number = (uid_t)-1},
        {.index = JOB_notify_class, .blob_size = sizeof(Guid)},
        {.index = JOB_notify_interval_msec, .number = 500},
        {.index = JOB_dynamic_content},
        {.index = JOB_high_performance},
        {.index = JOB_on_demand},
        {.index = JOB_max_download_size},
        {.index = JOB_peer_flags},
        {.index = JOB_acl_flags},
        {.index = JOB_no_progress_until_usec},
        {.index = JOB_n_stored}, /* this one and the next four are counted */
        {.index = JOB_files_size},
        {.index = JOB_files_offset},
        {.index = JOB_n_unknown},
        {.index = JOB_n_sealed},
        {.index = JOB_security_flags},
        {.index = JOB_http_method, .text = ""},
        {.index = JOB_headers, .number = EMPTY_BLOB},
        {.index = JOB_headers_write_only},
        {.index = JOB_certificate_location},
        {.index = JOB_certificate_store, .text = ""},
        {.index = JOB_certificate_subject, .text = ""},
        {.index = JOB_certificate_hash, .blob_size = 20},
        {.index = JOB_certificate_asked},
};

static const Column file_defaults[] = {
        {.index = FILE_hash},
        {.index = FILE_digest, .blob_size = 64},
        {.index = FILE_validation},
        {.index = FILE_announced},
        {.index = FILE_ranges, .number = EMPTY_BLOB},
        {.index = FILE_filled, .number = EMPTY_BLOB},
        {.index = FILE_requested, .number = EMPTY_BLOB},
        {.index = FILE_named, .text = ""},
        {.index = FILE_response_headers, .text = ""},
        {.index = FILE_sent},
};

/* A column that is added to the schema gets its line here. */
static_assert(ELEMENTS(job_defaults) == JOB_N - JOB_N_1, "no default");
static_assert(ELEMENTS(file_defaults) == FILE_N - FILE_N_1, "no default");

/* ---- one row --------------------------------------------------------------------------------- */

static void put_value(RowWriter *row, sqlite3_stmt *from, int column)
{
        if (sqlite3_column_type(from, column) == SQLITE_INTEGER)
                row_number(row, sqlite3_column_int64(from, column));
        else if (sqlite3_column_type(from, column) == SQLITE_BLOB)
                row_blob(row, sqlite3_column_blob(from, column),
                         (size_t)sqlite3_column_bytes(from, column));
        else
                row_text(row, (const char *)sqlite3_column_text(from, column));
}

static void put_default(RowWriter *row, const Column *c)
{
        if (c->text)
                row_text(row, c->text);
        else if (c->blob_size > 0)
                row_blob(row, zeros, c->blob_size);
        else if (c->number == EMPTY_BLOB)
                row_blob(row, NULL, 0);
        else
                row_number(row, c->number);
}

typedef struct Table {
        const char *name;
        Statement put;
        int columns[SCHEMA_VERSION]; /* in schema 1, 2, 3 */
        const Column *defaults;      /* of those after schema 1's */
} Table;

static const Table job_table = {"job", SQL_JOB_PUT, {JOB_N_1, JOB_N_2, JOB_N}, job_defaults};
static const Table file_table = {"file", SQL_FILE_PUT, {FILE_N_1, FILE_N_2, FILE_N}, file_defaults};
static const Table orphan_table = {"orphan", SQL_ORPHAN_PUT, {ORPHAN_N, ORPHAN_N, ORPHAN_N}, NULL};

/* counted: of a job. */
static int carry(Rebuild *b, const Table *t, sqlite3_stmt *from, const uint64_t *counted)
{
        int have = t->columns[b->version - 1], want = t->columns[SCHEMA_VERSION - 1], r;
        bool authentic = row_is_authentic(b->store, t->name, from, have);
        RowWriter row;

        r = row_start(b->store, t->put, t->name, &row);
        if (r < 0)
                return r;
        for (int i = 0; i < have; i++)
                put_value(&row, from, i);
        for (int i = have; i < want; i++)
                if (t == &job_table && i >= JOB_n_stored && i <= JOB_n_sealed)
                        row_number(&row, (int64_t)counted[i - JOB_n_stored]);
                else
                        put_default(&row, &t->defaults[i - t->columns[0]]);
        if (authentic)
                return row_finish(&row);
        b->count.altered++;
        r = row_finish_altered(&row, from, have);
        if (r == -EUCLEAN) /* of a kind that its column cannot have */
                b->count.lost++;
        return r == -EUCLEAN ? 0 : r;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static sqlite3_stmt *prepare(Rebuild *b, const char *text)
{
        sqlite3_stmt *s = NULL;

        if (sqlite3_prepare_v2(b->old, text, -1, &s, NULL) != SQLITE_OK)
                b->count.unreadable++;
        return s; /* NULL is nothing to all that follows */
}

static void closep_statement(sqlite3_stmt **s)
{
        sqlite3_finalize(*s);
}

static int note_serials(Rebuild *b, const char *text)
{
        _cleanup_(closep_statement) sqlite3_stmt *s = prepare(b, text);
        int r = 0, step = SQLITE_DONE;

        while (r == 0 && s && (step = sqlite3_step(s)) == SQLITE_ROW)
                r = serial_set_add(&b->serials, (uint64_t)sqlite3_column_int64(s, 0));
        if (r == 0 && step != SQLITE_DONE)
                b->count.unreadable++;
        return r;
}

/* The table from both ends, its index likewise, and what the files say: where one is damaged,
 * another may not be. */
static int find_serials(Rebuild *b)
{
        static const char *const texts[] = {
                "SELECT serial FROM job NOT INDEXED ORDER BY serial",
                "SELECT serial FROM job NOT INDEXED ORDER BY serial DESC",
                "SELECT serial FROM job ORDER BY guid",
                "SELECT serial FROM job ORDER BY guid DESC",
                "SELECT job FROM file ORDER BY job",
                "SELECT job FROM file ORDER BY job DESC",
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(texts) && r == 0; i++)
                r = note_serials(b, texts[i]);
        serial_set_tidy(&b->serials);
        return r;
}

/* As store_insert_file() does, in the order of the columns from n_stored on. */
static void count_file(sqlite3_stmt *s, uint64_t counted[COUNTED])
{
        uint64_t size = (uint64_t)sqlite3_column_int64(s, FILE_size);
        bool known = size != NET_SIZE_UNKNOWN;

        counted[0]++;
        counted[JOB_files_size - JOB_n_stored] += known ? size : 0;
        counted[JOB_files_offset - JOB_n_stored] += (uint64_t)sqlite3_column_int64(s, FILE_offset);
        counted[JOB_n_unknown - JOB_n_stored] += !known;
        counted[JOB_n_sealed - JOB_n_stored] += sqlite3_column_int64(s, FILE_state) >= FILE_SEALED;
}

static int carry_files(Rebuild *b, sqlite3_stmt *s, uint64_t serial, uint64_t counted[COUNTED])
{
        int r = 0, step = SQLITE_DONE;

        if (!s)
                return 0;
        (void)sqlite3_bind_int64(s, 1, (int64_t)serial);
        while (r == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
                r = carry(b, &file_table, s, NULL);
                b->count.files++;
                count_file(s, counted);
        }
        if (r == 0 && step != SQLITE_DONE)
                b->count.unreadable++; /* the job's own count tells when it is loaded */
        sqlite3_reset(s);
        return r;
}

static int carry_job(Rebuild *b, sqlite3_stmt *jobs, sqlite3_stmt *files, uint64_t serial)
{
        uint64_t counted[COUNTED] = {0};
        int r;

        r = carry_files(b, files, serial, counted);
        if (r < 0 || !jobs)
                return r;
        (void)sqlite3_bind_int64(jobs, 1, (int64_t)serial);
        if (sqlite3_step(jobs) == SQLITE_ROW) {
                b->count.jobs++;
                r = carry(b, &job_table, jobs, counted);
        } else {
                b->count.lost++;
                r = store_quarantine_job(b->store, serial, "job row lost");
        }
        sqlite3_reset(jobs);
        return r;
}

static int carry_jobs(Rebuild *b)
{
        _cleanup_(closep_statement) sqlite3_stmt *jobs = prepare(b, schema_sql_job[b->version - 1]);
        _cleanup_(closep_statement) sqlite3_stmt *files =
                prepare(b, schema_sql_file[b->version - 1]);
        int r = find_serials(b);

        for (size_t i = 0; i < b->serials.n && r == 0; i++)
                r = carry_job(b, jobs, files, b->serials.serials[i]);
        return r;
}

static int carry_orphans(Rebuild *b)
{
        _cleanup_(closep_statement) sqlite3_stmt *s = prepare(b, schema_sql[SQL_ORPHAN_LOAD]);
        int r = 0, step = SQLITE_DONE;

        while (r == 0 && s && (step = sqlite3_step(s)) == SQLITE_ROW) {
                b->count.orphans++;
                r = carry(b, &orphan_table, s, NULL);
        }
        if (r == 0 && step != SQLITE_DONE)
                b->count.unreadable++;
        return r;
}

static int carry_tickets(Rebuild *b)
{
        _cleanup_(closep_statement) sqlite3_stmt *s = prepare(b, schema_sql[SQL_TICKET_LOAD]);
        int r = 0, step = SQLITE_DONE;
        Ticket ticket;

        while (r == 0 && s && (step = sqlite3_step(s)) == SQLITE_ROW)
                if (column_copy(s, 0, &ticket, sizeof(ticket))) {
                        b->count.tickets++;
                        r = store_put_ticket(b->store, &ticket);
                }
        if (r == 0 && step != SQLITE_DONE)
                b->count.unreadable++;
        return r;
}

static int carry_quarantine(Rebuild *b)
{
        _cleanup_(closep_statement) sqlite3_stmt *s = prepare(b, "SELECT job,why FROM quarantine");
        int r = 0;

        while (r == 0 && s && sqlite3_step(s) == SQLITE_ROW)
                r = store_quarantine_job(b->store, (uint64_t)sqlite3_column_int64(s, 0),
                                         column_text(s, 1));
        return r;
}

/* Tables whose rows have no MAC. */
static int carry_plain(Rebuild *b, const char *name)
{
        _cleanup_(closep_statement) sqlite3_stmt *from = NULL, *to = NULL;
        char text[128];
        int r = 0, n;

        (void)snprintf(text, sizeof(text), "SELECT * FROM %s", name);
        from = prepare(b, text);
        n = snprintf(text, sizeof(text), "INSERT OR IGNORE INTO %s VALUES(?", name);
        for (int i = 1; i < sqlite3_column_count(from); i++)
                n += snprintf(text + n, sizeof(text) - (size_t)n, ",?");
        (void)snprintf(text + n, sizeof(text) - (size_t)n, ")");
        if (!from || sqlite3_prepare_v2(b->store->db, text, -1, &to, NULL) != SQLITE_OK)
                return 0; /* counted as unreadable, or of another shape */
        while (r == 0 && sqlite3_step(from) == SQLITE_ROW) {
                for (int i = 0; i < sqlite3_column_count(from); i++)
                        (void)sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
                r = store_error(sqlite3_step(to));
                if (r == -EUCLEAN)
                        r = 0; /* a value that its column cannot have: what happened is no promise
                                */
                sqlite3_reset(to);
        }
        return r;
}

static int carry_history(Rebuild *b)
{
        int r = b->version > 1 ? carry_plain(b, "history") : 0;

        return r == 0 && b->version > 1 ? carry_plain(b, "history_lost") : r;
}

/* A serial that was used is not used again. */
static int carry_sequence(Rebuild *b)
{
        _cleanup_(closep_statement) sqlite3_stmt *s =
                prepare(b, "SELECT name,seq FROM sqlite_sequence");
        char text[256];
        int r = 0;

        while (r == 0 && s && sqlite3_step(s) == SQLITE_ROW) {
                const char *name = column_text(s, 0);

                if (strcmp(name, "job") != 0 && strcmp(name, "orphan") != 0 &&
                    strcmp(name, "history") != 0)
                        continue;
                (void)snprintf(text, sizeof(text),
                               "DELETE FROM sqlite_sequence WHERE name='%s' AND seq<%lld;"
                               "INSERT INTO sqlite_sequence SELECT '%s',%lld WHERE NOT EXISTS"
                               "(SELECT 1 FROM sqlite_sequence WHERE name='%s')",
                               name, (long long)sqlite3_column_int64(s, 1), name,
                               (long long)sqlite3_column_int64(s, 1), name);
                r = store_error(sqlite3_exec(b->store->db, text, NULL, NULL, NULL));
        }
        return r;
}

int store_carry_over(Store *store, sqlite3 *old, int64_t version)
{
        static int (*const steps[])(Rebuild *) = {carry_jobs,       carry_orphans, carry_tickets,
                                                  carry_quarantine, carry_history, carry_sequence};
        Rebuild b = {.store = store, .old = old, .version = version};
        const Count *n = &b.count;
        int r = store_begin(store);

        for (size_t i = 0; i < ELEMENTS(steps) && r == 0; i++)
                r = steps[i](&b);
        free(b.serials.serials);
        if (r == 0)
                r = store_commit(store);
        if (r < 0)
                return r;
        log_write(n->lost || n->unreadable || n->altered ? LOG_CRIT : LOG_NOTICE,
                  "carried over: %u jobs, %u files, %u orphans, %u tickets; %u rows are altered, "
                  "%u rows are lost, %u times reading came to a damaged place",
                  n->jobs, n->files, n->orphans, n->tickets, n->altered, n->lost, n->unreadable);
        return 0;
}
