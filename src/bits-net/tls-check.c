/*
 * Whether a server's certificate will do: OpenSSL's check, less what the job's flags forgive, with
 * the revocation lists that they ask for; then the owner's own opinion. What is wrong and not
 * forgiven ends the connection before a request is sent.
 */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "revocation.h"
#include "tls-private.h"

void tls_lists_clear(Tls *tls)
{
        for (size_t i = 0; i < tls->n_missing; i++) {
                free(tls->missing[i].url);
                X509_free(tls->missing[i].authority);
        }
        tls->n_missing = 0;
}

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
                        return (tls_flags(tls) & forgivable[i].flag) != 0;
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
                if (net_accepted_equal(&options->accepted[i], what))
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

int tls_check(X509_STORE_CTX *check, void *userdata)
{
        Tls *tls = userdata;

        if (!check_name(tls, check)) {
                X509_STORE_CTX_set_error(check, X509_V_ERR_HOSTNAME_MISMATCH);
                return 0;
        }
        if (tls_flags(tls) & NET_SSL_ENABLE_CRL_CHECK)
                X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(check),
                                            X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        X509_STORE_CTX_set_app_data(check, tls);
        X509_STORE_CTX_set_verify_cb(check, on_checked);
        tls_lists_clear(tls);
        if (X509_verify_cert(check) <= 0) {
                tls_lists_clear(tls);
                return 0;
        }
        if (tls->n_missing > 0) {
                X509_STORE_CTX_set_error(check, X509_V_ERR_UNABLE_TO_GET_CRL);
                return 0;
        }
        if (tls_asks(tls) && !owner_knows(tls, check)) {
                X509_STORE_CTX_set_error(check, X509_V_ERR_APPLICATION_VERIFICATION);
                return 0;
        }
        X509_STORE_CTX_set_error(check, X509_V_OK); /* else what was forgiven would stay */
        return 1;
}
