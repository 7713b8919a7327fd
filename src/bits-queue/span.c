#include "span.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "file.h"
#include "job.h"

static const uint64_t near_bytes = 1024 * 1024; /* sooner read through than asked for anew */

void spans_start(Spans *spans, const File *file)
{
        spans_deinit(spans);
        spans->begin = file->offset;
}

void spans_deinit(Spans *spans)
{
        free(spans->sent);
        *spans = (Spans){0};
}

bool spans_are_needed(const File *file)
{
        return file->n_ranges > 0 || file->n_filled > 0 || file->n_requested > 0 ||
               file->position > 0 || file->job->on_demand;
}

uint64_t spans_end(const Spans *spans)
{
        uint64_t end = spans->begin;

        for (size_t i = 0; i < spans->n_sent; i++) {
                if (spans->sent[i].length == NET_SIZE_UNKNOWN)
                        return NET_SIZE_UNKNOWN;
                end += spans->sent[i].length;
        }
        return end;
}

static int push(Spans *spans, const NetSpan *span)
{
        NetSpan *sent = reallocarray(spans->sent, spans->n_sent + 1, sizeof(*sent));

        if (!sent)
                return -ENOMEM;
        spans->sent = sent;
        sent[spans->n_sent++] = *span;
        return 0;
}

int spans_plain(Spans *spans)
{
        NetSpan all = {spans->begin, spans->begin, NET_SIZE_UNKNOWN};

        return push(spans, &all);
}

/* AddFileWithRanges: the next of the concatenation. */
static bool next_of_ranges(const Spans *spans, const File *file, NetSpan *ret)
{
        uint64_t offset = spans_end(spans);
        FileRange range;

        if (offset == NET_SIZE_UNKNOWN ||
            !ranges_at(file->ranges, file->n_ranges, offset, file->validator.size, &range))
                return false;
        *ret = (NetSpan){range.offset, offset, range.length};
        return true;
}

/* What is there and what is on its way. */
static int claimed(const Spans *spans, const File *file, FileRange **ret, size_t *ret_n)
{
        int r = file_copy_filled(file, ret, ret_n);

        for (size_t i = 0; i < spans->n_sent && r == 0; i++)
                if (spans->sent[i].length > 0)
                        r = ranges_add(ret, ret_n,
                                       (FileRange){spans->sent[i].local, spans->sent[i].length});
        return r;
}

/* The end of the i-th request, with those that follow it and go on where it ends: they are one. */
static uint64_t requested_end(const File *file, size_t i)
{
        uint64_t end = range_end(&file->requested[i]);

        while (++i < file->n_requested && file->requested[i].offset == end)
                end = range_end(&file->requested[i]);
        return end;
}

/* The requested parts first, in their order; each time what is behind the position before what is
 * not. What nobody has asked for, however little, is not fetched to make one request of two. */
static bool find_gap(const File *file, const FileRange *have, size_t n_have, FileRange *ret)
{
        const uint64_t positions[] = {file->position, 0};

        for (size_t p = 0; p < ELEMENTS(positions); p++)
                for (size_t i = 0; i < file->n_requested; i++) {
                        const FileRange *wanted = &file->requested[i];
                        uint64_t from =
                                wanted->offset > positions[p] ? wanted->offset : positions[p];
                        uint64_t end = requested_end(file, i);

                        if (ranges_gap(have, n_have, from, end < file->size ? end : file->size,
                                       ret))
                                return true;
                }
        if (file->job->on_demand)
                return false;
        for (size_t p = 0; p < ELEMENTS(positions); p++)
                if (ranges_gap(have, n_have, positions[p], file->size, ret))
                        return true;
        return false;
}

static int next_gap(const Spans *spans, const File *file, NetSpan *ret)
{
        _cleanup_(freep) FileRange *have = NULL;
        FileRange gap;
        size_t n_have = 0;
        int r;

        r = claimed(spans, file, &have, &n_have);
        if (r < 0)
                return r;
        if (!find_gap(file, have, n_have, &gap))
                return 0;
        *ret = (NetSpan){gap.offset, gap.offset, gap.length};
        return 1;
}

int spans_next(Spans *spans, const File *file, NetSpan *ret)
{
        int r = file->n_ranges > 0 ? next_of_ranges(spans, file, ret) : next_gap(spans, file, ret);

        if (r <= 0)
                return r;
        r = push(spans, ret);
        return r < 0 ? r : 1;
}

bool spans_should_halt(const Spans *spans, const File *file, uint64_t received)
{
        NetSpan *last = spans->n_sent > 0 ? &spans->sent[spans->n_sent - 1] : NULL;
        uint64_t length, here;
        NetSpan next;
        int r;

        if (!last || file->n_ranges > 0)
                return false;
        length = last->length;
        last->length = 0; /* as if it ended where it is */
        here = received > spans_end(spans) ? received - spans_end(spans) : 0;
        last->length = here < length ? here : length;
        here = last->local + last->length;
        r = next_gap(spans, file, &next);
        last->length = length;
        return r > 0 && (next.local < here || next.local - here > near_bytes ||
                         (length != NET_SIZE_UNKNOWN && next.local >= last->local + length));
}

bool spans_resolve(Spans *spans, uint64_t size)
{
        NetSpan *last = spans->n_sent > 0 ? &spans->sent[spans->n_sent - 1] : NULL;

        if (!last || last->length != NET_SIZE_UNKNOWN)
                return true;
        if (last->remote > size)
                return false;
        last->length = size - last->remote;
        return true;
}

bool spans_cut(Spans *spans, uint64_t offset)
{
        NetSpan *last = spans->n_sent > 0 ? &spans->sent[spans->n_sent - 1] : NULL;
        uint64_t length, begin;

        if (!last)
                return offset == spans->begin;
        length = last->length;
        last->length = 0;
        begin = spans_end(spans);
        last->length = length;
        if (offset < begin || offset - begin > length)
                return false;
        last->length = offset - begin;
        if (last->length == 0)
                spans->n_sent--;
        return true;
}

bool spans_take(Spans *spans, uint64_t offset, FileRange *ret)
{
        uint64_t durable = offset > spans->begin ? offset - spans->begin : 0;
        NetSpan *first = spans->sent;

        /* The last one stays, though nothing be left of it, until spans_cut() ends it. */
        while (spans->n_sent > 1 && first->length == 0)
                memmove(first, first + 1, --spans->n_sent * sizeof(*first));
        if (durable == 0 || spans->n_sent == 0 || first->length == 0)
                return false;
        if (durable > first->length)
                durable = first->length;
        *ret = (FileRange){first->local, durable};
        spans->begin += durable;
        first->local += durable;
        first->remote += durable;
        if (first->length != NET_SIZE_UNKNOWN)
                first->length -= durable;
        return true;
}
