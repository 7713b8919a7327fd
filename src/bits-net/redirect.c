#include "redirect.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

enum {
        HOPS_MAX = 10,
        URL_CHARACTERS_MAX = 2200,
};

static void url_cleanup(CURLU **u)
{
        curl_url_cleanup(*u);
}

static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
        char *text = NULL;

        return curl_url_get(u, what, &text, flags) == CURLUE_OK ? text : NULL;
}

static CURLU *url_parse(const char *url)
{
        CURLU *u = curl_url();

        if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_URLENCODE) != CURLUE_OK) {
                curl_url_cleanup(u);
                return NULL;
        }
        return u;
}

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

int redirect_restart(Redirect *redirect, const char *method)
{
        char *url = strdup(redirect->first);

        if (!url)
                return -ENOMEM;
        free(redirect->url);
        redirect->url = url;
        redirect->method = method;
        redirect->hops = 0;
        redirect->away = false;
        return 0;
}

int redirect_init(Redirect *redirect, const char *url, const char *method)
{
        _cleanup_(freep) char *escaped = url_escape(url);
        _cleanup_(url_cleanup) CURLU *u = curl_url();

        *redirect = (Redirect){0};
        if (!escaped || !u)
                return -ENOMEM;
        if (curl_url_set(u, CURLUPART_URL, escaped, CURLU_DISALLOW_USER) != CURLUE_OK)
                return -EINVAL;
        (void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
        redirect->first = part(u, CURLUPART_URL, 0);
        return redirect->first ? redirect_restart(redirect, method) : -ENOMEM;
}

void redirect_deinit(Redirect *redirect)
{
        curl_free(redirect->first);
        free(redirect->url);
        *redirect = (Redirect){0};
}

bool redirect_is(uint32_t status)
{
        return (status >= 300 && status <= 303) || status == 307 || status == 308;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart what)
{
        char *left = part(a, what, CURLU_DEFAULT_PORT), *right = part(b, what, CURLU_DEFAULT_PORT);
        bool same = left && right && strcasecmp(left, right) == 0;

        curl_free(left);
        curl_free(right);
        return same;
}

static bool same_origin(const char *url, CURLU *b)
{
        _cleanup_(url_cleanup) CURLU *a = url_parse(url);

        return a && same_part(a, b, CURLUPART_SCHEME) && same_part(a, b, CURLUPART_HOST) &&
               same_part(a, b, CURLUPART_PORT);
}

static bool has(CURLU *u, CURLUPart what)
{
        char *text = part(u, what, 0);

        curl_free(text);
        return text != NULL;
}

static bool has_scheme(CURLU *u, const char *scheme)
{
        char *text = part(u, CURLUPART_SCHEME, 0);
        bool same = text && strcasecmp(text, scheme) == 0;

        curl_free(text);
        return same;
}

static bool url_too_long(const char *url)
{
        size_t n = 0;

        for (const char *p = url; *p; p++)
                n += (*p & 0xc0) != 0x80; /* UTF-8: not a continuation */
        return n > URL_CHARACTERS_MAX || strlen(url) >= WIRE_URL_SIZE;
}

/* RFC 9110, 15.4: what a redirect makes of the method. */
static const char *method_after(uint32_t status, const char *method)
{
        if (status == 303)
                return strcmp(method, "HEAD") == 0 ? method : "GET";
        if ((status == 301 || status == 302) && strcmp(method, "POST") == 0)
                return "GET";
        return method;
}

/* Why it cannot be followed; NULL: it can. u: where it leads to. */
static const char *refusal(const Redirect *redirect, CURLU *u, const char *url, bool away,
                           const char *method, uint32_t security_flags)
{
        if (!has_scheme(u, "http") && !has_scheme(u, "https"))
                return "a redirect leads to another protocol than HTTP";
        if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD))
                return "a redirect leads to a URL with a user name";
        if (url_too_long(url))
                return "a redirect leads to a URL of more than 2,200 characters";
        if (has_scheme(u, "http") && strncasecmp(redirect->url, "https:", 6) == 0 &&
            !(security_flags & NET_REDIRECT_ALLOW_HTTPS_TO_HTTP))
                return "a redirect leads from HTTPS to HTTP";
        if (away && strcmp(method, "GET") != 0)
                return "a redirect would take the job's method to another server";
        if (redirect->hops >= HOPS_MAX)
                return "too many redirects";
        return NULL;
}

RedirectVerdict redirect_follow(Redirect *redirect, uint32_t status, const char *location,
                                uint32_t security_flags, char **ret_url, Failure *ret)
{
        _cleanup_(url_cleanup) CURLU *u = url_parse(redirect->url);
        const char *method = method_after(status, redirect->method), *why;
        bool disallowed = (security_flags & NET_REDIRECT_MASK) == NET_REDIRECT_DISALLOW, away;
        _cleanup_(freep) char *url = NULL;
        char *text;

        *ret_url = NULL;
        if (!u || curl_url_set(u, CURLUPART_URL, location,
                               CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
                *ret = failure_from_redirect(status, "a redirect leads to what is no URL");
                return REDIRECT_FAIL;
        }
        (void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
        text = part(u, CURLUPART_URL, 0);
        url = text ? strdup(text) : NULL;
        curl_free(text);
        if (!url) {
                *ret = failure_no_memory();
                return REDIRECT_FAIL;
        }

        away = redirect->away || !same_origin(redirect->first, u);
        why = refusal(redirect, u, url, away, disallowed ? "GET" : method, security_flags);
        if (why) {
                *ret = failure_from_redirect(status, why);
                return REDIRECT_FAIL;
        }
        if (disallowed) {
                *ret = failure_from_redirect(status, "the job allows no redirect");
                *ret_url = TAKE_PTR(url);
                return REDIRECT_DISALLOWED;
        }
        free(redirect->url);
        redirect->url = TAKE_PTR(url);
        redirect->method = method;
        redirect->hops++;
        redirect->away = away;
        return REDIRECT_FOLLOW;
}

char *redirect_host(const char *url)
{
        _cleanup_(url_cleanup) CURLU *u = url_parse(url);
        char *host = u ? part(u, CURLUPART_HOST, 0) : NULL, *copy = NULL;

        if (host && host[0] == '[') {
                host[strcspn(host, "%]")] = '\0';
                copy = strdup(host + 1);
        } else if (host)
                copy = strdup(host);
        curl_free(host);
        return copy;
}

char *redirect_authority(const char *url)
{
        _cleanup_(url_cleanup) CURLU *u = url_parse(url);
        char *host = u ? part(u, CURLUPART_HOST, 0) : NULL;
        char *port = u ? part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT) : NULL, *authority = NULL;

        for (char *p = host; p && *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char)(*p - 'A' + 'a');
        if (!host || !port || asprintf(&authority, "%s:%s", host, port) < 0)
                authority = NULL;
        curl_free(host);
        curl_free(port);
        return authority;
}
