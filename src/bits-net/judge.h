/*
 * The judge: whether an answer's body may go into the file, and where. Pure. Its one promise: bytes
 * of two versions of a remote file never meet in one local file, and an error page never becomes a
 * file.
 */
#pragma once

#include "answer.h"
#include "failure.h"
#include "wire/net.h"

typedef enum AskKind {
        ASK_WHOLE,    /* plain GET */
        ASK_IF_RANGE, /* Range from begin, If-Range: the strongest validator */
        ASK_RANGE,    /* Range alone: for servers that answer 200 to every If-Range */
} AskKind;

typedef struct Ask {
        AskKind kind;
        uint64_t begin;         /* bytes that are there */
        NetValidator validator; /* of those bytes; begin 0: unused */
} Ask;

typedef enum Verdict {
        VERDICT_CONTINUE, /* the body goes to offset begin (0 for the whole file) */
        VERDICT_RESTART,  /* the body is the whole file, of another version than the begin bytes */
        VERDICT_COMPLETE, /* nothing is missing */
        VERDICT_AGAIN,    /* this answer is no use: ask as `again` says */
        VERDICT_FAIL,
} Verdict;

typedef struct Judgement {
        Verdict verdict;
        AskKind again;          /* AGAIN; never a kind asked before, so that it ends */
        NetValidator validator; /* CONTINUE, RESTART, COMPLETE: of the whole file */
        Failure failure;        /* FAIL */
} Judgement;

/* The first kind to try: ranged only when the bytes have a validator that can prove their version.
 */
AskKind ask_kind(const Ask *ask);

Judgement judge(const Ask *ask, const Answer *answer);
