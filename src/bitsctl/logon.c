#include "logon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "command.h"
#include "format.h"
#include "password.h"

static const char *const results[] = {
        /* of LogonResult */
        [LOGON_FAILURE] = "the account is unknown or the password is wrong",
        [LOGON_ACCOUNT_EXPIRED] = "the account has expired",
        [LOGON_PASSWORD_EXPIRED] = "the password has expired and must be changed",
        [LOGON_ACCOUNT_LOCKED_OUT] = "the account is locked out after too many failures",
        [LOGON_RESTRICTED] = "the rules for this account refuse a log-on now",
        [LOGON_NOT_GRANTED] = "this account may not be logged on here",
};

static const char *error_text(int error)
{
        switch (-error) {
        case EACCES:
                return "programs in a sandbox (NoNewPrivs) are refused";
        case EPERM:
                return "a person's own service can only be that person: logging another account on "
                       "needs the system service, which root installs and starts (bitsd)";
        case EDQUOT:
        case EMFILE:
                return "too many log-ons are in use";
        case ENOPKG:
                return "the PAM service bits-logon is not installed";
        case ETIMEDOUT:
                return "the log-on service did not answer in time";
        case ECONNREFUSED:
        case ENOENT:
                return "the service's identity socket does not answer";
        default:
                return strerror(-error);
        }
}

static int say_failure(const Service *service, const char *account, int r)
{
        const char *text = "the log-on failed";

        if (r < 0)
                text = error_text(r);
        else if ((size_t)r < ELEMENTS(results) && results[r])
                text = results[r];
        service_say(service, "log-on of %s: %s", account, text);
        return EXIT_FAILED;
}

static int read_password(const Service *service, const char *account, int fd,
                         char ret[PASSWORD_SIZE])
{
        char prompt[2 * FORMAT_SIZE];
        int r;

        (void)snprintf(prompt, sizeof(prompt), "Password of %.64s: ", account);
        r = password_read(fd, prompt, ret);
        if (r == -ECANCELED)
                return LOGON_CANCELLED;
        if (r == 0)
                return EXIT_DONE;
        service_say(service, "the password of %s: %s", account,
                    r == -ENODATA    ? "none was given"
                    : r == -EMSGSIZE ? "it is too long"
                                     : strerror(-r));
        return EXIT_FAILED;
}

int logon_helper(const Service *service, const char *account, int password_fd, int *ret_fd)
{
        _cleanup_(freep) char *clean = format_clean(account);
        char password[PASSWORD_SIZE];
        Identity identity;
        int r;

        if (!clean)
                return EXIT_FAILED;
        r = read_password(service, clean, password_fd, password);
        if (r != EXIT_DONE)
                return r;
        r = service_identity(service, &identity);
        if (r == 0)
                r = identity_logon(&identity, account, password, TOKEN_LOCAL_FILE | TOKEN_NETWORK,
                                   ret_fd);
        explicit_bzero(password, sizeof(password));
        return r == 0 ? EXIT_DONE : say_failure(service, clean, r);
}
