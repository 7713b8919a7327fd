/*
 * A connection to the identity socket: HELLO, one request, one reply. Who asks is what the kernel
 * says of the connection; nothing a caller does blocks another, and no descriptor of his is ever
 * taken in (closing one may block): the request is looked at where it lies, and a log-on's pipe is
 * received by bits-become.
 */
#pragma once

#include "bitsd.h"

#define CALLERS_PER_UID_MAX 8
#define CALLERS_MAX         64
#define LOGONS_PER_UID_MAX  4

/* Whoever has connected before then has waited. Safe to call again. */
int caller_listen(Bitsd *bitsd);
void caller_drop_all(Bitsd *bitsd);
