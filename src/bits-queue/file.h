/*
 * A file of a job: names, what is known of the remote file, and how far the local one is. A plain
 * record; job.c, transfer.c and finish.c change it, store.c keeps it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "range.h"
#include "wire/file.h"
#include "wire/net.h"

typedef struct Job Job;
typedef struct Transfer Transfer;

typedef enum FileState {
        FILE_WAITING,  /* nothing, or a part, is there */
        FILE_RECEIVED, /* all bytes are durable, not sealed yet */
        FILE_SEALED,   /* whole, checked, in its temporary file */
        FILE_FINISHED, /* renamed to its final name */
} FileState;

typedef enum FileValidation { /* SetValidationState */
        VALIDATION_NONE,
        VALIDATION_GOOD,
        VALIDATION_BAD,
} FileValidation;

typedef struct FileTotals { /* of several files, or what one adds to them */
        uint64_t size;      /* of those whose size is known */
        uint64_t offset;    /* durable bytes */
        uint32_t n_unknown, n_sealed;
} FileTotals;

typedef struct File {
        Job *job;
        uint32_t index;
        FileState state;
        char *remote, *local;
        char *renamed; /* owned; in memory: takes remote's place at the next Resume; NULL: none */
        char temp[WIRE_TEMP_SIZE]; /* base name beside local; "" while there is none */
        uid_t temp_uid;            /* identity that made temp; (uid_t)-1: none */
        FileId id, directory;      /* of temp; all zero until committed */
        NetValidator validator;    /* of the bytes that are there */
        uint64_t size;             /* NET_SIZE_UNKNOWN */
        uint64_t offset;           /* durable bytes */
        uint64_t received;         /* at least offset; for display only */
        uint32_t hash;             /* FileHash: declared with the file, checked by the seal */
        uint8_t digest[64];        /* as long as the hash */
        FileValidation validation;
        bool announced;    /* FileTransferred was handled */
        FileRange *ranges; /* owned; those of AddFileWithRanges, in their order */
        size_t n_ranges;   /* 0: the whole file */
        /* For File6. A file that is filled from its begin has no list of what is filled: that is
         * [0, offset). Otherwise offset is the sum of the list. */
        FileRange *filled; /* owned; durable parts, ascending, merged */
        size_t n_filled;
        FileRange *requested; /* owned; disjoint, in the order of the requests; not filled yet */
        size_t n_requested;
        uint64_t position;  /* in memory: what is missing from here on comes first */
        bool displaced;     /* in memory: its owner was told that the directory is another */
        bool no_ranges;     /* in memory: the server does not serve them */
        unsigned restarts;  /* in memory: for another version, in a row */
        Transfer *transfer; /* while on the move */
        FileTotals stored;  /* what its row adds to job->stored; nothing before it has one */
} File;

File *file_new(Job *job, uint32_t index, const char *remote, const char *local);
File *file_free(File *file); /* NULL */
void filep_free(File **file);

/* What it takes of the memory, nearly. */
size_t file_footprint(const File *file);

FileTotals file_totals(const File *file);

/* Of a FileHash, in bytes; 0 for none. */
size_t hash_size(uint32_t hash);

/* Forgets everything about the local file but its names: the next transfer starts anew. */
void file_reset(File *file);

/* Forgets what was received, of a version that is gone; the local file stays, with nothing of use.
 */
void file_forget_bytes(File *file);

/* Durable parts, as a set of the caller's. 0 or -ENOMEM. */
int file_copy_filled(const File *file, FileRange **ret, size_t *ret_n);
/* A part became durable; what it answers is requested no more. 0 or -ENOMEM. */
int file_fill(File *file, FileRange part);
/* How long the temporary file must be to have all that is durable. */
uint64_t file_filled_end(const File *file);
/* Takes what is filled from requested. 0 or -ENOMEM. */
int file_prune_requested(File *file);
void file_drop_requested(File *file);

/* "/dir/BITxxxx.tmp" in ret; "" while there is none. */
void file_temporary_name(const File *file, char ret[WIRE_PATH_SIZE]);

/* As its owner sees it: what SetRemoteName gave it last. */
const char *file_remote_name(const File *file);

/* Rules of types.md, BG_FILE_INFO: a URL (url.h), or, where Windows has UNC names and drive
 * letters, a file of this machine by its absolute path, or as file:// URL (source.h). 0 or -EINVAL.
 */
int file_check_remote(const char *remote);
int file_check_local(const char *local);
