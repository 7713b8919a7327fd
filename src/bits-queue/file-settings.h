/*
 * What an owner changes about a file that is in a job: where it comes from, and whether what came
 * is good.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>

#include "done.h"

typedef struct File File;
typedef struct Job Job;

/* SetRemoteName and ReplaceRemotePrefix: seen at once, used and stored from the next Resume on; a
 * restart of the service before that forgets it. Names are checked as AddFile does (E_INVALIDARG).
 * ReplaceRemotePrefix changes all that match or none; S_FALSE when there is none. Reply after
 * job_commit(). */
HRESULT file_set_remote_name(File *file, const char *name);
HRESULT job_replace_remote_prefix(Job *job, const char *old, const char *new);

/* For Resume: the new names become the files' own, in the open transaction. */
void job_adopt_remote_names(Job *job);

/* SetValidationState. E_PENDING: the file is not whole yet. When good is false, its job goes to
 * ERROR and the file starts anew. */
void file_set_validation(File *file, bool good, Done done);

/* Its temporary file becomes an orphan, and the next transfer starts anew; in the open transaction.
 * 0 or -errno. */
int file_start_over(File *file);
