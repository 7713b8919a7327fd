#include "job-table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "format.h"
#include "names.h"
#include "progress.h"

typedef struct libscols_table Table;
typedef struct libscols_line Line;

typedef struct Column {
        const char *name;
        double width; /* hint of libsmartcols: columns, or a share below 1 */
        int flags;
} Column;

static void table_freep(Table **table)
{
        scols_unref_table(*table);
}

static Table *table_new(const Column *columns, size_t n)
{
        Table *table = scols_new_table();

        for (size_t i = 0; table && i < n; i++)
                if (!scols_table_new_column(table, columns[i].name, columns[i].width,
                                            columns[i].flags)) {
                        scols_unref_table(table);
                        return NULL;
                }
        return table;
}

/* Cells are filled from the left; what cannot be stored leaves an empty one. */
static void put(Line *line, size_t *column, const char *text)
{
        _cleanup_(freep) char *clean = format_clean(text);

        if (line && clean)
                (void)scols_line_set_data(line, *column, clean);
        (*column)++;
}

static void put_amount(Line *line, size_t *column, uint64_t done, uint64_t total)
{
        char a[FORMAT_SIZE], b[FORMAT_SIZE], text[3 * FORMAT_SIZE];

        (void)snprintf(text, sizeof(text), "%s / %s", format_size(done, a), format_size(total, b));
        put(line, column, text);
}

static const char *owner_name(const Job *job)
{
        const struct passwd *account = getpwuid(job->owner_uid);

        return account ? account->pw_name : job->owner;
}

/* As narrow as may be: an id takes half of a small terminal. */
static void put_progress(Line *line, size_t *column, const Job *job)
{
        Progress progress = {
                .bytes_done = job->bytes_transferred,
                .bytes_total = job->bytes_total,
        };
        char size[FORMAT_SIZE], text[2 * FORMAT_SIZE];
        int percent = progress_percent(&progress);

        if (percent < 0)
                (void)snprintf(text, sizeof(text), "%s", format_size(progress.bytes_done, size));
        else
                (void)snprintf(text, sizeof(text), "%d%% of %s", percent,
                               format_size(progress.bytes_total, size));
        put(line, column, job->files_total > 0 ? text : "");
}

static void put_job(Line *line, const Job *job, bool with_owner)
{
        char text[4 * FORMAT_SIZE];
        size_t column = 0;

        put(line, &column, job->id);
        put(line, &column, job->display_name);
        (void)snprintf(text, sizeof(text), "%s%s%.64s%s", state_name(job->state),
                       *job->reason ? " (" : "", job->reason, *job->reason ? ")" : "");
        put(line, &column, text);
        (void)snprintf(text, sizeof(text), "%u/%u", job->files_transferred, job->files_total);
        put(line, &column, text);
        put_progress(line, &column, job);
        if (with_owner)
                put(line, &column, owner_name(job));
}

char *job_table_text(const JobList *list, bool with_owner)
{
        static const Column columns[] = {
                {"ID", 36, 0},
                {"NAME", 0.2, SCOLS_FL_TRUNC},
                {"STATE", 12, 0},
                {"FILES", 5, SCOLS_FL_RIGHT},
                {"BYTES", 8, SCOLS_FL_RIGHT},
                {"OWNER", 8, 0},
        };
        _cleanup_(table_freep) Table *table = table_new(columns, ELEMENTS(columns) - !with_owner);
        char *text = NULL;

        if (!table)
                return NULL;
        for (size_t i = 0; i < list->n; i++)
                put_job(scols_table_new_line(table, NULL), list->jobs[i], with_owner);
        return scols_print_table_to_string(table, &text) < 0 ? NULL : text;
}

static void row(Table *table, const char *name, const char *value)
{
        Line *line = scols_table_new_line(table, NULL);
        size_t column = 0;

        put(line, &column, name);
        put(line, &column, value && *value ? value : "-");
}

static void row_number(Table *table, const char *name, uint32_t value, const char *unit)
{
        char text[FORMAT_SIZE];

        (void)snprintf(text, sizeof(text), "%u%s", value, unit);
        row(table, name, text);
}

static void add_state(Table *table, const Job *job)
{
        _cleanup_(freep) char *error = job_error_text(job);
        char text[4 * FORMAT_SIZE], a[FORMAT_SIZE], b[FORMAT_SIZE];

        row(table, "id", job->id);
        row(table, "name", job->display_name);
        row(table, "description", job->description);
        row(table, "type", type_name(job->type));
        row(table, "state", state_name(job->state));
        row(table, "reason", job->reason);
        row(table, "reason until", format_local_time(job->reason_until_usec, text));
        row(table, "priority", priority_name(job->priority));
        (void)snprintf(text, sizeof(text), "%.64s (%.64s)", owner_name(job), job->owner);
        row(table, "owner", text);
        (void)snprintf(text, sizeof(text), "%u of %u", job->files_transferred, job->files_total);
        row(table, "files", text);
        (void)snprintf(text, sizeof(text), "%s of %s", format_size(job->bytes_transferred, a),
                       format_size(job->bytes_total, b));
        row(table, "bytes", text);
        row(table, "error", error);
        row_number(table, "error count", job->error_count, "");
}

static void add_settings(Table *table, const Job *job)
{
        char text[FORMAT_SIZE];

        row(table, "created", format_local_time(job->created_usec, text));
        row(table, "modified", format_local_time(job->modified_usec, text));
        row(table, "completed", format_local_time(job->completed_usec, text));
        row(table, "notify interface", job->notify_interface ? "registered" : "-");
        row_number(table, "notify flags", job->notify_flags, "");
        row(table, "notify command",
            job->notify_parameters && *job->notify_parameters ? job->notify_parameters
                                                              : job->notify_program);
        row_number(table, "retry delay", job->minimum_retry_delay, " s");
        row_number(table, "no progress timeout", job->no_progress_timeout, " s");
        row(table, "proxy", proxy_usage_name(job->proxy_usage));
        row(table, "proxy list", job->proxy_list);
        row(table, "proxy bypass", job->proxy_bypass);
        row(table, "helper token", job->helper_sid);
        row(table, "helper token for", uses_name(job->helper_uses));
}

static int print_settings(const Job *job)
{
        static const Column columns[] = {{"NAME", 10, 0}, {"VALUE", 0.8, SCOLS_FL_WRAP}};
        _cleanup_(table_freep) Table *table = table_new(columns, ELEMENTS(columns));

        if (!table)
                return -ENOMEM;
        (void)scols_table_enable_noheadings(table, 1);
        add_state(table, job);
        add_settings(table, job);
        return scols_print_table(table);
}

static int print_files(const Job *job)
{
        static const Column columns[] = {
                {"FILE", 4, SCOLS_FL_RIGHT},
                {"BYTES", 20, SCOLS_FL_RIGHT},
                {"DONE", 4, 0},
                {"LOCAL", 0.4, 0},
                {"REMOTE", 0.4, 0},
        };
        _cleanup_(table_freep) Table *table = table_new(columns, ELEMENTS(columns));
        char index[FORMAT_SIZE];

        if (!table)
                return -ENOMEM;
        for (size_t i = 0; i < job->n_files; i++) {
                const JobFile *file = &job->files[i];
                Line *line = scols_table_new_line(table, NULL);
                size_t column = 0;

                (void)snprintf(index, sizeof(index), "%u", file->index);
                put(line, &column, index);
                put_amount(line, &column, file->bytes_transferred, file->bytes_total);
                put(line, &column, file->completed ? "yes" : "no");
                put(line, &column, file->local);
                put(line, &column, file->remote);
        }
        return scols_print_table(table);
}

int job_table_print(const Job *job)
{
        int r = print_settings(job);

        if (r < 0 || job->n_files == 0)
                return r;
        putchar('\n');
        return print_files(job);
}

char *job_error_text(const Job *job)
{
        _cleanup_(freep) char *text = NULL;
        const JobError *error = &job->error;
        char name[HRESULT_NAME_SIZE], file[FORMAT_SIZE] = "", *whole;

        if (!job->has_error)
                return NULL;
        hresult_name(error->code, name);
        text = format_failure(error->text && *error->text
                                      ? error->text
                                      : (hresult_text(error->code) ?: "failed"));
        if (error->file >= 0)
                (void)snprintf(file, sizeof(file), ", file %d", error->file);
        return asprintf(&whole, "%s (0x%08X): %s (context %s%s)", name, (unsigned)error->code,
                        text ?: "", context_name(error->context), file) < 0
                       ? NULL
                       : whole;
}
