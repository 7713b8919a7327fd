/*
 * Conditional and partial requests: what each header field, alone and against the others, makes of
 * a request for a file of 1000 bytes.
 */
#include "conditional.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define TAG      "\"0123456789abcdef0123456789abcdef\""
#define OTHER    "\"00000000000000000000000000000000\""
#define MODIFIED INT64_C(784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */
#define DATE     "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE   "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER    "Sun, 06 Nov 1994 08:49:38 GMT"
#define NOW      (MODIFIED + 1)

typedef struct Header {
        const char *name;
        const char *value;
} Header;

typedef struct Case {
        Header headers[3];
        Selection expected;
        Method method;
} Case;

#define WHOLE                                                                                      \
        {                                                                                          \
                .status = 200, .length = 1000                                                      \
        }
#define PART                                                                                       \
        {                                                                                          \
                .status = 206, .begin = 100, .length = 50                                          \
        }
#define SAME                                                                                       \
        {                                                                                          \
                .status = 304                                                                      \
        }
#define FAILED                                                                                     \
        {                                                                                          \
                .status = 412                                                                      \
        }

static Selection select_at(const Header headers[3], Method method, uint64_t size_bytes,
                           int64_t now_sec)
{
        _cleanup_(conditions_clear) Conditions conditions = {0};
        const Validators validators = {
                .etag = TAG, .modified_sec = MODIFIED, .size_bytes = size_bytes};

        for (size_t i = 0; i < 3 && headers[i].name; i++)
                assert_int_equal(conditions_add(&conditions, headers[i].name, headers[i].value), 0);
        return conditional_select(&conditions, &validators, method, now_sec);
}

static void assert_selection(Selection actual, Selection expected)
{
        assert_int_equal(actual.status, expected.status);
        assert_int_equal(actual.begin, expected.begin);
        assert_int_equal(actual.length, expected.length);
}

static void check(const Case *cases, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                print_message("case %zu: %s\n", i,
                              cases[i].headers[0].name ? cases[i].headers[0].value : "none");
                assert_selection(select_at(cases[i].headers, cases[i].method, 1000, NOW),
                                 cases[i].expected);
        }
}

static void range(const char *text, uint64_t size_bytes, Selection expected)
{
        const Header headers[3] = {{"Range", text}};

        print_message("%s of %ju\n", text, (uintmax_t)size_bytes);
        assert_selection(select_at(headers, METHOD_GET, size_bytes, NOW), expected);
}

static void test_range_part(void **state)
{
        (void)state;
        range("bytes=0-0", 1000, (Selection){206, 0, 1});
        range("bytes=0-999", 1000, (Selection){206, 0, 1000});
        range("bytes=999-", 1000, (Selection){206, 999, 1});
        range("bytes=999-999", 1000, (Selection){206, 999, 1});
        range("bytes=100-5000", 1000, (Selection){206, 100, 900});
        range("bytes=0-", 1000, (Selection){206, 0, 1000});
        range("bytes=-1", 1000, (Selection){206, 999, 1});
        range("bytes=-1000", 1000, (Selection){206, 0, 1000});
        range("bytes=-1001", 1000, (Selection){206, 0, 1000});
        range("BYTES=1-2", 1000, (Selection){206, 1, 2});
        range("bytes= 1-2 ", 1000, (Selection){206, 1, 2});
        range("bytes=0-18446744073709551615", 1000, (Selection){206, 0, 1000});
        range("bytes=0-99999999999999999999999", 1000, (Selection){206, 0, 1000});
        range("bytes=-99999999999999999999999", 1000, (Selection){206, 0, 1000});
        range("bytes=9223372036854775806-", INT64_MAX, (Selection){206, INT64_MAX - 1, 1});
}

static void test_range_beyond(void **state)
{
        (void)state;
        range("bytes=1000-", 1000, (Selection){.status = 416});
        range("bytes=1000-1000", 1000, (Selection){.status = 416});
        range("bytes=-0", 1000, (Selection){.status = 416});
        range("bytes=18446744073709551616-", 1000, (Selection){.status = 416});
        range("bytes=99999999999999999999999-99999999999999999999999", 1000,
              (Selection){.status = 416});
        range("bytes=0-", 0, (Selection){.status = 416});
        range("bytes=-0", 0, (Selection){.status = 416});
        range("bytes=-1", 0, (Selection){.status = 200});
}

static void test_range_ignored(void **state)
{
        static const char *const texts[] = {
                "",           "bytes",       "bytes=",      "bytes=-",   "bytes=a-b",  "bytes=1",
                "bytes=2-1",  "bytes=1-2x",  "bytes=1--2",  "bytes=--2", "bytes=+1-2", "lines=1-2",
                "bytes 1-2",  "bytes=1-2,4", "bytes=1-2,",  ",",         "bytes=0x1-", "bytes =1-2",
                "bytes=1 -2", "bytes=1- 2",  "bytes=-1,-2",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                range(texts[i], 1000, (Selection)WHOLE);
}

static void test_range_methods(void **state)
{
        static const Case cases[] = {
                {{{"Range", "bytes=100-149"}}, PART, METHOD_GET},
                {{{"range", "bytes=100-149"}}, PART, METHOD_GET},
                {{{"Range", "bytes=100-149"}}, WHOLE, METHOD_HEAD},
                {{{"Range", "bytes=2000-"}}, WHOLE, METHOD_HEAD},
                {{{"Range", "bytes=100-149"}, {"Range", "bytes=100-149"}}, WHOLE, METHOD_GET},
                {{{NULL}}, WHOLE, METHOD_GET},
        };

        (void)state;
        check(cases, ELEMENTS(cases));
}

static void test_if_range(void **state)
{
        static const Case cases[] = {
                {{{"If-Range", TAG}, {"Range", "bytes=100-149"}}, PART},
                {{{"If-Range", OTHER}, {"Range", "bytes=100-149"}}, WHOLE},
                {{{"If-Range", OTHER}, {"Range", "bytes=2000-"}}, WHOLE},
                {{{"If-Range", "W/" TAG}, {"Range", "bytes=100-149"}}, WHOLE},
                {{{"If-Range", TAG ", " TAG}, {"Range", "bytes=100-149"}}, WHOLE},
                {{{"If-Range", "*"}, {"Range", "bytes=100-149"}}, WHOLE},
                {{{"If-Range", ""}, {"Range", "bytes=100-149"}}, WHOLE},
                {{{"If-Range", DATE}, {"Range", "bytes=100-149"}}, PART},
                {{{"If-Range", "Sunday, 06-Nov-94 08:49:37 GMT"}, {"Range", "bytes=100-149"}},
                 PART},
                {{{"If-Range", "Sun Nov  6 08:49:37 1994"}, {"Range", "bytes=100-149"}}, PART},
                {{{"If-Range", AFTER}, {"Range", "bytes=100-149"}}, WHOLE},
                {{{"If-Range", BEFORE}, {"Range", "bytes=100-149"}}, WHOLE},
                {{{"If-Range", TAG}}, WHOLE},
        };
        static const Header dated[3] = {{"If-Range", DATE}, {"Range", "bytes=100-149"}};

        (void)state;
        check(cases, ELEMENTS(cases));
        /* the second in which it was modified is not over: it may change again under that date */
        assert_selection(select_at(dated, METHOD_GET, 1000, MODIFIED), (Selection)WHOLE);
}

static void test_copy(void **state)
{
        static const Case cases[] = {
                {{{"If-None-Match", TAG}}, SAME},
                {{{"If-None-Match", "W/" TAG}}, SAME},
                {{{"If-None-Match", OTHER ", " TAG}}, SAME},
                {{{"If-None-Match", "," OTHER " ,," TAG}}, SAME},
                {{{"If-None-Match", "*"}}, SAME},
                {{{"If-None-Match", OTHER}}, WHOLE},
                {{{"If-None-Match", OTHER}, {"If-None-Match", TAG}}, SAME},
                {{{"If-None-Match", "\"unterminated"}}, WHOLE},
                {{{"If-None-Match", "bare, " TAG}}, WHOLE},
                {{{"If-None-Match", OTHER TAG}}, WHOLE},
                {{{"If-None-Match", "\"a, " TAG ", b\""}}, WHOLE},
                {{{"If-None-Match", "*x"}}, WHOLE},
                {{{"If-None-Match", ""}}, WHOLE},
                {{{"If-None-Match", TAG}, {"Range", "bytes=100-149"}}, SAME},
                {{{"If-None-Match", OTHER}, {"If-Modified-Since", DATE}}, WHOLE},
                {{{"If-Modified-Since", DATE}}, SAME},
                {{{"If-Modified-Since", AFTER}}, SAME},
                {{{"If-Modified-Since", BEFORE}}, WHOLE},
                {{{"If-Modified-Since", DATE}}, SAME, METHOD_HEAD},
                {{{"If-Modified-Since", "yesterday"}}, WHOLE},
                {{{"If-Modified-Since", DATE}, {"If-Modified-Since", DATE}}, WHOLE},
        };

        (void)state;
        check(cases, ELEMENTS(cases));
}

static void test_precondition(void **state)
{
        static const Case cases[] = {
                {{{"If-Match", TAG}}, WHOLE},
                {{{"If-Match", "*"}}, WHOLE},
                {{{"If-Match", OTHER}}, FAILED},
                {{{"If-Match", "W/" TAG}}, FAILED},
                {{{"If-Match", ""}}, FAILED},
                {{{"If-Match", OTHER ", " TAG}, {"Range", "bytes=100-149"}}, PART},
                {{{"If-Match", OTHER}, {"If-None-Match", TAG}}, FAILED},
                {{{"If-Match", TAG}, {"If-Unmodified-Since", BEFORE}}, WHOLE},
                {{{"If-Match", TAG}, {"If-None-Match", TAG}}, {.status = 304}},
                {{{"If-Unmodified-Since", DATE}}, WHOLE},
                {{{"If-Unmodified-Since", BEFORE}}, FAILED},
                {{{"If-Unmodified-Since", BEFORE}}, FAILED, METHOD_HEAD},
                {{{"If-Unmodified-Since", "never"}}, WHOLE},
        };

        (void)state;
        check(cases, ELEMENTS(cases));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_range_part),    cmocka_unit_test(test_range_beyond),
                cmocka_unit_test(test_range_ignored), cmocka_unit_test(test_range_methods),
                cmocka_unit_test(test_if_range),      cmocka_unit_test(test_copy),
                cmocka_unit_test(test_precondition),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
