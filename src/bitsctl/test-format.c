#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "format.h"
#include "names.h"

static void test_size(void **state)
{
        static const struct {
                uint64_t bytes;
                const char *text;
        } rows[] = {
                {0, "0 B"},
                {1023, "1023 B"},
                {1024, "1.0 KiB"},
                {1536, "1.5 KiB"},
                {1048575, "1.0 MiB"}, /* never "1024.0 KiB" */
                {UINT64_C(64) << 20, "64.0 MiB"},
                {UINT64_C(5) << 40, "5.0 TiB"},
                {UINT64_MAX - 1, "16.0 EiB"},
                {SIZE_UNKNOWN, "unknown"},
        };
        char text[FORMAT_SIZE];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                assert_string_equal(format_size(rows[i].bytes, text), rows[i].text);
}

static void test_duration(void **state)
{
        static const struct {
                uint64_t seconds;
                const char *text;
        } rows[] = {
                {0, "0:00"},
                {7, "0:07"},
                {754, "12:34"},
                {3723, "1:02:03"},
                {86399, "23:59:59"},
                {183840, "2 d 03:04"},
                {UINT64_MAX, "unknown"},
        };
        char text[FORMAT_SIZE];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                assert_string_equal(format_duration(rows[i].seconds, text), rows[i].text);
}

static void test_times(void **state)
{
        char text[FORMAT_SIZE];

        (void)state;
        setenv("TZ", "XST-1", 1); /* one hour east */
        tzset();
        assert_string_equal(format_iso8601(UINT64_C(1738367999123456), text),
                            "2025-01-31T23:59:59.123456Z");
        assert_string_equal(format_local_time(UINT64_C(1738367999123456), text),
                            "2025-02-01 00:59:59 +0100");
        assert_string_equal(format_local_time(0, text), "-");
        (void)format_iso8601(UINT64_MAX, text); /* whatever a service says fits */
        (void)format_local_time(UINT64_MAX, text);
}

static void test_clean(void **state)
{
        static const struct {
                const char *in, *out;
        } rows[] = {
                {"plain", "plain"},
                {"\303\244\342\202\254\360\237\230\200", "\303\244\342\202\254\360\237\230\200"},
                {"\033[31mred\033[0m", "?[31mred?[0m"},
                {"a\nb\tc\177", "a?b?c?"},
                {"\302\233"
                 "1A",
                 "?1A"},                               /* CSI as one character */
                {"x\342\200\256gpj.exe", "x?gpj.exe"}, /* RIGHT-TO-LEFT OVERRIDE */
                {"\233", "?"},                         /* a byte that is no UTF-8 */
                {"\300\233", "??"},                    /* ESC in two bytes: overlong */
                {"\355\240\200", "???"},               /* a surrogate */
                {"cut\342\202", "cut??"},
                {"", ""},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(freep) char *clean = format_clean(rows[i].in);

                assert_string_equal(clean, rows[i].out);
        }
}

static void test_failure(void **state)
{
        static const struct {
                const char *in, *out;
        } rows[] = {
                {"it failed\t", "it failed?"},
                {"HTTP status 503\nback\033 at six",
                 "HTTP status 503; the server says: back? at six"},
                {"one\ntwo\nthree", "one; the server says: two?three"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(freep) char *clean = format_failure(rows[i].in);

                assert_string_equal(clean, rows[i].out);
        }
}

static void test_names(void **state)
{
        uint32_t value;

        (void)state;
        assert_string_equal(state_name(STATE_TRANSIENT_ERROR), "TRANSIENT_ERROR");
        assert_string_equal(state_name(8), "CANCELLED");
        assert_string_equal(state_name(9), "UNKNOWN");
        assert_string_equal(context_name(5), "REMOTE_FILE");
        assert_string_equal(context_name(8), "SERVER_CERTIFICATE_CALLBACK");
        assert_string_equal(context_name(9), "UNKNOWN");
        assert_true(priority_parse("low", &value));
        assert_int_equal(value, 3);
        assert_true(priority_parse("FOREGROUND", &value));
        assert_int_equal(value, 0);
        assert_false(priority_parse("lowest", &value));
        assert_true(uses_parse("file,network", &value));
        assert_int_equal(value, 3);
        assert_true(uses_parse("network,file", &value));
        assert_int_equal(value, 3);
        assert_true(uses_parse("none", &value));
        assert_int_equal(value, 0);
        assert_true(uses_parse("network", &value));
        assert_int_equal(value, USE_NETWORK);
        assert_false(uses_parse("", &value));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_size),    cmocka_unit_test(test_duration),
                cmocka_unit_test(test_times),   cmocka_unit_test(test_clean),
                cmocka_unit_test(test_failure), cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
