#include "excerpt.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"

/* What a reader does not see, or what changes how he sees the rest: controls, separators, marks of
 * direction, private use, non-characters. */
static bool shows(uint32_t c)
{
        static const struct {
                uint32_t first, last;
        } hidden[] = {
                {0x0000, 0x0020}, {0x007f, 0x00a0}, {0x00ad, 0x00ad}, {0x061c, 0x061c},
                {0x115f, 0x1160}, {0x1680, 0x1680}, {0x180b, 0x180f}, {0x2000, 0x200f},
                {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000}, {0x3164, 0x3164},
                {0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
                {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff},
        };

        for (size_t i = 0; i < ELEMENTS(hidden); i++)
                if (c >= hidden[i].first && c <= hidden[i].last)
                        return false;
        return (c & 0xfffe) != 0xfffe;
}

void excerpt_take(const char *body, size_t size, char ret[EXCERPT_SIZE])
{
        size_t n = 0, length;
        bool gap = false;
        uint32_t c;

        for (; size > 0; body += length, size -= length) {
                length = utf8_decode(body, size, &c);
                if (length == 0) /* no text, or cut in the middle of a character */
                        break;
                if (!shows(c)) {
                        gap = n > 0;
                        continue;
                }
                if (n + gap + length >= EXCERPT_SIZE)
                        break;
                if (gap)
                        ret[n++] = ' ';
                gap = false;
                memcpy(ret + n, body, length);
                n += length;
        }
        ret[n] = '\0';
}
