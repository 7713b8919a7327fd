/*
 * Tables and statements of the store. A table's columns stand once, in an X macro: statements, the
 * indices for binding and reading, and the order in the MAC all come from it. The last column, mac,
 * is not in the list.
 *
 * Schema history (PRAGMA user_version):
 *   1  job, file, ticket, orphan, quarantine
 *   2  job and file have the settings of later interfaces; history, history_lost
 *   3  job has the totals of its files, and what it asks of HTTP; file has what came of that
 */
#pragma once

#define SCHEMA_VERSION 3

/* clang-format off */
#define JOB_COLUMNS_1(X)                                                                           \
        X(serial) X(guid) X(owner) X(type) X(state) X(priority) X(display_name) X(description)     \
        X(notify_flags) X(minimum_retry_delay_sec) X(no_progress_timeout_sec) X(error_count)       \
        X(helper_flags) X(notified) X(created_usec) X(modified_usec) X(completed_usec)             \
        X(error_code) X(error_context) X(error_file) X(error_protocol) X(error_text)
#define JOB_COLUMNS_2(X)                                                                           \
        JOB_COLUMNS_1(X)                                                                           \
        X(elevated) X(resumed) X(max_download_time_sec) X(download_time_usec) X(cost_flags)        \
        X(notify_program) X(notify_parameters) X(notify_uid) X(notify_class)                       \
        X(notify_interval_msec) X(dynamic_content) X(high_performance) X(on_demand)                \
        X(max_download_size) X(peer_flags) X(acl_flags) X(no_progress_until_usec)              \
        X(n_stored)
#define JOB_COLUMNS(X)                                                                             \
        JOB_COLUMNS_2(X)                                                                           \
        X(files_size) X(files_offset) X(n_unknown) X(n_sealed)                                     \
        X(security_flags) X(http_method) X(headers) X(headers_write_only)                          \
        X(certificate_location) X(certificate_store) X(certificate_subject) X(certificate_hash)    \
        X(certificate_asked)
#define FILE_COLUMNS_1(X)                                                                          \
        X(job) X(ordinal) X(state) X(remote) X(local) X(temp) X(temp_uid) X(id) X(directory)       \
        X(etag) X(last_modified_usec) X(version_size) X(size) X(offset)
#define FILE_COLUMNS_2(X)                                                                          \
        FILE_COLUMNS_1(X)                                                                          \
        X(hash) X(digest) X(validation) X(announced) X(ranges) X(filled) X(requested)
#define FILE_COLUMNS(X)                                                                            \
        FILE_COLUMNS_2(X)                                                                          \
        X(named) X(response_headers) X(sent)
#define ORPHAN_COLUMNS(X)                                                                          \
        X(serial) X(uid) X(owner) X(file) X(directory) X(path) X(temp)
/* clang-format on */

#define SCHEMA_NUMBER_JOB(name)    JOB_##name,
#define SCHEMA_NUMBER_FILE(name)   FILE_##name,
#define SCHEMA_NUMBER_ORPHAN(name) ORPHAN_##name,
enum {
        JOB_COLUMNS(SCHEMA_NUMBER_JOB) JOB_N,
};
enum {
        FILE_COLUMNS(SCHEMA_NUMBER_FILE) FILE_N,
};
enum {
        ORPHAN_COLUMNS(SCHEMA_NUMBER_ORPHAN) ORPHAN_N,
};

typedef enum Statement {
        SQL_BEGIN,
        SQL_COMMIT,
        SQL_ROLLBACK,
        SQL_JOB_PUT,
        SQL_JOB_DELETE,
        SQL_JOB_DELETE_FILES,
        SQL_JOB_LOAD,
        SQL_JOB_RELOAD,
        SQL_QUARANTINE_PUT,
        SQL_FILE_PUT,
        SQL_FILE_LOAD,
        SQL_FILE_STRAY,
        SQL_TICKET_PUT,
        SQL_TICKET_LOAD,
        SQL_ORPHAN_PUT,
        SQL_ORPHAN_DELETE,
        SQL_ORPHAN_LOAD,
        SQL_HISTORY_PUT,
        SQL_HISTORY_COUNT,
        SQL_HISTORY_OLDEST,
        SQL_HISTORY_TRIM,
        SQL_HISTORY_OLDEST_KEPT,
        SQL_HISTORY_OLD_OWNER,
        SQL_HISTORY_LIST,
        SQL_HISTORY_LIST_OF,
        SQL_HISTORY_LOST_PUT,
        SQL_HISTORY_LOST_GET,
        SQL_COUNT,
} Statement;

extern const char schema_text[]; /* makes the tables of SCHEMA_VERSION */
extern const char *const schema_sql[SQL_COUNT];
/* A job by serial, and its files, as schema 1 had them, and those after it. */
extern const char *const schema_sql_job[SCHEMA_VERSION], *const schema_sql_file[SCHEMA_VERSION];
