/*
 * Rows of the store, and the MAC that each carries: values are bound and fed to it in one go, so
 * that none can be forgotten. Only for the files of this folder.
 */
#pragma once

#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/schema.h"
#include "store/store.h"

#define MAC_SIZE 32

typedef struct SerialSet { /* in any order, without the last one twice in a row */
        uint64_t *serials;
        size_t n, allocated;
} SerialSet;

int serial_set_add(SerialSet *set, uint64_t serial);
void serial_set_tidy(SerialSet *set); /* ascending, each once */

struct Store {
        Queue *queue;
        sqlite3 *db;
        EVP_MAC_CTX *keyed; /* row_key(); only copied */
        sqlite3_stmt *statements[SQL_COUNT];
        int lock_fd;
        bool dirty;
        int error;                      /* of the open transaction, which can only be undone; 0 */
        bool held;                      /* store_hold() */
        SerialSet touched, waiting;     /* jobs of the open transaction; held ones */
        uint64_t next_job, next_orphan; /* serials: never used twice, whatever is deleted */
};

/* A context for the MACs of rows; NULL: no memory. */
EVP_MAC_CTX *row_key(const uint8_t key[32]);

int store_begin(Store *store);
int store_step_with_serial(Store *store, Statement which, int64_t serial);
int store_error(int sqlite_code); /* 0 or -errno */
/* The same for what was to write: a failure is kept, so that the transaction cannot be committed.
 */
int store_wrote(Store *store, int sqlite_code);
/* The job's rows are about to change in the open transaction. */
int store_touch(Store *store, uint64_t serial);
/* While updates are held back: notes the job and says so. */
bool store_holds(Store *store, uint64_t serial);

typedef struct RowMac { /* values are gathered: a call for each would cost more than its bytes */
        EVP_MAC_CTX *context;
        size_t n; /* in waiting */
        uint8_t waiting[1024];
} RowMac;

typedef struct RowWriter {
        Store *store;
        sqlite3_stmt *statement;
        RowMac mac;
        int column, error;
} RowWriter;

/* The columns in the order of schema.h, then row_finish() writes. */
int row_start(Store *store, Statement which, const char *table, RowWriter *ret);
void row_number(RowWriter *row, int64_t value);
void row_text(RowWriter *row, const char *value); /* NULL: no text */
void row_blob(RowWriter *row, const void *value, size_t size);
int row_finish(RowWriter *row);
/* With the MAC that is in that column, right or wrong. -EUCLEAN: a value is of a kind that its
 * column cannot have; nothing is written, and the transaction goes on. */
int row_finish_altered(RowWriter *row, sqlite3_stmt *from, int column);

/* The MAC of the first n values. */
bool row_mac(const Store *store, const char *table, sqlite3_stmt *s, int n, uint8_t ret[MAC_SIZE]);
/* Does the MAC in column n belong to the n values before it? */
bool row_is_authentic(const Store *store, const char *table, sqlite3_stmt *s, int n);

const char *column_text(sqlite3_stmt *s, int column);   /* never NULL */
char *column_text_or_null(sqlite3_stmt *s, int column); /* the caller frees */
bool column_copy(sqlite3_stmt *s, int column, void *ret, size_t size);
bool column_copy_text(sqlite3_stmt *s, int column, char *ret, size_t size);
