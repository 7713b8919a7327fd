/*
 * transfer: makes a job, runs it, waits, completes it. Invariant: when the command ends the job is
 * finished or cancelled, except where it says how to go on with it by hand.
 */
#include "transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "add.h"
#include "base/cleanup.h"
#include "base/hresult.h"
#include "create.h"
#include "format.h"
#include "helper.h"
#include "job-json.h"
#include "job-table.h"
#include "logon.h"
#include "names.h"
#include "password.h"

typedef struct Transfer {
        Service *service;
        const Options *options;
        Link *link;
        char *path, id[GUID_TEXT_SIZE];
        bool resumed, completing;
        uint32_t state; /* last known */
        uint64_t started_usec;
        TransferView view;
} Transfer;

static uint64_t now_usec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void print_json(const Transfer *t, const char *state, const Job *job)
{
        json_object *o;

        if (!t->options->json)
                return;
        o = json_object_new_object();
        json_object_object_add(o, "id", json_object_new_string(t->id));
        json_object_object_add(o, "state", json_object_new_string(state));
        json_object_object_add(o, "bytes_total", json_size(t->view.progress.bytes_total));
        json_object_object_add(o, "bytes_transferred",
                               json_object_new_uint64(t->view.progress.bytes_done));
        json_object_object_add(o, "files_total",
                               json_object_new_uint64(t->view.progress.files_total));
        json_object_object_add(o, "files_transferred",
                               json_object_new_uint64(t->view.progress.files_done));
        json_object_object_add(o, "error", job ? job_json_error(job) : NULL);
        json_print(o);
}

static void succeed(Transfer *t)
{
        char size[FORMAT_SIZE], time[FORMAT_SIZE], rate[FORMAT_SIZE];
        uint64_t bytes = t->view.progress.bytes_done, took_usec = now_usec() - t->started_usec;

        view_finish(&t->view, now_usec());
        if (!t->options->quiet)
                service_say(t->service, "%s in %s (%s/s)", format_size(bytes, size),
                            format_duration(took_usec / 1000000, time),
                            format_size((uint64_t)((double)bytes * 1e6 /
                                                   (double)(took_usec ? took_usec : 1)),
                                        rate));
        print_json(t, state_name(STATE_ACKNOWLEDGED), NULL);
        link_end(t->link, EXIT_DONE);
}

/* The person or a failure ended it. -errno when the connection is lost before that is done. */
static int cancel(Transfer *t, const Job *job)
{
        HRESULT result;
        int r;

        r = service_call_result(t->service, t->path, "Cancel", &result);
        if (r < 0)
                return r;
        if (r > 0 && t->service->code != BG_E_INVALID_STATE)
                (void)job_fail(t->service, r, t->id);
        else if (r == 0 && result == BG_S_UNABLE_TO_DELETE_FILES)
                service_say(t->service, "job %s: %s", t->id, hresult_text(result));
        print_json(t, job ? state_name(job->state) : state_name(STATE_CANCELLED), job);
        link_end(t->link, EXIT_FAILED);
        return 1;
}

static int fail(Transfer *t, const Job *job)
{
        _cleanup_(freep) char *text = job_error_text(job);

        view_clear(&t->view);
        service_say(t->service, "job %s: %s; the job is cancelled", t->id,
                    text ?: "it failed, and the service does not say why");
        return cancel(t, job);
}

/* The job stays as it is: what has been transferred is worth keeping. */
static int leave(Transfer *t, const char *why, const Job *job)
{
        view_clear(&t->view);
        service_say(t->service, "job %s: %s", t->id, why);
        print_json(t, state_name(t->state), job);
        link_end(t->link, EXIT_FAILED);
        return 1;
}

/* ---- the helper's token ---------------------------------------------------------------------- */

static int leave_without_token(Transfer *t, const Job *job)
{
        _cleanup_(freep) char *account = format_clean(t->options->account), *why = NULL;

        if (asprintf(&why,
                     "the service was restarted and has forgotten the log-on of %s. Nothing is "
                     "lost; go on with:\n"
                     "  bitsctl token set %s --user %s\n  bitsctl resume %s\n  bitsctl complete %s "
                     "  (when it is TRANSFERRED)",
                     account ?: "the helper", t->id, account ?: "USER", t->id, t->id) < 0)
                why = NULL;
        return leave(t, why ?: "the helper's token is gone", job);
}

/* The token died with the service. A person at the terminal can give the password again; one that
 * came through a pipe is gone. */
static int renew_token(Transfer *t, const Job *job)
{
        _cleanup_(closep) int token = -1;
        int r;

        if (t->options->password_fd >= 0 || !password_can_ask())
                return leave_without_token(t, job);
        view_clear(&t->view);
        service_say(t->service,
                    "the service was restarted: the log-on of the helper is needed again");
        r = logon_helper(t->service, t->options->account, -1, &token);
        if (r == LOGON_CANCELLED)
                return cancel(t, NULL);
        if (r != EXIT_DONE)
                return leave_without_token(t, job);
        r = helper_set(t->service, t->path, token);
        if (r == 0)
                r = service_call(t->service, t->path, JOB_INTERFACE, "Resume", NULL, "");
        if (r == SERVICE_E_REFUSED) {
                (void)job_fail(t->service, r, t->id);
                return leave_without_token(t, job);
        }
        return r;
}

/* ---- states ---------------------------------------------------------------------------------- */

static int complete(Transfer *t, const Job *job)
{
        HRESULT result = S_OK;
        int r;

        r = service_authorize(t->service);
        if (r < 0)
                return r;
        t->completing = true;
        r = service_call_result(t->service, t->path, "Complete", &result);
        if (r < 0)
                return r;
        t->completing = false;
        if (r == SERVICE_E_REFUSED && t->service->code == BG_E_TOKEN_REQUIRED &&
            t->options->account)
                return renew_token(t, job);
        if (r == SERVICE_E_REFUSED) {
                view_clear(&t->view);
                (void)job_fail(t->service, r, t->id);
                return cancel(t, NULL);
        }
        succeed(t);
        return 1;
}

static int suspended(Transfer *t, const Job *job)
{
        int r;

        if (t->resumed) {
                view_waiting(&t->view, t->service, job);
                return 0;
        }
        r = service_call(t->service, t->path, JOB_INTERFACE, "Resume", NULL, "");
        if (r == SERVICE_E_REFUSED) {
                view_clear(&t->view);
                (void)job_fail(t->service, r, t->id);
                return cancel(t, NULL);
        }
        t->resumed = r == 0;
        return r;
}

static int failed(Transfer *t, const Job *job)
{
        if (t->options->account && job->has_error && job->error.code == BG_E_TOKEN_REQUIRED)
                return renew_token(t, job);
        return fail(t, job);
}

static int waiting(Transfer *t, const Job *job)
{
        view_waiting(&t->view, t->service, job);
        return 0;
}

static int acknowledged(Transfer *t, const Job *job)
{
        (void)job;
        succeed(t);
        return 1;
}

static int cancelled(Transfer *t, const Job *job)
{
        (void)job;
        return leave(t, "somebody else cancelled it", NULL);
}

/* 0 go on; positive: the link was told to end; -errno: the connection is lost. */
static int (*const act[])(Transfer *t, const Job *job) = {
        [STATE_QUEUED] = waiting,       [STATE_CONNECTING] = waiting,
        [STATE_TRANSFERRING] = waiting, [STATE_SUSPENDED] = suspended,
        [STATE_ERROR] = failed,         [STATE_TRANSIENT_ERROR] = waiting,
        [STATE_TRANSFERRED] = complete, [STATE_ACKNOWLEDGED] = acknowledged,
        [STATE_CANCELLED] = cancelled,
};

static int refresh(Transfer *t)
{
        _cleanup_(job_freep) Job *job = NULL;
        int r;

        r = job_read(t->service, t->path, JOB_ERROR, &job);
        if (r == SERVICE_E_REFUSED) {
                (void)job_fail(t->service, r, t->id);
                link_end(t->link, EXIT_FAILED);
                return 1;
        }
        if (r < 0)
                return r;
        t->state = job->state;
        view_update(&t->view, &(JobChange){
                                      .bytes_transferred = job->bytes_transferred,
                                      .bytes_total = job->bytes_total,
                                      .files_transferred = job->files_transferred,
                                      .files_total = job->files_total,
                              });
        return job->state < ELEMENTS(act) ? act[job->state](t, job) : 0;
}

/* ---- the link -------------------------------------------------------------------------------- */

static int find_again(Transfer *t)
{
        _cleanup_(freep) char *path = NULL;
        int r;

        r = job_find(t->service, t->id, &path);
        if (r == SERVICE_E_REFUSED && t->service->code == BG_E_NOT_FOUND && t->completing) {
                succeed(t); /* Complete was done, only its answer was lost */
                return 1;
        }
        if (r == SERVICE_E_REFUSED) {
                view_clear(&t->view);
                (void)job_fail(t->service, r, t->id);
                link_end(t->link, EXIT_FAILED);
                return 1;
        }
        if (r < 0)
                return r;
        free(t->path);
        t->path = TAKE_PTR(path);
        return 0;
}

static int on_connected(void *userdata)
{
        Transfer *t = userdata;
        int r = find_again(t);

        return r != 0 ? r : refresh(t);
}

static void on_lost(void *userdata)
{
        Transfer *t = userdata;

        view_remark(&t->view, t->service, "waiting: the connection to the service was lost");
}

static void on_gave_up(void *userdata)
{
        Transfer *t = userdata;

        (void)leave(t,
                    "the service does not come back; the job goes on when it does (bitsctl info)",
                    NULL);
}

static void on_changed(void *userdata, const JobChange *change)
{
        Transfer *t = userdata;

        if (strcmp(change->id, t->id) != 0)
                return;
        view_update(&t->view, change);
        if (change->state == t->state && change->state == STATE_TRANSFERRING)
                return;
        if (refresh(t) < 0)
                link_lost(t->link);
}

static void on_removed(void *userdata, const char *id)
{
        Transfer *t = userdata;

        if (strcmp(id, t->id) == 0)
                (void)leave(t, "it was completed or cancelled by somebody else", NULL);
}

static void on_interrupted(void *userdata, int signal)
{
        Transfer *t = userdata;

        (void)signal;
        view_clear(&t->view);
        if (!link_is_up(t->link) || cancel(t, NULL) < 0)
                (void)leave(t,
                            "the service cannot be reached to cancel it; do so later with "
                            "\"bitsctl cancel\"",
                            NULL);
        else
                service_say(t->service, "job %s: cancelled", t->id);
}

static void on_tick(void *userdata, uint64_t now)
{
        Transfer *t = userdata;

        if (link_is_up(t->link))
                view_tick(&t->view, now);
}

static const LinkHandlers handlers = {
        .connected = on_connected,
        .lost = on_lost,
        .gave_up = on_gave_up,
        .changed = on_changed,
        .removed = on_removed,
        .interrupted = on_interrupted,
        .tick = on_tick,
};

/* ---- the command ----------------------------------------------------------------------------- */

static int set_helper(Transfer *t, int token)
{
        int r;

        if (token < 0)
                return EXIT_DONE;
        r = helper_set(t->service, t->path, token);
        if (r == 0)
                r = helper_set_uses(t->service, t->path, USE_LOCAL_FILE);
        return r == 0 ? EXIT_DONE : job_fail(t->service, r, t->id);
}

/* The job with its helper and files, suspended yet. */
static int prepare(Transfer *t, int token)
{
        HRESULT result;
        int status;

        status = create_job(t->service, t->options, "bitsctl transfer", &t->path, t->id);
        if (status != EXIT_DONE)
                return status;
        status = set_helper(t, token);
        if (status == EXIT_DONE)
                status = add_files(t->service, t->options, t->path, t->id, t->options->arguments,
                                   t->options->n_arguments);
        if (status != EXIT_DONE)
                (void)service_call_result(t->service, t->path, "Cancel", &result);
        return status;
}

static int run(Transfer *t, int token)
{
        int r;

        r = link_new(t->service, &handlers, t, false, &t->link);
        if (r < 0)
                return service_fail(t->service, r, NULL);
        r = prepare(t, token);
        if (r != EXIT_DONE)
                return r;
        t->started_usec = now_usec();
        return link_run(t->link);
}

int command_transfer(Service *service, const Options *options)
{
        _cleanup_(closep) int token = -1;
        Transfer t = {.service = service, .options = options, .state = STATE_SUSPENDED};
        int r;

        if (options->n_arguments % 2 != 0) {
                service_say(service, "each REMOTE needs a LOCAL");
                return EXIT_USAGE;
        }
        if (options->account) {
                r = logon_helper(service, options->account, options->password_fd, &token);
                if (r != EXIT_DONE)
                        return EXIT_FAILED;
        }
        view_init(&t.view, options->quiet);
        r = run(&t, token);
        link_free(t.link);
        view_deinit(&t.view);
        free(t.path);
        return r;
}
