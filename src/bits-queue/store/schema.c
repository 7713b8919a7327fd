#include "store/schema.h"

#define NAME(name) #name ","
#define MARK(name) "?,"
#define PUT(table, COLUMNS)                                                                        \
        "REPLACE INTO " #table "(" COLUMNS(NAME) "mac) VALUES(" COLUMNS(MARK) "?)"
#define LOAD(table, COLUMNS) "SELECT " COLUMNS(NAME) "mac FROM " #table " "

#define HISTORY_LIST "SELECT serial,guid,owner,at_usec,kind,state,code,text FROM history WHERE "

const char schema_text[] =
        "CREATE TABLE job("
        " serial INTEGER PRIMARY KEY AUTOINCREMENT, guid BLOB NOT NULL UNIQUE,"
        " owner INTEGER NOT NULL, type INTEGER NOT NULL, state INTEGER NOT NULL,"
        " priority INTEGER NOT NULL, display_name TEXT NOT NULL, description TEXT NOT NULL,"
        " notify_flags INTEGER NOT NULL, minimum_retry_delay_sec INTEGER NOT NULL,"
        " no_progress_timeout_sec INTEGER NOT NULL, error_count INTEGER NOT NULL,"
        " helper_flags INTEGER NOT NULL, notified INTEGER NOT NULL, created_usec INTEGER NOT NULL,"
        " modified_usec INTEGER NOT NULL, completed_usec INTEGER NOT NULL,"
        " error_code INTEGER NOT NULL, error_context INTEGER NOT NULL,"
        " error_file INTEGER NOT NULL, error_protocol TEXT NOT NULL, error_text TEXT,"
        " elevated INTEGER NOT NULL, resumed INTEGER NOT NULL,"
        " max_download_time_sec INTEGER NOT NULL, download_time_usec INTEGER NOT NULL,"
        " cost_flags INTEGER NOT NULL, notify_program TEXT NOT NULL,"
        " notify_parameters TEXT NOT NULL, notify_uid INTEGER NOT NULL, notify_class BLOB NOT NULL,"
        " notify_interval_msec INTEGER NOT NULL, dynamic_content INTEGER NOT NULL,"
        " high_performance INTEGER NOT NULL, on_demand INTEGER NOT NULL,"
        " max_download_size INTEGER NOT NULL, peer_flags INTEGER NOT NULL,"
        " acl_flags INTEGER NOT NULL, no_progress_until_usec INTEGER NOT NULL,"
        " n_stored INTEGER NOT NULL, files_size INTEGER NOT NULL, files_offset INTEGER NOT NULL,"
        " n_unknown INTEGER NOT NULL, n_sealed INTEGER NOT NULL, security_flags INTEGER NOT NULL,"
        " http_method TEXT NOT NULL, headers BLOB NOT NULL, headers_write_only INTEGER NOT NULL,"
        " certificate_location INTEGER NOT NULL, certificate_store TEXT NOT NULL,"
        " certificate_subject TEXT NOT NULL, certificate_hash BLOB NOT NULL,"
        " certificate_asked INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;"

        "CREATE TABLE file("
        " job INTEGER NOT NULL, ordinal INTEGER NOT NULL, state INTEGER NOT NULL,"
        " remote TEXT NOT NULL, local TEXT NOT NULL, temp TEXT NOT NULL, temp_uid INTEGER NOT NULL,"
        " id BLOB NOT NULL, directory BLOB NOT NULL, etag TEXT NOT NULL,"
        " last_modified_usec INTEGER NOT NULL, version_size INTEGER NOT NULL,"
        " size INTEGER NOT NULL, offset INTEGER NOT NULL, hash INTEGER NOT NULL,"
        " digest BLOB NOT NULL, validation INTEGER NOT NULL, announced INTEGER NOT NULL,"
        " ranges BLOB NOT NULL, filled BLOB NOT NULL, requested BLOB NOT NULL,"
        " named TEXT NOT NULL, response_headers TEXT NOT NULL, sent INTEGER NOT NULL, mac BLOB NOT "
        "NULL,"
        " PRIMARY KEY(job, ordinal)) STRICT, WITHOUT ROWID;"

        "CREATE TABLE ticket(uid INTEGER PRIMARY KEY, ticket BLOB NOT NULL) STRICT;"

        "CREATE TABLE orphan("
        " serial INTEGER PRIMARY KEY AUTOINCREMENT, uid INTEGER NOT NULL, owner INTEGER NOT NULL,"
        " file BLOB NOT NULL, directory BLOB NOT NULL, path TEXT NOT NULL, temp TEXT NOT NULL,"
        " mac BLOB NOT NULL) STRICT;"

        "CREATE TABLE quarantine("
        " job INTEGER PRIMARY KEY, why TEXT NOT NULL, at_usec INTEGER NOT NULL) STRICT;"

        "CREATE TABLE history("
        " serial INTEGER PRIMARY KEY AUTOINCREMENT, guid BLOB NOT NULL, owner INTEGER NOT NULL,"
        " at_usec INTEGER NOT NULL, kind INTEGER NOT NULL, state INTEGER NOT NULL,"
        " code INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"
        "CREATE INDEX history_owner ON history(owner, serial);"
        /* up to which serial an owner's history was trimmed */
        "CREATE TABLE history_lost(owner INTEGER PRIMARY KEY, serial INTEGER NOT NULL) STRICT;";

#define LOAD_JOB(COLUMNS)   LOAD(job, COLUMNS) "WHERE serial=?1"
#define LOAD_FILES(COLUMNS) LOAD(file, COLUMNS) "WHERE job=?1 ORDER BY ordinal"

const char *const schema_sql_job[SCHEMA_VERSION] = {LOAD_JOB(JOB_COLUMNS_1),
                                                    LOAD_JOB(JOB_COLUMNS_2), LOAD_JOB(JOB_COLUMNS)};
const char *const schema_sql_file[SCHEMA_VERSION] = {
        LOAD_FILES(FILE_COLUMNS_1), LOAD_FILES(FILE_COLUMNS_2), LOAD_FILES(FILE_COLUMNS)};

const char *const schema_sql[SQL_COUNT] = {
        [SQL_BEGIN] = "BEGIN IMMEDIATE",
        [SQL_COMMIT] = "COMMIT",
        [SQL_ROLLBACK] = "ROLLBACK",
        [SQL_JOB_PUT] = PUT(job, JOB_COLUMNS),
        [SQL_JOB_DELETE] = "DELETE FROM job WHERE serial=?1",
        [SQL_JOB_DELETE_FILES] = "DELETE FROM file WHERE job=?1",
        [SQL_JOB_LOAD] = LOAD(job, JOB_COLUMNS) "WHERE serial NOT IN (SELECT job FROM quarantine)"
                                                " ORDER BY serial",
        [SQL_JOB_RELOAD] = LOAD_JOB(JOB_COLUMNS),
        [SQL_QUARANTINE_PUT] = "INSERT OR IGNORE INTO quarantine VALUES(?1,?2,?3)",
        [SQL_FILE_PUT] = PUT(file, FILE_COLUMNS),
        [SQL_FILE_LOAD] = LOAD_FILES(FILE_COLUMNS),
        [SQL_FILE_STRAY] = "SELECT DISTINCT job FROM file WHERE job BETWEEN ?1 AND ?2"
                           " AND job NOT IN (SELECT job FROM quarantine)",
        [SQL_TICKET_PUT] = "REPLACE INTO ticket VALUES(?1,?2)",
        [SQL_TICKET_LOAD] = "SELECT ticket FROM ticket",
        [SQL_ORPHAN_PUT] = PUT(orphan, ORPHAN_COLUMNS),
        [SQL_ORPHAN_DELETE] = "DELETE FROM orphan WHERE serial=?1",
        [SQL_ORPHAN_LOAD] = LOAD(orphan, ORPHAN_COLUMNS) "ORDER BY serial",
        [SQL_HISTORY_PUT] = "INSERT INTO history(guid,owner,at_usec,kind,state,code,text)"
                            " VALUES(?1,?2,?3,?4,?5,?6,?7)",
        [SQL_HISTORY_COUNT] = "SELECT owner,count(*) FROM history GROUP BY owner",
        [SQL_HISTORY_OLDEST] = "SELECT serial FROM history WHERE owner=?1 ORDER BY serial"
                               " LIMIT 1 OFFSET ?2",
        [SQL_HISTORY_TRIM] = "DELETE FROM history WHERE owner=?1 AND serial<=?2",
        [SQL_HISTORY_OLDEST_KEPT] = "SELECT serial FROM history WHERE at_usec>=?1"
                                    " ORDER BY serial LIMIT 1",
        [SQL_HISTORY_OLD_OWNER] = "SELECT owner,(SELECT max(serial) FROM history AS same"
                                  " WHERE same.owner=history.owner AND same.serial<?1)"
                                  " FROM history WHERE serial<?1 ORDER BY serial LIMIT 1",
        [SQL_HISTORY_LIST] = HISTORY_LIST "serial>?1 ORDER BY serial LIMIT ?2",
        [SQL_HISTORY_LIST_OF] = HISTORY_LIST "owner=?3 AND serial>?1 ORDER BY serial LIMIT ?2",
        [SQL_HISTORY_LOST_PUT] = "INSERT INTO history_lost VALUES(?1,?2)"
                                 " ON CONFLICT(owner) DO UPDATE SET serial=?2",
        [SQL_HISTORY_LOST_GET] = "SELECT coalesce(max(serial),0) FROM history_lost"
                                 " WHERE ?1<0 OR owner=?1",
};
