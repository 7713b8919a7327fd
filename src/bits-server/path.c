/*
 * The path of a request. It is decoded exactly once, and an escape can never make what structures a
 * path: no slash, no end. That it stays beneath the directory served is the resolver's business.
 */
#include "path.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define SCHEME "http://"

static const char *skip_authority(const char *target)
{
        if (strncasecmp(target, SCHEME, strlen(SCHEME)) != 0)
                return target;
        target += strlen(SCHEME);
        return target + strcspn(target, "/?#");
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -EINVAL;
}

/* The byte that the three characters of an escape mean. */
static int escape_decode(const char *escape)
{
        int high = hex_digit(escape[1]);
        int low = high < 0 ? high : hex_digit(escape[2]);
        int byte = high * 16 + low;

        if (high < 0 || low < 0 || byte == '\0' || byte == '/')
                return -EINVAL;
        return byte;
}

int path_decode(const char *target, char ret[PATH_SIZE])
{
        size_t size = 0;

        target = skip_authority(target);
        if (*target != '/')
                return -EINVAL;
        target += strspn(target, "/");

        while (*target && *target != '?') {
                int byte = (unsigned char)*target;

                if (byte == '#')
                        return -EINVAL;
                if (byte == '%') {
                        byte = escape_decode(target);
                        if (byte < 0)
                                return byte;
                        target += 2;
                }
                if (size == PATH_SIZE - 1)
                        return -ENAMETOOLONG;
                ret[size++] = (char)byte;
                target++;
        }
        if (size == 0)
                ret[size++] = '.';
        ret[size] = '\0';
        return 0;
}

void path_clean(const char *target, char *ret, size_t size)
{
        static const char digits[] = "0123456789ABCDEF";
        size_t used = 0;

        for (target = skip_authority(target); *target && *target != '?'; target++) {
                uint8_t byte = (uint8_t)*target;

                if (byte > ' ' && byte < 0x7f && byte != '"' && byte != '\\') {
                        if (used + 1 >= size)
                                break;
                        ret[used++] = (char)byte;
                        continue;
                }
                if (used + 3 >= size)
                        break;
                ret[used++] = '%';
                ret[used++] = digits[byte >> 4];
                ret[used++] = digits[byte & 15];
        }
        ret[used] = '\0';
}
