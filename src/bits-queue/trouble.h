/*
 * A store that cannot be written: full, failing, or damaged. From the first commit that fails until
 * one succeeds, memory never claims what the store does not have: what failed is undone in memory,
 * calls that change something are refused with the disk's error (bus/objects.c), nothing moves, and
 * a reserve on the disk lets jobs be cancelled. By itself all goes on when there is room.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>

typedef struct Queue Queue;
typedef struct Trouble Trouble;

/* Makes the reserve; a store that is full already is trouble from the start, and no failure. */
int trouble_new(Queue *queue, Trouble **ret);
Trouble *trouble_free(Trouble *trouble); /* NULL */

/* 0, or -errno of the store. */
int trouble_error(const Trouble *trouble);
HRESULT trouble_hresult(int error); /* of -errno of the store */

/* For commit.c, when a transaction has failed: undoes it. Then those who wait for it are told, then
 * memory follows the store. */
void trouble_begin(Trouble *trouble, int error);
void trouble_follow(Trouble *trouble);

/* Gives the reserve away for a job that leaves. false: it is gone already. */
bool trouble_spend_reserve(Trouble *trouble);

/* The database is damaged (-EUCLEAN): the process ends, and the next one repairs it. */
void trouble_damaged(Queue *queue);
