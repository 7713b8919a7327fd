/* CoInitializeSecurity, CoSetProxyBlanket and what follows from them. Authentication is the
 * kernel's (SO_PEERCRED), so of all their parameters the impersonation level and the cloaking
 * matter. */
#include "libbits/security.h"

#include <pthread.h>

#include "base/cleanup.h"
#include "libbits/apartment.h"
#include "libbits/enumerator.h"
#include "libbits/error.h"
#include "libbits/file.h"
#include "libbits/impersonation.h"
#include "libbits/job.h"
#include "libbits/manager.h"

#define CLOAKING (EOAC_STATIC_CLOAKING | EOAC_DYNAMIC_CLOAKING)

static struct {
        pthread_mutex_t lock; /* also of every Blanket */
        bool set;             /* by CoInitializeSecurity, or by the first call */
        DWORD level, cloaking;
} process = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = RPC_C_IMP_LEVEL_IDENTIFY};

static bool is_valid(DWORD level, DWORD capabilities)
{
        return level <= RPC_C_IMP_LEVEL_DELEGATE && (capabilities & CLOAKING) != CLOAKING;
}

HRESULT CoInitializeSecurity(PSECURITY_DESCRIPTOR pSecDesc, LONG cAuthSvc,
                             SOLE_AUTHENTICATION_SERVICE *asAuthSvc, void *pReserved1,
                             DWORD dwAuthnLevel, DWORD dwImpLevel, void *pAuthList,
                             DWORD dwCapabilities, void *pReserved3)
{
        Apartment *apartment = apartment_current();
        HRESULT hr = S_OK;

        (void)pSecDesc;
        (void)cAuthSvc;
        (void)asAuthSvc;
        (void)pReserved1;
        (void)dwAuthnLevel;
        (void)pAuthList;
        (void)pReserved3;
        if (!apartment)
                return CO_E_NOTINITIALIZED;
        apartment_unref(apartment);
        if (!is_valid(dwImpLevel, dwCapabilities))
                return E_INVALIDARG;
        pthread_mutex_lock(&process.lock);
        if (process.set)
                hr = RPC_E_TOO_LATE;
        else {
                process.set = true;
                process.level = dwImpLevel ? dwImpLevel : RPC_C_IMP_LEVEL_IDENTIFY;
                process.cloaking = dwCapabilities & CLOAKING;
        }
        pthread_mutex_unlock(&process.lock);
        return hr;
}

/* ---- blankets: under the lock ------------------------------------------------------------------
 */

static DWORD level_of(const Blanket *blanket)
{
        return blanket->level ? blanket->level : process.level;
}

static DWORD cloaking_of(const Blanket *blanket)
{
        return blanket->capabilities & EOAC_DEFAULT ? process.cloaking
                                                    : blanket->capabilities & CLOAKING;
}

static void capture(Blanket *blanket)
{
        if (cloaking_of(blanket) != EOAC_STATIC_CLOAKING || blanket->captured)
                return;
        blanket->captured = true;
        blanket->token = impersonation_current();
}

static Token *identity_of(const Blanket *blanket)
{
        switch (cloaking_of(blanket)) {
        case EOAC_DYNAMIC_CLOAKING:
                return impersonation_current();
        case EOAC_STATIC_CLOAKING:
                return token_ref(blanket->token);
        default:
                return NULL;
        }
}

/* ---- and for the others ------------------------------------------------------------------------
 */

void blanket_clear(Blanket *blanket)
{
        blanket->token = token_unref(blanket->token);
        blanket->captured = false;
}

HRESULT blanket_check(Blanket *blanket)
{
        HRESULT hr;

        pthread_mutex_lock(&process.lock);
        process.set = true;
        capture(blanket);
        hr = level_of(blanket) < RPC_C_IMP_LEVEL_IDENTIFY ? E_ACCESSDENIED : S_OK;
        pthread_mutex_unlock(&process.lock);
        return hr;
}

HRESULT blanket_check_own(Blanket *blanket)
{
        HRESULT hr = blanket_check(blanket);
        Token *token;

        if (FAILED(hr))
                return hr;
        pthread_mutex_lock(&process.lock);
        token = identity_of(blanket);
        pthread_mutex_unlock(&process.lock);
        if (!token)
                return S_OK;
        token_unref(token);
        return E_ACCESSDENIED;
}

HRESULT blanket_impersonate(Blanket *blanket, Token **ret)
{
        HRESULT hr = blanket_check(blanket);

        if (FAILED(hr))
                return hr;
        pthread_mutex_lock(&process.lock);
        if (level_of(blanket) < RPC_C_IMP_LEVEL_IMPERSONATE)
                hr = CO_E_FAILEDTOIMPERSONATE;
        else
                *ret = identity_of(blanket);
        pthread_mutex_unlock(&process.lock);
        return hr;
}

/* The blanket of one of our interface pointers; NULL for a stranger's. */
static Blanket *blanket_of(const IUnknown *proxy)
{
        static Blanket *(*const kinds[])(const IUnknown *proxy) = {
                manager_blanket, job_blanket,   job_options_blanket, job_http_blanket,
                file_blanket,    error_blanket, enumerator_blanket,
        };
        Blanket *blanket = NULL;

        for (size_t i = 0; i < ELEMENTS(kinds) && !blanket; i++)
                blanket = kinds[i](proxy);
        return blanket;
}

HRESULT CoSetProxyBlanket(IUnknown *pProxy, DWORD dwAuthnSvc, DWORD dwAuthzSvc,
                          WCHAR *pServerPrincName, DWORD dwAuthnLevel, DWORD dwImpLevel,
                          RPC_AUTH_IDENTITY_HANDLE pAuthInfo, DWORD dwCapabilities)
{
        Blanket *blanket;

        (void)dwAuthnSvc;
        (void)dwAuthzSvc;
        (void)pServerPrincName;
        (void)dwAuthnLevel;
        (void)pAuthInfo;
        if (!pProxy || !is_valid(dwImpLevel, dwCapabilities))
                return E_INVALIDARG;
        blanket = blanket_of(pProxy);
        if (!blanket)
                return E_NOINTERFACE;
        pthread_mutex_lock(&process.lock);
        blanket_clear(blanket);
        blanket->level = dwImpLevel;
        blanket->capabilities = dwCapabilities;
        capture(blanket);
        pthread_mutex_unlock(&process.lock);
        return S_OK;
}
