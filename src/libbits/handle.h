/*
 * Handles: numbers that look like pointers, checked against a table at every use, so that a stale
 * one is an error and never a crash. Tokens are the only objects behind them.
 */
#pragma once

#include <windef.h>

#include "libbits/token.h"

/* Takes the token's reference, also on failure: ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_ENOUGH_QUOTA. */
DWORD handle_new(Token *token, HANDLE *ret);

/* The token, with a reference of the caller's own; NULL for what is no such handle. */
Token *handle_token(HANDLE handle);
