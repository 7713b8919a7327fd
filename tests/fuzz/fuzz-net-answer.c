/*
 * A server's header block, read line by line and judged against each kind of question. Whatever it
 * is, no part may be accepted that does not begin where the file ends, and no judgement may ask for
 * what was asked before.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bits-net/judge.h"
#include "bits-net/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const Ask asks[] = {
        {.kind = ASK_WHOLE},
        {.kind = ASK_WHOLE, .begin = 400, .validator = {1000, INT64_MIN, ""}},
        {.kind = ASK_IF_RANGE, .begin = 400, .validator = {1000, 784025377000000, "\"a\""}},
        {.kind = ASK_IF_RANGE, .begin = 400, .validator = {1000, 784025377000000, ""}},
        {.kind = ASK_IF_RANGE, .begin = 1000, .validator = {1000, INT64_MIN, "\"a\""}},
        {.kind = ASK_RANGE, .begin = 400, .validator = {NET_SIZE_UNKNOWN, INT64_MIN, "\"a\""}},
        {ASK_RANGE, true, 0, 400, {NET_SIZE_UNKNOWN, INT64_MIN, ""}},
        {ASK_RANGE, true, 400, NET_SIZE_UNKNOWN, {1000, INT64_MIN, "\"a\""}},
        {ASK_IF_RANGE, true, 400, 1000, {1000, 784025377000000, "\"a\""}},
        {.kind = ASK_RANGE, .begin = 400, .validator = {1000, 784025377000000, "W/\"a\""}},
        {ASK_RANGE, true, 400, 500, {1000, 784025377000000, "W/\"a\""}},
};

/* Bytes join those that are there only when the answer names their version, and its own size. */
static void check_version(const Ask *ask, const Answer *answer)
{
        const NetValidator *there = &ask->validator;
        bool strong = there->etag[0] == '"';

        if (ask->begin == 0 || (ask->ranged && !validator_proves(there)))
                return;
        assert(!answer->multipart && !answer->encoded && !answer->malformed);
        assert(there->size == NET_SIZE_UNKNOWN || there->size == answer->range.total);
        if (strong)
                assert(!answer->elsewhere && strcmp(there->etag, answer->etag) == 0);
        else
                assert(there->last_modified_usec == answer->modified_sec * 1000000);
        if (!strong && there->etag[0] && answer->etag[0])
                assert(strstr(there->etag, answer->etag) || strstr(answer->etag, there->etag));
        assert(answer->chunked || answer->length == NET_SIZE_UNKNOWN ||
               answer->length == answer->range.last - answer->range.first + 1);
}

static void check(const Ask *ask, const Answer *answer)
{
        Judgement judgement = judge(ask, answer);

        switch (judgement.verdict) {
        case VERDICT_CONTINUE:
                assert(answer->status == (ask->begin || ask->ranged ? 206 : 200));
                assert(answer->status == 200 || answer->range.first == ask->begin);
                assert(!ask->ranged || ask->end == NET_SIZE_UNKNOWN ||
                       answer->range.last == ask->end - 1);
                check_version(ask, answer);
                break;
        case VERDICT_RESTART:
                assert(!ask->ranged && ask->begin > 0 && answer->status == 200);
                break;
        case VERDICT_CHANGED:
                assert(ask->ranged && validator_proves(&ask->validator));
                break;
        case VERDICT_COMPLETE:
                assert(!ask->ranged && ask->begin == ask->validator.size && answer->status == 416);
                break;
        case VERDICT_AGAIN:
                assert(ask->kind == ASK_IF_RANGE
                               ? judgement.again != ASK_IF_RANGE
                               : ask->kind == ASK_RANGE && judgement.again == ASK_WHOLE);
                break;
        case VERDICT_FAIL:
                assert(judgement.failure.hresult < 0 &&
                       memchr(judgement.failure.text, 0, NET_TEXT_SIZE));
                break;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *line = (const char *)data, *end = line + size;
        NetValidator validator;
        Answer answer;

        answer_init(&answer, 784111777);
        while (line < end) {
                const char *newline = memchr(line, '\n', (size_t)(end - line));
                const char *next = newline ? newline + 1 : end;

                answer_line(&answer, line, (size_t)(next - line));
                line = next;
        }

        validator = answer_validator(&answer, 1000);
        assert(validator.etag[0] == '\0' || etag_is_valid(validator.etag));
        assert(answer_retry_after(&answer) >= -1 &&
               answer_retry_after(&answer) <= RETRY_AFTER_MAX_SEC * INT64_C(1000000));
        for (size_t i = 0; i < 2 * sizeof(asks) / sizeof(*asks); i++) {
                answer.elsewhere = i % 2;
                check(&asks[i / 2], &answer);
        }
        return 0;
}
