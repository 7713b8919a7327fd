/* Words for the numbers of the API: what is taken is what is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "names.h"

static void test_ssl_flags(void **state)
{
        static const char *const bad[] = {"",          "none",           "1", "any", "any-name,",
                                          ",any-name", "strict,any-name"};
        char text[SSL_FLAGS_TEXT_SIZE];
        uint32_t flags;

        (void)state;
        for (uint32_t all = 0; all <= SSL_FLAGS_ALL; all++) {
                ssl_flags_name(all, text);
                assert_true(ssl_flags_parse(text, &flags));
                assert_int_equal(flags, all);
        }
        ssl_flags_name(0x9, text);
        assert_string_equal(text, "revocation,any-authority");
        ssl_flags_name(0, text);
        assert_string_equal(text, "strict");
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_false(ssl_flags_parse(bad[i], &flags));
}

static void test_redirects(void **state)
{
        static const struct {
                const char *text;
                uint32_t flags;
        } rows[] = {
                {"follow", 0},
                {"report", 0x100},
                {"refuse", 0x200},
                {"follow,to-http", 0x800},
                {"report,to-http", 0x900},
        };
        static const char *const bad[] = {"", "to-http", "follow,", "follow,report", "x"};
        char text[REDIRECTS_TEXT_SIZE];
        uint32_t flags;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                assert_true(redirects_parse(rows[i].text, &flags));
                assert_int_equal(flags, rows[i].flags);
                redirects_name(flags | 0x1f, text);
                assert_string_equal(text, rows[i].text);
        }
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_false(redirects_parse(bad[i], &flags));
        redirects_name(0x700, text);
        assert_string_equal(text, "UNKNOWN");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ssl_flags),
                cmocka_unit_test(test_redirects),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
