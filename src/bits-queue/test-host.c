/* Counting the transfers from a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_counts),
                cmocka_unit_test(test_what_is_the_same_host),
                cmocka_unit_test(test_names_without_a_host),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
