#include "framing.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const char begin_line[] = "BEGIN\r\n";

enum {
        BEGIN_SIZE = sizeof(begin_line) - 1
};

void framing_init(Framing *framing)
{
        *framing = (Framing){.phase = FRAMING_AUTH};
}

/* The least number of bytes with which authentication can end. */
static size_t auth_want(const Framing *framing)
{
        if (framing->matched != SIZE_MAX)
                return BEGIN_SIZE - framing->matched;
        return (framing->last == '\r' ? 1 : 2) + BEGIN_SIZE;
}

size_t framing_want(const Framing *framing)
{
        switch (framing->phase) {
        case FRAMING_AUTH:
                return auth_want(framing);
        case FRAMING_HEADER:
                return FRAMING_HEADER_SIZE - framing->header_size;
        case FRAMING_BODY:
                return framing->left;
        }
        return 0;
}

static int feed_auth(Framing *framing, uint8_t byte)
{
        if (framing->auth_size == FRAMING_AUTH_MAX)
                return -EMSGSIZE;
        if (framing->auth_size++ == 0 && byte == 0)
                return 0; /* the byte that carried credentials once; the first line follows */

        if (framing->matched < BEGIN_SIZE && byte == (uint8_t)begin_line[framing->matched]) {
                if (++framing->matched == BEGIN_SIZE)
                        framing->phase = FRAMING_HEADER;
        } else if (framing->last == '\r' && byte == '\n')
                framing->matched = 0;
        else
                framing->matched = SIZE_MAX;
        framing->last = byte;
        return 0;
}

static uint32_t read_u32(const uint8_t *at, bool big_endian)
{
        uint32_t value = 0;

        for (size_t i = 0; i < sizeof(value); i++)
                value |= (uint32_t)at[i] << 8 * (big_endian ? 3 - i : i);
        return value;
}

/*
 * The fixed part of a message, D-Bus specification, "Message Format":
 * byte endianness ('l', 'B'), byte type, byte flags, byte version (1), u32 length of the body,
 * u32 serial, u32 length of the array of header fields; these are padded to 8, the body follows.
 */
static int check_header(Framing *framing)
{
        const uint8_t *header = framing->header;
        uint64_t rest;
        bool big;

        if ((header[0] != 'l' && header[0] != 'B') || header[1] == 0 || header[3] != 1)
                return -EBADMSG;
        big = header[0] == 'B';
        rest = (uint64_t)read_u32(header + 12, big);
        rest = ((rest + 7) & ~UINT64_C(7)) + read_u32(header + 4, big);
        if (rest > FRAMING_MESSAGE_MAX - FRAMING_HEADER_SIZE)
                return -EMSGSIZE;
        framing->left = (size_t)rest;
        framing->phase = FRAMING_BODY;
        return 0;
}

static void end_message(Framing *framing)
{
        framing->phase = FRAMING_HEADER;
        framing->header_size = 0;
}

int framing_feed(Framing *framing, const uint8_t *data, size_t size)
{
        int r = 0;

        assert(size <= framing_want(framing));
        switch (framing->phase) {
        case FRAMING_AUTH:
                for (size_t i = 0; i < size && r == 0; i++)
                        r = feed_auth(framing, data[i]);
                return r;
        case FRAMING_HEADER:
                memcpy(framing->header + framing->header_size, data, size);
                framing->header_size += size;
                if (framing->header_size == FRAMING_HEADER_SIZE)
                        r = check_header(framing);
                break;
        case FRAMING_BODY:
                framing->left -= size;
                break;
        }
        if (r == 0 && framing->phase == FRAMING_BODY && framing->left == 0)
                end_message(framing);
        return r;
}
