/* Splitting of command lines: each documented rule, and the shapes on their borders; and joining.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/command-line.h"

#define WORDS_MAX 6

static const struct {
        const char *text;
        const char *words[WORDS_MAX];
} rows[] = {
        /* nothing, and blanks */
        {"", {""}},
        {" ", {""}},
        {" a", {"", "a"}},
        {"p", {"p"}},
        {"p ", {"p"}},
        {"p  \t a\tb  ", {"p", "a", "b"}},
        {"p a\nb", {"p", "a\nb"}},
        /* the first word: quotes end it, backslashes are themselves */
        {"\"/a b/p\" c", {"/a b/p", "c"}},
        {"\"/a b/p\"c d", {"/a b/p", "c", "d"}},
        {"\"/p", {"/p"}},
        {"\"\" a", {"", "a"}},
        {"/p\\\" a", {"/p\\\"", "a"}},
        {"\"/p\\\" a\" b", {"/p\\", "a b"}},
        {"/p\"q r", {"/p\"q", "r"}},
        /* quotes */
        {"p \"a b\" c", {"p", "a b", "c"}},
        {"p a\"b c\"d", {"p", "ab cd"}},
        {"p \"\"", {"p", ""}},
        {"p \"\" \"\"", {"p", "", ""}},
        {"p \"a b", {"p", "a b"}},
        {"p \"a\"\"b c\" d", {"p", "a\"b c", "d"}},
        {"p \"\"\"\"", {"p", "\""}},
        {"p \"a\"b\" c\"", {"p", "ab c"}},
        /* backslashes, as the documentation's own table has them */
        {"p \"abc\" d e", {"p", "abc", "d", "e"}},
        {"p a\\\\b d\"e f\"g h", {"p", "a\\\\b", "de fg", "h"}},
        {"p a\\\\\\\"b c d", {"p", "a\\\"b", "c", "d"}},
        {"p a\\\\\\\\\"b c\" d e", {"p", "a\\\\b c", "d", "e"}},
        {"p a\\b\\", {"p", "a\\b\\"}},
        {"p \\\\ \\\\\\", {"p", "\\\\", "\\\\\\"}},
        {"p \\\"a b\\\"", {"p", "\"a", "b\""}},
        {"p \"a\\\\\" b", {"p", "a\\", "b"}},
        {"p \"a\\\" b", {"p", "a\" b"}},
        /* what a shell would make something of */
        {"p $HOME `id` * ~ 'a", {"p", "$HOME", "`id`", "*", "~", "'a"}},
        {"p \xc3\xa4\xe2\x82\xac\xc2\xa0z", {"p", "\xc3\xa4\xe2\x82\xac\xc2\xa0z"}},
};

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(freep) char **words = NULL;
                int n = command_line_split(rows[i].text, &words);

                assert_true(n > 0);
                assert_null(words[n]);
                for (int k = 0; k < WORDS_MAX; k++) {
                        if (k >= n || !rows[i].words[k]) {
                                if (k < n || rows[i].words[k])
                                        fail_msg("row %zu (%s): %d words", i, rows[i].text, n);
                                break;
                        }
                        if (strcmp(words[k], rows[i].words[k]) != 0)
                                fail_msg("row %zu (%s): word %d is [%s]", i, rows[i].text, k,
                                         words[k]);
                }
        }
}

/* The most words and the most text that one can be made of; the sanitizer looks at the edges. */
static void test_most(void **state)
{
        static const char *const units[] = {"a ", " ", "\"\"", "\" ", "\\\" ", "\\", "\"a"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(units); i++)
                for (size_t length = 1; length < 300; length++) {
                        _cleanup_(freep) char *text = malloc(length + 1), **words = NULL;
                        size_t unit = strlen(units[i]);
                        int n;

                        for (size_t k = 0; k < length; k++)
                                text[k] = units[i][k % unit];
                        text[length] = 0;
                        n = command_line_split(text, &words);
                        assert_true(n >= 1 && (size_t)n <= length / 2 + 2);
                        for (int k = 0; k < n; k++)
                                assert_true(strlen(words[k]) <= length);
                }
}

static void test_join(void **state)
{
        static const char *const programs[] = {"/p", "/a b/p", "/p\\", "/a b\\", "/p\"q", "", "\t"};
        static const char *const words[] = {
                "",         "a",     "a b",     "\t",   "\"",      "\\",      "\\\\", "\\\"",
                "a\\\\\"b", "a b\\", "a b\\\\", "\"\"", "\"a b\"", "$HOME *", "\n",   "\xc3\xa4"};

        (void)state;
        for (size_t p = 0; p < ELEMENTS(programs); p++)
                for (size_t i = 0; i < ELEMENTS(words); i++)
                        for (size_t k = 0; k < ELEMENTS(words); k++) {
                                char *const pair[] = {(char *)words[i], (char *)words[k]};
                                _cleanup_(freep) char **split = NULL, *line = NULL;

                                assert_int_equal(command_line_join(programs[p], pair, 2, &line), 0);
                                assert_int_equal(command_line_split(line, &split), 3);
                                assert_string_equal(split[0], programs[p]);
                                assert_string_equal(split[1], words[i]);
                                assert_string_equal(split[2], words[k]);
                        }
}

static void test_join_plain(void **state)
{
        char *const words[] = {"a\\b", "c d"};
        _cleanup_(freep) char *line = NULL, *alone = NULL, *none = NULL;

        (void)state;
        assert_int_equal(command_line_join("/bin/p", words, 2, &line), 0);
        assert_string_equal(line, "/bin/p a\\b \"c d\"");
        assert_int_equal(command_line_join("/bin/p", NULL, 0, &alone), 0);
        assert_string_equal(alone, "/bin/p");
        assert_int_equal(command_line_join("/a \"p", words, 2, &none), -EINVAL);
        assert_int_equal(command_line_join("\"/p", words, 2, &none), -EINVAL);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_most),
                cmocka_unit_test(test_join),
                cmocka_unit_test(test_join_plain),
        };

        return cmocka_run_group_tests_name("command-line", tests, NULL, NULL);
}
