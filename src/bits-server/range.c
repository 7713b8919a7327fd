/*
 * The Range field. One range is served; for several, as for anything else that is not understood,
 * a server may answer with the whole, and this one does. A number too big for us is beyond any
 * file.
 */
#include "range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define UNIT "bytes="

static const char *skip_blanks(const char *text)
{
        return text + strspn(text, " \t");
}

/* False where no digit stands; a number beyond 64 bits becomes the greatest. */
static bool read_position(const char **text, uint64_t *ret)
{
        uint64_t position = 0;
        const char *start = *text;

        for (; **text >= '0' && **text <= '9'; (*text)++)
                if (__builtin_mul_overflow(position, UINT64_C(10), &position) ||
                    __builtin_add_overflow(position, (uint64_t)(**text - '0'), &position)) {
                        *text += strspn(*text, "0123456789");
                        *ret = UINT64_MAX;
                        return true;
                }
        *ret = position;
        return *text != start;
}

/* "-N": the last N bytes. Of an empty file there is no part to name, so it is sent whole. */
static RangeKind select_suffix(uint64_t count, uint64_t size_bytes, Range *ret)
{
        if (count == 0)
                return RANGE_BEYOND;
        if (size_bytes == 0)
                return RANGE_WHOLE;
        ret->length = count < size_bytes ? count : size_bytes;
        ret->begin = size_bytes - ret->length;
        return RANGE_PART;
}

RangeKind range_parse(const char *text, uint64_t size_bytes, Range *ret)
{
        uint64_t first, last;
        bool has_first, has_last;

        if (strncasecmp(text, UNIT, strlen(UNIT)) != 0)
                return RANGE_WHOLE;
        text = skip_blanks(text + strlen(UNIT));

        has_first = read_position(&text, &first);
        if (*text++ != '-')
                return RANGE_WHOLE;
        has_last = read_position(&text, &last);
        if (*skip_blanks(text) != '\0')
                return RANGE_WHOLE;

        if (!has_first)
                return has_last ? select_suffix(last, size_bytes, ret) : RANGE_WHOLE;
        if (has_last && last < first)
                return RANGE_WHOLE;
        if (first >= size_bytes)
                return RANGE_BEYOND;
        if (!has_last || last >= size_bytes)
                last = size_bytes - 1;
        *ret = (Range){.begin = first, .length = last - first + 1};
        return RANGE_PART;
}
