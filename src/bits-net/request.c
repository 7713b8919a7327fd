#include "request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"
#include "config.h"

enum {
        CONNECT_TIMEOUT_SEC = 30,
        STALL_SEC = 60,
        HEADER_SIZE = WIRE_ETAG_SIZE + 64,
};

static int header_add(struct curl_slist **headers, const char *header)
{
        struct curl_slist *longer = curl_slist_append(*headers, header);

        if (!longer)
                return -ENOMEM;
        *headers = longer;
        return 0;
}

/* If-Range: the strong ETag, else the date; RFC 9110, 13.1.5, allows no weak ETag. */
static int header_add_if_range(struct curl_slist **headers, const NetValidator *validator)
{
        static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        time_t sec = (time_t)(validator->last_modified_usec / 1000000);
        char header[HEADER_SIZE];
        struct tm tm;

        if (etag_is_strong(validator->etag)) {
                (void)snprintf(header, sizeof(header), "If-Range: %s", validator->etag);
                return header_add(headers, header);
        }
        if (!gmtime_r(&sec, &tm))
                return 0;
        (void)snprintf(header, sizeof(header), "If-Range: %s, %02d %s %04d %02d:%02d:%02d GMT",
                       days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
                       tm.tm_hour, tm.tm_min, tm.tm_sec);
        return header_add(headers, header);
}

/* Of a method that content goes with, RFC 9110, 8.6, wants it said that there is none. */
static int header_add_no_content(struct curl_slist **headers, const char *method)
{
        static const char *const with_content[] = {"POST", "PUT", "PATCH"};

        for (size_t i = 0; i < ELEMENTS(with_content); i++)
                if (strcmp(method, with_content[i]) == 0)
                        return header_add(headers, "Content-Length: 0");
        return 0;
}

static int header_add_range(struct curl_slist **headers, const Ask *ask)
{
        char range[64];

        if (ask->ranged && ask->end != NET_SIZE_UNKNOWN)
                (void)snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-%" PRIu64,
                               ask->begin, ask->end - 1);
        else
                (void)snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-", ask->begin);
        return header_add(headers, range);
}

static int headers_new(const Request *request, struct curl_slist **ret, const char **ret_why)
{
        const Ask *ask = request->ask;
        int r;

        r = header_add(ret, "Accept-Encoding: identity");
        if (r == 0)
                r = header_add_no_content(ret, request->redirect->method);
        if (r == 0 && ask->kind != ASK_WHOLE)
                r = header_add_range(ret, ask);
        if (r == 0 && ask->kind == ASK_IF_RANGE)
                r = header_add_if_range(ret, &ask->validator);
        if (r == 0 && request->options && !request->redirect->away)
                r = options_headers(request->options, ret, ret_why);
        return r;
}

static void method_set(CURL *easy, const char *method)
{
        if (strcmp(method, "HEAD") == 0)
                curl_easy_setopt(easy, CURLOPT_NOBODY, 1L); /* else libcurl would wait for one */
        else if (strcmp(method, "GET") != 0)
                curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

void request_set_common(CURL *easy)
{
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "bits/" PACKAGE_VERSION);
        curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* direct, whatever the environment says */
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        /* It ends without waiting for the name service. */
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
        curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
}

int request_set(CURL *easy, const Request *request, struct curl_slist **ret_headers,
                const char **ret_why)
{
        struct curl_slist *headers = NULL;
        int r = headers_new(request, &headers, ret_why);

        if (r == 0)
                r = tls_set(request->tls, easy);
        if (r == 0 && curl_easy_setopt(easy, CURLOPT_URL, request->redirect->url) != CURLE_OK)
                r = -ENOMEM;
        if (r < 0) {
                curl_slist_free_all(headers);
                return r;
        }
        method_set(easy, request->redirect->method);
        request_set_common(easy);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
        /* Over TLS the server may offer HTTP/2: then one connection is for all. */
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT,
                         strncasecmp(request->redirect->url, "https:", 6) == 0 ? 1L : 0L);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);           /* redirect.c's */
        curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L); /* a redirect's, too */
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_SEC);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)STALL_SEC);
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, request->buffer_bytes);
        *ret_headers = headers;
        return 0;
}
