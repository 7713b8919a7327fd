/*
 * A download that is cut and goes on, against a server that the input plays: it may change the
 * file, send the client to another host, ignore Range or If-Range, answer with another range, part
 * or status, encode, cut. What it does not do is lie about which version its bytes are of:
 *   - two versions have different strong ETags; weak ones may be the same;
 *   - two versions of one size have different dates, unless the first was young when it came;
 *   - another host's file may have any validator, and the same date only with another size;
 *   - the bytes of a 206 are those that its Content-Range names, and those of a 200 all of the
 *     file's, and as many as Content-Length says; but either may be cut.
 * The invariant, after each answer: what is in the local file is the begin of one version, and at
 * the end it is one version, whole.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bits-net/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
        SIZE_MAX_BYTES = 15,
        ROOM = 64,
        SESSIONS = 4,
        ANSWERS = 4, /* to one Ask; each kind is asked once */
        OLD = 784025377,
        NOW = 784111777,
};

typedef struct Input {
        const uint8_t *data;
        size_t size;
} Input;

typedef struct Version {
        uint8_t name; /* in the high bits of each of its bytes */
        unsigned size;
        const char *etag; /* "" */
        int64_t modified; /* 0: not told */
        int64_t date;     /* of all its answers; 0: not told */
} Version;

typedef struct Local {
        uint8_t bytes[ROOM];
        uint64_t have;
        NetValidator validator;
} Local;

typedef struct Body {
        uint8_t bytes[ROOM];
        unsigned size;
} Body;

static unsigned pick(Input *input, unsigned n)
{
        if (input->size == 0)
                return 0;
        input->size--;
        return *input->data++ % n;
}

static uint8_t byte_of(const Version *version, unsigned offset)
{
        return (uint8_t)((unsigned)version->name << 4 | offset);
}

static void make_versions(Input *input, Version v[3])
{
        static const char *const etags[][2] = {
                {"", ""},      {"\"a\"", "\"b\""}, {"W/\"a\"", "W/\"b\""}, {"W/\"a\"", "W/\"a\""},
                {"\"a\"", ""}, {"", "\"b\""},      {"\"a\"", "W/\"a\""},   {"W/\"a\"", "\"a\""},
        };
        unsigned kind = pick(input, 8);
        unsigned dated = pick(input, 4);

        v[0] = (Version){1, pick(input, SIZE_MAX_BYTES + 1), etags[kind][0], 0, 0};
        v[1] = (Version){2, pick(input, SIZE_MAX_BYTES + 1), etags[kind][1], 0, 0};
        v[2] = (Version){3, pick(input, SIZE_MAX_BYTES + 1), etags[pick(input, 8)][0], 0, 0};
        if (pick(input, 2))
                v[1].size = v[2].size = v[0].size;
        if (dated & 1) {
                v[0].modified = OLD;
                v[0].date = OLD + pick(input, 120);
                v[1].modified = OLD + pick(input, 3);
                v[2].modified = OLD + pick(input, 3);
                v[1].date = v[2].date = v[0].date + pick(input, 200);
        }
        if (v[1].modified == v[0].modified && v[1].size == v[0].size)
                if (v[0].date >= OLD + 60)
                        v[1].modified++;
        if (v[2].size == v[0].size || v[2].size == v[1].size)
                v[2].modified += v[2].modified ? 10 : 0;
        if (dated & 2) /* by the client's own clock, a day must have passed, and has */
                v[0].date = v[1].date = v[2].date = v[0].date >= OLD + 60 ? 0 : v[0].date;
}

static void say_date(Answer *answer, const char *name, int64_t sec)
{
        char line[96];

        if (sec == 0)
                return;
        /* OLD is Sat, 05 Nov 1994 08:49:37 GMT; never more than ten minutes from there */
        sec = sec - OLD + 49 * 60 + 37;
        (void)snprintf(line, sizeof(line), "%s: Sat, 05 Nov 1994 08:%02d:%02d GMT", name,
                       (int)(sec / 60), (int)(sec % 60));
        if (sec >= 3600)
                (void)snprintf(line, sizeof(line), "%s: Sat, 05 Nov 1994 09:%02d:%02d GMT", name,
                               (int)(sec / 60 - 60), (int)(sec % 60));
        answer_line(answer, line, strlen(line));
}

static void say_number(Answer *answer, const char *format, unsigned a, unsigned b, unsigned c)
{
        char line[96];

        (void)snprintf(line, sizeof(line), format, a, b, c);
        answer_line(answer, line, strlen(line));
}

static void fill_body(Body *body, const Version *version, unsigned first, unsigned end)
{
        for (body->size = 0; first < end && first < version->size; first++)
                body->bytes[body->size++] = byte_of(version, first);
}

/* A 206: mostly of what was asked for, else of any part. */
static void say_part(Input *input, const Ask *ask, const Version *version, Answer *answer,
                     Body *body)
{
        unsigned first = (unsigned)ask->begin, end = version->size, total = version->size;

        if (pick(input, 4) == 0) {
                first = pick(input, SIZE_MAX_BYTES + 1);
                end = first + 1 + pick(input, SIZE_MAX_BYTES + 1);
        }
        if (pick(input, 8) == 0)
                total = pick(input, 2 * SIZE_MAX_BYTES);
        fill_body(body, version, first, end);
        if (pick(input, 8) == 0)
                say_number(answer, "Content-Range: bytes %u-%u/*", first, end - 1, 0);
        else if (pick(input, 8) > 0)
                say_number(answer, "Content-Range: bytes %u-%u/%u", first, end - 1, total);
        if (end > version->size || total != version->size)
                body->size = 0; /* it named bytes that there are not */
}

/* One answer to ask, and the body that comes with it. */
static void serve(Input *input, const Ask *ask, const Version versions[3], Answer *answer,
                  Body *body)
{
        static const unsigned statuses[] = {200, 206, 416, 404, 204, 203};
        const Version *version = &versions[pick(input, 3)];
        unsigned status = statuses[pick(input, 6)], odd = pick(input, 8);

        answer_init(answer, NOW);
        say_number(answer, "HTTP/1.1 %u X", status, 0, 0);
        answer->elsewhere = version == &versions[2];
        body->size = 0;
        if (version->etag[0]) {
                char line[64];

                (void)snprintf(line, sizeof(line), "ETag: %s", version->etag);
                answer_line(answer, line, strlen(line));
        }
        say_date(answer, "Last-Modified", version->modified);
        say_date(answer, "Date", version->date);
        if (status == 200)
                fill_body(body, version, 0, version->size);
        else if (status == 206)
                say_part(input, ask, version, answer, body);
        else if (status == 416)
                say_number(answer, "Content-Range: bytes */%u", version->size, 0, 0);
        switch (pick(input, 3)) {
        case 0:
                say_number(answer, "Content-Length: %u", body->size, 0, 0);
                break;
        case 1:
                answer_line(answer, "Transfer-Encoding: chunked", 26);
                break;
        default:
                say_number(answer, "Content-Length: %u",
                           status == 200 ? body->size : pick(input, 2 * SIZE_MAX_BYTES), 0, 0);
        }
        if (odd == 1)
                answer_line(answer, "Content-Encoding: gzip", 22);
        if (odd == 2 && status != 200)
                answer_line(answer, "Content-Type: multipart/byteranges; boundary=x", 46);
        if (odd == 1 || (odd == 2 && status != 200) || status > 206 || status == 203)
                memset(body->bytes, 0xff, body->size = 20); /* not the file's bytes */
        answer_line(answer, "", 0);
}

static bool is_begin_of(const Local *local, const Version *version)
{
        if (local->have > version->size)
                return false;
        for (unsigned i = 0; i < local->have; i++)
                if (local->bytes[i] != byte_of(version, i))
                        return false;
        return true;
}

static void check(const Local *local, const Version versions[3], bool whole)
{
        for (unsigned i = 0; i < 3; i++)
                if (is_begin_of(local, &versions[i]) && (!whole || local->have == versions[i].size))
                        return;
        abort(); /* no version, or more than one */
}

/* The body goes to the file, as transfer_store() has it; true when it is whole then. */
static bool take_body(Input *input, Local *local, const Answer *answer, const Body *body)
{
        uint64_t end = local->validator.size, announced = answer->length, size = body->size;
        bool cut = pick(input, 2), ended = !cut;

        if (!answer->chunked && announced != NET_SIZE_UNKNOWN) {
                ended = !cut && announced <= size;
                size = announced < size ? announced : size; /* libcurl reads no further */
        }
        if (cut)
                size = size ? pick(input, (unsigned)size) : 0;
        if (end != NET_SIZE_UNKNOWN && size > end - local->have)
                return false; /* more than was announced: nothing of it is taken */
        memcpy(local->bytes + local->have, body->bytes, size);
        local->have += size;
        return ended && (end == NET_SIZE_UNKNOWN || local->have == end);
}

/* From one begin to its end; false when the download is over. */
static bool session(Input *input, Local *local, const Version versions[3])
{
        Ask ask = {.begin = local->have, .validator = local->validator};
        bool asked[3] = {false}, whole;
        Judgement judgement;
        Answer answer;
        Body body;

        if (local->have == 0)
                ask.validator = (NetValidator){NET_SIZE_UNKNOWN, INT64_MIN, ""};
        ask.kind = ask_kind(&ask);
        for (unsigned i = 0; i < ANSWERS; i++) {
                assert(!asked[ask.kind]);
                asked[ask.kind] = true;
                serve(input, &ask, versions, &answer, &body);
                judgement = judge(&ask, &answer);
                switch (judgement.verdict) {
                case VERDICT_RESTART:
                        local->have = 0;
                        /* fall through */
                case VERDICT_CONTINUE:
                        local->validator = judgement.validator;
                        whole = take_body(input, local, &answer, &body);
                        check(local, versions, whole);
                        return !whole;
                case VERDICT_COMPLETE:
                        check(local, versions, true);
                        return false;
                case VERDICT_AGAIN:
                        ask.kind = judgement.again;
                        break;
                case VERDICT_CHANGED:
                        abort(); /* a plain download restarts instead */
                case VERDICT_FAIL:
                        return judgement.failure.class == NET_TRANSIENT;
                }
        }
        abort(); /* it asks and asks */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Input input = {data, size};
        Local local = {.have = 0};
        Version versions[3];

        make_versions(&input, versions);
        for (unsigned i = 0; i < SESSIONS && session(&input, &local, versions); i++)
                ;
        return 0;
}
