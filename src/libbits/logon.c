/* LogonUser. Invariant: no copy of the password that we make outlives the call. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <windows.h>

#include "base/cleanup.h"
#include "libbits/service.h"
#include "libbits/text.h"
#include "libbits/token.h"

enum {
        HOST_SIZE = 256,
};

static bool is_type(DWORD type)
{
        return (type >= LOGON32_LOGON_INTERACTIVE && type <= LOGON32_LOGON_SERVICE) ||
               type == LOGON32_LOGON_UNLOCK || type == LOGON32_LOGON_NETWORK_CLEARTEXT;
}

static bool is_this_host(const char *domain)
{
        char host[HOST_SIZE];
        size_t first;

        if (domain[0] == 0 || strcmp(domain, ".") == 0)
                return true;
        if (gethostname(host, sizeof(host)) < 0)
                return false;
        host[sizeof(host) - 1] = 0;
        first = strcspn(host, ".");
        return strcasecmp(domain, host) == 0 ||
               (strlen(domain) == first && strncasecmp(domain, host, first) == 0);
}

/* The account as PAM knows it; -1 when it does not fit. */
static int account_name(const char *user, const char *domain, char ret[WIRE_ACCOUNT_SIZE])
{
        bool local = !domain || is_this_host(domain);
        int n = snprintf(ret, WIRE_ACCOUNT_SIZE, "%s%s%s", user, local ? "" : "@",
                         local ? "" : domain);

        return n < 0 || n >= WIRE_ACCOUNT_SIZE ? -1 : 0;
}

static DWORD logon_error(int result)
{
        static const DWORD codes[] = {
                [LOGON_FAILURE] = ERROR_LOGON_FAILURE,
                [LOGON_ACCOUNT_EXPIRED] = ERROR_ACCOUNT_EXPIRED,
                [LOGON_PASSWORD_EXPIRED] = ERROR_PASSWORD_EXPIRED,
                [LOGON_ACCOUNT_LOCKED_OUT] = ERROR_ACCOUNT_LOCKED_OUT,
                [LOGON_RESTRICTED] = ERROR_ACCOUNT_RESTRICTION,
                [LOGON_NOT_GRANTED] = ERROR_LOGON_TYPE_NOT_GRANTED,
        };

        if (result < 0)
                return service_error(result);
        return (size_t)result < ELEMENTS(codes) ? codes[result] : ERROR_LOGON_FAILURE;
}

/* The password is wiped by whoever called; identity_logon() wipes it too. */
static DWORD log_on(const char *user, const char *domain, char *password, Token **ret)
{
        char account[WIRE_ACCOUNT_SIZE];
        Identity identity;
        DWORD error;
        int r, fd;

        if (account_name(user, domain, account) < 0)
                return ERROR_LOGON_FAILURE; /* nobody has such a name */
        error = service_identity(&identity);
        if (error)
                return error;
        r = identity_logon(&identity, account, password, TOKEN_LOCAL_FILE | TOKEN_NETWORK, &fd);
        if (r != 0)
                return logon_error(r);
        *ret = token_new(fd, false);
        return *ret ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
}

static BOOL finish(DWORD error, Token *token, HANDLE *ret)
{
        if (error) {
                SetLastError(error);
                return FALSE;
        }
        return token_to_handle(token, ret);
}

BOOL LogonUserA(LPCSTR lpszUsername, LPCSTR lpszDomain, LPCSTR lpszPassword, DWORD dwLogonType,
                DWORD dwLogonProvider, PHANDLE phToken)
{
        _cleanup_(text_wipep) char *password = NULL;
        Token *token = NULL;
        DWORD error;

        if (!lpszUsername || !lpszPassword || !phToken || !is_type(dwLogonType) ||
            dwLogonProvider > LOGON32_PROVIDER_WINNT50)
                return finish(ERROR_INVALID_PARAMETER, NULL, NULL);
        password = strdup(lpszPassword);
        error = password ? log_on(lpszUsername, lpszDomain, password, &token)
                         : ERROR_NOT_ENOUGH_MEMORY;
        return finish(error, token, phToken);
}

static DWORD to_utf8(LPCWSTR text, char **ret)
{
        int r = text ? text_to_utf8(text, ret) : 0;

        return r == 0         ? ERROR_SUCCESS
               : r == -ENOMEM ? ERROR_NOT_ENOUGH_MEMORY
                              : ERROR_INVALID_PARAMETER;
}

BOOL LogonUserW(LPCWSTR lpszUsername, LPCWSTR lpszDomain, LPCWSTR lpszPassword, DWORD dwLogonType,
                DWORD dwLogonProvider, PHANDLE phToken)
{
        _cleanup_(freep) char *user = NULL, *domain = NULL;
        _cleanup_(text_wipep) char *password = NULL;
        DWORD error;

        error = to_utf8(lpszUsername, &user);
        if (!error)
                error = to_utf8(lpszDomain, &domain);
        if (!error)
                error = to_utf8(lpszPassword, &password);
        if (error)
                return finish(error, NULL, NULL);
        return LogonUserA(user, domain, password, dwLogonType, dwLogonProvider, phToken);
}
