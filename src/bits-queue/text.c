#include "text.h"

#include <errno.h>
#include <stdint.h>

/* Length of the sequence at c, 0 when there is none that is well-formed. */
static size_t sequence(const unsigned char *c)
{
        static const struct {
                uint8_t mask, lead;
                size_t length;
                uint32_t least;
        } rows[] = {
                {0x80, 0x00, 1, 0},
                {0xe0, 0xc0, 2, 0x80},
                {0xf0, 0xe0, 3, 0x800},
                {0xf8, 0xf0, 4, 0x10000},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                uint32_t value = c[0] & (uint8_t)~rows[i].mask;

                if ((c[0] & rows[i].mask) != rows[i].lead)
                        continue;
                for (size_t k = 1; k < rows[i].length; k++) {
                        if ((c[k] & 0xc0) != 0x80)
                                return 0;
                        value = value << 6 | (c[k] & 0x3f);
                }
                if (value < rows[i].least || value > 0x10ffff ||
                    (value >= 0xd800 && value < 0xe000))
                        return 0;
                return rows[i].length;
        }
        return 0;
}

int text_count(const char *text, size_t *ret_code_points)
{
        size_t count = 0;

        for (const unsigned char *c = (const unsigned char *)text; *c; count++) {
                size_t length = sequence(c);

                if (length == 0)
                        return -EINVAL;
                c += length;
        }
        *ret_code_points = count;
        return 0;
}
