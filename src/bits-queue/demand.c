#include "demand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "job.h"
#include "queue.h"
#include "schedule.h"
#include "store/store.h"
#include "transfer.h"

enum {
        PIECES_MAX = 4096, /* in all, of administrators' files too: each checkpoint stores them, and
                              each piece is sought among the others */
};

static bool is_http(const char *remote)
{
        return strncasecmp(remote, "http://", 7) == 0 || strncasecmp(remote, "https://", 8) == 0;
}

HRESULT demand_supported(const File *file)
{
        const Job *job = file->job;

        if (job->type != JOB_TYPE_DOWNLOAD || job->dynamic_content || job->http.method ||
            file->n_ranges > 0 || file->no_ranges || !is_http(file->remote))
                return BG_E_RANDOM_ACCESS_NOT_SUPPORTED;
        if (file->received > 0 && file->size == NET_SIZE_UNKNOWN)
                return BG_E_RANDOM_ACCESS_NOT_SUPPORTED; /* a server that does not say it */
        return S_OK;
}

static HRESULT demand_check(const File *file)
{
        if (job_is_leaving(file->job))
                return BG_E_INVALID_STATE;
        return demand_supported(file);
}

/* The parts of range that have does not have are appended to wanted, and to have. */
static int add_missing(FileRange **have, size_t *n_have, FileRange range, FileRange **wanted,
                       size_t *n_wanted)
{
        uint64_t end = range_end(&range);
        FileRange gap, *more;
        int r;

        while (ranges_gap(*have, *n_have, range.offset, end, &gap)) {
                more = reallocarray(*wanted, *n_wanted + 1, sizeof(*more));
                if (!more)
                        return -ENOMEM;
                *wanted = more;
                more[(*n_wanted)++] = gap;
                r = ranges_add(have, n_have, gap);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The file's requests with those of ranges behind them, disjoint. */
static int join(const File *file, const FileRange *ranges, size_t n, FileRange **ret, size_t *ret_n)
{
        _cleanup_(freep) FileRange *have = NULL, *wanted = NULL;
        size_t n_have = 0, n_wanted = 0;
        int r;

        r = file_copy_filled(file, &have, &n_have);
        for (size_t i = 0; i < file->n_requested && r == 0; i++)
                r = add_missing(&have, &n_have, file->requested[i], &wanted, &n_wanted);
        for (size_t i = 0; i < n && r == 0; i++) {
                FileRange range = ranges[i];

                if (range.length == RANGE_TO_EOF && file->size != NET_SIZE_UNKNOWN)
                        range.length = file->size - range.offset;
                r = add_missing(&have, &n_have, range, &wanted, &n_wanted);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(wanted);
        *ret_n = n_wanted;
        return 0;
}

HRESULT demand_request(File *file, const Caller *caller, const FileRange *ranges, size_t n)
{
        size_t max = caller_is_exempt(file->job->queue, caller)
                             ? PIECES_MAX
                             : file->job->queue->settings.ranges_per_file_max;
        FileRange *wanted = NULL;
        size_t n_wanted = 0;
        HRESULT hr = demand_check(file);

        if (max > PIECES_MAX)
                max = PIECES_MAX;
        if (FAILED(hr))
                return hr;
        if (n == 0)
                return E_INVALIDARG;
        if (n > max)
                return BG_E_TOO_MANY_RANGES_IN_FILE;
        hr = ranges_check(ranges, n, file->size);
        if (FAILED(hr))
                return hr;
        if (file->state >= FILE_RECEIVED)
                return S_OK; /* all is there */
        if (join(file, ranges, n, &wanted, &n_wanted) < 0)
                return E_OUTOFMEMORY;
        if (n_wanted + file->n_filled > max) {
                free(wanted);
                return BG_E_TOO_MANY_RANGES_IN_FILE;
        }
        free(file->requested);
        file->requested = wanted;
        file->n_requested = n_wanted;
        (void)store_update_file(file->job->queue->store, file); /* what fails, fails the commit */
        if (file->transfer)
                transfer_turn(file->transfer);
        schedule_soon(file->job->queue->scheduler);
        return S_OK;
}

/* Each wish may begin a piece of its own: from as many as may be requested on, there are no more.
 */
static bool has_pieces_enough(const File *file)
{
        size_t n = file->n_filled + file->n_requested;

        if (file->transfer)
                n += file->transfer->spans.n_sent;
        return n >= PIECES_MAX || n >= file->job->queue->settings.ranges_per_file_max;
}

HRESULT demand_position(File *file, uint64_t position)
{
        HRESULT hr = demand_check(file);

        if (FAILED(hr))
                return hr;
        if (position > 0 && has_pieces_enough(file))
                return S_OK; /* a wish */
        file->position = position < file->size ? position : 0;
        if (file->transfer)
                transfer_turn(file->transfer);
        return S_OK;
}
