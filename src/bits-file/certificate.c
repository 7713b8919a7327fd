#include "certificate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memfd.h"
#include "config.h"
#include "directory.h"
#include "error.h"

enum {
        FILES_MAX = 1000, /* of a store */
        CHAIN_MAX = 16,
};

typedef struct Entry { /* a PEM file of a store */
        char *text;    /* owned; wiped */
        size_t size;
        X509 *certificate;
        X509 *chain[CHAIN_MAX];
        size_t n_chain;
        EVP_PKEY *key;
        FileCertificateFound found;
} Entry;

static void entry_clear(Entry *entry)
{
        if (entry->text)
                OPENSSL_cleanse(entry->text, entry->size);
        free(entry->text);
        X509_free(entry->certificate);
        for (size_t i = 0; i < entry->n_chain; i++)
                X509_free(entry->chain[i]);
        EVP_PKEY_free(entry->key);
        ERR_clear_error();
        *entry = (Entry){0};
}

static void bio_freep(BIO **bio)
{
        BIO_free_all(*bio);
}

/* ---- the store ------------------------------------------------------------------------------- */

static int open_store(const FileCertificate *request, Directory *ret)
{
        const char *home = getenv("HOME");
        char path[WIRE_PATH_SIZE];
        int n;

        if (request->location == FILE_STORE_USER && (!home || home[0] != '/'))
                return -ENOENT;
        /* directory_open() leaves the last name out */
        if (request->location == FILE_STORE_USER)
                n = snprintf(path, sizeof(path), "%s/.config/bits/certificates/%s/*", home,
                             request->store);
        else
                n = snprintf(path, sizeof(path), CONF_DIR "/certificates/%s/*", request->store);
        if (n < 0 || (size_t)n >= sizeof(path))
                return -ENAMETOOLONG;
        n = directory_open(path, ret);
        return n == -ENOTDIR ? -ENOENT : n;
}

static int is_pem(const struct dirent *entry)
{
        const char *end = strrchr(entry->d_name, '.');

        return entry->d_name[0] != '.' && end && strcmp(end, ".pem") == 0;
}

/* Whose it is must be root or this identity, and nobody else may change it or read its key; a group
 * may read it, which is how a machine's certificate is given to some. */
static int read_entry(const Directory *directory, const char *name, Entry *ret)
{
        _cleanup_(closep) int fd = -1;
        struct stat st;
        ssize_t n;

        fd = openat(directory->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return system_error();
        if (fstat(fd, &st) < 0)
                return system_error();
        if (!S_ISREG(st.st_mode) || st.st_size > FILE_CERTIFICATE_MAX)
                return -ENODATA;
        if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
            st.st_mode & (S_IWGRP | S_IROTH | S_IWOTH))
                return -EPERM;
        ret->size = (size_t)st.st_size;
        ret->text = calloc(1, ret->size + 1);
        if (!ret->text)
                return -ENOMEM;
        n = pread(fd, ret->text, ret->size, 0);
        return n < 0 ? system_error() : (size_t)n == ret->size ? 0 : -ENODATA;
}

/* ---- what is in a file ----------------------------------------------------------------------- */

/* A key under a password is none: there is nobody to ask. */
static int no_password(char *buffer, int size, int writing, void *userdata)
{
        (void)buffer;
        (void)size;
        (void)writing;
        (void)userdata;
        return -1;
}

static bool append_value(X509_NAME_ENTRY *entry, char *ret, size_t *used)
{
        unsigned char *value = NULL;
        int n = ASN1_STRING_to_UTF8(&value, X509_NAME_ENTRY_get_data(entry));
        bool good = n >= 0;

        for (int i = 0; good && i < n; i++)
                good = value[i] >= ' ' && value[i] != 0x7f;
        if (good && *used > 0) {
                good = *used + 2 < FILE_SUBJECT_SIZE;
                if (good)
                        memcpy(ret + *used, ", ", 2);
                *used += 2;
        }
        good = good && *used + (size_t)n < FILE_SUBJECT_SIZE;
        if (good) {
                memcpy(ret + *used, value, (size_t)n);
                *used += (size_t)n;
        }
        OPENSSL_free(value);
        return good;
}

/* The values as they are encoded, which is the reverse of how Windows displays them. */
static bool read_subject(const X509 *certificate, char ret[FILE_SUBJECT_SIZE])
{
        const X509_NAME *name = X509_get_subject_name(certificate);
        size_t used = 0;

        memset(ret, 0, FILE_SUBJECT_SIZE);
        for (int i = 0; i < X509_NAME_entry_count(name); i++)
                if (!append_value(X509_NAME_get_entry(name, i), ret, &used))
                        return false;
        return true;
}

static int parse_entry(Entry *e)
{
        _cleanup_(bio_freep) BIO *certificates = BIO_new_mem_buf(e->text, (int)e->size);
        _cleanup_(bio_freep) BIO *keys = BIO_new_mem_buf(e->text, (int)e->size);
        unsigned int n = sizeof(e->found.sha1);

        if (!certificates || !keys)
                return -ENOMEM;
        e->certificate = PEM_read_bio_X509(certificates, NULL, no_password, NULL);
        if (!e->certificate)
                return -ENODATA;
        while (e->n_chain < CHAIN_MAX &&
               (e->chain[e->n_chain] = PEM_read_bio_X509(certificates, NULL, no_password, NULL)))
                e->n_chain++;
        e->key = PEM_read_bio_PrivateKey(keys, NULL, no_password, NULL);
        if (!e->key || X509_check_private_key(e->certificate, e->key) != 1 ||
            !X509_digest(e->certificate, EVP_sha1(), e->found.sha1, &n) ||
            !read_subject(e->certificate, e->found.subject))
                return -ENODATA;
        return 0;
}

static bool fits(const Entry *e, const FileCertificate *request)
{
        if (request->by_hash)
                return memcmp(e->found.sha1, request->sha1, sizeof(request->sha1)) == 0;
        return strcasestr(e->found.subject, request->subject) &&
               X509_check_purpose(e->certificate, X509_PURPOSE_SSL_CLIENT, 0) == 1;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Certificate, chain, key: nothing else that the file may have. */
static bool write_pem(const Entry *e, BIO *bio)
{
        bool good = PEM_write_bio_X509(bio, e->certificate);

        for (size_t i = 0; i < e->n_chain && good; i++)
                good = PEM_write_bio_X509(bio, e->chain[i]);
        return good && PEM_write_bio_PKCS8PrivateKey(bio, e->key, NULL, NULL, 0, NULL, NULL);
}

static int give_out(const Entry *e, FileReply *reply, int *ret_fd)
{
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_secmem()); /* which is wiped */
        _cleanup_(closep) int fd = -1;
        char *pem;
        long size;
        int r;

        if (!bio || !write_pem(e, bio))
                return -ENOMEM;
        size = BIO_get_mem_data(bio, &pem);
        if (size <= 0 || size > FILE_CERTIFICATE_MAX)
                return -ENODATA;
        fd = memfd_new("bits-certificate");
        if (fd < 0)
                return fd;
        r = memfd_append(fd, &e->found, sizeof(e->found));
        if (r == 0)
                r = memfd_append(fd, pem, (size_t)size);
        if (r == 0)
                r = memfd_seal(fd);
        if (r < 0)
                return r;
        reply->size = sizeof(e->found) + (uint64_t)size;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int try_file(const Directory *directory, const char *name, const FileCertificate *request,
                    FileReply *reply, int *ret_fd)
{
        _cleanup_(entry_clear) Entry entry = {0};
        int r;

        r = read_entry(directory, name, &entry);
        if (r == 0)
                r = parse_entry(&entry);
        if (r == 0 && !fits(&entry, request))
                r = -ENODATA;
        return r < 0 ? r : give_out(&entry, reply, ret_fd);
}

int certificate_find(const FileCertificate *request, FileReply *reply, int *ret_fd)
{
        _cleanup_(directory_deinit) Directory directory = DIRECTORY_INIT;
        struct dirent **names;
        int n, r, found;

        r = open_store(request, &directory);
        if (r < 0)
                return r;
        n = scandirat(directory.fd, ".", &names, is_pem, alphasort);
        if (n < 0)
                return system_error();
        found = -ENODATA;
        for (int i = 0; i < n; i++) {
                if (found < 0 && i < FILES_MAX) {
                        r = try_file(&directory, names[i]->d_name, request, reply, ret_fd);
                        /* One that may not be used is worth telling when there is no other. */
                        if (r != -ENODATA)
                                found = r;
                }
                free(names[i]);
        }
        free(names);
        return found;
}
