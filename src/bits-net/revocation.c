#include "revocation.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "multi.h"
#include "request.h"
#include "transfer.h"
#include "worker.h"

enum {
        FETCHES_MAX = 32, /* at once */
        LIST_BYTES_MAX = 16 * 1024 * 1024,
        REDIRECTS_MAX = 3,
        TIMEOUT_SEC = 30,
};

struct Fetch {
        Fetch *next; /* Revocation.fetches */
        Worker *worker;
        char *url;
        X509 *authority; /* a reference */
        CURL *easy;
        uint8_t *data;
        size_t size;
};

/* ---- what a certificate names ---------------------------------------------------------------- */

static char *url_of(const GENERAL_NAME *name)
{
        const ASN1_IA5STRING *uri;
        char *url;

        if (name->type != GEN_URI)
                return NULL;
        uri = name->d.uniformResourceIdentifier;
        url = strndup((const char *)ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri));
        if (url && strlen(url) == (size_t)ASN1_STRING_length(uri) &&
            strncasecmp(url, "http://", 7) == 0)
                return url;
        free(url);
        return NULL;
}

char *revocation_url(const X509 *certificate)
{
        STACK_OF(DIST_POINT) *points =
                X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
        char *url = NULL;

        for (int i = 0; !url && i < sk_DIST_POINT_num(points); i++) {
                const DIST_POINT *point = sk_DIST_POINT_value(points, i);
                GENERAL_NAMES *names;

                if (!point->distpoint || point->distpoint->type != 0 || point->reasons ||
                    point->CRLissuer)
                        continue; /* part of a list, or another authority's */
                names = point->distpoint->name.fullname;
                for (int n = 0; !url && n < sk_GENERAL_NAME_num(names); n++)
                        url = url_of(sk_GENERAL_NAME_value(names, n));
        }
        CRL_DIST_POINTS_free(points);
        return url;
}

/* ---- one list -------------------------------------------------------------------------------- */

static void fetch_free(Fetch *fetch)
{
        Revocation *revocation = &fetch->worker->revocation;

        for (Fetch **p = &revocation->fetches; *p; p = &(*p)->next)
                if (*p == fetch) {
                        *p = fetch->next;
                        revocation->n_fetches--;
                        break;
                }
        if (fetch->easy)
                multi_give(revocation->multi, fetch->easy);
        X509_free(fetch->authority);
        free(fetch->url);
        free(fetch->data);
        free(fetch);
}

static size_t on_list(char *data, size_t unit, size_t n, void *userdata)
{
        Fetch *fetch = userdata;
        uint8_t *larger;

        n *= unit;
        if (n > LIST_BYTES_MAX - fetch->size)
                return 0;
        larger = realloc(fetch->data, fetch->size + n);
        if (!larger)
                return 0;
        memcpy(larger + fetch->size, data, n);
        fetch->data = larger;
        fetch->size += n;
        return n;
}

/* One that the authority has not signed must not get near the store: OpenSSL takes the newest that
 * bears its name, and would then have none. */
static void fetch_keep(const Fetch *fetch)
{
        const unsigned char *p = fetch->data;
        X509_CRL *list = p ? d2i_X509_CRL(NULL, &p, (long)fetch->size) : NULL;

        if (list && p == fetch->data + fetch->size &&
            X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(fetch->authority)) ==
                    0 &&
            X509_CRL_verify(list, X509_get0_pubkey(fetch->authority)) == 1)
                (void)X509_STORE_add_crl(fetch->worker->trust.store, list);
        X509_CRL_free(list);
        ERR_clear_error();
}

static void on_fetched(void *userdata, CURLcode code)
{
        Fetch *fetch = userdata;
        Worker *worker = fetch->worker;
        Transfer *next;
        long status = 0;

        (void)curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OK && status == 200)
                fetch_keep(fetch);
        fetch_free(fetch);
        if (worker->revocation.fetches)
                return;
        for (Transfer *t = worker->transfers; t; t = next) {
                next = transfer_next(t);
                transfer_lists_came(t);
        }
}

static int fetch_begin(Fetch *fetch)
{
        CURL *easy = multi_take(fetch->worker->revocation.multi);

        fetch->easy = easy;
        if (!easy || curl_easy_setopt(easy, CURLOPT_URL, fetch->url) != CURLE_OK)
                return -ENOMEM;
        request_set_common(easy);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
        curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http");
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)TIMEOUT_SEC);
        curl_easy_setopt(easy, CURLOPT_MAXFILESIZE, (long)LIST_BYTES_MAX);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_list);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
        return multi_add(fetch->worker->revocation.multi, easy);
}

static bool is_under_way(const Revocation *revocation, const char *url, const X509 *authority)
{
        for (const Fetch *f = revocation->fetches; f; f = f->next)
                if (strcmp(f->url, url) == 0 && X509_cmp(f->authority, authority) == 0)
                        return true;
        return false;
}

int revocation_fetch(Worker *worker, const char *url, X509 *authority)
{
        Revocation *revocation = &worker->revocation;
        Fetch *fetch;
        int r;

        if (is_under_way(revocation, url, authority))
                return 0;
        if (revocation->n_fetches == FETCHES_MAX)
                return -EBUSY;
        if (!revocation->multi) {
                r = multi_new(worker->event, on_fetched, &revocation->multi);
                if (r < 0)
                        return r;
        }
        fetch = calloc(1, sizeof(*fetch));
        if (!fetch)
                return -ENOMEM;
        fetch->worker = worker;
        fetch->next = revocation->fetches;
        revocation->fetches = fetch;
        revocation->n_fetches++;
        (void)X509_up_ref(authority);
        fetch->authority = authority;
        fetch->url = strdup(url);
        r = fetch->url ? fetch_begin(fetch) : -ENOMEM;
        if (r < 0)
                fetch_free(fetch);
        return r;
}
