/* Impersonation: a token that the thread holds. It changes nothing by itself; security.c asks for
 * it. */
#include "libbits/impersonation.h"

#include <windows.h>

#include "libbits/handle.h"
#include "libbits/thread.h"

Token *impersonation_current(void)
{
        const Thread *thread = thread_self();

        if (!thread || !thread->token || token_is_own(thread->token))
                return NULL;
        return token_ref(thread->token);
}

BOOL ImpersonateLoggedOnUser(HANDLE hToken)
{
        Thread *thread = thread_self();
        Token *token;

        if (!thread) {
                SetLastError(ERROR_NOT_ENOUGH_MEMORY);
                return FALSE;
        }
        token = handle_token(hToken);
        if (!token) {
                SetLastError(ERROR_INVALID_HANDLE);
                return FALSE;
        }
        token_unref(thread->token);
        thread->token = token;
        return TRUE;
}

BOOL RevertToSelf(void)
{
        Thread *thread = thread_self();

        if (thread)
                thread->token = token_unref(thread->token);
        return TRUE;
}

BOOL OpenThreadToken(HANDLE ThreadHandle, DWORD DesiredAccess, BOOL OpenAsSelf, PHANDLE TokenHandle)
{
        Thread *thread = thread_self();

        (void)DesiredAccess;
        (void)OpenAsSelf;
        if (!TokenHandle)
                SetLastError(ERROR_INVALID_PARAMETER);
        else if (ThreadHandle != GetCurrentThread())
                SetLastError(ERROR_INVALID_HANDLE);
        else if (!thread || !thread->token)
                SetLastError(ERROR_NO_TOKEN);
        else
                return token_to_handle(token_ref(thread->token), TokenHandle);
        return FALSE;
}
