/*
 * A helper token in the hands of a job: the descriptor, whose it is, and what to do when it hangs
 * up. Counted; never stored. One object for each token, however often its descriptor is handed in:
 * who compares pointers compares tokens.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

typedef struct HelperToken HelperToken;
typedef struct Queue Queue;

struct HelperToken {
        Queue *queue;
        LIST_ENTRY(HelperToken) link; /* Queue.tokens, once checked */
        unsigned refs;
        int fd;
        uint64_t cookie;
        uid_t uid;
        uid_t session_uid; /* in whose session it was made */
        uint32_t audience, uses;
        bool administrator;
        bool hung_up;
        void *watch; /* sd_event_source; NULL: not checked yet */
};

/* Asks bitsd whose token fd is, and answers with one reference: S_OK, or E_ACCESSDENIED when it is
 * none. Takes fd over in every case. */
void token_check(Queue *queue, int fd,
                 void (*answer)(void *userdata, HRESULT hr, HelperToken *token), void *userdata);

HelperToken *token_ref(HelperToken *token);
HelperToken *token_unref(HelperToken *token); /* NULL; the last one closes the descriptor */
