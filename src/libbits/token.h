/* A token: somebody's identity as a descriptor that bitsd knows. Shared by its handles and by the
 * threads that impersonate it; the descriptor is closed with the last reference. */
#pragma once

#include <stdbool.h>

#include <windef.h>

typedef struct Token Token;

/* Takes fd, also on failure (NULL: no memory). own: it names this very process's identity. */
Token *token_new(int fd, bool own);
Token *token_ref(Token *token); /* NULL is accepted */
Token *token_unref(Token *token);

int token_fd(const Token *token); /* borrowed */
bool token_is_own(const Token *token);

/* A token of this process for its own jobs; a Win32 error or ERROR_SUCCESS. */
DWORD token_of_process(Token **ret);

/* Puts the token, whose reference it takes, behind a new handle; leaves the last error. */
BOOL token_to_handle(Token *token, HANDLE *ret);
