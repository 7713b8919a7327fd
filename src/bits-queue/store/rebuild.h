/*
 * Filling a new database from an old one, row by row (rebuild.c). Only for store.c.
 */
#pragma once

#include "store/row.h"

/* Copies everything of old, of that schema version, into store, which is empty, and commits; says
 * in the log what it came to. Damage in old is no error: what cannot be read is counted. */
int store_carry_over(Store *store, sqlite3 *old, int64_t version);
