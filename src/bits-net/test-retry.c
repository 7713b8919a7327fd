#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "retry.h"

enum {
        NOW = 784111777
}; /* Sun, 06 Nov 1994 08:49:37 GMT */

static void test_forms(void **state)
{
        static const struct {
                const char *text;
                int64_t usec;
        } rows[] = {
                {"0", 0},
                {"120", 120 * INT64_C(1000000)},
                {"000000000000000000000000000000120", 120 * INT64_C(1000000)},
                {"604801", RETRY_AFTER_MAX_SEC * INT64_C(1000000)},
                {"99999999999999999999999999", RETRY_AFTER_MAX_SEC * INT64_C(1000000)},
                {"Sun, 06 Nov 1994 08:49:47 GMT", 10 * INT64_C(1000000)},
                {"Sunday, 06-Nov-94 08:49:47 GMT", 10 * INT64_C(1000000)},
                {"Sun Nov  6 08:49:47 1994", 10 * INT64_C(1000000)},
                {"Sun, 06 Nov 1994 08:49:27 GMT", 0}, /* has passed */
                {"Fri, 06 Nov 2094 08:49:47 GMT", RETRY_AFTER_MAX_SEC * INT64_C(1000000)},
                {"", -1},
                {"-1", -1},
                {"+1", -1},
                {"1.5", -1},
                {"10 seconds", -1},
                {"soon", -1},
                {"Sun, 99 Nov 1994 08:49:47 GMT", -1},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int64_t usec = retry_after_parse(rows[i].text, NOW);

                if (usec != rows[i].usec)
                        fail_msg("\"%s\": %lld", rows[i].text, (long long)usec);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
