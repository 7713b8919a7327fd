/* The converter between wide text and UTF-8. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <windows.h>

#include "base/cleanup.h"
#include "libbits/text.h"

static void test_both_ways(void **state)
{
        static const struct {
                const WCHAR *wide;
                const char *utf8;
        } rows[] = {
                {L"", ""},
                {L"plain", "plain"},
                {L"\x7f\x80\x7ff\x800", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80"},
                {L"\xd7ff\xe000\xffff", "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
                {L"\x10000\x10ffff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                WCHAR *wide;
                char *utf8;

                assert_int_equal(text_to_utf8(rows[i].wide, &utf8), 0);
                assert_string_equal(utf8, rows[i].utf8);
                assert_int_equal(text_to_wide(rows[i].utf8, &wide), 0);
                assert_int_equal(wcscmp(wide, rows[i].wide), 0);
                free(utf8);
                free(wide);
        }
}

static void test_not_unicode(void **state)
{
        static const WCHAR wide[][3] = {{0xd800}, {L'a', 0xdfff}, {0x110000}, {-1}};
        static const char *const utf8[] = {
                "\x80",
                "\xbf",
                "\xc0\x80",
                "\xc1\xbf",
                "\xe0\x9f\xbf",
                "\xf0\x8f\xbf\xbf",
                "\xed\xa0\x80",
                "\xed\xbf\xbf",
                "\xf4\x90\x80\x80",
                "\xf8\x88\x80\x80",
                "\xff",
                "\xc2",
                "a\xe2\x82",
                "\xf0\x9f\x98",
                "\xc2\x41",
                "\xe2\x28\xa1",
        };
        WCHAR *to_wide;
        char *to_utf8;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(wide); i++) {
                assert_int_equal(text_to_utf8(wide[i], &to_utf8), -EILSEQ);
                assert_int_equal(text_argument(wide[i], &to_utf8), E_INVALIDARG);
        }
        for (size_t i = 0; i < ELEMENTS(utf8); i++) {
                assert_int_equal(text_to_wide(utf8[i], &to_wide), -EILSEQ);
                assert_int_equal(text_result(utf8[i], &to_wide), E_UNEXPECTED);
        }
}

static void test_long_argument(void **state)
{
        size_t length = TEXT_ARGUMENT_MAX + 10;
        WCHAR *wide = calloc(length + 1, sizeof(*wide));
        char *utf8;

        (void)state;
        assert_non_null(wide);
        wmemset(wide, L'x', length);
        assert_int_equal(text_argument(wide, &utf8), S_OK);
        assert_int_equal(strlen(utf8), TEXT_ARGUMENT_MAX);
        free(utf8);
        assert_int_equal(text_argument(NULL, &utf8), E_INVALIDARG);
        free(wide);
}

static void test_wipe(void **state)
{
        char secret[] = "builder";
        static const char nothing[sizeof(secret)];

        (void)state;
        text_wipe(secret);
        assert_memory_equal(secret, nothing, sizeof(secret));
        text_wipe(NULL);
}

static void test_language(void **state)
{
        static const struct {
                const char *all, *messages, *lang;
                LCID locale;
        } rows[] = {
                {NULL, NULL, NULL, 0x0409},
                {NULL, NULL, "de_DE.UTF-8", 0x0407},
                {NULL, NULL, "de", 0x0407},
                {NULL, NULL, "de_AT@euro", 0x0407},
                {NULL, NULL, "d", 0x0409},
                {NULL, NULL, "den", 0x0409},
                {NULL, "C", "de_DE", 0x0409},
                {"", "de_CH", "C", 0x0407},
                {"en_GB.UTF-8", "de_DE", "de_DE", 0x0409},
                {"de.UTF-8", "C", "C", 0x0407},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                unsetenv("LC_ALL");
                unsetenv("LC_MESSAGES");
                unsetenv("LANG");
                if (rows[i].all)
                        setenv("LC_ALL", rows[i].all, 1);
                if (rows[i].messages)
                        setenv("LC_MESSAGES", rows[i].messages, 1);
                if (rows[i].lang)
                        setenv("LANG", rows[i].lang, 1);
                assert_int_equal(GetThreadLocale(), rows[i].locale);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_both_ways),     cmocka_unit_test(test_not_unicode),
                cmocka_unit_test(test_long_argument), cmocka_unit_test(test_wipe),
                cmocka_unit_test(test_language),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
