/*
 * A worker: one identity's files, network or command. PAM decides whether the account may run now,
 * and sets limits and umask; the groups are a token's, or fresh ones; then nothing is left of root.
 */
#include <errno.h>
#include <grp.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "base/peer.h"
#include "config.h"
#include "task.h"
#include "wire/supervisor.h"

static const char *const programs[] = {
        [WORKER_FILE] = "bits-file",
        [WORKER_NET] = "bits-net",
        [WORKER_NOTIFY] = "bits-notify",
};

static int refuse_prompts(int n, const struct pam_message **messages,
                          struct pam_response **ret_responses, void *data)
{
        (void)data;
        for (int i = 0; i < n; i++)
                if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF ||
                    messages[i]->msg_style == PAM_PROMPT_ECHO_ON)
                        return PAM_CONV_ERR;
        *ret_responses = calloc((size_t)n, sizeof(**ret_responses));
        return *ret_responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* A password that must be changed stops log-ons, not the account. */
static bool may_run(int pam_result)
{
        return pam_result == PAM_SUCCESS || pam_result == PAM_NEW_AUTHTOK_REQD;
}

/* Account check, groups, limits. The session is left open on purpose: nothing in it wants closing.
 */
static int worker_admit(const Task *task, const Account *account)
{
        const struct pam_conv conversation = {.conv = refuse_prompts};
        pam_handle_t *pam = NULL;
        gid_t groups[PEER_GROUPS_MAX];
        size_t n_groups = 0;
        int r;

        if (access(PAM_DIR "/bits-worker", F_OK) < 0) /* PAM would fall back to "other" */
                return -ENOPKG;
        if (pam_start("bits-worker", account->name, &conversation, &pam) != PAM_SUCCESS)
                return -EIO;
        if (!may_run(pam_acct_mgmt(pam, PAM_SILENT)))
                return -EPERM;

        if (task->fd >= 0) {
                r = peer_groups(task->fd, groups, &n_groups);
                if (r < 0)
                        return r;
                if (setgroups(n_groups, groups) < 0)
                        return -errno;
        } else {
                if (initgroups(account->name, account->gid) < 0)
                        return -errno;
                (void)pam_setcred(pam, PAM_ESTABLISH_CRED | PAM_SILENT); /* pam_group adds */
        }

        (void)umask(022); /* where pam_umask knows nothing better */
        if (pam_open_session(pam, PAM_SILENT) != PAM_SUCCESS)
                return -EPERM;
        (void)setrlimit(RLIMIT_CORE,
                        &(struct rlimit){0, 0}); /* whatever pam_limits has made of it */
        (void)pam_end(pam, PAM_SUCCESS | PAM_DATA_SILENT);
        return 0;
}

static int worker_account(const Task *task, Account *ret)
{
        PeerCred cred;
        int r;

        r = account_by_uid(task->request.uid, ret);
        if (r < 0)
                return r == -ENOENT ? -ESTALE : r;
        if (strcmp(ret->name, task->request.account) != 0)
                return -ESTALE;

        if (task->fd >= 0) {
                r = peer_cred(task->fd, &cred);
                if (r < 0)
                        return r;
                if (cred.uid != ret->uid)
                        return -ENOKEY;
                ret->gid = cred.gid;
        }
        return 0;
}

static int worker_exec(const Task *task, const Account *account, int sock)
{
        char home[WIRE_PATH_SIZE + 8], user[WIRE_ACCOUNT_SIZE + 8], logname[WIRE_ACCOUNT_SIZE + 8];
        char shell[WIRE_PATH_SIZE + 8];
        char runtime[WIRE_PATH_SIZE + 32];
        char *environment[10] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", home, user, logname};
        const char *debug = getenv("BITS_DEBUG"), *place = getenv("XDG_RUNTIME_DIR");
        size_t n = 5;
        int r;

        (void)snprintf(home, sizeof(home), "HOME=%s", account->home);
        (void)snprintf(user, sizeof(user), "USER=%s", account->name);
        (void)snprintf(logname, sizeof(logname), "LOGNAME=%s", account->name);
        (void)snprintf(shell, sizeof(shell), "SHELL=%s", account->shell);
        if (task->request.role == WORKER_NOTIFY) { /* for the program that it runs */
                environment[n++] = shell;
                if (task->request.user_mode)
                        environment[n++] = "BITS_USER_MODE=1";
                if (task->request.user_mode && place &&
                    snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=%s", place) <
                            (int)sizeof(runtime))
                        environment[n++] = runtime;
        }
        if (debug && strcmp(debug, "1") == 0)
                environment[n] = "BITS_DEBUG=1";

        r = program_exec(task, programs[task->request.role], sock, -1, environment);
        return r < 0 ? -EIO : r;
}

int task_worker(Task *task)
{
        _cleanup_(closep) int ours = -1, theirs = -1;
        Account account;
        int pair[2], r;

        r = worker_account(task, &account);
        if (r >= 0 && !task->request.user_mode)
                r = worker_admit(task, &account);
        if (r >= 0)
                r = person_prepare();
        if (r >= 0)
                r = person_become(task, account.uid, account.gid);
        if (r >= 0)
                r = person_shed();
        if (r >= 0)
                r = packet_pair(
                        pair); /* made now: SO_PEERCRED on bits-queue's end names the user */
        if (r < 0)
                return r;
        ours = pair[0];
        theirs = pair[1];

        r = task_reply(task, &account, ours);
        if (r < 0)
                return r;
        return worker_exec(task, &account, theirs);
}
