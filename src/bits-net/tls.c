#include "tls.h"

#include <bitsmsg.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winerror.h>

#include "base/cleanup.h"
#include "redirect.h"
#include "tls-private.h"

/* ---- what the system trusts ------------------------------------------------------------------ */

static void on_context_free(void *parent, void *tls, CRYPTO_EX_DATA *data, int index, long unused,
                            void *unused2)
{
        (void)parent;
        (void)data;
        (void)index;
        (void)unused;
        (void)unused2;
        tls_unref(tls);
}

int tls_trust_init(TlsTrust *trust)
{
        const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

        trust->index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_context_free);
        trust->store = X509_STORE_new();
        trust->file = curl->cainfo ? BIO_new_file(curl->cainfo, "r") : NULL;
        if (trust->index < 0 || !trust->store)
                return -ENOMEM;
        /* An authority in the middle may be what an administrator trusts. */
        if (!X509_STORE_set_flags(trust->store, X509_V_FLAG_PARTIAL_CHAIN))
                return -ENOMEM;
        if (curl->capath)
                (void)X509_STORE_load_path(trust->store, curl->capath);
        if (!curl->capath && !curl->cainfo)
                (void)X509_STORE_set_default_paths(trust->store);
        ERR_clear_error();
        return 0;
}

/* The file takes a tenth of a second, which who never speaks TLS need not wait for. What is wrong
 * in it is nobody that is trusted. */
static void trust_load(TlsTrust *trust)
{
        STACK_OF(X509_INFO) * all;

        if (!trust->file)
                return;
        all = PEM_X509_INFO_read_bio(trust->file, NULL, NULL, "");
        for (int i = 0; i < sk_X509_INFO_num(all); i++) {
                const X509_INFO *one = sk_X509_INFO_value(all, i);

                if (one->x509)
                        (void)X509_STORE_add_cert(trust->store, one->x509);
                if (one->crl)
                        (void)X509_STORE_add_crl(trust->store, one->crl);
        }
        sk_X509_INFO_pop_free(all, X509_INFO_free);
        BIO_free(trust->file);
        trust->file = NULL;
        ERR_clear_error();
}

/* ---- the rules of a job ---------------------------------------------------------------------- */

static bool has_certificate(const Tls *tls)
{
        return tls->options && tls->presents_itself && tls->options->certificate_size > 0;
}

static int rules_digest(const Tls *tls, uint8_t *digest, unsigned *size)
{
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        const Options *options = tls->options;
        uint32_t head[3] = {tls_flags(tls), tls_asks(tls), has_certificate(tls)};
        bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
                  EVP_DigestUpdate(md, head, sizeof(head));

        if (tls_asks(tls))
                ok = ok && EVP_DigestUpdate(md, options->accepted,
                                            options->n_accepted * sizeof(*options->accepted));
        if (has_certificate(tls))
                ok = ok && EVP_DigestUpdate(md, options->certificate, options->certificate_size);
        ok = ok && EVP_DigestFinal_ex(md, digest, size);
        EVP_MD_CTX_free(md);
        return ok ? 0 : -ENOMEM;
}

static int rules_init(Tls *tls)
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned size;
        char *p = tls->rules + sizeof(TLS_RULES_PREFIX) - 1;
        int r;

        memcpy(tls->rules, TLS_RULES_PREFIX, sizeof(TLS_RULES_PREFIX));
        tls->plain = tls_flags(tls) == 0 && !tls_asks(tls) && !has_certificate(tls);
        if (tls->plain)
                return 0;
        r = rules_digest(tls, digest, &size);
        for (unsigned i = 0; r == 0 && i < size; i++, p += 2)
                (void)snprintf(p, 3, "%02x", digest[i]);
        return r;
}

Tls *tls_new(TlsTrust *trust, Options *options, bool presents_itself, const char *url)
{
        Tls *tls = calloc(1, sizeof(*tls));

        if (!tls)
                return NULL;
        tls->refs = 1;
        tls->trust = trust;
        tls->options = options_ref(options);
        tls->presents_itself = presents_itself;
        tls->host = redirect_host(url);
        tls->authority = redirect_authority(url);
        if (!tls->host || !tls->authority || rules_init(tls) < 0)
                return tls_unref(tls);
        return tls;
}

Tls *tls_unref(Tls *tls)
{
        if (!tls || --tls->refs > 0)
                return NULL;
        options_unref(tls->options);
        free(tls->host);
        free(tls->authority);
        free(tls->unseen);
        tls_lists_clear(tls);
        free(tls);
        return NULL;
}

/* ---- ours, and what the server thinks of it ---------------------------------------------------
 */

static Tls *tls_of(const SSL *ssl)
{
        return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

/* The server asks for a certificate, and there is none for it: BITS ends there, before a request.
 */
static int on_certificate_wanted(SSL *ssl, X509 **certificate, EVP_PKEY **key)
{
        (void)certificate;
        (void)key;
        tls_of(ssl)->certificate_wanted = true;
        return -1;
}

static void on_event(const SSL *ssl, int where, int value)
{
        if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
                tls_of(ssl)->alert = value & 0xff;
}

/* The server's last word about our certificate? */
static bool is_about_certificate(int alert)
{
        switch (alert) {
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_ACCESS_DENIED:
                return true;
        default:
                return false;
        }
}

/* ---- a request ------------------------------------------------------------------------------- */

/* Of each new connection's context, which keeps tls: a server may ask for a new handshake when the
 * request that made the connection is long over. */
static CURLcode on_context(CURL *easy, void *context, void *userdata)
{
        Tls *tls = userdata;

        (void)easy;
        if (!SSL_CTX_set_ex_data(context, tls->trust->index, tls))
                return CURLE_OUT_OF_MEMORY;
        tls->refs++;
        SSL_CTX_set_app_data(context, tls);
        trust_load(tls->trust);
        SSL_CTX_set1_cert_store(context, tls->trust->store);
        SSL_CTX_set_cert_verify_callback(context, tls_check, tls);
        SSL_CTX_set_client_cert_cb(context, on_certificate_wanted);
        SSL_CTX_set_info_callback(context, on_event);
        return CURLE_OK;
}

/* libcurl gives a request a connection, or a session, of another one only if its TLS options are
 * the same, and does not look into ours. So they have a name, as the directory of authorities,
 * which is one of those options: the store above takes the place of what would be read there. */
int tls_set(Tls *tls, CURL *easy)
{
        struct curl_blob blob = {.flags = CURL_BLOB_NOCOPY};
        bool ok = curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_CAPATH, tls->rules) == CURLE_OK;

        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, tls);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST,
                         tls_flags(tls) & NET_SSL_IGNORE_CERT_CN_INVALID ? 0L : 2L);
        /* A session taken up again has no certificate to look at. */
        curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, tls->plain ? 1L : 0L);
        if (!ok)
                return -ENOMEM;
        if (!has_certificate(tls))
                return 0;
        blob.data = tls->options->certificate;
        blob.len = tls->options->certificate_size;
        return curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &blob) == CURLE_OK &&
                               curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &blob) == CURLE_OK &&
                               curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "") == CURLE_OK
                       ? 0
                       : -ENOMEM; /* "": else OpenSSL would ask a terminal for it */
}

const NetCertificate *tls_unseen(Tls *tls, uint32_t id)
{
        if (tls->unseen)
                tls->unseen->header.sequence = id;
        return tls->unseen;
}

size_t tls_missing(const Tls *tls, const TlsList **ret)
{
        *ret = tls->missing;
        return tls->n_missing;
}

bool tls_failure(const Tls *tls, CURLcode code, Failure *ret)
{
        if (code == CURLE_OK)
                return false;
        if (tls->unseen)
                *ret = failure_from_tls(
                        BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED,
                        NET_CONTEXT_SERVER_CERTIFICATE,
                        "the job's owner has not accepted the server's certificate");
        else if (tls->chain_too_large)
                *ret = failure_from_tls(BG_E_INVALID_SERVER_RESPONSE, NET_CONTEXT_TRANSPORT,
                                        "the server's certificate, with its chain, is too large");
        else if (tls->no_memory)
                *ret = failure_no_memory();
        else if (tls->certificate_wanted || code == CURLE_SSL_CLIENTCERT)
                *ret = failure_from_tls(
                        HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED),
                        NET_CONTEXT_TRANSPORT,
                        "the server asks for a client certificate, and the job has none for it");
        else if (has_certificate(tls) && is_about_certificate(tls->alert))
                *ret = failure_from_tls(BG_E_HTTP_ERROR_403, NET_CONTEXT_TRANSPORT,
                                        "the server does not accept the job's client certificate");
        else
                return false;
        return true;
}
