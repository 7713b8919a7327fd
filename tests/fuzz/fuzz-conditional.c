/*
 * A request for a file: its target, its method and its header fields, one a line. Whatever they
 * are, a decoded path is relative and within bounds, what the log gets is plain, and an answer
 * names only bytes that the file has.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bits-server/conditional.h"
#include "bits-server/date.h"
#include "bits-server/path.h"

#define NOW INT64_C(784111900)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t sizes[] = {0, 1, 1000, INT64_MAX};

static void check_target(const char *target)
{
        char path[PATH_SIZE], text[100];

        if (path_decode(target, path) == 0)
                assert(path[0] != '\0' && path[0] != '/' && memchr(path, '\0', sizeof(path)));
        path_clean(target, text, sizeof(text));
        assert(strlen(text) < sizeof(text) && !strpbrk(text, "\"\\\n ?"));
}

/* A date that is one means the same when it is written in its first form. */
static void check_date(const char *text)
{
        char again[DATE_TEXT_SIZE];
        int64_t sec, same;

        if (date_parse(text, NOW, &sec) < 0 || date_format(sec, again) < 0)
                return;
        assert(date_parse(again, NOW, &same) == 0 && same == sec);
}

static void check_selection(const Conditions *conditions, uint64_t size_bytes, Method method)
{
        const Validators validators = {
                .etag = "\"0123456789abcdef0123456789abcdef\"",
                .modified_sec = 784111777,
                .size_bytes = size_bytes,
        };
        Selection selection = conditional_select(conditions, &validators, method, NOW);

        switch (selection.status) {
        case 200:
                assert(selection.begin == 0 && selection.length == size_bytes);
                break;
        case 206:
                assert(method == METHOD_GET && selection.length > 0);
                assert(selection.begin < size_bytes &&
                       selection.length <= size_bytes - selection.begin);
                assert(conditions->fields[FIELD_RANGE]);
                break;
        case 304:
        case 412:
        case 416:
                assert(selection.begin == 0 && selection.length == 0);
                break;
        default:
                abort();
        }
}

static void add_line(Conditions *conditions, char *line)
{
        char *colon = strchr(line, ':');

        if (!colon)
                return;
        *colon = '\0';
        colon += 1 + strspn(colon + 1, " \t");
        check_date(colon);
        (void)conditions_add(conditions, line, colon);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(conditions_clear) Conditions conditions = {0};
        _cleanup_(freep) char *text = size > 0 ? strndup((const char *)data, size) : NULL;
        char *rest = text, *line = text ? strsep(&rest, "\n") : NULL;

        if (!line)
                return 0;
        check_target(line);
        while ((line = strsep(&rest, "\n")))
                add_line(&conditions, line);
        for (size_t i = 0; i < ELEMENTS(sizes); i++) {
                check_selection(&conditions, sizes[i], METHOD_GET);
                check_selection(&conditions, sizes[i], METHOD_HEAD);
        }
        return 0;
}
