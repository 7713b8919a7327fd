/*
 * Conditional and partial requests, in the order of RFC 9110, 13.2.2: a precondition that fails
 * ends it, a copy that is still good needs no body, and only then is a range looked at. In doubt
 * the answer is the whole file: never a part that may not fit what the client has.
 */
#include "conditional.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "date.h"
#include "range.h"

static const char *const field_names[FIELD_COUNT] = {
        [FIELD_IF_MATCH] = "If-Match",
        [FIELD_IF_UNMODIFIED_SINCE] = "If-Unmodified-Since",
        [FIELD_IF_NONE_MATCH] = "If-None-Match",
        [FIELD_IF_MODIFIED_SINCE] = "If-Modified-Since",
        [FIELD_RANGE] = "Range",
        [FIELD_IF_RANGE] = "If-Range",
};

typedef enum Comparison {
        COMPARISON_STRONG, /* the tag of the client must not be weak */
        COMPARISON_WEAK,
} Comparison;

static int field_append(char **field, const char *value)
{
        char *joined;

        if (asprintf(&joined, "%s%s%s", *field ? *field : "", *field ? ", " : "", value) < 0)
                return -ENOMEM;
        free(*field);
        *field = joined;
        return 0;
}

int conditions_add(Conditions *conditions, const char *name, const char *value)
{
        for (size_t i = 0; i < ELEMENTS(field_names); i++)
                if (strcasecmp(name, field_names[i]) == 0)
                        return field_append(&conditions->fields[i], value);
        return 0;
}

void conditions_clear(Conditions *conditions)
{
        for (size_t i = 0; i < ELEMENTS(conditions->fields); i++)
                free(conditions->fields[i]);
        *conditions = (Conditions){0};
}

/* Reads one entity tag of a list and says whether it is ours. Returns what follows it, NULL when
 * there is no entity tag. */
static const char *read_etag(const char *text, const char *etag, Comparison comparison,
                             bool *ret_matches)
{
        bool is_weak = strncmp(text, "W/", 2) == 0;
        const char *open = text + (is_weak ? 2 : 0), *close;
        size_t size;

        if (*open != '"')
                return NULL;
        close = strchr(open + 1, '"');
        if (!close)
                return NULL;
        size = (size_t)(close + 1 - open);
        *ret_matches = strlen(etag) == size && memcmp(open, etag, size) == 0 &&
                       (!is_weak || comparison == COMPARISON_WEAK);
        return close + 1;
}

/* "*" matches any file that exists. What cannot be read matches nothing. */
static bool etag_list_matches(const char *list, const char *etag, Comparison comparison)
{
        bool matches;

        list += strspn(list, " \t,");
        if (*list == '*')
                return list[1 + strspn(list + 1, " \t")] == '\0';
        while (*list) {
                list = read_etag(list, etag, comparison, &matches);
                if (!list)
                        return false;
                if (matches)
                        return true;
                list += strspn(list, " \t");
                if (*list && *list != ',')
                        return false;
                list += strspn(list, " \t,");
        }
        return false;
}

/* -EINVAL: no date, so the field is ignored. */
static int modified_since(const char *field, const Validators *validators, int64_t now_sec)
{
        int64_t since_sec;
        int r;

        r = date_parse(field, now_sec, &since_sec);
        if (r < 0)
                return r;
        return validators->modified_sec > since_sec;
}

static bool precondition_fails(const Conditions *conditions, const Validators *validators,
                               int64_t now_sec)
{
        const char *match = conditions->fields[FIELD_IF_MATCH];
        const char *since = conditions->fields[FIELD_IF_UNMODIFIED_SINCE];

        if (match)
                return !etag_list_matches(match, validators->etag, COMPARISON_STRONG);
        return since && modified_since(since, validators, now_sec) > 0;
}

static bool copy_is_good(const Conditions *conditions, const Validators *validators,
                         int64_t now_sec)
{
        const char *match = conditions->fields[FIELD_IF_NONE_MATCH];
        const char *since = conditions->fields[FIELD_IF_MODIFIED_SINCE];

        if (match)
                return etag_list_matches(match, validators->etag, COMPARISON_WEAK);
        return since && modified_since(since, validators, now_sec) == 0;
}

/* If-Range: exactly our tag, or exactly our date when that second is over, so that nothing can have
 * changed within it since (RFC 9110, 13.1.5 and 8.8.2.2). */
static bool range_applies(const char *field, const Validators *validators, int64_t now_sec)
{
        int64_t date_sec;

        if (!field)
                return true;
        if (strcmp(field, validators->etag) == 0)
                return true;
        return date_parse(field, now_sec, &date_sec) == 0 && date_sec == validators->modified_sec &&
               date_sec < now_sec;
}

static Selection select_range(const Conditions *conditions, const Validators *validators,
                              int64_t now_sec)
{
        const char *field = conditions->fields[FIELD_RANGE];
        Selection whole = {.status = 200, .length = validators->size_bytes};
        Range range;

        if (!field || !range_applies(conditions->fields[FIELD_IF_RANGE], validators, now_sec))
                return whole;

        switch (range_parse(field, validators->size_bytes, &range)) {
        case RANGE_WHOLE:
                return whole;
        case RANGE_PART:
                return (Selection){
                        .status = 206,
                        .begin = range.begin,
                        .length = range.length,
                };
        case RANGE_BEYOND:
                return (Selection){.status = 416};
        }
        return whole;
}

Selection conditional_select(const Conditions *conditions, const Validators *validators,
                             Method method, int64_t now_sec)
{
        if (precondition_fails(conditions, validators, now_sec))
                return (Selection){.status = 412};
        if (copy_is_good(conditions, validators, now_sec))
                return (Selection){.status = 304};
        if (method == METHOD_GET)
                return select_range(conditions, validators, now_sec);
        /* a range is for GET alone */
        return (Selection){.status = 200, .length = validators->size_bytes};
}
