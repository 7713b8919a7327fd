/* What the library keeps of a thread: its message queue, its apartment, whom it impersonates. Freed
 * when the thread ends, whether it cleaned up or not. */
#pragma once

#include <windef.h>

#include "libbits/token.h"

typedef struct Apartment Apartment;
typedef struct MessageQueue MessageQueue;

typedef struct Thread {
        MessageQueue *queue;    /* made on first use: message.c */
        Apartment *apartment;   /* apartment.c */
        unsigned n_initialised; /* successful CoInitializeEx without CoUninitialize */
        Token *token;           /* impersonation.c; NULL: the process's own identity */
} Thread;

Thread *thread_self(void); /* NULL without memory */
