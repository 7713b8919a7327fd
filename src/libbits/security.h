/*
 * A proxy's security: how far the service may go with the caller's identity, and which identity
 * that is. Every interface pointer has a blanket of its own; unset, it follows the process's.
 */
#pragma once

#include <stdbool.h>

#include <objbase.h>

#include "libbits/token.h"

typedef struct Blanket {
        DWORD level;        /* RPC_C_IMP_LEVEL_*; DEFAULT: the process's */
        DWORD capabilities; /* EOAC_*; DEFAULT: the process's */
        bool captured;      /* static cloaking: token is the identity from now on */
        Token *token;
} Blanket;

#define BLANKET_DEFAULT                                                                            \
        (Blanket)                                                                                  \
        {                                                                                          \
                .level = RPC_C_IMP_LEVEL_DEFAULT, .capabilities = EOAC_DEFAULT                     \
        }

void blanket_clear(Blanket *blanket);

/* Before each call to the service: E_ACCESSDENIED when it may not even learn who calls. Fixes the
 * identity of static cloaking, and the process's security. */
HRESULT blanket_check(Blanket *blanket);

/* Before a call that would act as the impersonated user: E_ACCESSDENIED. */
HRESULT blanket_check_own(Blanket *blanket);

/* For SetHelperToken: CO_E_FAILEDTOIMPERSONATE, or the impersonated token with a reference, NULL
 * for the process's own. */
HRESULT blanket_impersonate(Blanket *blanket, Token **ret);
