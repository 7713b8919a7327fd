/*
 * A remote name: what bits-queue takes for a URL, libcurl takes for the same one, with the same
 * host, without user information, and with nothing left to escape.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "bits-net/redirect.h"
#include "url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libcurl writes addresses its own way; of names it changes nothing. */
static void check_host(const char *url, const char *host)
{
        const char *authority = strstr(url, "://") + 3;
        struct in_addr in;

        if (*host != '[' && inet_pton(AF_INET, host, &in) != 1)
                assert(strncasecmp(authority, host, strlen(host)) == 0 &&
                       (authority[strlen(host)] == '\0' ||
                        strchr(":/?#", authority[strlen(host)])));
}

static void check_parts(const char *url, const char *sent)
{
        CURLU *parts = curl_url();
        char *part;

        assert(parts && curl_url_set(parts, CURLUPART_URL, sent, 0) == CURLUE_OK);
        assert(curl_url_get(parts, CURLUPART_USER, &part, 0) == CURLUE_NO_USER);
        assert(curl_url_get(parts, CURLUPART_PASSWORD, &part, 0) == CURLUE_NO_PASSWORD);
        assert(curl_url_get(parts, CURLUPART_ZONEID, &part, 0) == CURLUE_NO_ZONEID);
        assert(curl_url_get(parts, CURLUPART_HOST, &part, 0) == CURLUE_OK);
        check_host(url, part);
        curl_free(part);
        assert(curl_url_get(parts, CURLUPART_PORT, &part, CURLU_DEFAULT_PORT) == CURLUE_OK);
        assert(atoi(part) > 0 && atoi(part) <= UINT16_MAX);
        curl_free(part);
        assert(curl_url_get(parts, CURLUPART_PATH, &part, 0) == CURLUE_OK);
        for (const char *c = part; *c; c++)
                assert(*c > ' ' && *c < 0x7f);
        curl_free(part);
        curl_url_cleanup(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(freep) char *url = size > 0 ? strndup((const char *)data, size) : NULL;
        Redirect redirect;

        if (!url || url_check(url) < 0)
                return 0;
        assert(redirect_init(&redirect, url, "GET") == 0);
        check_parts(url, redirect.url);
        redirect_deinit(&redirect);
        return 0;
}
