#include "closing.h"

#include <openssl/ssl.h>

static void on_info(const SSL *ssl, int where, int value)
{
        Closing *closing = SSL_get_app_data(ssl);

        if (where & SSL_CB_READ && where & SSL_CB_ALERT && closing &&
            (value & 0xff) == SSL3_AD_CLOSE_NOTIFY)
                closing->notified = true;
}

void closing_watch(Closing *closing, CURL *easy)
{
        struct curl_tlssessioninfo *info = NULL;
        SSL *ssl;

        *closing = (Closing){0};
        if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
            !info->internals)
                return;
        ssl = info->internals;
        closing->secure = true;
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        SSL_set_app_data(ssl, closing);
        SSL_set_info_callback(ssl, on_info);
}

bool closing_is_orderly(const Closing *closing)
{
        return !closing->secure || closing->notified;
}
