/*
 * Is a packet a BecomeRequest that we may work on? A pure function of its bytes. It comes from
 * bitsd, whose every mistake would be made as root here: nothing after it has to doubt types, texts
 * or paths.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wire/become.h"

/* 0 or -EPROTO. data needs no alignment. */
int become_request_check(const void *data, size_t size, bool with_fd);
