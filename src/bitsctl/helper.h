/* The helper token of a job: setting it by a descriptor. Shared by token and transfer. */
#pragma once

#include <stdint.h>

#include "service.h"

int helper_set(Service *service, const char *path, int token); /* results of service_call() */
int helper_set_uses(Service *service, const char *path, uint32_t uses);
