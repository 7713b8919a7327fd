/* The caller's own ticket: fetched from bitsd, handed to the service. */
#pragma once

#include <stdint.h>

#include "service.h"

/* 0, SERVICE_E_REFUSED, or -errno. *ret_expires_usec may be NULL. */
int ticket_store(Service *service, uint64_t *ret_expires_usec);

/* Why bitsd gave none: of a negative errno of the identity socket. */
const char *ticket_error_text(int error);
