/* Progress goes to standard error: a bar on a terminal, lines elsewhere. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "format.h"
#include "job-table.h"
#include "names.h"
#include "transfer.h"

#define USEC_PER_SEC UINT64_C(1000000)

enum {
        WIDTH_DEFAULT = 80,
        PERCENT_STEP = 10,    /* between lines, without a terminal */
        BYTES_STEP_SEC = 5,   /* the same, while the size is not known */
        SAMPLE_USEC = 250000, /* of the rate: the service tells at most ten times a second */
};

void view_init(TransferView *view, bool silent)
{
        *view = (TransferView){
                .silent = silent,
                .on_terminal = isatty(STDERR_FILENO),
                .progress = {.bytes_total = SIZE_UNKNOWN, .bytes_per_sec = -1},
        };
}

void view_deinit(TransferView *view)
{
        free(view->said);
}

void view_update(TransferView *view, const JobChange *change)
{
        Progress *p = &view->progress;

        p->bytes_done = change->bytes_transferred;
        p->bytes_total = change->bytes_total;
        p->files_done = change->files_transferred;
        p->files_total = change->files_total;
}

static size_t terminal_width(void)
{
        struct winsize size;

        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                return WIDTH_DEFAULT;
        return size.ws_col;
}

static void draw_bar(TransferView *view)
{
        char line[PROGRESS_LINE_SIZE];

        progress_line(&view->progress, terminal_width() - 1, line);
        fprintf(stderr, "\r%s\033[K", line);
        view->line_shown = true;
}

static void say_line(TransferView *view, uint64_t now_usec)
{
        char line[PROGRESS_LINE_SIZE];
        int percent = progress_percent(&view->progress);

        if (percent >= 0 ? percent / PERCENT_STEP <= view->said_percent / PERCENT_STEP
                         : now_usec < view->said_usec + BYTES_STEP_SEC * USEC_PER_SEC)
                return;
        progress_text(&view->progress, line);
        fprintf(stderr, "%s\n", line);
        view->said_percent = percent;
        view->said_usec = now_usec;
}

void view_tick(TransferView *view, uint64_t now_usec)
{
        if (view->silent)
                return;
        if (now_usec >= view->sampled_usec + SAMPLE_USEC) {
                rate_sample(&view->rate, now_usec, view->progress.bytes_done);
                view->progress.bytes_per_sec = view->rate.known ? view->rate.bytes_per_sec : -1;
                view->sampled_usec = now_usec;
        }
        if (view->said_usec == 0)
                view->said_usec = now_usec;
        if (view->on_terminal)
                draw_bar(view);
        else
                say_line(view, now_usec);
}

void view_clear(TransferView *view)
{
        if (view->line_shown)
                fputs("\r\033[K", stderr);
        view->line_shown = false;
}

void view_finish(TransferView *view, uint64_t now_usec)
{
        view_tick(view, now_usec);
        if (view->line_shown)
                fputc('\n', stderr);
        view->line_shown = false;
}

void view_remark(TransferView *view, const Service *service, const char *text)
{
        char *copy;

        if (view->silent || (view->said && strcmp(view->said, text) == 0))
                return;
        copy = strdup(text);
        if (!copy)
                return;
        free(view->said);
        view->said = copy;
        view_clear(view);
        service_say(service, "%s", text);
}

static const char *reason_text(const char *reason)
{
        static const struct {
                const char *reason, *text;
        } rows[] = {
                {"authorisation", "the service needs an authorisation: bitsctl authorize"},
                {"network", "there is no network"},
                {"policy", "the administrator allows no background transfers now"},
                {"cost", "the network costs more than the job may use"},
                {"session", "its owner is not logged on"},
                {"quota", "the disk, a quota or a limit is full"},
                {"callback", "a program has not taken notice yet"},
                {"store", "the service's store is full or failing"},
                {"token", "the helper's token is missing"},
                {"queue", "other jobs come first"},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (strcmp(rows[i].reason, reason) == 0)
                        return rows[i].text;
        return NULL;
}

void view_waiting(TransferView *view, const Service *service, const Job *job)
{
        _cleanup_(freep) char *error = NULL, *text = NULL;
        char until[FORMAT_SIZE], when[2 * FORMAT_SIZE] = "";
        const char *why = reason_text(job->reason);

        error = job_error_text(job);
        if (job->state == STATE_TRANSIENT_ERROR)
                why = error;
        else if (job->state == STATE_SUSPENDED)
                why = "somebody suspended the job";
        else if (job->state != STATE_QUEUED)
                return;
        if (!why)
                return;
        if (job->reason_until_usec)
                (void)snprintf(when, sizeof(when), "; next attempt at %s",
                               format_local_time(job->reason_until_usec, until));
        if (asprintf(&text, "waiting: %s%s", why, when) < 0) {
                text = NULL;
                return;
        }
        view_remark(view, service, text);
}
