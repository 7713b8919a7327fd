#include "guid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

int guid_random(Guid *ret)
{
        if (getrandom(ret->bytes, sizeof(ret->bytes), 0) != (ssize_t)sizeof(ret->bytes))
                return -errno;
        ret->bytes[6] = (uint8_t)((ret->bytes[6] & 0x0f) | 0x40);
        ret->bytes[8] = (uint8_t)((ret->bytes[8] & 0x3f) | 0x80);
        return 0;
}

void guid_text(const Guid *guid, char ret[GUID_TEXT_SIZE])
{
        const uint8_t *b = guid->bytes;

        (void)snprintf(ret, GUID_TEXT_SIZE,
                       "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", b[0],
                       b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                       b[13], b[14], b[15]);
}

void guid_hex(const Guid *guid, char ret[GUID_HEX_SIZE])
{
        for (int i = 0; i < 16; i++)
                (void)snprintf(ret + 2 * i, 3, "%02x", guid->bytes[i]);
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

int guid_parse(const char *text, Guid *ret)
{
        static const char dashed[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
        size_t length = strlen(text);
        int digits = 0;
        Guid guid;

        if (length == 38 && text[0] == '{' && text[37] == '}') {
                text++;
                length = 36;
        }
        if (length != 36 && length != 32)
                return -EINVAL;

        for (size_t i = 0; i < length; i++) {
                if (length == 36 && dashed[i] == '-') {
                        if (text[i] != '-')
                                return -EINVAL;
                        continue;
                }

                int digit = hex_digit(text[i]);

                if (digit < 0)
                        return -EINVAL;
                guid.bytes[digits / 2] =
                        (uint8_t)(digits % 2 ? guid.bytes[digits / 2] << 4 | digit : digit);
                digits++;
        }
        *ret = guid;
        return 0;
}

bool guid_equal(const Guid *a, const Guid *b)
{
        return memcmp(a, b, sizeof(*a)) == 0;
}
