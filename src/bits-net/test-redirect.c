/* Where redirects lead, and what of the remote name's may go along. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "redirect.h"

#define FIRST "https://host:444/a/b?q"

static RedirectVerdict follow(Redirect *redirect, uint32_t status, const char *location,
                              uint32_t flags)
{
        Failure failure;
        char *url = NULL;
        RedirectVerdict verdict =
                redirect_follow(redirect, status, location, flags, &url, &failure);

        assert_int_equal(verdict == REDIRECT_DISALLOWED, url != NULL);
        if (verdict != REDIRECT_FOLLOW) {
                assert_int_equal((uint32_t)failure.hresult, 0x80190000U | status);
                assert_int_equal(failure.class, NET_FATAL);
                assert_true(failure.text[0]);
        }
        free(url);
        return verdict;
}

static void test_locations(void **state)
{
        static const struct {
                const char *location, *url; /* NULL: not followed */
                bool away;
                uint32_t flags;
        } rows[] = {
                {"c", "https://host:444/a/c", false, 0},
                {"/c", "https://host:444/c", false, 0},
                {"../c", "https://host:444/c", false, 0},
                {"?x=1", "https://host:444/a/b?x=1", false, 0},
                {"c#part", "https://host:444/a/c", false, 0},
                {"//host/c", "https://host/c", true, 0},
                {"HTTPS://HOST:444/c", "https://HOST:444/c", false, 0},
                {"https://host:0444/c", "https://host:444/c", false, 0},
                {"https://host/c", "https://host/c", true, 0},
                {"https://other:444/c", "https://other:444/c", true, 0},
                {"https://host.:444/c", "https://host.:444/c", true, 0},
                {"http://host:444/c", NULL, false, 0},
                {"http://host:444/c", "http://host:444/c", true, NET_REDIRECT_ALLOW_HTTPS_TO_HTTP},
                {"c d\xc3\xa9", "https://host:444/a/c%20d%c3%a9", false, 0},
                {"https://user@host:444/c", NULL, false, 0},
                {"https://user:p@host:444/c", NULL, false, 0},
                {"https://:p@host:444/c", NULL, false, 0},
                {"file:///etc/passwd", NULL, false, 0},
                {"ftp://host/c", NULL, false, 0},
                {"gopher://host/c", NULL, false, 0},
                {"https://", NULL, false, 0},
                {"https://host:70000/", NULL, false, 0},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Redirect redirect;
                RedirectVerdict verdict;

                assert_int_equal(redirect_init(&redirect, "https://host:444/a/b?q#f", "GET"), 0);
                assert_string_equal(redirect.first, FIRST);
                verdict = follow(&redirect, 302, rows[i].location, rows[i].flags);
                assert_int_equal(verdict, rows[i].url ? REDIRECT_FOLLOW : REDIRECT_FAIL);
                assert_string_equal(redirect.url, rows[i].url ? rows[i].url : FIRST);
                assert_int_equal(redirect.away, rows[i].away);
                assert_int_equal(redirect.hops, rows[i].url != NULL);
                redirect_deinit(&redirect);
        }
}

static void test_away_for_good(void **state)
{
        Redirect redirect;

        (void)state;
        assert_int_equal(redirect_init(&redirect, "http://host/a", "GET"), 0);
        assert_int_equal(follow(&redirect, 302, "http://host:80/b", 0), REDIRECT_FOLLOW);
        assert_false(redirect.away); /* the default port is the same one */
        assert_int_equal(follow(&redirect, 302, "http://other/", 0), REDIRECT_FOLLOW);
        assert_int_equal(follow(&redirect, 302, "http://host/a", 0), REDIRECT_FOLLOW);
        assert_true(redirect.away);
        assert_int_equal(redirect_restart(&redirect, "GET"), 0);
        assert_false(redirect.away);
        assert_int_equal(redirect.hops, 0);
        assert_string_equal(redirect.url, "http://host/a");
        redirect_deinit(&redirect);
}

static void test_methods(void **state)
{
        static const struct {
                uint32_t status;
                const char *method, *here, *elsewhere; /* NULL: not followed */
        } rows[] = {
                {301, "POST", "GET", "GET"}, {302, "POST", "GET", "GET"},
                {303, "POST", "GET", "GET"}, {307, "POST", "POST", NULL},
                {308, "POST", "POST", NULL}, {301, "PUT", "PUT", NULL},
                {303, "PUT", "GET", "GET"},  {303, "HEAD", "HEAD", NULL},
                {300, "GET", "GET", "GET"},  {308, "GET", "GET", "GET"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                Redirect redirect;

                assert_int_equal(redirect_init(&redirect, "http://host/a", rows[i].method), 0);
                assert_int_equal(follow(&redirect, rows[i].status, "/b", 0), REDIRECT_FOLLOW);
                assert_string_equal(redirect.method, rows[i].here);
                redirect_deinit(&redirect);

                assert_int_equal(redirect_init(&redirect, "http://host/a", rows[i].method), 0);
                assert_int_equal(follow(&redirect, rows[i].status, "http://other/", 0),
                                 rows[i].elsewhere ? REDIRECT_FOLLOW : REDIRECT_FAIL);
                assert_string_equal(redirect.method,
                                    rows[i].elsewhere ? rows[i].elsewhere : rows[i].method);
                redirect_deinit(&redirect);

                assert_int_equal(redirect_init(&redirect, "http://host/a", rows[i].method), 0);
                assert_int_equal(
                        follow(&redirect, rows[i].status, "http://other/", NET_REDIRECT_DISALLOW),
                        REDIRECT_DISALLOWED);
                redirect_deinit(&redirect);
        }
}

static void test_bounds(void **state)
{
        char long_url[2300] = "http://host/";
        Redirect redirect;

        (void)state;
        assert_int_equal(redirect_init(&redirect, "http://host/a", "GET"), 0);
        for (unsigned i = 0; i < 10; i++)
                assert_int_equal(follow(&redirect, 301, "/a", 0), REDIRECT_FOLLOW);
        assert_int_equal(follow(&redirect, 301, "/a", 0), REDIRECT_FAIL);
        redirect_deinit(&redirect);

        assert_int_equal(redirect_init(&redirect, "http://host/a", "GET"), 0);
        memset(long_url + 12, 'x', 2200 - 12);
        assert_int_equal(follow(&redirect, 301, long_url, 0), REDIRECT_FOLLOW);
        long_url[2200] = 'x';
        assert_int_equal(follow(&redirect, 301, long_url, 0), REDIRECT_FAIL);
        redirect_deinit(&redirect);

        assert_int_equal(redirect_init(&redirect, "http://host:x/", "GET"), -EINVAL);
        redirect_deinit(&redirect);
        assert_int_equal(redirect_init(&redirect, "http://user@host/", "GET"), -EINVAL);
        redirect_deinit(&redirect);
        for (uint32_t status = 0; status < 600; status++)
                assert_int_equal(redirect_is(status),
                                 (status >= 300 && status < 304) || status == 307 || status == 308);
}

static void test_names(void **state)
{
        static const struct {
                const char *url, *host, *authority;
        } rows[] = {
                {"https://Host/x", "Host", "host:443"},
                {"http://host/x", "host", "host:80"},
                {"https://host:8443", "host", "host:8443"},
                {"https://[::1]:8443/", "::1", "[::1]:8443"},
                {"https://127.0.0.1/", "127.0.0.1", "127.0.0.1:443"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                char *host = redirect_host(rows[i].url);
                char *authority = redirect_authority(rows[i].url);

                assert_string_equal(host, rows[i].host);
                assert_string_equal(authority, rows[i].authority);
                free(host);
                free(authority);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_locations), cmocka_unit_test(test_away_for_good),
                cmocka_unit_test(test_methods),   cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
