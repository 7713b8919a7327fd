#include "base/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

/* Every key of every program. */
static const char *const known[] = {
#define X(name) #name,
#include "base/conf-keys.def"
#undef X
};

typedef struct Reading {
        FILE *file;
        const char *path;
        const ConfKey *keys;
        size_t n_keys;
        void *settings;
        int line, n_bad;
} Reading;

static bool is_known(const char *key)
{
        for (size_t i = 0; i < ELEMENTS(known); i++)
                if (strcmp(known[i], key) == 0)
                        return true;
        return false;
}

static int on_key(void *data, const char *section, const char *key, const char *value)
{
        Reading *reading = data;

        for (size_t i = 0; !*section && i < reading->n_keys; i++) {
                if (strcmp(reading->keys[i].name, key) != 0)
                        continue;
                if (reading->keys[i].set(reading->settings, value) >= 0)
                        return 1;
                log_warning("%s:%d: %s=%s is no value of it", reading->path, reading->line, key,
                            value);
                reading->n_bad++;
                return 1;
        }
        if (*section) {
                log_warning("%s:%d: there are no sections: %s", reading->path, reading->line, key);
                reading->n_bad++;
        } else if (!is_known(key))
                log_warning("%s:%d: unknown key %s", reading->path, reading->line, key);
        return 1;
}

/* A line that is longer than the parser's buffer would come as two: it counts as empty, and as bad.
 */
static char *read_line(char *text, int size, void *stream)
{
        Reading *reading = stream;
        int c;

        reading->line++;
        if (!fgets(text, size, reading->file))
                return NULL;
        if (strchr(text, '\n') || feof(reading->file))
                return text;

        do
                c = fgetc(reading->file);
        while (c != '\n' && c != EOF);
        log_warning("%s:%d: the line is too long", reading->path, reading->line);
        reading->n_bad++;
        *text = 0;
        return text;
}

static int read_file(Reading *reading, const char *path)
{
        _cleanup_(fclosep) FILE *file = fopen(path, "re");
        int r;

        if (!file)
                return errno == ENOENT ? 0 : -errno;
        reading->file = file;
        reading->path = path;
        reading->line = 0;
        r = ini_parse_stream(read_line, reading, on_key, reading);
        if (r > 0) {
                log_warning("%s:%d: not a key and a value", path, r);
                reading->n_bad++;
        }
        return r < 0 ? -ENOMEM : 0;
}

static int is_drop_in(const struct dirent *entry)
{
        size_t length = strlen(entry->d_name);

        return entry->d_name[0] != '.' && length > 5 &&
               strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static int read_drop_ins(Reading *reading, const char *directory)
{
        struct dirent **entries = NULL;
        int n, r = 0;

        n = scandir(directory, &entries, is_drop_in, alphasort);
        if (n < 0)
                return errno == ENOENT ? 0 : -errno;
        for (int i = 0; i < n; i++) {
                _cleanup_(freep) char *path = NULL;

                if (r == 0)
                        r = asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0
                                    ? -ENOMEM
                                    : read_file(reading, path);
                free(entries[i]);
        }
        free(entries);
        return r;
}

int conf_load(const char *directory, const ConfKey *keys, size_t n_keys, void *settings)
{
        Reading reading = {.keys = keys, .n_keys = n_keys, .settings = settings};
        _cleanup_(freep) char *path = NULL, *drop_ins = NULL;
        int r;

        if (asprintf(&path, "%s/bitsd.conf", directory) < 0 ||
            asprintf(&drop_ins, "%s/bitsd.conf.d", directory) < 0)
                return -ENOMEM;
        r = read_file(&reading, path);
        if (r == 0)
                r = read_drop_ins(&reading, drop_ins);
        return r < 0 ? r : reading.n_bad;
}

/* ---- values -----------------------------------------------------------------------------------
 */

static int parse(const char *value, uint64_t max, uint64_t *ret, const char **ret_rest)
{
        unsigned long long number;
        char *end;

        if (*value < '0' || *value > '9')
                return -EINVAL;
        errno = 0;
        number = strtoull(value, &end, 10);
        if (errno || number > max)
                return -EINVAL;
        *ret = number;
        *ret_rest = end;
        return 0;
}

int conf_number(const char *value, uint32_t min, uint32_t max, uint32_t *ret)
{
        const char *rest;
        uint64_t number;

        if (parse(value, max, &number, &rest) < 0 || *rest || number < min)
                return -EINVAL;
        *ret = (uint32_t)number;
        return 0;
}

int conf_word(const char *const *words, const char *value)
{
        for (int i = 0; words[i]; i++)
                if (strcmp(words[i], value) == 0)
                        return i;
        return -EINVAL;
}

int conf_truth(const char *value, int *ret)
{
        static const char *const words[] = {"no", "yes", "false", "true", NULL};
        int i = conf_word(words, value);

        if (i < 0)
                return i;
        *ret = i % 2;
        return 0;
}

int conf_duration(const char *value, uint64_t max_sec, uint64_t *ret_sec)
{
        static const struct {
                const char *name;
                uint64_t sec;
        } units[] = {{"", 1}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
        const char *rest;
        uint64_t number;

        if (parse(value, UINT64_MAX, &number, &rest) < 0)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTS(units); i++) {
                if (strcmp(units[i].name, rest) != 0)
                        continue;
                if (number > max_sec / units[i].sec)
                        return -EINVAL;
                *ret_sec = number * units[i].sec;
                return 0;
        }
        return -EINVAL;
}
