/*
 * Answer: what the header block of one HTTP response says, as far as a download cares. Built line
 * by line; a new status line (after 100 Continue, after a redirect) begins anew. Pure: judges
 * nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/net.h"

#define ANSWER_NO_DATE    INT64_MIN
#define ANSWER_RETRY_SIZE 64 /* no HTTP date is longer */

typedef enum AnswerRangeKind {
        ANSWER_RANGE_NONE,
        ANSWER_RANGE_BAD,         /* there is one, but not of bytes or not well-formed */
        ANSWER_RANGE_PART,        /* bytes first-last/total */
        ANSWER_RANGE_UNSATISFIED, /* bytes * / total */
} AnswerRangeKind;

typedef struct AnswerRange {
        AnswerRangeKind kind;
        uint64_t first, last, total; /* total: NET_SIZE_UNKNOWN for "*" */
} AnswerRange;

typedef struct Answer {
        int64_t now_sec; /* when it came, by our clock */
        uint32_t status; /* 0: no status line yet */
        uint32_t major;  /* HTTP version: 1, 2 */
        bool complete;   /* the empty line was seen */
        bool malformed;  /* a header that matters cannot be right */
        bool encoded;    /* Content-Encoding other than identity */
        bool chunked;
        bool multipart;  /* the body is parts with headers of their own, not the file's bytes */
        bool elsewhere;  /* the caller's: not from the URL whose ETag is known */
        bool weighty;    /* the last line was a header that matters: its continuation would, too */
        uint64_t length; /* Content-Length; NET_SIZE_UNKNOWN */
        AnswerRange range;
        int64_t date_sec, modified_sec; /* ANSWER_NO_DATE */
        char retry_after[ANSWER_RETRY_SIZE];
        char etag[WIRE_ETAG_SIZE]; /* "" when none, ill-formed or too long */
} Answer;

void answer_init(Answer *answer, int64_t now_sec);

/* One line, with or without its line end; need not be NUL-terminated. */
void answer_line(Answer *answer, const char *line, size_t size);

/* Which version of a file of that size the answer describes.
 *
 * A Last-Modified that was young when it came proves nothing: the file may have changed again under
 * the same date (RFC 9110, 8.8.2.2). It is kept for the local file's time, with a microsecond
 * added: no date of HTTP has a fraction, so no answer's will ever equal it. Young is less than a
 * minute before Date, since a file's time and Date may be by two clocks; without a Date, less than
 * a day before our own time.
 *
 * The ETag of an answer from elsewhere is made weak: it is of another resource, and two may have
 * the same. */
NetValidator answer_validator(const Answer *answer, uint64_t size);

/* Microseconds from when it came, by the server's own clock where the answer tells it; -1: it names
 * no moment. */
int64_t answer_retry_after(const Answer *answer);

/* Nothing of the answer says where its content ends, but the end of the connection. */
bool answer_ends_with_connection(const Answer *answer);

bool etag_is_strong(const char *etag);
bool etag_is_valid(const char *etag); /* well-formed, weak or strong */

/* What is left of a strong ETag at another URL than its own, where any resource may have the same:
 * it proves nothing any more, but may still refute. "" when it then is too long. */
void etag_weaken(char etag[WIRE_ETAG_SIZE]);
