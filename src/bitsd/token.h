/*
 * The registry of tokens: which sockets are tokens, whose, and for what. Only a socket whose cookie
 * is in here is one, whatever its credentials say. An entry lives until the last holder has closed
 * his end, it is revoked, or bitsd ends.
 */
#pragma once

#include "bitsd.h"

#define TOKENS_PER_UID_MAX 256
#define TOKENS_MAX         4096

struct Token {
        Bitsd *bitsd;
        uint64_t cookie; /* of the holder's end */
        int keep;        /* our end; closing it is what the holder sees */
        sd_event_source *hangup;
        uid_t uid, audience;
        uint32_t uses;
        bool by_logon; /* of audience's, who knew the password */
        char account[WIRE_ACCOUNT_SIZE];
        LIST_ENTRY(Token) link; /* Bitsd.tokens */
};

typedef struct TokenTerms {
        uid_t uid, audience;
        uint32_t uses;
        bool by_logon;
        const char *account;
} TokenTerms;

/* 0; -EDQUOT too many of uid's, -EMFILE too many in all. */
int token_room(const Bitsd *bitsd, uid_t uid);
/* Registers hold as a token of terms->uid, which must have made it. Takes *keep over on success. */
int token_add(Bitsd *bitsd, const TokenTerms *terms, int *keep, int hold);
/* The token that fd is, or NULL. */
Token *token_find(const Bitsd *bitsd, int fd);
/* By today's AdminGroup and the groups the token has had from the start. What cannot be told is an
 * administrator's, whose tokens serve fewer. */
bool token_is_administrator(const Token *token);
/* Hangs up and ends the workers started from it. */
void token_drop(Token *token, const char *reason);
void token_drop_all_of(Bitsd *bitsd, uid_t uid, const char *reason);
