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
        bool ranged;    /* only these bytes are of use, never the whole file in their place */
        uint64_t begin; /* where in the remote file; not ranged: bytes that are there */
        uint64_t end;   /* ranged: the first byte not asked for; NET_SIZE_UNKNOWN */
        NetValidator validator; /* of the bytes that are there; not ranged, begin 0: unused */
        bool dynamic;           /* begin 0: a body may end with its connection */
} Ask;

typedef enum Verdict {
        VERDICT_CONTINUE, /* the body goes to offset begin (0 for the whole file) */
        VERDICT_RESTART,  /* the body is the whole file, of another version than the begin bytes */
        VERDICT_COMPLETE, /* nothing is missing */
        VERDICT_CHANGED,  /* ranged: another version than that of the bytes that are there */
        VERDICT_AGAIN,    /* this answer is no use: ask as `again` says */
        VERDICT_FAIL,
} Verdict;

typedef struct Judgement {
        Verdict verdict;
        AskKind again;          /* AGAIN; never a kind asked before, so that it ends */
        NetValidator validator; /* CONTINUE, RESTART, COMPLETE: of the whole file */
        Failure failure;        /* FAIL */
} Judgement;

/* Says the server enough about a version that bytes of two answers can be told to be of one? */
bool validator_proves(const NetValidator *validator);

/* The first kind to try: a Range beside bytes that are there only with a validator that can prove
 * their version. */
AskKind ask_kind(const Ask *ask);

Judgement judge(const Ask *ask, const Answer *answer);
