#include "utf8.h"

size_t utf8_decode(const char *text, size_t size, uint32_t *ret)
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
        const unsigned char *c = (const unsigned char *)text;

        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && size > 0; i++) {
                uint32_t value = c[0] & (uint8_t)~rows[i].mask;

                if ((c[0] & rows[i].mask) != rows[i].lead)
                        continue;
                if (rows[i].length > size)
                        return 0;
                for (size_t k = 1; k < rows[i].length; k++) {
                        if ((c[k] & 0xc0) != 0x80)
                                return 0;
                        value = value << 6 | (c[k] & 0x3f);
                }
                if (value < rows[i].least || value > 0x10ffff ||
                    (value >= 0xd800 && value < 0xe000))
                        return 0;
                *ret = value;
                return rows[i].length;
        }
        return 0;
}
