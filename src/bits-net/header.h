/*
 * Header: the text of an answer's header block, for NET_HEADERS. Like Answer built line by line,
 * and begun anew by a status line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/net.h"

typedef struct Header {
        NetHeaders *message; /* NULL: nothing yet */
        size_t size;         /* of its text, without the NUL */
        bool complete;       /* the empty line was seen: what follows are trailers */
} Header;

void header_deinit(Header *header);

/* -EMSGSIZE: it is too large to be told; -EBADMSG: there is a NUL in it; -ENOMEM. */
int header_line(Header *header, const char *line, size_t size);
