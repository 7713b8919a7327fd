/*
 * Is a packet a FileRequest that we may work on? A pure function of its bytes, because they come
 * from another process: nothing after it has to doubt sizes, terminators or names.
 */
#pragma once

#include <stddef.h>

#include "wire/file.h"

/* 0 when the size bytes at data are one complete request, else -EPROTO. data needs no alignment. */
int file_request_check(const void *data, size_t size);
/* The same for a FileCertificate. */
int file_certificate_check(const void *data, size_t size);
