#include "request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"
#include "config.h"

enum {
        REDIRECTS_MAX = 10,
        CONNECT_TIMEOUT_SEC = 30,
        STALL_SEC = 60,
        HEADER_SIZE = WIRE_ETAG_SIZE + 64,
};

/* Behind the authority, whose letters libcurl encodes its own way, blanks and letters of other
 * alphabets are escaped. What is escaped already stays as it is: servers tell %2f from %2F and from
 * a slash. */
static char *url_escape(const char *url)
{
        static const char digits[] = "0123456789ABCDEF";
        const char *authority = strstr(url, "://");
        char *escaped = malloc(3 * strlen(url) + 1), *out = escaped;
        size_t begin = authority ? (size_t)(authority + 3 - url) : 0;

        if (!escaped)
                return NULL;
        begin += strcspn(url + begin, "/?#");
        out = mempcpy(out, url, begin);
        for (const unsigned char *c = (const unsigned char *)url + begin; *c; c++)
                if (*c > ' ' && *c < 0x7f)
                        *out++ = (char)*c;
                else {
                        *out++ = '%';
                        *out++ = digits[*c >> 4];
                        *out++ = digits[*c & 0xf];
                }
        *out = '\0';
        return escaped;
}

char *request_url(const char *url)
{
        _cleanup_(freep) char *escaped = url_escape(url);
        CURLU *u = curl_url();
        char *text = NULL;

        if (u && escaped &&
            curl_url_set(u, CURLUPART_URL, escaped, CURLU_DISALLOW_USER) == CURLUE_OK)
                (void)curl_url_get(u, CURLUPART_URL, &text, 0);
        curl_url_cleanup(u);
        return text;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
        char *x = NULL, *y = NULL;
        bool same = curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                    curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                    strcasecmp(x, y) == 0;

        curl_free(x);
        curl_free(y);
        return same;
}

bool request_same_host(const char *a, const char *b)
{
        CURLU *x = curl_url(), *y = curl_url();
        bool same = x && y && curl_url_set(x, CURLUPART_URL, a, CURLU_URLENCODE) == CURLUE_OK &&
                    curl_url_set(y, CURLUPART_URL, b, CURLU_URLENCODE) == CURLUE_OK &&
                    same_part(x, y, CURLUPART_SCHEME) && same_part(x, y, CURLUPART_HOST) &&
                    same_part(x, y, CURLUPART_PORT);

        curl_url_cleanup(x);
        curl_url_cleanup(y);
        return same;
}

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

static int headers_new(const Ask *ask, struct curl_slist **ret)
{
        char range[64];
        int r;

        r = header_add(ret, "Accept-Encoding: identity");
        if (r < 0 || ask->kind == ASK_WHOLE)
                return r;
        if (ask->ranged && ask->end != NET_SIZE_UNKNOWN)
                (void)snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-%" PRIu64,
                               ask->begin, ask->end - 1);
        else
                (void)snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-", ask->begin);
        r = header_add(ret, range);
        if (r < 0 || ask->kind == ASK_RANGE)
                return r;
        return header_add_if_range(ret, &ask->validator);
}

int request_set(CURL *easy, const char *url, const Ask *ask, long buffer_bytes,
                struct curl_slist **ret_headers)
{
        struct curl_slist *headers = NULL;
        bool tls = strncasecmp(url, "https:", 6) == 0;
        int r;

        r = headers_new(ask, &headers);
        if (r < 0 || curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK) {
                curl_slist_free_all(headers);
                return -ENOMEM;
        }
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "bits/" PACKAGE_VERSION);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
        /* Over TLS the server may offer HTTP/2: then one connection is for all. */
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
        curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L); /* a redirect's, too */
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* direct, whatever the environment says */
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT,
                         1L); /* ends without waiting for the name service */
        curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_SEC);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)STALL_SEC);
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, buffer_bytes);
        *ret_headers = headers;
        return 0;
}
