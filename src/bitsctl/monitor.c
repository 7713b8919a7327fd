/*
 * monitor: the jobs as they change, until Ctrl-C. On a terminal a table that is drawn anew in its
 * place; elsewhere a line an event; with --json an object a line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "command.h"
#include "format.h"
#include "job-json.h"
#include "job-table.h"
#include "job.h"
#include "link.h"
#include "names.h"
#include "progress.h"

#define REDRAW_USEC UINT64_C(500000)

enum {
        ROWS_DEFAULT = 24
};

typedef struct Monitor {
        Service *service;
        const Options *options;
        Link *link;
        bool table, dirty, was_connected;
        unsigned lines; /* of the table on the terminal */
        uint64_t drawn_usec;
} Monitor;

static uint64_t realtime_usec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- events ---------------------------------------------------------------------------------- */

static json_object *event_new(const char *event)
{
        json_object *o = json_object_new_object();

        json_object_object_add(o, "event", json_object_new_string(event));
        json_object_object_add(o, "time", json_time(realtime_usec()));
        return o;
}

static void print_line(const char *text)
{
        _cleanup_(freep) char *clean = format_clean(text);
        char time[FORMAT_SIZE];

        printf("%s  %s\n", format_local_time(realtime_usec(), time), clean ?: "");
        fflush(stdout);
}

static void print_plain(const Monitor *m, const char *event)
{
        if (m->options->json)
                json_print_line(event_new(event));
        else if (!m->table)
                print_line(event);
}

static void print_change(const Monitor *m, const JobChange *change)
{
        char amount[PROGRESS_LINE_SIZE], text[PROGRESS_LINE_SIZE + 2 * FORMAT_SIZE];
        json_object *o;

        if (!m->options->json) {
                progress_text(&(Progress){.bytes_done = change->bytes_transferred,
                                          .bytes_total = change->bytes_total},
                              amount);
                (void)snprintf(text, sizeof(text), "%.36s  %s  %s", change->id,
                               state_name(change->state), amount);
                print_line(text);
                return;
        }
        o = event_new("changed");
        json_object_object_add(o, "id", json_object_new_string(change->id));
        json_object_object_add(o, "state", json_object_new_string(state_name(change->state)));
        json_object_object_add(o, "bytes_total", json_size(change->bytes_total));
        json_object_object_add(o, "bytes_transferred", json_size(change->bytes_transferred));
        json_object_object_add(o, "files_total", json_object_new_uint64(change->files_total));
        json_object_object_add(o, "files_transferred",
                               json_object_new_uint64(change->files_transferred));
        json_print_line(o);
}

/* ---- the table ------------------------------------------------------------------------------- */

static unsigned terminal_rows(void)
{
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 3)
                return ROWS_DEFAULT;
        return size.ws_row;
}

/* Over the table that stands there; what does not fit the screen is counted instead. */
static void draw(Monitor *m, const char *text)
{
        unsigned room = terminal_rows() - 2, shown = 0, hidden = 0;

        if (m->lines > 0)
                printf("\033[%uA", m->lines);
        printf("\r\033[J");
        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
                if (shown < room) {
                        printf("%.*s\n", (int)strcspn(line, "\n"), line);
                        shown++;
                } else {
                        hidden++;
                }
        if (hidden > 0)
                printf("and %u more\n", hidden);
        m->lines = shown + (hidden > 0);
        fflush(stdout);
}

static int redraw(Monitor *m)
{
        _cleanup_(job_list_deinit) JobList list = {0};
        _cleanup_(freep) char *text = NULL;
        int r;

        r = job_list_read(m->service, m->options->all_users, 0, &list);
        if (r < 0)
                return r;
        if (r > 0) {
                link_end(m->link, service_fail(m->service, r, NULL));
                return 1;
        }
        if (list.n > 0)
                text = job_table_text(&list, m->options->all_users);
        draw(m, text ?: "no jobs\n");
        m->dirty = false;
        return 0;
}

/* ---- the link -------------------------------------------------------------------------------- */

/* What there is already comes as a change too: who reads the lines needs nothing else. */
static int print_all(Monitor *m)
{
        _cleanup_(job_list_deinit) JobList list = {0};
        int r;

        r = job_list_read(m->service, m->options->all_users, 0, &list);
        if (r < 0)
                return r;
        if (r > 0) {
                link_end(m->link, service_fail(m->service, r, NULL));
                return 1;
        }
        for (size_t i = 0; i < list.n; i++) {
                const Job *job = list.jobs[i];

                print_change(m, &(JobChange){
                                        .id = job->id,
                                        .state = job->state,
                                        .bytes_transferred = job->bytes_transferred,
                                        .bytes_total = job->bytes_total,
                                        .files_transferred = job->files_transferred,
                                        .files_total = job->files_total,
                                });
        }
        return 0;
}

static int on_connected(void *userdata)
{
        Monitor *m = userdata;

        if (m->was_connected)
                print_plain(m, "connected");
        m->was_connected = true;
        return m->table ? redraw(m) : print_all(m);
}

static void on_lost(void *userdata)
{
        Monitor *m = userdata;

        print_plain(m, "disconnected");
        if (m->table)
                draw(m, "waiting for the service\n");
}

static void on_gave_up(void *userdata)
{
        Monitor *m = userdata;

        service_say(m->service, "the service does not come back");
}

static void on_changed(void *userdata, const JobChange *change)
{
        Monitor *m = userdata;

        if (m->table)
                m->dirty = true;
        else
                print_change(m, change);
}

static void on_removed(void *userdata, const char *id)
{
        Monitor *m = userdata;
        char text[FORMAT_SIZE];
        json_object *o;

        if (m->table) {
                m->dirty = true;
        } else if (m->options->json) {
                o = event_new("removed");
                json_object_object_add(o, "id", json_object_new_string(id));
                json_print_line(o);
        } else {
                (void)snprintf(text, sizeof(text), "%.36s  removed", id);
                print_line(text);
        }
}

static void on_interrupted(void *userdata, int signal)
{
        Monitor *m = userdata;

        (void)signal;
        link_end(m->link, EXIT_DONE);
}

static void on_tick(void *userdata, uint64_t now_usec)
{
        Monitor *m = userdata;

        if (!link_is_up(m->link) || !m->dirty || now_usec < m->drawn_usec + REDRAW_USEC)
                return;
        m->drawn_usec = now_usec;
        if (redraw(m) < 0)
                link_lost(m->link);
}

int command_monitor(Service *service, const Options *options)
{
        static const LinkHandlers handlers = {
                .connected = on_connected,
                .lost = on_lost,
                .gave_up = on_gave_up,
                .changed = on_changed,
                .removed = on_removed,
                .interrupted = on_interrupted,
                .tick = on_tick,
        };
        Monitor m = {
                .service = service,
                .options = options,
                .table = !options->json && isatty(STDOUT_FILENO),
        };
        int r;

        r = link_new(service, &handlers, &m, options->all_users, &m.link);
        if (r < 0)
                return service_fail(service, r, NULL);
        r = link_run(m.link);
        link_free(m.link);
        return r;
}
