/*
 * What bits-file does for each request, in two halves, so that many share what the disk needs to
 * make them durable. The first does all of it but that, with a request that has passed
 * file_request_check() and an open directory that is the one of the request. The second hears how
 * the flush went, and what it returns is the answer's result.
 */
#pragma once

#include "directory.h"
#include "wire/file.h"

typedef struct Call {
        const FileRequest *request;
        const char *name; /* the final name in the directory */
        Directory directory;
        FileReply *reply; /* all but header and result may be filled */
        int file;         /* what is to be flushed, or -1; the caller closes it */
        int fd;           /* the descriptor to pass, or -1; the caller closes it */
} Call;

enum {
        CALL_FLUSH = 1, /* a first half: all is done but the flush and the second half */
};

/* First halves: CALL_FLUSH; 0 or -errno: the result, and there is no second half. */
int handle_check(Call *call);       /* check.c */
int handle_open_source(Call *call); /* source.c */
int handle_open_temp(Call *call);   /* open.c */
int handle_resume_temp(Call *call); /* open.c */
int handle_seal(Call *call);        /* seal.c */
int handle_finish(Call *call);      /* finish.c */
int handle_discard(Call *call);     /* finish.c */

/* Second halves; flushed: 0 or -errno. */
int conclude_open_temp(Call *call, int flushed);
int conclude_seal(Call *call, int flushed);
int conclude_finish(Call *call, int flushed);
int conclude_discard(Call *call, int flushed);
