/* org.bitsd1.Job: AddFileWithRanges. org.bitsd1.File: what concerns ranges. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "bus/file-methods.h"
#include "bus/job-methods.h"
#include "bus/reply.h"
#include "demand.h"
#include "job.h"

/* An array of (tt); the caller frees it. */
static int read_ranges(sd_bus_message *m, FileRange **ret, size_t *ret_n)
{
        _cleanup_(freep) FileRange *ranges = NULL;
        size_t n = 0, size = 0;
        FileRange range;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(tt)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(tt)", &range.offset, &range.length)) > 0) {
                if (n == size) {
                        FileRange *more = reallocarray(ranges, size * 2 + 64, sizeof(*ranges));

                        if (!more)
                                return -ENOMEM;
                        ranges = more;
                        size = size * 2 + 64;
                }
                ranges[n++] = range;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(ranges);
        *ret_n = n;
        return sd_bus_message_exit_container(m);
}

static int reply_ranges(Target *t, sd_bus_message *m, const FileRange *ranges, size_t n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &answer);
        if (r >= 0)
                r = sd_bus_message_open_container(answer, 'a', "(tt)");
        for (size_t i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_append(answer, "(tt)", ranges[i].offset, ranges[i].length);
        if (r >= 0)
                r = sd_bus_message_close_container(answer);
        return r < 0 ? r : sd_bus_send(t->client->bus, answer, NULL);
}

int job_method_add_file_with_ranges(Target *t, sd_bus_message *m)
{
        _cleanup_(freep) FileRange *ranges = NULL;
        Caller caller = client_caller(t->client);
        FileName name = {0};
        int r;

        r = sd_bus_message_read(m, "ss", &name.remote, &name.local);
        if (r >= 0)
                r = read_ranges(m, &ranges, &name.n_ranges);
        if (r < 0)
                return r;
        if (name.n_ranges == 0)
                return reply_error(m, E_INVALIDARG);
        name.ranges = ranges;
        job_add_files(t->job, &caller, &name, 1, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

int file_method_get_ranges(Target *t, sd_bus_message *m)
{
        return reply_ranges(t, m, t->file->ranges, t->file->n_ranges);
}

static int after_commit(Target *t, sd_bus_message *m, HRESULT hr)
{
        if (FAILED(hr))
                return reply_error(m, hr);
        job_commit(t->job, hr, reply_later(t->client, m, REPLY_EMPTY));
        return 1;
}

int file_method_request_ranges(Target *t, sd_bus_message *m)
{
        _cleanup_(freep) FileRange *ranges = NULL;
        Caller caller = client_caller(t->client);
        size_t n = 0;
        int r = read_ranges(m, &ranges, &n);

        return r < 0 ? r : after_commit(t, m, demand_request(t->file, &caller, ranges, n));
}

int file_method_update_position(Target *t, sd_bus_message *m)
{
        uint64_t position;
        int r = sd_bus_message_read(m, "t", &position);

        return r < 0 ? r : after_commit(t, m, demand_position(t->file, position));
}

int file_method_get_filled(Target *t, sd_bus_message *m)
{
        _cleanup_(freep) FileRange *filled = NULL;
        HRESULT hr = demand_supported(t->file);
        size_t n;

        if (FAILED(hr))
                return reply_error(m, hr);
        if (file_copy_filled(t->file, &filled, &n) < 0)
                return -ENOMEM;
        return reply_ranges(t, m, filled, n);
}
