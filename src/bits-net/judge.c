#include "judge.h"

#include <string.h>

static Judgement judge_fail(const Answer *answer, HRESULT hresult, const char *text)
{
        return (Judgement){.verdict = VERDICT_FAIL,
                           .failure = failure_from_answer(hresult, answer->status, text)};
}

static Judgement judge_again(AskKind kind)
{
        return (Judgement){.verdict = VERDICT_AGAIN, .again = kind};
}

/* A date without a fraction was old enough when it came. */
bool validator_proves(const NetValidator *validator)
{
        return etag_is_strong(validator->etag) ||
               (validator->size != NET_SIZE_UNKNOWN && validator->last_modified_usec != INT64_MIN &&
                validator->last_modified_usec % 1000000 == 0);
}

/* If-Range may have no weak ETag, and beside one no date either (RFC 9110, 13.1.5): what comes of a
 * Range alone is looked at as closely. */
AskKind ask_kind(const Ask *ask)
{
        if (!ask->ranged && (ask->begin == 0 || !validator_proves(&ask->validator)))
                return ASK_WHOLE;
        if (!validator_proves(&ask->validator) ||
            (ask->validator.etag[0] && !etag_is_strong(ask->validator.etag)))
                return ASK_RANGE;
        return ASK_IF_RANGE;
}

/* The weak comparison of RFC 9110, 8.8.3.2. */
static bool etags_agree(const char *a, const char *b)
{
        return strcmp(a + (strncmp(a, "W/", 2) == 0 ? 2 : 0),
                      b + (strncmp(b, "W/", 2) == 0 ? 2 : 0)) == 0;
}

/* Does the answer, for a file of total bytes, describe the version that asked describes? A strong
 * ETag decides; without one Last-Modified, the size and any weak ETags must all agree. */
static bool same_version(const NetValidator *asked, const Answer *answer, uint64_t total)
{
        NetValidator found = answer_validator(answer, total);

        if (asked->size != NET_SIZE_UNKNOWN && total != NET_SIZE_UNKNOWN && asked->size != total)
                return false;
        if (etag_is_strong(asked->etag))
                return strcmp(asked->etag, found.etag) == 0;
        if (asked->etag[0] && found.etag[0] && !etags_agree(asked->etag, found.etag))
                return false;
        return validator_proves(asked) && asked->last_modified_usec == found.last_modified_usec;
}

/* 200: the whole file. Its end must be told by the answer (a length, the last chunk, END_STREAM).
 * The end of a connection is none: a server that falls, or a proxy that loses its server, ends it
 * in good order, too. DYNAMIC_CONTENT takes that risk; a reset, or TLS without close_notify, is a
 * cut all the same (closing.h). */
static Judgement judge_whole(const Ask *ask, const Answer *answer)
{
        uint64_t size = answer->chunked ? NET_SIZE_UNKNOWN : answer->length;

        if (answer_ends_with_connection(answer) && !ask->dynamic)
                return judge_fail(
                        answer, BG_E_MISSING_FILE_SIZE,
                        "the server gave neither a length nor an end that can be told from a cut");
        if (ask->kind == ASK_IF_RANGE && same_version(&ask->validator, answer, size))
                return judge_again(ASK_RANGE);
        return (Judgement){
                .verdict = ask->begin == 0 ? VERDICT_CONTINUE : VERDICT_RESTART,
                .validator = answer_validator(answer, size),
        };
}

/* 206: exactly the bytes that are missing, of the very version, or it is of no use. */
static Judgement judge_part(const Ask *ask, const Answer *answer)
{
        const AnswerRange *range = &answer->range;
        Judgement judgement = {.verdict = VERDICT_CONTINUE, .validator = ask->validator};

        if (ask->kind == ASK_WHOLE)
                return judge_fail(answer, BG_E_INVALID_SERVER_RESPONSE,
                                  "the server answered with a range that was not asked for");
        if (answer->multipart || range->kind != ANSWER_RANGE_PART || range->first != ask->begin ||
            range->total == NET_SIZE_UNKNOWN || range->last != range->total - 1)
                return judge_again(ASK_WHOLE);
        if (!answer->chunked && answer->length != NET_SIZE_UNKNOWN &&
            answer->length != range->total - range->first)
                return judge_again(ASK_WHOLE);
        if (!same_version(&ask->validator, answer, range->total))
                return judge_again(ASK_WHOLE);

        judgement.validator.size = range->total;
        return judgement;
}

/* 416: right when nothing is missing; else the file became shorter, or the server is confused. */
static Judgement judge_unsatisfied(const Ask *ask, const Answer *answer)
{
        if (ask->kind == ASK_WHOLE)
                return (Judgement){.verdict = VERDICT_FAIL,
                                   .failure = failure_from_status(answer->status, -1)};
        if (answer->range.kind == ANSWER_RANGE_UNSATISFIED && ask->begin == ask->validator.size &&
            answer->range.total == ask->begin)
                return (Judgement){.verdict = VERDICT_COMPLETE, .validator = ask->validator};
        return judge_again(ASK_WHOLE);
}

/* 200 to a ranged question: If-Range did not hold, or the server does not know ranges. */
static Judgement judge_span_whole(const Ask *ask, const Answer *answer)
{
        uint64_t size = answer->chunked ? NET_SIZE_UNKNOWN : answer->length;

        if (ask->kind == ASK_IF_RANGE && same_version(&ask->validator, answer, size))
                return judge_again(ASK_RANGE);
        if (ask->kind == ASK_IF_RANGE)
                return (Judgement){.verdict = VERDICT_CHANGED};
        return judge_fail(answer, BG_E_INSUFFICIENT_RANGE_SUPPORT,
                          "the server answered with the whole file where a range was asked for");
}

/* 206 to a ranged question: exactly what was asked for, of the version of what is there. */
static Judgement judge_span(const Ask *ask, const Answer *answer)
{
        const AnswerRange *range = &answer->range;
        Judgement judgement = {.verdict = VERDICT_CONTINUE};
        bool known = validator_proves(&ask->validator);
        uint64_t end = ask->end;

        if (answer->multipart)
                return judge_fail(answer, BG_E_INVALID_SERVER_RESPONSE,
                                  "the server answered with several parts where one range was "
                                  "asked for");
        if (range->kind != ANSWER_RANGE_PART || range->first != ask->begin)
                return judge_fail(answer, BG_E_INVALID_SERVER_RESPONSE,
                                  "the server answered with another range than was asked for");
        if (range->total == NET_SIZE_UNKNOWN)
                return judge_fail(answer, BG_E_INSUFFICIENT_RANGE_SUPPORT,
                                  "the server does not say how large the whole file is");
        if (known && !same_version(&ask->validator, answer, range->total))
                return (Judgement){.verdict = VERDICT_CHANGED};
        if (end == NET_SIZE_UNKNOWN)
                end = range->total;
        if (end > range->total)
                return judge_fail(answer, BG_E_INVALID_RANGE,
                                  "the range goes beyond the end of the remote file");
        if (range->last != end - 1 || (!answer->chunked && answer->length != NET_SIZE_UNKNOWN &&
                                       answer->length != end - range->first))
                return judge_fail(answer, BG_E_INVALID_SERVER_RESPONSE,
                                  "the server answered with another range than was asked for");

        judgement.validator = known ? ask->validator : answer_validator(answer, range->total);
        judgement.validator.size = range->total;
        return judgement;
}

/* 416 to a ranged question: beyond the end, if it is still the file that is there. */
static Judgement judge_span_unsatisfied(const Ask *ask, const Answer *answer)
{
        if (validator_proves(&ask->validator) && ask->validator.size != NET_SIZE_UNKNOWN &&
            answer->range.kind == ANSWER_RANGE_UNSATISFIED &&
            answer->range.total != ask->validator.size)
                return (Judgement){.verdict = VERDICT_CHANGED};
        return judge_fail(answer, BG_E_INVALID_RANGE,
                          "the range begins beyond the end of the remote file");
}

Judgement judge(const Ask *ask, const Answer *answer)
{
        bool content = answer->status == 200 || answer->status == 206;

        if (answer->malformed || answer->status == 0)
                return judge_fail(answer, BG_E_INVALID_SERVER_RESPONSE,
                                  "the answer's header is malformed");
        if (content && answer->encoded)
                return judge_fail(answer, BG_E_INVALID_SERVER_RESPONSE,
                                  "the server encoded the content although none was allowed");
        switch (answer->status) {
        case 200:
                return ask->ranged ? judge_span_whole(ask, answer) : judge_whole(ask, answer);
        case 206:
                return ask->ranged ? judge_span(ask, answer) : judge_part(ask, answer);
        case 416:
                return ask->ranged ? judge_span_unsatisfied(ask, answer)
                                   : judge_unsatisfied(ask, answer);
        default:
                return (Judgement){
                        .verdict = VERDICT_FAIL,
                        .failure = failure_from_status(answer->status, answer_retry_after(answer)),
                };
        }
}
