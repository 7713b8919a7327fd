#include "failure.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winerror.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "excerpt.h"

typedef struct CurlRow {
        CURLcode code;
        HRESULT hresult;
        enum NetClass class;
        const char *text; /* NULL: libcurl's */
} CurlRow;

static const CurlRow curl_rows[] = {
        {CURLE_COULDNT_RESOLVE_HOST, HRESULT_FROM_WIN32(ERROR_WINHTTP_NAME_NOT_RESOLVED),
         NET_TRANSIENT},
        {CURLE_COULDNT_CONNECT, HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT), NET_TRANSIENT},
        {CURLE_OPERATION_TIMEDOUT, HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT), NET_TRANSIENT},
        {CURLE_PARTIAL_FILE, BG_E_CONNECTION_CLOSED, NET_TRANSIENT},
        {CURLE_RECV_ERROR, BG_E_CONNECTION_CLOSED, NET_TRANSIENT},
        {CURLE_SEND_ERROR, BG_E_CONNECTION_CLOSED, NET_TRANSIENT},
        {CURLE_GOT_NOTHING, BG_E_CONNECTION_CLOSED, NET_TRANSIENT},
        {CURLE_HTTP2, BG_E_CONNECTION_CLOSED, NET_TRANSIENT},
        {CURLE_HTTP2_STREAM, BG_E_CONNECTION_CLOSED, NET_TRANSIENT},
        {CURLE_SSL_CONNECT_ERROR, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CHANNEL_ERROR),
         NET_TRANSIENT},
        {CURLE_SSL_CERTPROBLEM, HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY),
         NET_FATAL}, /* our certificate and key do not go together, or are none */
        {CURLE_SSL_CACERT_BADFILE, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE), NET_FATAL},
        {CURLE_SSL_CIPHER, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE), NET_FATAL},
        {CURLE_SSL_CRL_BADFILE, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED),
         NET_FATAL},
        {CURLE_SSL_INVALIDCERTSTATUS, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REVOKED),
         NET_FATAL},
        {CURLE_URL_MALFORMAT, HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL), NET_FATAL},
        {CURLE_LOGIN_DENIED, HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL), NET_FATAL,
         "a redirect leads to a URL with a user name"},
        {CURLE_UNSUPPORTED_PROTOCOL, BG_E_INSUFFICIENT_HTTP_SUPPORT, NET_FATAL}, /* HTTP/0.9 */
        {CURLE_WEIRD_SERVER_REPLY, BG_E_INVALID_SERVER_RESPONSE, NET_FATAL},
        {CURLE_BAD_CONTENT_ENCODING, BG_E_INVALID_SERVER_RESPONSE, NET_FATAL},
        {CURLE_OUT_OF_MEMORY, E_OUTOFMEMORY, NET_TRANSIENT},
};

static const struct {
        long result;
        HRESULT hresult;
} verify_rows[] = {
        /* the chain is good, or was not looked at yet: libcurl did not find the name in the
           certificate */
        {X509_V_OK, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_CN_INVALID)},
        {X509_V_ERR_UNSPECIFIED, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_CN_INVALID)},
        {X509_V_ERR_HOSTNAME_MISMATCH, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_CN_INVALID)},
        {X509_V_ERR_IP_ADDRESS_MISMATCH, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_CN_INVALID)},
        {X509_V_ERR_CERT_HAS_EXPIRED, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_DATE_INVALID)},
        {X509_V_ERR_CERT_NOT_YET_VALID, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_DATE_INVALID)},
        {X509_V_ERR_CERT_REVOKED, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REVOKED)},
        {X509_V_ERR_UNABLE_TO_GET_CRL, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
         HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
         HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_CRL_SIGNATURE_FAILURE,
         HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_CRL_NOT_YET_VALID, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_CRL_HAS_EXPIRED, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD,
         HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
         HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
         HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_DIFFERENT_CRL_SCOPE, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_CRL_PATH_VALIDATION_ERROR,
         HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {X509_V_ERR_INVALID_PURPOSE, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE)},
};

static Failure failure(HRESULT hresult, enum NetContext context, enum NetClass class)
{
        return (Failure){
                .hresult = hresult, .context = context, .class = class, .retry_after_usec = -1};
}

__attribute__((format(printf, 2, 3))) static void failure_say(Failure *f, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(f->text, sizeof(f->text), format, ap);
        va_end(ap);
}

/* The split of an upload's server application, which BITS documents; 308 goes with 301, its twin.
 */
static enum NetClass status_class(uint32_t status)
{
        switch (status / 100) {
        case 2:
                return NET_FATAL;
        case 3:
                return status <= 305 || status == 307 || status == 308 ? NET_FATAL : NET_TRANSIENT;
        case 4:
                return status == 408 || status == 409 || status == 429 ? NET_TRANSIENT : NET_FATAL;
        case 5:
                return status == 501 || status == 505 ? NET_FATAL : NET_TRANSIENT;
        default:
                return NET_TRANSIENT;
        }
}

Failure failure_from_answer(HRESULT hresult, uint32_t status, const char *text)
{
        Failure f = failure(hresult, NET_CONTEXT_REMOTE_FILE, NET_FATAL);

        f.http_status = status;
        failure_say(&f, "%s", text);
        return f;
}

Failure failure_from_redirect(uint32_t status, const char *text)
{
        return failure_from_answer((HRESULT)(0x80190000U | (status & 0xffffU)), status, text);
}

Failure failure_from_tls(HRESULT hresult, enum NetContext context, const char *text)
{
        Failure f = failure(hresult, context, NET_FATAL);

        failure_say(&f, "%s", text);
        return f;
}

Failure failure_from_status(uint32_t status, int64_t retry_after_usec)
{
        Failure f = failure((HRESULT)(0x80190000U | (status & 0xffffU)), NET_CONTEXT_REMOTE_FILE,
                            status_class(status));
        const char *text = hresult_text(f.hresult);

        f.http_status = status;
        f.retry_after_usec = f.class == NET_TRANSIENT ? retry_after_usec : -1;
        failure_say(&f, "HTTP status %u%s%s", status, text ? ": " : "", text ? text : "");
        return f;
}

void failure_quote(Failure *f, const char *body, size_t size)
{
        size_t n = strlen(f->text);
        char words[EXCERPT_SIZE];

        excerpt_take(body, size, words);
        if (words[0] && n + 1 + strlen(words) < sizeof(f->text) && !strchr(f->text, '\n'))
                (void)snprintf(f->text + n, sizeof(f->text) - n, "\n%s", words);
}

Failure failure_from_errno(int error, const char *what)
{
        Failure f = failure(hresult_from_errno(error), NET_CONTEXT_LOCAL_FILE, NET_FATAL);

        if (abs(error) == ENOSPC || abs(error) == EDQUOT)
                f.class = NET_TRANSIENT; /* others delete what they have, too */
        failure_say(&f, "%s: %s", what, strerror(error < 0 ? -error : error));
        return f;
}

Failure failure_from_source(int error, enum NetClass class, const char *what)
{
        Failure f = failure_from_errno(error, what);

        f.context = NET_CONTEXT_REMOTE_FILE;
        f.class = class;
        return f;
}

Failure failure_from_file(HRESULT hresult, const char *text)
{
        Failure f = failure(hresult, NET_CONTEXT_LOCAL_FILE, NET_FATAL);

        failure_say(&f, "%s", text);
        return f;
}

static HRESULT verify_hresult(long verify_result)
{
        for (size_t i = 0; i < ELEMENTS(verify_rows); i++)
                if (verify_rows[i].result == verify_result)
                        return verify_rows[i].hresult;
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_INVALID_CA);
}

Failure failure_from_curl(int curl_code, long verify_result, uint32_t status)
{
        Failure f = failure(HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR),
                            NET_CONTEXT_TRANSPORT, NET_TRANSIENT);

        f.http_status = status;
        failure_say(&f, "%s", curl_easy_strerror((CURLcode)curl_code));
        if (curl_code == CURLE_PEER_FAILED_VERIFICATION) {
                f.hresult = verify_hresult(verify_result);
                f.class = NET_FATAL;
                if (verify_result > X509_V_ERR_UNSPECIFIED)
                        failure_say(&f, "the server's certificate: %s",
                                    X509_verify_cert_error_string(verify_result));
                return f;
        }
        for (size_t i = 0; i < ELEMENTS(curl_rows); i++)
                if ((int)curl_rows[i].code == curl_code) {
                        f.hresult = curl_rows[i].hresult;
                        f.class = curl_rows[i].class;
                        if (curl_rows[i].text)
                                failure_say(&f, "%s", curl_rows[i].text);
                }
        return f;
}

Failure failure_from_worker(HRESULT hresult, enum NetClass class, const char *text)
{
        Failure f = failure(hresult, NET_CONTEXT_TRANSPORT, class);

        failure_say(&f, "%s", text);
        return f;
}

Failure failure_no_memory(void)
{
        return failure_from_worker(E_OUTOFMEMORY, NET_TRANSIENT, "no memory");
}
