#include "command-line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* Each takes a word from *text, writes it to to with its NUL, and returns where that ended. */
static char *first_word(const char **text, char *to)
{
        const char *t = *text;

        if (*t == '"') {
                for (t++; *t && *t != '"'; t++)
                        *to++ = *t;
                if (*t)
                        t++;
        } else
                while (*t && !is_blank(*t))
                        *to++ = *t++;
        *to++ = 0;
        *text = t;
        return to;
}

static char *next_word(const char **text, char *to)
{
        const char *t = *text;
        bool quoted = false;

        while (*t && (quoted || !is_blank(*t))) {
                size_t n = strspn(t, "\\");

                t += n;
                if (*t != '"') {
                        memset(to, '\\', n);
                        to += n;
                        if (n == 0)
                                *to++ = *t++;
                        continue;
                }
                memset(to, '\\', n / 2);
                to += n / 2;
                t++;
                if (n % 2)
                        *to++ = '"';
                else if (quoted && *t == '"')
                        *to++ = *t++;
                else
                        quoted = !quoted;
        }
        *to++ = 0;
        *text = t;
        return to;
}

int command_line_split(const char *text, char ***ret)
{
        size_t length = strlen(text), words_max = length / 2 + 2;
        char **words, *to;
        int n = 0;

        /* No word is longer than its text; each but the first has a blank, or the first's quote,
         * before it. */
        words = malloc((words_max + 1) * sizeof(*words) + length + words_max);
        if (!words)
                return -ENOMEM;
        to = (char *)(words + words_max + 1);
        words[n++] = to;
        to = first_word(&text, to);
        for (;;) {
                text += strspn(text, " \t");
                if (!*text)
                        break;
                words[n++] = to;
                to = next_word(&text, to);
        }
        words[n] = NULL;
        *ret = words;
        return n;
}

static char *append(char *to, const char *text, size_t n)
{
        memcpy(to, text, n);
        return to + n;
}

/* Between quotes: what stands before a quote, the closing one too, is doubled. */
static char *append_quoted(char *to, const char *word)
{
        *to++ = '"';
        while (*word) {
                size_t n = strspn(word, "\\");

                to = append(to, word, n);
                word += n;
                if (*word == '"' || !*word) {
                        memset(to, '\\', n);
                        to += n;
                }
                if (*word == '"')
                        *to++ = '\\';
                if (*word)
                        *to++ = *word++;
        }
        *to++ = '"';
        return to;
}

int command_line_join(const char *program, char *const words[], size_t n, char **ret)
{
        bool quoted = !*program || strpbrk(program, " \t");
        size_t size = strlen(program) + 3;
        char *to;

        if (*program == '"' || (quoted && strchr(program, '"')))
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                size += 2 * strlen(words[i]) + 3;
        to = *ret = malloc(size);
        if (!to)
                return -ENOMEM;
        if (quoted)
                *to++ = '"';
        to = append(to, program, strlen(program));
        if (quoted)
                *to++ = '"';
        for (size_t i = 0; i < n; i++) {
                *to++ = ' ';
                to = *words[i] && !strpbrk(words[i], " \t\"")
                             ? append(to, words[i], strlen(words[i]))
                             : append_quoted(to, words[i]);
        }
        *to = 0;
        return 0;
}
