/*
 * The program's callback objects: which job has one, and the service's calls to it, each carried to
 * the object's apartment and answered with what the object returned.
 */
#pragma once

#include <systemd/sd-bus.h>

#include <bits.h>

#include "libbits/apartment.h"
#include "libbits/call.h"

/* Registers object (NULL: nobody) with the service for the job of that path, which remote names
 * too. */
HRESULT callback_set(const Remote *remote, IUnknown *object);
/* The same for the object that judges servers' certificates. */
HRESULT callback_set_validation(const Remote *remote, IUnknown *object);
IUnknown *callback_get(const char *job_path); /* AddRef'ed; NULL: none of this process's */

void callback_forget_job(const char *job_path);
void callback_forget_apartment(const Apartment *apartment);
void callback_forget_connection(uint64_t serial); /* the service has lost them as well */

/* The object that the service calls; under the connection's lock. */
int callback_export(sd_bus *bus, uint64_t serial);

void callback_after_fork(void);
