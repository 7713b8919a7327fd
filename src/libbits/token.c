/* Tokens, and the calls that make handles of them. Who may have one is bitsd's business, and what a
 * descriptor is worth is seen by the service that gets it. */
#include "libbits/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bits4_0.h>
#include <windows.h>

#include "base/cleanup.h"
#include "libbits/handle.h"
#include "libbits/service.h"

struct Token {
        atomic_uint refs;
        int fd;
        bool own;
};

Token *token_new(int fd, bool own)
{
        Token *token = malloc(sizeof(*token));

        if (!token) {
                close(fd);
                return NULL;
        }
        *token = (Token){.refs = 1, .fd = fd, .own = own};
        return token;
}

Token *token_ref(Token *token)
{
        if (token)
                atomic_fetch_add(&token->refs, 1);
        return token;
}

Token *token_unref(Token *token)
{
        if (token && atomic_fetch_sub(&token->refs, 1) == 1) {
                close(token->fd);
                free(token);
        }
        return NULL;
}

int token_fd(const Token *token)
{
        return token->fd;
}

bool token_is_own(const Token *token)
{
        return token->own;
}

BOOL token_to_handle(Token *token, HANDLE *ret)
{
        DWORD error = token ? handle_new(token, ret) : ERROR_NOT_ENOUGH_MEMORY;

        if (error)
                SetLastError(error);
        return error == ERROR_SUCCESS;
}

static DWORD mint(uid_t audience, DWORD uses, int *ret_fd)
{
        Identity identity;
        DWORD error = service_identity(&identity);
        int r;

        if (error)
                return error;
        r = identity_mint(&identity, audience, uses, ret_fd);
        return r == 0 ? ERROR_SUCCESS : service_error(r);
}

DWORD token_of_process(Token **ret)
{
        DWORD error;
        int fd;

        error = mint(geteuid(), TOKEN_LOCAL_FILE | TOKEN_NETWORK, &fd);
        if (error)
                return error;
        *ret = token_new(fd, true);
        return *ret ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
}

static BOOL fail(DWORD error)
{
        SetLastError(error);
        return FALSE;
}

BOOL OpenProcessToken(HANDLE ProcessHandle, DWORD DesiredAccess, PHANDLE TokenHandle)
{
        Token *token;
        DWORD error;

        (void)DesiredAccess;
        if (!TokenHandle)
                return fail(ERROR_INVALID_PARAMETER);
        if (ProcessHandle != GetCurrentProcess())
                return fail(ERROR_INVALID_HANDLE);
        error = token_of_process(&token);
        return error ? fail(error) : token_to_handle(token, TokenHandle);
}

BOOL bits_token_new(uint32_t audience_uid, DWORD usage, PHANDLE ret_token)
{
        DWORD error;
        int fd;

        if (!ret_token || usage == 0 || usage & ~(BG_TOKEN_LOCAL_FILE | BG_TOKEN_NETWORK) ||
            audience_uid == (uint32_t)-1)
                return fail(ERROR_INVALID_PARAMETER);
        error = mint(audience_uid, usage, &fd);
        return error ? fail(error)
                     : token_to_handle(token_new(fd, audience_uid == geteuid()), ret_token);
}

BOOL bits_token_from_fd(int fd, PHANDLE ret_token)
{
        struct stat st;
        int copy;

        if (!ret_token)
                return fail(ERROR_INVALID_PARAMETER);
        if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
                return fail(ERROR_INVALID_HANDLE);
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
                return fail(ERROR_TOO_MANY_OPEN_FILES);
        return token_to_handle(token_new(copy, false), ret_token);
}

int bits_token_fd(HANDLE handle)
{
        Token *token = handle_token(handle);
        int fd;

        if (!token) {
                SetLastError(ERROR_INVALID_HANDLE);
                return -1;
        }
        fd = token->fd; /* the handle keeps it open */
        token_unref(token);
        return fd;
}
