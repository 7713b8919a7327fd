/* Responses against what was asked: status, headers, ranges, validators; each row one answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "judge.h"

#define NOW           784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define DATE          "Date: Sun, 06 Nov 1994 08:49:37 GMT\n"
#define MODIFIED      "Last-Modified: Sat, 05 Nov 1994 08:49:37 GMT\n"
#define CHANGED       "Last-Modified: Sat, 05 Nov 1994 08:49:38 GMT\n"
#define MODIFIED_USEC ((NOW - 86400) * INT64_C(1000000))
#define NONE          NET_SIZE_UNKNOWN

static const Ask whole = {.kind = ASK_WHOLE};
static const Ask by_etag = {
        .kind = ASK_IF_RANGE, .begin = 400, .validator = {1000, MODIFIED_USEC, "\"a\""}};
static const Ask by_date = {
        .kind = ASK_IF_RANGE, .begin = 400, .validator = {1000, MODIFIED_USEC, ""}};
static const Ask by_weak = {
        .kind = ASK_IF_RANGE, .begin = 400, .validator = {1000, MODIFIED_USEC, "W/\"a\""}};
static const Ask by_weak_alone = {
        .kind = ASK_RANGE, .begin = 400, .validator = {1000, INT64_MIN, "W/\"a\""}};
static const Ask by_young_date = {
        .kind = ASK_RANGE, .begin = 400, .validator = {1000, MODIFIED_USEC + 1, ""}};
static const Ask by_date_unsized = {
        .kind = ASK_IF_RANGE, .begin = 400, .validator = {NONE, MODIFIED_USEC, ""}};
static const Ask unsized = {
        .kind = ASK_IF_RANGE, .begin = 400, .validator = {NONE, INT64_MIN, "\"a\""}};
static const Ask probe = {
        .kind = ASK_RANGE, .begin = 400, .validator = {1000, MODIFIED_USEC, "\"a\""}};
static const Ask no_validator = {
        .kind = ASK_WHOLE, .begin = 400, .validator = {1000, INT64_MIN, ""}};
static const Ask all_there = {
        .kind = ASK_IF_RANGE, .begin = 1000, .validator = {1000, INT64_MIN, "\"a\""}};

/* ranged: bytes 400 to 499, or from 400 on */
static const Ask span_first = {.kind = ASK_RANGE,
                               .ranged = true,
                               .begin = 400,
                               .end = 500,
                               .validator = {NONE, INT64_MIN, ""}};
static const Ask span_to_end = {.kind = ASK_RANGE,
                                .ranged = true,
                                .begin = 400,
                                .end = NONE,
                                .validator = {NONE, INT64_MIN, ""}};
static const Ask span_next = {.kind = ASK_IF_RANGE,
                              .ranged = true,
                              .begin = 400,
                              .end = 500,
                              .validator = {1000, MODIFIED_USEC, "\"a\""}};
static const Ask span_probe = {.kind = ASK_RANGE,
                               .ranged = true,
                               .begin = 400,
                               .end = 500,
                               .validator = {1000, MODIFIED_USEC, "\"a\""}};
static const Ask dynamic = {.kind = ASK_WHOLE, .dynamic = true, .validator = {NONE, INT64_MIN, ""}};
static const Ask span_at_zero = {.kind = ASK_RANGE,
                                 .ranged = true,
                                 .begin = 0,
                                 .end = NONE,
                                 .validator = {NONE, INT64_MIN, ""}};

static const struct {
        const Ask *ask;
        const char *head; /* lines end in \n here */
        Verdict verdict;
        AskKind again;
        uint64_t size;   /* CONTINUE, RESTART */
        HRESULT hresult; /* FAIL */
        enum NetClass class;
} rows[] = {
        /* the whole file */
        {&whole, "HTTP/1.1 200 OK\nContent-Length: 1000\n\n", VERDICT_CONTINUE, 0, 1000},
        {&whole, "HTTP/1.0 200 OK\ncontent-length:1000 \n\n", VERDICT_CONTINUE, 0, 1000},
        {&whole, "HTTP/2 200\ncontent-length: 0\n\n", VERDICT_CONTINUE, 0, 0},
        {&whole, "HTTP/2 200 \n\n", VERDICT_CONTINUE, 0, NONE},
        {&whole, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", VERDICT_CONTINUE, 0, NONE},
        {&whole, "HTTP/1.1 200 OK\nTransfer-Encoding: Chunked\nContent-Length: 7\n\n",
         VERDICT_CONTINUE, 0, NONE},
        {&whole,
         "HTTP/1.1 100 Continue\nContent-Length: 3\n\nHTTP/1.1 200 OK\nContent-Length: 1000\n\n",
         VERDICT_CONTINUE, 0, 1000},
        {&whole, "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 5\n\n", VERDICT_CONTINUE, 0,
         5},
        {&whole, "HTTP/1.1 200 OK\nContent-Encoding: identity\nContent-Length: 5\n\n",
         VERDICT_CONTINUE, 0, 5},
        {&whole, "HTTP/1.1 200 OK\nX-Long: a\n b\nContent-Length: 5\n\n", VERDICT_CONTINUE, 0, 5},
        {&whole, "HTTP/1.1 200 OK\nContent-Length: 5\n\nContent-Length: 9\n\n", VERDICT_CONTINUE, 0,
         5},
        /* no end that can be told from a cut */
        {&whole, "HTTP/1.0 200 OK\n\n", VERDICT_FAIL, .hresult = BG_E_MISSING_FILE_SIZE},
        {&whole, "HTTP/1.1 200 OK\nConnection: close\n\n", VERDICT_FAIL,
         .hresult = BG_E_MISSING_FILE_SIZE},
        {&dynamic, "HTTP/1.0 200 OK\n\n", VERDICT_CONTINUE, 0, NONE},
        {&dynamic, "HTTP/1.1 200 OK\nConnection: close\n\n", VERDICT_CONTINUE, 0, NONE},
        {&dynamic, "HTTP/1.1 200 OK\nContent-Length: 5\n\n", VERDICT_CONTINUE, 0, 5},
        {&dynamic, "HTTP/1.0 206 OK\n\n", VERDICT_FAIL, .hresult = BG_E_INVALID_SERVER_RESPONSE},
        /* malformed, or not what was asked */
        {&whole, "", VERDICT_FAIL, .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole, "HTTP/1.1 2x0 OK\n\n", VERDICT_FAIL, .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole, "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole, "HTTP/1.1 200 OK\nContent-Length: -5\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole, "HTTP/1.1 200 OK\nContent-Length: 5 5\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole, "HTTP/1.1 200 OK\nContent-Length: 1\n 0\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole, "HTTP/1.1 200 OK\nContent-Length: 9223372036854775808\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole, "HTTP/1.1 200 OK\nContent-Length: 18446744073709551620\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole, "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 5\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole, "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&whole,
         "HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-999/1000\nContent-Length: 1000\n\n",
         VERDICT_FAIL, .hresult = BG_E_INVALID_SERVER_RESPONSE},
        /* the rest of the same version */
        {&by_etag,
         "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/1000\nContent-Length: 600\n\n",
         VERDICT_CONTINUE, 0, 1000},
        {&by_etag,
         "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/1000\nTransfer-Encoding: "
         "chunked\n\n",
         VERDICT_CONTINUE, 0, 1000},
        {&by_date, "HTTP/1.1 206 P\n" MODIFIED "Content-Range: bytes 400-999/1000\n\n",
         VERDICT_CONTINUE, 0, 1000},
        {&by_weak,
         "HTTP/1.1 206 P\nETag: W/\"a\"\n" MODIFIED "Content-Range: bytes 400-999/1000\n\n",
         VERDICT_CONTINUE, 0, 1000},
        {&unsized, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/1000\n\n",
         VERDICT_CONTINUE, 0, 1000},
        {&probe, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/1000\n\n",
         VERDICT_CONTINUE, 0, 1000},
        /* a part, but of another version, or another part */
        {&by_etag, "HTTP/1.1 206 P\nETag: \"b\"\nContent-Range: bytes 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\nETag: W/\"a\"\nContent-Range: bytes 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\n" MODIFIED "Content-Range: bytes 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_date, "HTTP/1.1 206 P\n" CHANGED "Content-Range: bytes 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_date, "HTTP/1.1 206 P\nContent-Range: bytes 400-999/1000\n\n", VERDICT_AGAIN,
         ASK_WHOLE},
        {&by_weak,
         "HTTP/1.1 206 P\nETag: W/\"b\"\n" MODIFIED "Content-Range: bytes 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&probe, "HTTP/1.1 206 P\nETag: \"b\"\nContent-Range: bytes 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-1000/1001\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 0-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 401-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-998/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/*\n\n", VERDICT_AGAIN,
         ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/1000x\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: items 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-1000/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag,
         "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/1000\nContent-Range: bytes "
         "400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag,
         "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/1000\nContent-Length: 1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag,
         "HTTP/1.1 206 P\nETag: \"a\"\nContent-Type: multipart/byteranges; boundary=x\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag,
         "HTTP/1.1 206 P\nETag: \"a\"\nContent-Encoding: gzip\nContent-Range: bytes "
         "400-999/1000\n\n",
         VERDICT_FAIL, .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&by_etag,
         "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/1000\nContent-Length: "
         "600\nContent-Type: Multipart/Byteranges; boundary=x\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        /* the version is not proved */
        {&by_weak_alone, "HTTP/1.1 206 P\nETag: W/\"a\"\nContent-Range: bytes 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_young_date, "HTTP/1.1 206 P\n" MODIFIED "Content-Range: bytes 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_date_unsized, "HTTP/1.1 206 P\n" MODIFIED "Content-Range: bytes 400-999/1000\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_date, "HTTP/1.1 206 P\n" MODIFIED "Content-Range: bytes 400-1000/1001\n\n",
         VERDICT_AGAIN, ASK_WHOLE},
        {&by_weak, "HTTP/1.1 206 P\nETag: \"a\"\n" MODIFIED "Content-Range: bytes 400-999/1000\n\n",
         VERDICT_CONTINUE, 0, 1000},
        /* the whole, though a part was asked for */
        {&by_etag, "HTTP/1.1 200 OK\nETag: \"b\"\nContent-Length: 1000\n\n", VERDICT_RESTART, 0,
         1000},
        {&by_etag, "HTTP/1.1 200 OK\nETag: \"a\"\nContent-Length: 1000\n\n", VERDICT_AGAIN,
         ASK_RANGE},
        {&by_etag, "HTTP/1.1 200 OK\nETag: \"a\"\nContent-Length: 1001\n\n", VERDICT_RESTART, 0,
         1001},
        {&by_date, "HTTP/1.1 200 OK\n" MODIFIED "Content-Length: 1000\n\n", VERDICT_AGAIN,
         ASK_RANGE},
        {&by_date, "HTTP/1.1 200 OK\n" CHANGED "Content-Length: 1000\n\n", VERDICT_RESTART, 0,
         1000},
        {&probe, "HTTP/1.1 200 OK\nETag: \"a\"\nContent-Length: 1000\n\n", VERDICT_RESTART, 0,
         1000},
        {&no_validator, "HTTP/1.1 200 OK\nContent-Length: 1000\n\n", VERDICT_RESTART, 0, 1000},
        {&by_etag, "HTTP/1.0 200 OK\nETag: \"b\"\n\n", VERDICT_FAIL,
         .hresult = BG_E_MISSING_FILE_SIZE},
        /* nothing is missing, or so the server says */
        {&all_there, "HTTP/1.1 416 R\nContent-Range: bytes */1000\n\n", VERDICT_COMPLETE},
        {&all_there, "HTTP/1.1 416 R\nContent-Range: bytes */999\n\n", VERDICT_AGAIN, ASK_WHOLE},
        {&all_there, "HTTP/1.1 416 R\nContent-Range: bytes 0-999/1000\n\n", VERDICT_AGAIN,
         ASK_WHOLE},
        {&all_there, "HTTP/1.1 416 R\n\n", VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 416 R\nContent-Range: bytes */1000\n\n", VERDICT_AGAIN, ASK_WHOLE},
        {&by_etag, "HTTP/1.1 416 R\nContent-Range: bytes */400\n\n", VERDICT_AGAIN, ASK_WHOLE},
        {&unsized, "HTTP/1.1 416 R\nContent-Range: bytes */400\n\n", VERDICT_AGAIN, ASK_WHOLE},
        {&whole, "HTTP/1.1 416 R\nContent-Range: bytes */0\n\n", VERDICT_FAIL,
         .hresult = BG_E_HTTP_ERROR_416},
        /* no content, by status */
        {&whole, "HTTP/1.1 204 No Content\n\n", VERDICT_FAIL, .hresult = BG_E_HTTP_ERROR_204},
        {&whole, "HTTP/1.1 203 N\nContent-Length: 5\n\n", VERDICT_FAIL,
         .hresult = BG_E_HTTP_ERROR_203},
        {&whole, "HTTP/1.1 301 M\n\n", VERDICT_FAIL, .hresult = BG_E_HTTP_ERROR_301},
        {&by_etag, "HTTP/1.1 304 N\n\n", VERDICT_FAIL, .hresult = BG_E_HTTP_ERROR_304},
        {&whole, "HTTP/1.1 401 U\n\n", VERDICT_FAIL, .hresult = BG_E_HTTP_ERROR_401},
        {&whole, "HTTP/1.1 404 N\nContent-Encoding: gzip\n\n", VERDICT_FAIL,
         .hresult = BG_E_HTTP_ERROR_404},
        {&by_etag, "HTTP/1.1 410 G\n\n", VERDICT_FAIL, .hresult = BG_E_HTTP_ERROR_410},
        {&whole, "HTTP/1.1 408 T\n\n", VERDICT_FAIL, 0, 0, BG_E_HTTP_ERROR_408, NET_TRANSIENT},
        {&whole, "HTTP/1.1 409 C\n\n", VERDICT_FAIL, 0, 0, BG_E_HTTP_ERROR_409, NET_TRANSIENT},
        {&whole, "HTTP/1.1 429 T\n\n", VERDICT_FAIL, 0, 0, (HRESULT)0x801901AD, NET_TRANSIENT},
        {&whole, "HTTP/1.1 500 I\n\n", VERDICT_FAIL, 0, 0, BG_E_HTTP_ERROR_500, NET_TRANSIENT},
        {&whole, "HTTP/1.1 501 N\n\n", VERDICT_FAIL, 0, 0, BG_E_HTTP_ERROR_501, NET_FATAL},
        {&whole, "HTTP/1.1 503 S\n\n", VERDICT_FAIL, 0, 0, BG_E_HTTP_ERROR_503, NET_TRANSIENT},
        {&whole, "HTTP/1.1 505 V\n\n", VERDICT_FAIL, 0, 0, BG_E_HTTP_ERROR_505, NET_FATAL},
        /* ranged: a 206 that is exactly what was asked for */
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 400-499/1000\nContent-Length: 100\n\n",
         VERDICT_CONTINUE, 0, 1000},
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 400-499/500\n\n", VERDICT_CONTINUE, 0,
         500},
        {&span_to_end, "HTTP/1.1 206 P\nContent-Range: bytes 400-999/1000\n\n", VERDICT_CONTINUE, 0,
         1000},
        {&span_at_zero, "HTTP/1.1 206 P\nContent-Range: bytes 0-999/1000\n\n", VERDICT_CONTINUE, 0,
         1000},
        {&span_next, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-499/1000\n\n",
         VERDICT_CONTINUE, 0, 1000},
        {&span_probe, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-499/1000\n\n",
         VERDICT_CONTINUE, 0, 1000},
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 400-498/1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 400-500/1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 399-498/1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 399-499/1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 401-499/1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&span_to_end, "HTTP/1.1 206 P\nContent-Range: bytes 400-998/1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 400-499/1000\nContent-Length: 99\n\n",
         VERDICT_FAIL, .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&span_first, "HTTP/1.1 206 P\nContent-Type: multipart/byteranges; boundary=x\n\n",
         VERDICT_FAIL, .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&span_first,
         "HTTP/1.1 206 P\nContent-Range: bytes 400-499/1000\nContent-Type: "
         "multipart/byteranges\n\n",
         VERDICT_FAIL, .hresult = BG_E_INVALID_SERVER_RESPONSE},
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 400-499/*\n\n", VERDICT_FAIL,
         .hresult = BG_E_INSUFFICIENT_RANGE_SUPPORT},
        /* the file ends inside the range, or before it */
        {&span_first, "HTTP/1.1 206 P\nContent-Range: bytes 400-449/450\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_RANGE},
        {&span_first, "HTTP/1.1 416 R\nContent-Range: bytes */400\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_RANGE},
        {&span_next, "HTTP/1.1 416 R\nContent-Range: bytes */1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INVALID_RANGE},
        {&span_next, "HTTP/1.1 416 R\nContent-Range: bytes */300\n\n", VERDICT_CHANGED},
        /* never the whole file in place of a range */
        {&span_first, "HTTP/1.1 200 OK\nContent-Length: 1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INSUFFICIENT_RANGE_SUPPORT},
        {&span_at_zero, "HTTP/1.1 200 OK\nContent-Length: 1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INSUFFICIENT_RANGE_SUPPORT},
        {&span_probe, "HTTP/1.1 200 OK\nETag: \"a\"\nContent-Length: 1000\n\n", VERDICT_FAIL,
         .hresult = BG_E_INSUFFICIENT_RANGE_SUPPORT},
        {&span_next, "HTTP/1.1 200 OK\nETag: \"a\"\nContent-Length: 1000\n\n", VERDICT_AGAIN,
         ASK_RANGE},
        /* another version */
        {&span_next, "HTTP/1.1 200 OK\nETag: \"b\"\nContent-Length: 1000\n\n", VERDICT_CHANGED},
        {&span_next, "HTTP/1.1 206 P\nETag: \"b\"\nContent-Range: bytes 400-499/1000\n\n",
         VERDICT_CHANGED},
        {&span_next, "HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-499/1001\n\n",
         VERDICT_CHANGED},
        {&span_probe, "HTTP/1.1 206 P\nContent-Range: bytes 400-499/1000\n\n", VERDICT_CHANGED},
};

static Answer answer_of(const char *head)
{
        Answer answer;

        answer_init(&answer, NOW);
        while (*head) {
                char line[256];
                size_t n = strcspn(head, "\n");

                (void)snprintf(line, sizeof(line), "%.*s\r\n", (int)n, head);
                answer_line(&answer, line, strlen(line));
                head += n + 1;
        }
        return answer;
}

static void test_table(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Answer answer = answer_of(rows[i].head);
                Judgement judgement = judge(rows[i].ask, &answer);

                if (judgement.verdict != rows[i].verdict)
                        fail_msg("verdict %d of %s", judgement.verdict, rows[i].head);
                switch (judgement.verdict) {
                case VERDICT_CONTINUE:
                case VERDICT_RESTART:
                        if (judgement.validator.size != rows[i].size)
                                fail_msg("size of %s", rows[i].head);
                        break;
                case VERDICT_AGAIN:
                        if (judgement.again != rows[i].again)
                                fail_msg("ask %d after %s", judgement.again, rows[i].head);
                        break;
                case VERDICT_FAIL:
                        if (judgement.failure.hresult != rows[i].hresult ||
                            judgement.failure.class != rows[i].class ||
                            judgement.failure.context != NET_CONTEXT_REMOTE_FILE)
                                fail_msg("failure %x of %s", (unsigned)judgement.failure.hresult,
                                         rows[i].head);
                        break;
                case VERDICT_COMPLETE:
                case VERDICT_CHANGED:
                        break;
                }
        }
}

static void test_ask_kind(void **state)
{
        const Ask weak_only = {.begin = 1, .validator = {10, INT64_MIN, "W/\"a\""}};
        const Ask young = {.begin = 1, .validator = {10, MODIFIED_USEC + 1, ""}};
        const Ask weak_span = {
                .ranged = true, .begin = 1, .validator = {10, MODIFIED_USEC, "W/\"a\""}};

        (void)state;
        assert_int_equal(ask_kind(&whole), ASK_WHOLE);
        assert_int_equal(ask_kind(&by_etag), ASK_IF_RANGE);
        assert_int_equal(ask_kind(&by_date), ASK_IF_RANGE);
        assert_int_equal(ask_kind(&no_validator), ASK_WHOLE);
        assert_int_equal(ask_kind(&weak_only), ASK_WHOLE);
        assert_int_equal(ask_kind(&young), ASK_WHOLE);
        assert_int_equal(ask_kind(&by_weak), ASK_RANGE); /* no date beside a weak ETag */
        assert_int_equal(ask_kind(&weak_span), ASK_RANGE);
        assert_int_equal(ask_kind(&span_first), ASK_RANGE);
        assert_int_equal(ask_kind(&span_next), ASK_IF_RANGE);
}

static void test_validator(void **state)
{
        static const struct {
                const char *head, *etag;
                int64_t modified_usec;
        } lines[] = {
                {"ETag: \"a\"\n" DATE MODIFIED, "\"a\"", MODIFIED_USEC},
                {"ETag:   W/\"a b\"\n", "", INT64_MIN},
                {"etag: W/\"ab\"\n", "W/\"ab\"", INT64_MIN},
                {"ETag: a\n", "", INT64_MIN},
                {"ETag: \"a\"b\"\n", "", INT64_MIN},
                {"ETag: \"\"\n", "\"\"", INT64_MIN},
                {"Last-Modified: yesterday\n", "", INT64_MIN},
                {DATE MODIFIED, "", MODIFIED_USEC},
                {MODIFIED, "", MODIFIED_USEC}, /* by our own clock */
                {CHANGED, "", MODIFIED_USEC + 1000001},
                /* changed in the minute of the answer: it may have changed again, and kept its date
                 */
                {DATE "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n", "",
                 NOW * INT64_C(1000000) + 1},
                {DATE "Last-Modified: Sun, 06 Nov 1994 08:48:38 GMT\n", "",
                 (NOW - 59) * INT64_C(1000000) + 1},
                {DATE "Last-Modified: Sun, 06 Nov 1994 08:48:37 GMT\n", "",
                 (NOW - 60) * INT64_C(1000000)},
                {DATE "Last-Modified: Sun, 06 Nov 1994 08:50:37 GMT\n", "",
                 (NOW + 60) * INT64_C(1000000) + 1},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(lines); i++) {
                char head[512];
                Answer answer;
                NetValidator validator;

                (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\n%s\n", lines[i].head);
                answer = answer_of(head);
                validator = answer_validator(&answer, 7);
                assert_int_equal(validator.size, 7);
                if (strcmp(validator.etag, lines[i].etag) != 0 ||
                    validator.last_modified_usec != lines[i].modified_usec)
                        fail_msg("validator of %s: %s %lld", head, validator.etag,
                                 (long long)validator.last_modified_usec);
        }
}

static void test_long_etag(void **state)
{
        char line[2 * WIRE_ETAG_SIZE + 16];
        Answer answer;

        (void)state;
        for (size_t n = WIRE_ETAG_SIZE - 3; n <= 2 * WIRE_ETAG_SIZE; n++) {
                answer = answer_of("HTTP/1.1 200 OK\nContent-Length: 5\n");
                memset(line, 'x', sizeof(line));
                memcpy(line, "ETag: \"", 7);
                line[7 + n] = '"';
                answer_line(&answer, line, n + 8);
                assert_false(answer.malformed);
                assert_int_equal(strlen(answer.etag),
                                 n == WIRE_ETAG_SIZE - 3 ? WIRE_ETAG_SIZE - 1 : 0);
        }
}

static void test_retry_after(void **state)
{
        static const struct {
                const char *head;
                int64_t usec;
        } heads[] = {
                {"HTTP/1.1 503 S\nRetry-After: 7\n\n", 7000000},
                {"HTTP/1.1 429 S\nRetry-After: 7\n\n", 7000000},
                {"HTTP/1.1 500 S\nRetry-After: 7\n\n", 7000000},
                {"HTTP/1.1 404 S\nRetry-After: 7\n\n", -1}, /* it is not tried again */
                {"HTTP/1.1 503 S\n\n", -1},
                {"HTTP/1.1 503 S\nRetry-After: Sun, 06 Nov 1994 08:49:47 GMT\n\n", 10000000},
                /* by the server's clock, whatever ours says and wherever the line stands */
                {"HTTP/1.1 503 S\nDate: Mon, 05 Nov 2091 08:49:37 GMT\n"
                 "Retry-After: Mon, 05 Nov 2091 08:50:37 GMT\n\n",
                 60000000},
                {"HTTP/1.1 503 S\nRetry-After: Wed, 05 Nov 1980 08:50:37 GMT\n"
                 "Date: Wed, 05 Nov 1980 08:49:37 GMT\n\n",
                 60000000},
                {"HTTP/1.1 503 S\nDate: today\n"
                 "Retry-After: Sun, 06 Nov 1994 08:49:47 GMT\n\n",
                 10000000},
                {"HTTP/1.1 302 S\nRetry-After: 7\n\nHTTP/1.1 503 S\n\n", -1},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(heads); i++) {
                Answer answer = answer_of(heads[i].head);
                int64_t usec = judge(&whole, &answer).failure.retry_after_usec;

                if (usec != heads[i].usec)
                        fail_msg("%lld after %s", (long long)usec, heads[i].head);
        }
}

/* Another host's ETag is of another resource: with it alone nothing goes on. */
static void test_elsewhere(void **state)
{
        Answer answer =
                answer_of("HTTP/1.1 206 P\nETag: \"a\"\nContent-Range: bytes 400-999/1000\n\n");
        Answer dated = answer_of("HTTP/1.1 206 P\nETag: \"a\"\n" MODIFIED
                                 "Content-Range: bytes 400-999/1000\n\n");

        (void)state;
        assert_int_equal(judge(&by_etag, &answer).verdict, VERDICT_CONTINUE);
        answer.elsewhere = dated.elsewhere = true;
        assert_int_equal(judge(&by_etag, &answer).verdict, VERDICT_AGAIN);
        assert_string_equal(answer_validator(&answer, 1000).etag, "W/\"a\"");
        assert_false(validator_proves(&(NetValidator){1000, INT64_MIN, "W/\"a\""}));
        assert_int_equal(judge(&by_weak, &dated).verdict, VERDICT_CONTINUE);
        assert_int_equal(judge(&by_date, &dated).verdict, VERDICT_CONTINUE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),       cmocka_unit_test(test_ask_kind),
                cmocka_unit_test(test_validator),   cmocka_unit_test(test_long_etag),
                cmocka_unit_test(test_retry_after), cmocka_unit_test(test_elsewhere),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
