/* HTTP dates: the three forms, and the many texts that are none. */
#include "date.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define NOW INT64_C(1750000000) /* in June 2025 */

static void assert_date(const char *text, int64_t expected_sec)
{
        int64_t sec;

        print_message("%s\n", text);
        assert_int_equal(date_parse(text, NOW, &sec), 0);
        assert_int_equal(sec, expected_sec);
}

static void test_forms(void **state)
{
        (void)state;
        assert_date("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
        assert_date("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
        assert_date("Sun Nov  6 08:49:37 1994", 784111777);
        assert_date("Wed Nov 16 08:49:37 1994", 784975777);
        assert_date("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800);
        assert_date("Thu, 01 Jan 1970 00:00:00 GMT", 0);
        assert_date("Wed, 31 Dec 1969 23:59:59 GMT", -1);
        assert_date("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800);
}

/* A year that would be more than fifty years ahead is of the last century. */
static void test_century(void **state)
{
        (void)state;
        assert_date("Tuesday, 01-Jan-75 00:00:00 GMT", 3313526400);
        assert_date("Thursday, 01-Jan-76 00:00:00 GMT", 189302400);
        assert_date("Saturday, 01-Jan-00 00:00:00 GMT", 946684800);
}

static void test_refused(void **state)
{
        static const char *const texts[] = {
                "",
                "0",
                "Sun, 06 Nov 1994 08:49:37",
                "Sun, 06 Nov 1994 08:49:37 GMT ",
                " Sun, 06 Nov 1994 08:49:37 GMT",
                "Sun, 06 Nov 1994 08:49:37 UTC",
                "Sun, 6 Nov 1994 08:49:37 GMT",
                "Sun, 31 Feb 1994 08:49:37 GMT",
                "Sun, 00 Nov 1994 08:49:37 GMT",
                "Sun, 29 Feb 2023 00:00:00 GMT",
                "Sun, 06 Nov 1994 24:00:00 GMT",
                "Sun, 06 Nov 1994 08:60:37 GMT",
                "Sun, 06 Nov 1994 08:49:61 GMT",
                "Sun, 06 nov 1994 08:49:37 GMT",
                "Xxx, 06 Nov 1994 08:49:37 GMT",
                "Sun, 06 Nov -994 08:49:37 GMT",
                "Sun, 06-Nov-94 08:49:37 GMT",
                "Sun Nov 6 08:49:37 1994",
                "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        };
        int64_t sec;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                print_message("%s\n", texts[i]);
                assert_int_equal(date_parse(texts[i], NOW, &sec), -EINVAL);
        }
}

static void test_format(void **state)
{
        static const int64_t times[] = {0, -1, 784111777, 1709164800, 253402300799};
        char text[DATE_TEXT_SIZE];
        int64_t sec;

        (void)state;
        assert_int_equal(date_format(784111777, text), 0);
        assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
        for (size_t i = 0; i < ELEMENTS(times); i++) {
                assert_int_equal(date_format(times[i], text), 0);
                assert_int_equal(date_parse(text, NOW, &sec), 0);
                assert_int_equal(sec, times[i]);
        }
        assert_int_equal(date_format(253402300800, text), -ERANGE);
        assert_int_equal(date_format(INT64_MIN, text), -ERANGE);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_century),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_format),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
