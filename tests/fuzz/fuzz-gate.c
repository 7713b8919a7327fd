/*
 * What a D-Bus client sends, cut by the framing gate of bits-queue. The first byte: the size of the
 * pieces in which it comes, 0 for as large as may be; the second: descriptors with each piece of a
 * message. The rest is the stream.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bus/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Stream {
        const uint8_t *data;
        size_t left, piece;
        unsigned fds;
} Stream;

static size_t next_size(const Stream *stream, size_t want)
{
        size_t size = stream->left < want ? stream->left : want;

        return stream->piece > 0 && stream->piece < size ? stream->piece : size;
}

static void advance(Stream *stream, size_t size)
{
        stream->data += size;
        stream->left -= size;
}

static int authenticate(GateParser *parser, Stream *stream)
{
        size_t total = 0, used = 0;

        while (parser->phase == GATE_AUTH && stream->left > 0) {
                size_t size = next_size(stream, gate_parser_want(parser));
                int r = gate_parser_auth(parser, stream->data, size, &used);

                if (r < 0)
                        return r;
                assert(used > 0 && used <= size);
                assert(parser->phase == GATE_HELD || used == size);
                if (parser->phase == GATE_HELD)
                        assert(stream->data[used - 1] == '\n');
                total += used;
                assert(total <= GATE_AUTH_MAX);
                advance(stream, used);
        }
        return 0;
}

/* One message, or the piece of it that is there. */
static int take_message(GateParser *parser, Stream *stream)
{
        size_t passed = 0, held = 0;
        unsigned fds = 0;

        do {
                bool header = parser->phase == GATE_HEADER, pass;
                size_t want = gate_parser_want(parser), size = next_size(stream, want);
                int r;

                assert(want > 0);
                r = gate_parser_feed(parser, stream->data, size, stream->fds, &pass);
                if (r < 0)
                        return r;
                advance(stream, size);
                fds += stream->fds;
                held += size;
                assert(pass == (!header || held == 16)); /* no part of an unchecked header */
                if (pass) {
                        passed += held;
                        held = 0;
                }
                if (parser->phase == GATE_BODY) /* nor the start of what is too long */
                        assert(passed + parser->body_left <= GATE_MESSAGE_MAX);
                assert(passed <= GATE_MESSAGE_MAX && fds <= GATE_FDS_MAX);
        } while (stream->left > 0 && (parser->phase == GATE_BODY || parser->header_size > 0));
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        GateParser parser;
        Stream stream;
        int r;

        if (size < 2)
                return 0;
        stream = (Stream){data + 2, size - 2, data[0], data[1] % (GATE_FDS_MAX + 2)};
        gate_parser_init(&parser);
        r = authenticate(&parser, &stream);
        if (r < 0 || parser.phase != GATE_HELD)
                return 0;
        assert(gate_parser_want(&parser) == 0);
        gate_parser_open(&parser);
        while (r == 0 && stream.left > 0)
                r = take_message(&parser, &stream);
        return 0;
}
