/*
 * Is a packet a NotifyRun that we may carry out? A pure function of its bytes, because they come
 * from another process.
 */
#pragma once

#include <stddef.h>

#include "wire/notify.h"

/* 0 when the size bytes at data are one complete order, else -EPROTO. data needs no alignment. */
int notify_run_check(const void *data, size_t size);
