#include "tls.h"

#include <bitsmsg.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winerror.h>

#include "base/cleanup.h"
#include "redirect.h"
#include "revocation.h"

#define RULES_PREFIX "/nonexistent/" /* CURLOPT_CAPATH: see tls_set() */

enum {
        LISTS_MAX = 8, /* of one chain */
};

struct Tls {
        unsigned refs;
        TlsTrust *trust;
        Options *options; /* NULL: none */
        bool presents_itself;
        char *host, *authority;
        char rules[sizeof(RULES_PREFIX) + 2 * (size_t)EVP_MAX_MD_SIZE]; /* their name */
        bool plain; /* there are none but the system's */

        /* what ended a connection */
        bool certificate_wanted; /* by the server, and there is none for it */
        int alert;               /* the server's; 0: none */
        bool chain_too_large, no_memory;
        NetCertificate *unseen;
        TlsList missing[LISTS_MAX];
        size_t n_missing;
};

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

static uint32_t flags(const Tls *tls)
{
        return tls->options ? tls->options->security_flags & NET_SSL_MASK : 0;
}

static bool asks(const Tls *tls)
{
        return tls->options && tls->options->ask;
}

static bool has_certificate(const Tls *tls)
{
        return tls->options && tls->presents_itself && tls->options->certificate_size > 0;
}

static int rules_digest(const Tls *tls, uint8_t *digest, unsigned *size)
{
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        const Options *options = tls->options;
        uint32_t head[3] = {flags(tls), asks(tls), has_certificate(tls)};
        bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
                  EVP_DigestUpdate(md, head, sizeof(head));

        if (asks(tls))
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
        char *p = tls->rules + sizeof(RULES_PREFIX) - 1;
        int r;

        memcpy(tls->rules, RULES_PREFIX, sizeof(RULES_PREFIX));
        tls->plain = flags(tls) == 0 && !asks(tls) && !has_certificate(tls);
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

static void lists_clear(Tls *tls)
{
        for (size_t i = 0; i < tls->n_missing; i++) {
                free(tls->missing[i].url);
                X509_free(tls->missing[i].authority);
        }
        tls->n_missing = 0;
}

Tls *tls_unref(Tls *tls)
{
        if (!tls || --tls->refs > 0)
                return NULL;
        options_unref(tls->options);
        free(tls->host);
        free(tls->authority);
        free(tls->unseen);
        lists_clear(tls);
        free(tls);
        return NULL;
}

/* ---- the server's certificate ---------------------------------------------------------------- */

static const struct {
        int error;
        uint32_t flag;
} forgivable[] = {
        {X509_V_ERR_HOSTNAME_MISMATCH, NET_SSL_IGNORE_CERT_CN_INVALID},
        {X509_V_ERR_IP_ADDRESS_MISMATCH, NET_SSL_IGNORE_CERT_CN_INVALID},
        {X509_V_ERR_CERT_NOT_YET_VALID, NET_SSL_IGNORE_CERT_DATE_INVALID},
        {X509_V_ERR_CERT_HAS_EXPIRED, NET_SSL_IGNORE_CERT_DATE_INVALID},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, NET_SSL_IGNORE_UNKNOWN_CA},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, NET_SSL_IGNORE_UNKNOWN_CA},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, NET_SSL_IGNORE_UNKNOWN_CA},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, NET_SSL_IGNORE_UNKNOWN_CA},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, NET_SSL_IGNORE_UNKNOWN_CA},
        {X509_V_ERR_CERT_UNTRUSTED, NET_SSL_IGNORE_UNKNOWN_CA},
        {X509_V_ERR_INVALID_PURPOSE, NET_SSL_IGNORE_CERT_WRONG_USAGE},
};

/* Nobody stands above the authority that is trusted itself, to revoke it. */
static bool is_root(X509_STORE_CTX *check)
{
        int depth = X509_STORE_CTX_get_error_depth(check);
        STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(check);

        return depth == sk_X509_num(chain) - 1 &&
               X509_get_extension_flags(sk_X509_value(chain, depth)) & EXFLAG_SS;
}

/* Notes a list that may be had, so that all else is looked at before anything is fetched. */
static bool list_is_missing(Tls *tls, X509_STORE_CTX *check)
{
        STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(check);
        int depth = X509_STORE_CTX_get_error_depth(check);
        TlsList *list = &tls->missing[tls->n_missing];

        if (tls->n_missing == LISTS_MAX || depth >= sk_X509_num(chain) - 1)
                return false;
        list->url = revocation_url(sk_X509_value(chain, depth));
        if (!list->url)
                return false;
        list->authority = sk_X509_value(chain, depth + 1);
        (void)X509_up_ref(list->authority);
        tls->n_missing++;
        return true;
}

/* OpenSSL calls it for each thing that it finds wrong, and goes on after 1. */
static int on_checked(int ok, X509_STORE_CTX *check)
{
        Tls *tls = X509_STORE_CTX_get_app_data(check);
        int error = X509_STORE_CTX_get_error(check);

        if (ok)
                return 1;
        switch (error) {
        case X509_V_ERR_UNABLE_TO_GET_CRL:
        case X509_V_ERR_CRL_HAS_EXPIRED:
        case X509_V_ERR_DIFFERENT_CRL_SCOPE:
                return is_root(check) || list_is_missing(tls, check);
        default:
                break;
        }
        for (size_t i = 0; i < ELEMENTS(forgivable); i++)
                if (forgivable[i].error == error)
                        return (flags(tls) & forgivable[i].flag) != 0;
        return 0;
}

/* The name is the one that libcurl gave the server in its greeting, which is that of the URL in
 * DNS's letters; an address is not given there. */
static int check_name(const Tls *tls, X509_STORE_CTX *check)
{
        int index = SSL_get_ex_data_X509_STORE_CTX_idx();
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(check);
        const SSL *ssl = X509_STORE_CTX_get_ex_data(check, index);
        const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;

        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        return name ? X509_VERIFY_PARAM_set1_host(param, name, 0)
                    : X509_VERIFY_PARAM_set1_ip_asc(param, tls->host);
}

static bool chain_copy(NetCertificate *certificate, STACK_OF(X509) * chain)
{
        size_t used = 0;

        for (int i = 0; i < sk_X509_num(chain); i++) {
                int size = i2d_X509(sk_X509_value(chain, i), NULL);
                uint8_t *p = certificate->der + used;

                if (size <= 0 || (size_t)size > sizeof(certificate->der) - used)
                        return false;
                (void)i2d_X509(sk_X509_value(chain, i), &p);
                used += (size_t)size;
                if (i == 0)
                        certificate->size = (uint32_t)size;
        }
        certificate->chain_size = (uint32_t)used - certificate->size;
        return used > 0;
}

static bool is_accepted(const Options *options, const NetAccepted *what)
{
        for (size_t i = 0; i < options->n_accepted; i++)
                if (strcmp(options->accepted[i].authority, what->authority) == 0 &&
                    memcmp(options->accepted[i].sha256, what->sha256, sizeof(what->sha256)) == 0)
                        return true;
        return false;
}

/* Has the owner accepted what the system has just accepted? */
static bool owner_knows(Tls *tls, X509_STORE_CTX *check)
{
        _cleanup_(freep) NetCertificate *certificate = calloc(1, sizeof(*certificate));
        unsigned size = sizeof(certificate->what.sha256);

        if (!certificate) {
                tls->no_memory = true;
                return false;
        }
        certificate->header.type = NET_CERTIFICATE;
        if (strlen(tls->authority) >= sizeof(certificate->what.authority) ||
            !chain_copy(certificate, X509_STORE_CTX_get0_chain(check)) ||
            !EVP_Digest(certificate->der, certificate->size, certificate->what.sha256, &size,
                        EVP_sha256(), NULL)) {
                tls->chain_too_large = true;
                return false;
        }
        memcpy(certificate->what.authority, tls->authority, strlen(tls->authority));
        if (is_accepted(tls->options, &certificate->what))
                return true;
        free(tls->unseen);
        tls->unseen = TAKE_PTR(certificate);
        return false;
}

/* Takes the place of OpenSSL's whole check. */
static int on_certificate(X509_STORE_CTX *check, void *userdata)
{
        Tls *tls = userdata;

        if (!check_name(tls, check)) {
                X509_STORE_CTX_set_error(check, X509_V_ERR_HOSTNAME_MISMATCH);
                return 0;
        }
        if (flags(tls) & NET_SSL_ENABLE_CRL_CHECK)
                X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(check),
                                            X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        X509_STORE_CTX_set_app_data(check, tls);
        X509_STORE_CTX_set_verify_cb(check, on_checked);
        lists_clear(tls);
        if (X509_verify_cert(check) <= 0) {
                lists_clear(tls);
                return 0;
        }
        if (tls->n_missing > 0) {
                X509_STORE_CTX_set_error(check, X509_V_ERR_UNABLE_TO_GET_CRL);
                return 0;
        }
        if (asks(tls) && !owner_knows(tls, check)) {
                X509_STORE_CTX_set_error(check, X509_V_ERR_APPLICATION_VERIFICATION);
                return 0;
        }
        X509_STORE_CTX_set_error(check, X509_V_OK); /* else what was forgiven would stay */
        return 1;
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
        SSL_CTX_set_cert_verify_callback(context, on_certificate, tls);
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
                         flags(tls) & NET_SSL_IGNORE_CERT_CN_INVALID ? 0L : 2L);
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
                *ret = failure_from_worker(E_OUTOFMEMORY, NET_TRANSIENT, "no memory");
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
