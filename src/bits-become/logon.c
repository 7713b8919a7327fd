/*
 * A token by password. The password comes by a pipe, is seen by PAM alone, and is wiped; the answer
 * tells no more than LogonUser documents. Root cannot be logged on, and his password not be tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "config.h"
#include "task.h"
#include "wire/identity.h"

#define PASSWORD_SIZE 512 /* with the NUL */

/* What the conversation may give away, once. */
typedef struct Secret {
        char password[PASSWORD_SIZE];
        bool given;
} Secret;

static int answer_prompt(int n, const struct pam_message **messages,
                         struct pam_response **ret_responses, void *data)
{
        struct pam_response *responses;
        Secret *secret = data;
        int r = PAM_SUCCESS;

        responses = calloc((size_t)n, sizeof(*responses));
        if (!responses)
                return PAM_BUF_ERR;

        for (int i = 0; i < n && r == PAM_SUCCESS; i++) {
                int style = messages[i]->msg_style;

                if (style == PAM_ERROR_MSG || style == PAM_TEXT_INFO)
                        continue;
                if (style != PAM_PROMPT_ECHO_OFF || secret->given) {
                        r = PAM_CONV_ERR;
                        break;
                }
                secret->given = true;
                responses[i].resp = strdup(secret->password); /* PAM wipes and frees it */
                if (!responses[i].resp)
                        r = PAM_BUF_ERR;
        }

        if (r != PAM_SUCCESS) {
                for (int i = 0; i < n; i++)
                        if (responses[i].resp) {
                                explicit_bzero(responses[i].resp, strlen(responses[i].resp));
                                free(responses[i].resp);
                        }
                free(responses);
                return r;
        }
        *ret_responses = responses;
        return PAM_SUCCESS;
}

/* Reads to the end of the pipe. Nothing but a pipe is read: what else a caller could hand us may
 * hang, or hold what he may not read. */
static int read_password(int fd, char ret[PASSWORD_SIZE])
{
        size_t size = 0;

        if (fcntl(fd, F_GETPIPE_SZ) < 0 || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
                return -EPROTO;

        for (;;) {
                ssize_t n;

                if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1) < 0)
                        return -errno;
                n = read(fd, ret + size, PASSWORD_SIZE - size);
                if (n < 0 && errno != EAGAIN && errno != EINTR)
                        return -errno;
                if (n == 0)
                        break;
                if (n > 0)
                        size += (size_t)n;
                if (size == PASSWORD_SIZE)
                        return -EPROTO;
        }
        ret[size] = 0;
        return strlen(ret) == size ? 0 : -EPROTO;
}

/* The request was checked by bitsd while it lay in the queue; here only its pipe is wanted. */
static int receive_password(const Task *task, char ret[PASSWORD_SIZE])
{
        _cleanup_(closep) int pipe_fd = -1;
        IdentityRequest request;
        ssize_t n;

        n = packet_recv(task->fd, &request, sizeof(request), &pipe_fd);
        if (n != sizeof(request) || pipe_fd < 0)
                return -EPROTO;
        return read_password(pipe_fd, ret);
}

/* Some modules use the name in paths. */
static bool name_is_plain(const char *name)
{
        if (!*name || *name == '-' || *name == '.')
                return false;
        for (const char *c = name; *c; c++)
                if ((unsigned char)*c <= ' ' || strchr("/:\x7f", *c))
                        return false;
        return true;
}

static int authentication_result(int pam_result)
{
        switch (pam_result) {
        case PAM_SUCCESS:
                return 0;
        case PAM_MAXTRIES:
        case PAM_PERM_DENIED: /* pam_faillock, pam_tally */
                return LOGON_ACCOUNT_LOCKED_OUT;
        default:
                return LOGON_FAILURE;
        }
}

static int account_result(int pam_result)
{
        switch (pam_result) {
        case PAM_SUCCESS:
                return 0;
        case PAM_ACCT_EXPIRED:
                return LOGON_ACCOUNT_EXPIRED;
        case PAM_NEW_AUTHTOK_REQD:
        case PAM_AUTHTOK_EXPIRED:
                return LOGON_PASSWORD_EXPIRED;
        case PAM_AUTH_ERR: /* pam_nologin */
                return LOGON_NOT_GRANTED;
        case PAM_MAXTRIES:
                return LOGON_ACCOUNT_LOCKED_OUT;
        default:
                return LOGON_RESTRICTED;
        }
}

static int authenticate(pam_handle_t *pam, Secret *secret, Account *ret)
{
        const void *name = NULL;
        int r;

        r = authentication_result(pam_authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK));
        explicit_bzero(secret, sizeof(*secret));
        if (r != 0)
                return r;

        r = account_result(pam_acct_mgmt(pam, PAM_SILENT));
        if (r != 0)
                return r;

        if (pam_get_item(pam, PAM_USER, &name) != PAM_SUCCESS || !name)
                return -EIO;
        r = account_by_name(name, ret);
        if (r < 0)
                return r == -ENOENT ? LOGON_FAILURE : r;
        if (ret->uid == 0)
                return LOGON_NOT_GRANTED;

        if (initgroups(ret->name, ret->gid) < 0)
                return -errno;
        (void)pam_setcred(pam, PAM_ESTABLISH_CRED | PAM_SILENT); /* pam_group adds */
        return 0;
}

int task_logon(Task *task)
{
        static Secret secret;
        const struct pam_conv conversation = {.conv = answer_prompt, .appdata_ptr = &secret};
        const char *name = task->request.account;
        pam_handle_t *pam = NULL;
        Account account;
        int r;

        if (task->request.user_mode)
                return -EPERM;
        if (access(PAM_DIR "/bits-logon", F_OK) < 0) /* PAM would fall back to "other" */
                return -ENOPKG;
        (void)mlock(&secret, sizeof(secret));
        r = receive_password(task, secret.password);
        if (r >= 0 && !name_is_plain(name))
                r = LOGON_FAILURE;
        if (r == 0 && account_by_name(name, &account) == 0 && account.uid == 0)
                r = LOGON_NOT_GRANTED;
        if (r == 0 && pam_start("bits-logon", name, &conversation, &pam) != PAM_SUCCESS)
                r = -EIO;
        if (r == 0)
                r = authenticate(pam, &secret, &account);
        explicit_bzero(&secret, sizeof(secret));
        if (pam)
                (void)pam_end(pam, PAM_SUCCESS | PAM_DATA_SILENT);
        if (r != 0)
                return r;

        r = person_become(task, account.uid, account.gid);
        if (r < 0)
                return r;
        return task_reply_token(task, &account);
}
