/*
 * What bits-file does for each request. A handler gets a request that has passed
 * file_request_check() and an open directory that is the one of the request; what it returns is the
 * answer's result.
 */
#pragma once

#include "directory.h"
#include "wire/file.h"

typedef struct Call {
        const FileRequest *request;
        const char *name; /* the final name in the directory */
        Directory directory;
        FileReply *reply; /* all but header and result may be filled */
        int fd;           /* the descriptor to pass, or -1; the caller closes it */
} Call;

int handle_check(Call *call);       /* check.c */
int handle_open_source(Call *call); /* source.c */
int handle_open_temp(Call *call);   /* open.c */
int handle_resume_temp(Call *call); /* open.c */
int handle_seal(Call *call);        /* seal.c */
int handle_finish(Call *call);      /* finish.c */
int handle_discard(Call *call);     /* finish.c */
