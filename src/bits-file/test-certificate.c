/* CERTIFICATE: which of a store is found, and which is not given out. */
#include "test-world.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define STORES HOME "/.config/bits/certificates"

typedef struct Made { /* a certificate with its key, as PEM and as it is looked for */
        char *pem;
        uint8_t sha1[20];
} Made;

static void made_clear(Made *made)
{
        free(made->pem);
}

static void add_name(X509_NAME *name, const char *field, const char *value)
{
        assert_int_equal(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                                    (const unsigned char *)value, -1, -1, 0),
                         1);
}

static void add_usage(X509 *certificate, const char *usage)
{
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, usage);

        assert_non_null(extension);
        assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
        X509_EXTENSION_free(extension);
}

/* O=Example, OU=Tests, CN=cn; with the key of another in the file, or under a password. */
static Made make_with(const char *cn, const char *usage, bool foreign_key, const char *password)
{
        EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
        X509 *certificate = X509_new();
        BIO *bio = BIO_new(BIO_s_mem());
        X509_NAME *name = X509_get_subject_name(certificate);
        Made made = {0};
        char *text;
        long size;

        add_name(name, "O", "Example");
        add_name(name, "OU", "Tests");
        add_name(name, "CN", cn);
        assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
        assert_int_equal(X509_set_pubkey(certificate, key), 1);
        (void)X509_set_issuer_name(certificate, name);
        (void)X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
        (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        add_usage(certificate, usage);
        assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
        assert_int_equal(X509_digest(certificate, EVP_sha1(), made.sha1, NULL), 1);
        assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
        assert_int_equal(
                PEM_write_bio_PKCS8PrivateKey(bio, foreign_key ? other : key,
                                              password ? EVP_aes_128_cbc() : NULL, password,
                                              password ? (int)strlen(password) : 0, NULL, NULL),
                1);
        size = BIO_get_mem_data(bio, &text);
        made.pem = strndup(text, (size_t)size);
        assert_non_null(made.pem);
        BIO_free(bio);
        X509_free(certificate);
        EVP_PKEY_free(key);
        EVP_PKEY_free(other);
        return made;
}

static Made make(const char *cn)
{
        return make_with(cn, "clientAuth", false, NULL);
}

static FileCertificate look_for(const char *store, const char *subject, const uint8_t *sha1)
{
        FileCertificate request = {.header = {FILE_CERTIFICATE, 7}, .by_hash = sha1 != NULL};

        (void)snprintf(request.store, sizeof(request.store), "%s", store);
        if (sha1)
                memcpy(request.sha1, sha1, sizeof(request.sha1));
        else
                (void)snprintf(request.subject, sizeof(request.subject), "%s", subject);
        return request;
}

static int find(World *world, FileCertificate request, FileCertificateFound *ret, char **ret_pem)
{
        _cleanup_(closep) int fd = -1;
        FileReply reply;
        size_t size;

        ask_raw(world, &request, sizeof(request), -1);
        reply = hear(world, &fd);
        assert_int_equal(reply.header.sequence, 7);
        assert_int_equal(reply.result == 0, fd >= 0);
        if (reply.result < 0)
                return reply.result;
        assert_int_equal(fcntl(fd, F_GET_SEALS),
                         F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        assert_int_equal(lseek(fd, 0, SEEK_END), reply.size);
        assert_int_equal(pread(fd, ret, sizeof(*ret), 0), sizeof(*ret));
        size = reply.size - sizeof(*ret);
        *ret_pem = calloc(1, size + 1);
        assert_non_null(*ret_pem);
        assert_int_equal(pread(fd, *ret_pem, size, sizeof(*ret)), size);
        return 0;
}

static void assert_found(World *world, FileCertificate request, const Made *made)
{
        _cleanup_(freep) char *pem = NULL;
        FileCertificateFound found;

        assert_int_equal(find(world, request, &found, &pem), 0);
        assert_memory_equal(found.sha1, made->sha1, sizeof(found.sha1));
        assert_string_equal(pem, made->pem);
}

static void assert_not_found(World *world, FileCertificate request, int result)
{
        _cleanup_(freep) char *pem = NULL;
        FileCertificateFound found;

        assert_int_equal(find(world, request, &found, &pem), result);
}

static void make_store(const char *name)
{
        char path[128];

        put_directory(HOME "/.config", BOB, 0700);
        put_directory(HOME "/.config/bits", BOB, 0700);
        put_directory(STORES, BOB, 0700);
        (void)snprintf(path, sizeof(path), STORES "/%s", name);
        put_directory(path, BOB, 0700);
}

static void test_by_hash(void **state)
{
        _cleanup_(made_clear) Made one = make("one"), two = make("two");
        static const uint8_t none[20];

        make_store("MY");
        put(STORES "/MY/1.pem", one.pem, BOB, 0600);
        put(STORES "/MY/2.pem", two.pem, 0, 0640);
        chmod(STORES "/MY/2.pem", 0600);
        assert_return_code(chown(STORES "/MY/2.pem", BOB, BOB), errno);
        assert_found(*state, look_for("MY", NULL, two.sha1), &two);
        assert_found(*state, look_for("MY", NULL, one.sha1), &one);
        assert_not_found(*state, look_for("MY", NULL, none), -ENODATA);
        assert_not_found(*state, look_for("OTHER", NULL, one.sha1), -ENOENT);
}

/* The values as they are encoded, part of it, the first by file name. */
static void test_by_subject(void **state)
{
        _cleanup_(made_clear) Made one = make("alice one"), two = make("alice two");
        _cleanup_(freep) char *pem = NULL;
        FileCertificateFound found;

        make_store("MY");
        put(STORES "/MY/b.pem", one.pem, BOB, 0600);
        put(STORES "/MY/a.pem", two.pem, BOB, 0600);
        assert_found(*state, look_for("MY", "one", NULL), &one);
        assert_found(*state, look_for("MY", "Tests, ALICE", NULL), &two);
        assert_found(*state, look_for("MY", "Example, Tests, alice one", NULL), &one);
        assert_not_found(*state, look_for("MY", "alice one, Tests", NULL), -ENODATA);
        assert_not_found(*state, look_for("MY", "CN=alice", NULL), -ENODATA);
        assert_int_equal(find(*state, look_for("MY", "one", NULL), &found, &pem), 0);
        assert_string_equal(found.subject, "Example, Tests, alice one");
}

/* By name only those for clients; without its key none at all. */
static void test_unfit(void **state)
{
        _cleanup_(made_clear) Made server = make_with("server", "serverAuth", false, NULL);
        _cleanup_(made_clear) Made keyless = make_with("keyless", "clientAuth", true, NULL);
        _cleanup_(made_clear) Made locked = make_with("locked", "clientAuth", false, "secret");

        make_store("MY");
        put(STORES "/MY/1.pem", server.pem, BOB, 0600);
        put(STORES "/MY/2.pem", keyless.pem, BOB, 0600);
        put(STORES "/MY/3.pem", "no certificate", BOB, 0600);
        put(STORES "/MY/4.pem", "", BOB, 0600);
        put(STORES "/MY/5.pem", locked.pem, BOB, 0600);
        put_fifo(STORES "/MY/6.pem", BOB);
        assert_not_found(*state, look_for("MY", "server", NULL), -ENODATA);
        assert_found(*state, look_for("MY", NULL, server.sha1), &server);
        assert_not_found(*state, look_for("MY", "keyless", NULL), -ENODATA);
        assert_not_found(*state, look_for("MY", NULL, keyless.sha1), -ENODATA);
        assert_not_found(*state, look_for("MY", "locked", NULL), -ENODATA);
}

/* A key that anybody may read, or a file that somebody else may change, is told apart. */
static void test_open_to_others(void **state)
{
        _cleanup_(made_clear) Made one = make("one"), two = make("two");

        make_store("MY");
        put(STORES "/MY/1.pem", one.pem, BOB, 0644);
        assert_not_found(*state, look_for("MY", "one", NULL), -EPERM);
        assert_return_code(chmod(STORES "/MY/1.pem", 0620), errno);
        assert_not_found(*state, look_for("MY", "one", NULL), -EPERM);
        assert_return_code(chmod(STORES "/MY/1.pem", 0600), errno);
        assert_found(*state, look_for("MY", "one", NULL), &one);
        put(STORES "/MY/2.pem", two.pem, MAL, 0604);
        assert_return_code(chown(STORES "/MY/2.pem", MAL, BOB), errno);
        assert_return_code(chmod(STORES "/MY/2.pem", 0640), errno);
        assert_not_found(*state, look_for("MY", "two", NULL), -EPERM);
}

#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_WORLD(test_by_hash),
                WITH_WORLD(test_by_subject),
                WITH_WORLD(test_unfit),
                WITH_WORLD(test_open_to_others),

        };

        (void)setenv("HOME", HOME, 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
