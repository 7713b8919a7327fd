#include "settings.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "config.h"

typedef struct Reading {
        FILE *file;
        const char *path;
        Settings *settings;
        int line, n_bad;
} Reading;

static const char *const restricted_words[] = {"sandboxed", "all", "none", NULL};
static const char *const notify_words[] = {"administrators", "all", "none", NULL};
static const char *const truth_words[] = {"no", "yes", "false", "true", NULL};

static int word_index(const char *const *words, const char *value)
{
        for (int i = 0; words[i]; i++)
                if (strcmp(words[i], value) == 0)
                        return i;
        return -EINVAL;
}

static int set_admin_group(Settings *settings, const char *value)
{
        if (!*value || strlen(value) >= sizeof(settings->admin_group))
                return -EINVAL;
        (void)snprintf(settings->admin_group, sizeof(settings->admin_group), "%s", value);
        return 0;
}

static int set_restricted_callers(Settings *settings, const char *value)
{
        int i = word_index(restricted_words, value);

        if (i >= 0)
                settings->restricted_callers = (RestrictedCallers)i;
        return i;
}

static int set_notify_commands(Settings *settings, const char *value)
{
        int i = word_index(notify_words, value);

        if (i >= 0)
                settings->notify_commands = (NotifyCommands)i;
        return i;
}

static int set_root_jobs(Settings *settings, const char *value)
{
        int i = word_index(truth_words, value);

        if (i >= 0)
                settings->root_jobs = i % 2;
        return i;
}

static const struct {
        const char *key;
        int (*set)(Settings *settings, const char *value);
} keys[] = {
        {"AdminGroup", set_admin_group},
        {"RestrictedCallers", set_restricted_callers},
        {"NotifyCommands", set_notify_commands},
        {"RootJobs", set_root_jobs},
};

static int on_key(void *data, const char *section, const char *key, const char *value)
{
        Reading *reading = data;

        for (size_t i = 0; !*section && i < ELEMENTS(keys); i++) {
                if (strcmp(keys[i].key, key) != 0)
                        continue;
                if (keys[i].set(reading->settings, value) >= 0)
                        return 1;
                log_warning("%s:%d: %s=%s is no value of it; the default stays", reading->path,
                            reading->line, key, value);
                reading->n_bad++;
                return 1;
        }
        log_warning("%s:%d: unknown key %s", reading->path, reading->line, key);
        reading->n_bad++;
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

void settings_default(Settings *ret)
{
        *ret = (Settings){.admin_group = ADMIN_GROUP, .root_jobs = true};
}

int settings_load(const char *path, Settings *ret)
{
        _cleanup_(fclosep) FILE *file = fopen(path, "re");
        Reading reading = {.file = file, .path = path, .settings = ret};
        int r;

        settings_default(ret);
        if (!file)
                return errno == ENOENT ? 0 : -errno;

        r = ini_parse_stream(read_line, &reading, on_key, &reading);
        if (r > 0) {
                log_warning("%s:%d: not a key and a value", path, r);
                reading.n_bad++;
        }
        return reading.n_bad;
}
