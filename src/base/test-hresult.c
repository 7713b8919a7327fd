/* Names and texts of codes: every one has both languages, and nothing is lost on the way there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/hresult.h"

static const struct {
        HRESULT code;
        const char *name;
} rows[] = {
#define HRESULT_ROW(n, t) {n, #n},
#define WIN32_ROW(n, t)   {HRESULT_FROM_WIN32(n), #n},
#define HTTP_ROW(s, t)    {BG_E_HTTP_ERROR_##s, "BG_E_HTTP_ERROR_" #s},
#include "base/hresult.def"
};

static void test_every_code(void **state)
{
        char name[HRESULT_NAME_SIZE];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const char *english = hresult_text_in(rows[i].code, 0x0409);
                const char *german = hresult_text_in(rows[i].code, 0x0407);

                assert_non_null(english);
                assert_string_equal(english, hresult_text(rows[i].code));
                if (!german || !german[0])
                        fail_msg("%s has no German text: see po/de.po", rows[i].name);
                assert_string_not_equal(german, english);
                hresult_name(rows[i].code, name);
                assert_int_equal(hresult_parse(name), rows[i].code);
        }
}

static void test_languages(void **state)
{
        (void)state;
        assert_string_equal(hresult_text_in(E_ACCESSDENIED, 0x0809), "access denied");
        assert_string_equal(hresult_text_in(E_ACCESSDENIED, LANGUAGE_ENGLISH), "access denied");
        assert_string_equal(hresult_text_in(E_ACCESSDENIED, 0x0c07), "Zugriff verweigert");
        assert_string_equal(hresult_text_in(BG_E_EMPTY, 0x0407), "der Auftrag hat keine Dateien");
        assert_string_equal(hresult_text_in(E_HANDLE, 0x0407), "das Handle ist ung\xc3\xbcltig");
        assert_string_equal(hresult_text_in(BG_E_HTTP_ERROR_505, LANGUAGE_GERMAN),
                            "die HTTP-Version wird nicht unterst\xc3\xbctzt");
        assert_null(hresult_text_in(E_ACCESSDENIED, 0));
        assert_null(hresult_text_in(E_ACCESSDENIED, 0x040c)); /* French */
        assert_null(hresult_text_in(E_ACCESSDENIED, 0x0400));
        assert_null(hresult_text_in((HRESULT)0x80201234, 0x0409));
        assert_null(hresult_text_in((HRESULT)0x80201234, 0x0407));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_code),
                cmocka_unit_test(test_languages),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
