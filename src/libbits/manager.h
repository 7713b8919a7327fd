/* IBackgroundCopyManager: the service as a whole. */
#pragma once

#include <bits.h>

#include "libbits/security.h"

HRESULT manager_new(IBackgroundCopyManager **ret);

/* The service's text of a code; GetErrorDescription of manager and errors. */
HRESULT manager_describe(HRESULT code, DWORD language, LPWSTR *ret);

Blanket *manager_blanket(const IUnknown *proxy); /* NULL: not a manager of ours */
