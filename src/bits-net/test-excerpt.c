/* What of an error page may stand in an error's text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "excerpt.h"
#include "failure.h"

#define BODY(text) text, sizeof(text) - 1

static void test_bodies(void **state)
{
        static const struct {
                const char *body;
                size_t size;
                const char *excerpt;
        } rows[] = {
                {BODY(""), ""},
                {BODY("Come back tomorrow."), "Come back tomorrow."},
                {BODY("  two\r\n\tlines \n\n"), "two lines"},
                {BODY("<h1>Nicht gefunden: \303\244\342\202\254\360\237\230\200</h1>"),
                 "<h1>Nicht gefunden: \303\244\342\202\254\360\237\230\200</h1>"},
                /* what a terminal would obey */
                {BODY("\033[2J\033]0;title\007red"), "[2J ]0;title red"},
                {BODY("a\302\233b"), "a b"},
                {BODY("user\342\200\256gpj.exe"), "user gpj.exe"},
                {BODY("a\357\273\277b\342\200\213c"), "a b c"},
                {BODY("nul\0inside"), "nul inside"},
                {BODY("\357\277\277\363\240\201\201x"), "x"},
                /* no text */
                {BODY("\037\213\010\000gzip"), ""},
                {BODY("caf\351"), "caf"},
                {BODY("cut in \342\202"), "cut in"},
                {BODY("over\300\257long"), "over"},
                {BODY("\355\240\200surrogate"), ""},
                {BODY("\364\220\200\200beyond"), ""},
        };
        char excerpt[EXCERPT_SIZE];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                excerpt_take(rows[i].body, rows[i].size, excerpt);
                if (strcmp(excerpt, rows[i].excerpt) != 0)
                        fail_msg("row %zu: \"%s\"", i, excerpt);
        }
}

/* The bound never cuts a character, and the memory behind the body is not looked at. */
static void test_bound(void **state)
{
        char body[3 * EXCERPT_SIZE], excerpt[EXCERPT_SIZE];

        (void)state;
        for (size_t n = 0; n < 4; n++) {
                memset(body, 'x', n);
                for (size_t i = n; i + 4 <= sizeof(body); i += 4)
                        memcpy(body + i, "\360\237\230\200", 4);
                excerpt_take(body, sizeof(body), excerpt);
                assert_int_equal((strlen(excerpt) - n) % 4, 0);
                assert_true(strlen(excerpt) < EXCERPT_SIZE && strlen(excerpt) > EXCERPT_SIZE - 5);
        }
}

static void test_quote(void **state)
{
        Failure failure = failure_from_status(404, -1);
        const size_t ours = strlen(failure.text);

        (void)state;
        failure_quote(&failure, BODY("\377\377"));
        assert_int_equal(strlen(failure.text), ours);
        failure_quote(&failure, BODY("Gone\nfishing"));
        assert_string_equal(failure.text + ours, "\nGone fishing");
        failure_quote(&failure, BODY("more")); /* the first words only */
        assert_string_equal(failure.text + ours, "\nGone fishing");
        memset(failure.text, 'x', sizeof(failure.text) - 1);
        failure_quote(&failure, BODY("no room"));
        assert_int_equal(strlen(failure.text), sizeof(failure.text) - 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bodies),
                cmocka_unit_test(test_bound),
                cmocka_unit_test(test_quote),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
