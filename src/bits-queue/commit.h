/*
 * Group commit: one transaction takes in everything that arrived while the last one was being
 * written, and no answer leaves before the commit that holds what it says (DESIGN.md §5).
 */
#pragma once

#include <stdbool.h>

#include "done.h"

typedef struct Committer Committer;
typedef struct Queue Queue;

int committer_new(Queue *queue, Committer **ret);
Committer *committer_free(Committer *committer); /* NULL; waiters are dropped */
bool committer_is_waiting(const Committer *committer);

/* Calls done with hr after the commit of everything written so far, or with the store's error when
 * that fails; after this iteration of the loop also when nothing is to be written. */
void commit_then(Queue *queue, HRESULT hr, Done done);

/* Writes what is open now, without waiting for the loop: for the end of the process. 0 or -errno.
 */
int commit_now(Queue *queue);
