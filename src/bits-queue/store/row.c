#include "store/row.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "queue.h"

EVP_MAC_CTX *row_key(const uint8_t key[32])
{
        OSSL_PARAM parameters[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
                OSSL_PARAM_construct_end(),
        };
        EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

        EVP_MAC_free(hmac); /* the context holds it */
        if (mac && EVP_MAC_init(mac, key, 32, parameters))
                return mac;
        EVP_MAC_CTX_free(mac);
        return NULL;
}

static bool mac_flush(RowMac *mac)
{
        size_t n = mac->n;

        mac->n = 0;
        return EVP_MAC_update(mac->context, mac->waiting, n);
}

static bool mac_put(RowMac *mac, const void *data, size_t size)
{
        if (size > sizeof(mac->waiting) - mac->n && !mac_flush(mac))
                return false;
        if (size > sizeof(mac->waiting))
                return EVP_MAC_update(mac->context, data, size);
        if (size > 0)
                memcpy(mac->waiting + mac->n, data, size);
        mac->n += size;
        return true;
}

/* Length first, so that no two different rows feed the same bytes. */
static bool mac_feed(RowMac *mac, const void *data, size_t size)
{
        uint64_t length = size;

        return mac_put(mac, &length, sizeof(length)) && mac_put(mac, data, size);
}

/* With a copy of the keyed context: the key is hashed, and the algorithm looked for, only once. */
static bool mac_start(RowMac *mac, const Store *store, const char *table)
{
        mac->context = EVP_MAC_CTX_dup(store->keyed);
        mac->n = 0;
        return mac->context && mac_put(mac, table, strlen(table) + 1);
}

static bool mac_end(RowMac *mac, uint8_t ret[MAC_SIZE])
{
        size_t size = 0;

        return mac_flush(mac) && EVP_MAC_final(mac->context, ret, &size, MAC_SIZE);
}

void row_number(RowWriter *row, int64_t value)
{
        if (row->error == 0)
                row->error = store_error(sqlite3_bind_int64(row->statement, ++row->column, value));
        if (row->error == 0 && !mac_feed(&row->mac, &value, sizeof(value)))
                row->error = -ENOMEM;
}

void row_text(RowWriter *row, const char *value)
{
        if (row->error == 0)
                row->error = store_error(
                        sqlite3_bind_text(row->statement, ++row->column, value, -1, SQLITE_STATIC));
        if (row->error == 0 && !mac_feed(&row->mac, value ? value : "", value ? strlen(value) : 0))
                row->error = -ENOMEM;
}

void row_blob(RowWriter *row, const void *value, size_t size)
{
        if (!value)
                value = ""; /* empty, not NULL */
        if (row->error == 0)
                row->error = store_error(sqlite3_bind_blob64(row->statement, ++row->column, value,
                                                             size, SQLITE_STATIC));
        if (row->error == 0 && !mac_feed(&row->mac, value, size))
                row->error = -ENOMEM;
}

int row_start(Store *store, Statement which, const char *table, RowWriter *ret)
{
        int r = store_begin(store);

        if (r < 0)
                return r;
        ret->store = store;
        ret->statement = store->statements[which];
        ret->column = ret->error = 0;
        return mac_start(&ret->mac, store, table) ? 0 : store_wrote(store, SQLITE_NOMEM);
}

static int finish(RowWriter *row, const void *mac, size_t size, bool strict)
{
        int code = SQLITE_NOMEM; /* nothing else fails in making a row */

        EVP_MAC_CTX_free(row->mac.context);
        if (row->error == 0)
                code = sqlite3_bind_blob64(row->statement, row->column + 1, mac, size,
                                           SQLITE_STATIC);
        if (code == SQLITE_OK)
                code = sqlite3_step(row->statement);
        sqlite3_reset(row->statement);
        sqlite3_clear_bindings(row->statement);
        if (!strict && store_error(code) == -EUCLEAN)
                return -EUCLEAN;
        return store_wrote(row->store, code);
}

int row_finish(RowWriter *row)
{
        uint8_t mac[MAC_SIZE];

        if (row->error == 0 && !mac_end(&row->mac, mac))
                row->error = -ENOMEM;
        return finish(row, mac, sizeof(mac), true);
}

int row_finish_altered(RowWriter *row, sqlite3_stmt *from, int column)
{
        const void *mac = sqlite3_column_blob(from, column);

        return finish(row, mac ? mac : "", (size_t)sqlite3_column_bytes(from, column), false);
}

static bool mac_column(RowMac *mac, sqlite3_stmt *s, int column)
{
        sqlite3_value *value =
                sqlite3_column_value(s, column); /* found once, not for each question */
        const void *bytes;
        int64_t number;

        if (sqlite3_value_type(value) == SQLITE_INTEGER) {
                number = sqlite3_value_int64(value);
                return mac_feed(mac, &number, sizeof(number));
        }
        bytes = sqlite3_value_blob(value);
        return mac_feed(mac, bytes, (size_t)sqlite3_value_bytes(value));
}

bool row_mac(const Store *store, const char *table, sqlite3_stmt *s, int n, uint8_t ret[MAC_SIZE])
{
        RowMac mac;
        bool good = mac_start(&mac, store, table);

        for (int i = 0; good && i < n; i++)
                good = mac_column(&mac, s, i);
        good = good && mac_end(&mac, ret);
        EVP_MAC_CTX_free(mac.context);
        return good;
}

bool row_is_authentic(const Store *store, const char *table, sqlite3_stmt *s, int n)
{
        uint8_t expected[MAC_SIZE];

        return row_mac(store, table, s, n, expected) && sqlite3_column_bytes(s, n) == MAC_SIZE &&
               CRYPTO_memcmp(expected, sqlite3_column_blob(s, n), MAC_SIZE) == 0;
}

const char *column_text(sqlite3_stmt *s, int column)
{
        const char *text = (const char *)sqlite3_column_text(s, column);

        return text ? text : "";
}

char *column_text_or_null(sqlite3_stmt *s, int column)
{
        const char *text = column_text(s, column);

        return *text ? strdup(text) : NULL;
}

bool column_copy(sqlite3_stmt *s, int column, void *ret, size_t size)
{
        if (sqlite3_column_bytes(s, column) != (int)size)
                return false;
        memcpy(ret, sqlite3_column_blob(s, column), size);
        return true;
}

bool column_copy_text(sqlite3_stmt *s, int column, char *ret, size_t size)
{
        const char *text = column_text(s, column);

        if (strlen(text) >= size)
                return false;
        memset(ret, 0, size);
        memcpy(ret, text, strlen(text));
        return true;
}
