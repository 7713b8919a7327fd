/*
 * Temporary files that no job has any more and that could not be deleted yet. They are kept in the
 * store and deleted by the next bits-file of their uid: one at a time, and those of other owners'
 * jobs by a process apart, since their paths were not this owner's choice and may hang.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "done.h"
#include "worker.h"

typedef struct File File;
typedef struct Orphanage Orphanage;
typedef struct Queue Queue;

int orphanage_new(Queue *queue, Orphanage **ret); /* loads the store's */
Orphanage *orphanage_free(Orphanage *orphanage);  /* NULL */

/* Makes file's temporary file, if there is one, an orphan, in the open transaction. 0 or -errno. */
int orphanage_adopt(Orphanage *orphanage, const File *file);

/* The owner's jobs have left so many that he shall make no new temporary file. */
bool orphanage_is_full(const Orphanage *orphanage, uid_t owner);

/* After the commit, or the rollback, of what was adopted. NULL is nothing. */
void orphanage_settle(Orphanage *orphanage, bool committed);

/* Tries to delete, once, what that identity (of uid) may delete. */
void orphanage_sweep(Orphanage *orphanage, uid_t uid, Identity identity);

/* The same, and says how it went: S_OK when no orphan of the owner's jobs with that uid is left,
 * else BG_S_UNABLE_TO_DELETE_FILES. */
void orphanage_sweep_then(Orphanage *orphanage, uid_t owner, uid_t uid, Identity identity,
                          Done done);
