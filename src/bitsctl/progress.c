#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "format.h"

#define USEC_PER_SEC   1e6
#define SMOOTHING_SEC  3.0
#define RATE_LEAST     1.0 /* below it no time left is told */
#define TIME_LEFT_MOST (100.0 * 24 * 3600)

enum {
        BAR_LEAST = 10, /* columns, with its brackets */
        BAR_MOST = 60,
};

void rate_sample(Rate *rate, uint64_t now_usec, uint64_t bytes)
{
        double elapsed_sec, now_rate;

        if (!rate->started || bytes < rate->last_bytes) {
                *rate = (Rate){.last_usec = now_usec, .last_bytes = bytes, .started = true};
                return;
        }
        if (now_usec <= rate->last_usec)
                return;
        elapsed_sec = (double)(now_usec - rate->last_usec) / USEC_PER_SEC;
        now_rate = (double)(bytes - rate->last_bytes) / elapsed_sec;
        if (rate->known)
                rate->bytes_per_sec += (now_rate - rate->bytes_per_sec) * elapsed_sec /
                                       (elapsed_sec + SMOOTHING_SEC);
        else
                rate->bytes_per_sec = now_rate;
        rate->known = true;
        rate->last_usec = now_usec;
        rate->last_bytes = bytes;
}

int progress_percent(const Progress *p)
{
        if (p->bytes_total == SIZE_UNKNOWN)
                return -1;
        if (p->bytes_done >= p->bytes_total)
                return 100;
        if (p->bytes_done > UINT64_MAX / 100)
                return (int)(p->bytes_done / (p->bytes_total / 100 + 1));
        return (int)(p->bytes_done * 100 / p->bytes_total);
}

uint64_t progress_time_left(const Progress *p)
{
        double left_sec;

        if (p->bytes_total == SIZE_UNKNOWN)
                return UINT64_MAX;
        if (p->bytes_done >= p->bytes_total)
                return 0;
        if (p->bytes_per_sec < RATE_LEAST)
                return UINT64_MAX;
        left_sec = (double)(p->bytes_total - p->bytes_done) / p->bytes_per_sec;
        if (left_sec > TIME_LEFT_MOST)
                return UINT64_MAX;
        return (uint64_t)left_sec + (left_sec > (double)(uint64_t)left_sec);
}

/* Details from the left, the most wanted first; each begins with two spaces. */
static size_t details(const Progress *p, unsigned level, char *ret, size_t size)
{
        char done[FORMAT_SIZE], total[FORMAT_SIZE], rate[FORMAT_SIZE], left[FORMAT_SIZE];
        uint64_t left_sec = progress_time_left(p);
        int n = 0;

        ret[0] = 0;
        if (level >= 1 && p->bytes_total == SIZE_UNKNOWN)
                n += snprintf(ret, size, "  %s", format_size(p->bytes_done, done));
        else if (level >= 1)
                n += snprintf(ret, size, "  %s of %s", format_size(p->bytes_done, done),
                              format_size(p->bytes_total, total));
        if (level >= 2 && p->bytes_per_sec >= 0)
                n += snprintf(ret + n, size - (size_t)n, "  %s/s",
                              format_size((uint64_t)p->bytes_per_sec, rate));
        if (level >= 3 && left_sec != UINT64_MAX)
                n += snprintf(ret + n, size - (size_t)n, "  %s left",
                              format_duration(left_sec, left));
        if (level >= 4 && p->files_total > 1)
                n += snprintf(ret + n, size - (size_t)n, "  %u of %u files", p->files_done,
                              p->files_total);
        return (size_t)n;
}

static size_t bar(int percent, size_t room, char *ret)
{
        size_t columns = room > BAR_MOST ? BAR_MOST : room, filled, inner = columns - 3;

        if (room < BAR_LEAST || percent < 0)
                return 0;
        filled = inner * (size_t)percent / 100;
        ret[0] = ' ';
        ret[1] = '[';
        memset(ret + 2, ' ', inner);
        memset(ret + 2, '=', filled);
        if (filled > 0 && filled < inner)
                ret[1 + filled] = '>';
        ret[2 + inner] = ']';
        return columns;
}

void progress_line(const Progress *p, size_t width, char ret[PROGRESS_LINE_SIZE])
{
        char text[5 * FORMAT_SIZE];
        int percent = progress_percent(p);
        size_t n, used = 0;

        if (percent >= 0)
                n = (size_t)snprintf(ret, PROGRESS_LINE_SIZE, "%3d%%", percent);
        else
                n = (size_t)snprintf(ret, PROGRESS_LINE_SIZE, " ...");
        for (unsigned level = 5; level-- > 0;) {
                used = details(p, level, text, sizeof(text));
                if (n + used <= width)
                        break;
        }
        if (n + used > width) { /* a terminal of less than four columns */
                ret[width] = 0;
                return;
        }
        n += bar(percent, width - n - used, ret + n);
        memcpy(ret + n, text, used + 1);
}

void progress_text(const Progress *p, char ret[PROGRESS_LINE_SIZE])
{
        char text[5 * FORMAT_SIZE];
        int percent = progress_percent(p);

        (void)details(p, 1, text, sizeof(text));
        if (percent >= 0)
                (void)snprintf(ret, PROGRESS_LINE_SIZE, "%d%%%s", percent, text);
        else
                (void)snprintf(ret, PROGRESS_LINE_SIZE, "%s", text + 2);
}
