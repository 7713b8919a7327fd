#include "text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* With the UTF-16 units that the text would be. */
static int count(const char *text, size_t *ret_code_points, size_t *ret_units)
{
        size_t points = 0, units = 0;

        for (; *text; points++) {
                uint32_t code_point;
                size_t length = utf8_decode(text, SIZE_MAX, &code_point);

                if (length == 0)
                        return -EINVAL;
                units += code_point > 0xffff ? 2 : 1;
                text += length;
        }
        *ret_code_points = points;
        *ret_units = units;
        return 0;
}

int text_count(const char *text, size_t *ret_code_points)
{
        size_t units;

        return count(text, ret_code_points, &units);
}

int text_count_utf16(const char *text, size_t *ret_units)
{
        size_t points;

        return count(text, &points, ret_units);
}

char *text_from_latin1(const char *text)
{
        char *copy = malloc(2 * strlen(text) + 1), *end = copy;

        for (const unsigned char *c = (const unsigned char *)text; copy && *c; c++) {
                if (*c >= 0x80)
                        *end++ = (char)(0xc0 | *c >> 6);
                *end++ = (char)(*c < 0x80 ? *c : 0x80 | (*c & 0x3f));
        }
        if (copy)
                *end = 0;
        return copy;
}
