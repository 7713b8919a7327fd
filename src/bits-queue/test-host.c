/* Counting the transfers from a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "host.h"

enum {
        ALICE = 2001,
        BOB = 2002,
};

static Host *take(Hosts *hosts, uid_t owner, const char *url)
{
        Host *host = NULL;

        assert_int_equal(hosts_take(hosts, owner, url, &host), 0);
        return host;
}

static void test_counts(void **state)
{
        Hosts *hosts = hosts_new();
        Host *a, *b;

        (void)state;
        assert_true(hosts_have_room(hosts, ALICE, "http://h/x", 1));
        a = take(hosts, ALICE, "http://h/x");
        assert_false(hosts_have_room(hosts, ALICE, "http://h/y", 1));
        assert_true(hosts_have_room(hosts, ALICE, "http://h/y", 2));
        b = take(hosts, ALICE, "http://h/y");
        assert_ptr_equal(a, b);
        assert_false(hosts_have_room(hosts, ALICE, "http://h/y", 2));
        assert_null(host_release(b));
        assert_true(hosts_have_room(hosts, ALICE, "http://h/y", 2));
        assert_null(host_release(a));
        assert_true(hosts_have_room(hosts, ALICE, "http://h/y", 1));
        hosts_free(hosts);
}

static void test_what_is_the_same_host(void **state)
{
        Hosts *hosts = hosts_new();
        Host *host = take(hosts, ALICE, "http://Files.Example:8080/a/b?c#d");

        (void)state;
        assert_false(hosts_have_room(hosts, ALICE, "https://user:p@files.example:8080", 1));
        assert_false(hosts_have_room(hosts, ALICE, "http://a@b@files.example:8080?x", 1));
        assert_true(hosts_have_room(hosts, ALICE, "http://files.example/", 1));
        assert_true(hosts_have_room(hosts, ALICE, "http://files.example:80800/", 1));
        assert_true(hosts_have_room(hosts, BOB, "http://files.example:8080/", 1));
        host_release(host);
        hosts_free(hosts);
}

static void test_names_without_a_host(void **state)
{
        Hosts *hosts = hosts_new();

        (void)state;
        assert_null(take(hosts, ALICE, "file:///srv/x"));
        assert_null(take(hosts, ALICE, "file://localhost/srv/x"));
        assert_null(take(hosts, ALICE, "/srv/x"));
        assert_null(take(hosts, ALICE, "/srv/a://b/x"));
        assert_true(hosts_have_room(hosts, ALICE, "/srv/x", 0));
        hosts_free(hosts);
}

/* Who waits is found where he waits, for as long as he does, whatever becomes of the transfers. */
static void test_crowd(void **state)
{
        Hosts *hosts = hosts_new();
        Host *host = take(hosts, ALICE, "http://h/x"), *other;
        Job job = {0};

        (void)state;
        assert_null(hosts_next_crowded(hosts, NULL));
        assert_ptr_equal(hosts_crowd(hosts, ALICE, "http://h/y"), host);
        assert_null(hosts_next_crowded(hosts, NULL)); /* nobody waits yet */
        assert_ptr_equal(hosts_crowd(hosts, ALICE, "http://h/y"), host);
        TAILQ_INSERT_TAIL(&host->waiting[PRIORITY_LOW], &job, schedule_link);
        assert_ptr_equal(hosts_next_crowded(hosts, NULL), host);
        assert_null(hosts_next_crowded(hosts, host));

        host_release(host);
        assert_ptr_equal(hosts_next_crowded(hosts, NULL), host);
        assert_int_equal(host->n, 0);
        other = hosts_crowd(hosts, BOB, "http://h/y");
        assert_ptr_not_equal(other, host);
        assert_null(hosts_next_crowded(hosts, host)); /* which forgets bob's */

        TAILQ_REMOVE(&host->waiting[PRIORITY_LOW], &job, schedule_link);
        assert_null(hosts_next_crowded(hosts, NULL));
        assert_null(hosts_crowd(hosts, ALICE, "/srv/x"));
        hosts_free(hosts);
}

static void check_host(const char *url, const char *expected)
{
        char host[HOST_NAME_SIZE];

        assert_int_equal(host_of(url, host), expected != NULL);
        if (expected)
                assert_string_equal(host, expected);
}

static void test_host_of(void **state)
{
        (void)state;
        check_host("http://Files.Example:8080/a", "files.example");
        check_host("https://user:p@files.example", "files.example");
        check_host("http://a@[::1]@h?x", "h");
        check_host("http://[2001:DB8::1]:80/x", "2001:db8::1");
        check_host("http://[2001:db8::1", NULL);
        check_host("http://:80/x", NULL);
        check_host("http:///x", NULL);
        check_host("file://server/x", NULL);
        check_host("/srv/x", NULL);
        check_host("", NULL);
}

static void test_same_origin(void **state)
{
        static const char *const same[][2] = {
                {"http://a/x", "HTTP://A:80/y"},
                {"https://u:p@a/x", "https://a:443"},
                {"http://a:/x", "http://a"},
                {"http://[::1]:80/", "http://[::1]/"},
        };
        static const char *const other[][2] = {
                {"http://a/", "https://a/"},
                {"http://a/", "http://a:81/"},
                {"http://a/", "http://a.b/"},
                {"http://a:443/", "http://a/"},
                {"https://a:80/", "https://a/"},
                {"http://a@b/", "http://a/"},
                {"/a", "/a"},
                {"http://a/", "file:///a"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(same); i++)
                assert_true(host_is_same_origin(same[i][0], same[i][1]));
        for (size_t i = 0; i < ELEMENTS(other); i++)
                assert_false(host_is_same_origin(other[i][0], other[i][1]));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_same_origin),
                cmocka_unit_test(test_counts),
                cmocka_unit_test(test_what_is_the_same_host),
                cmocka_unit_test(test_names_without_a_host),
                cmocka_unit_test(test_crowd),
                cmocka_unit_test(test_host_of),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
