#include "format.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/utf8.h"

#define USEC_PER_SEC UINT64_C(1000000)

const char *format_size(uint64_t bytes, char ret[FORMAT_SIZE])
{
        static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        double value = (double)bytes / 1024;
        size_t unit = 0;

        if (bytes == SIZE_UNKNOWN) {
                (void)snprintf(ret, FORMAT_SIZE, "unknown");
                return ret;
        }
        if (bytes < 1024) {
                (void)snprintf(ret, FORMAT_SIZE, "%u B", (unsigned)bytes);
                return ret;
        }
        while (value >= 1023.95 && unit + 1 < ELEMENTS(units)) { /* would round to 1024.0 */
                value /= 1024;
                unit++;
        }
        (void)snprintf(ret, FORMAT_SIZE, "%.1f %s", value, units[unit]);
        return ret;
}

const char *format_duration(uint64_t seconds, char ret[FORMAT_SIZE])
{
        uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

        if (seconds == UINT64_MAX)
                (void)snprintf(ret, FORMAT_SIZE, "unknown");
        else if (days > 0)
                (void)snprintf(ret, FORMAT_SIZE, "%ju d %02ju:%02ju", (uintmax_t)days,
                               (uintmax_t)hours % 24, (uintmax_t)minutes % 60);
        else if (hours > 0)
                (void)snprintf(ret, FORMAT_SIZE, "%ju:%02ju:%02ju", (uintmax_t)hours,
                               (uintmax_t)minutes % 60, (uintmax_t)seconds % 60);
        else
                (void)snprintf(ret, FORMAT_SIZE, "%ju:%02ju", (uintmax_t)minutes,
                               (uintmax_t)seconds % 60);
        return ret;
}

const char *format_iso8601(uint64_t usec, char ret[FORMAT_SIZE])
{
        time_t seconds = (time_t)(usec / USEC_PER_SEC);
        char day[FORMAT_SIZE / 2];
        struct tm tm;

        if (!gmtime_r(&seconds, &tm) || strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
                (void)snprintf(ret, FORMAT_SIZE, "unknown");
        else
                (void)snprintf(ret, FORMAT_SIZE, "%s.%06uZ", day, (unsigned)(usec % USEC_PER_SEC));
        return ret;
}

const char *format_local_time(uint64_t usec, char ret[FORMAT_SIZE])
{
        time_t seconds = (time_t)(usec / USEC_PER_SEC);
        struct tm tm;

        if (usec == 0 || !localtime_r(&seconds, &tm) ||
            strftime(ret, FORMAT_SIZE, "%Y-%m-%d %H:%M:%S %z", &tm) == 0)
                (void)snprintf(ret, FORMAT_SIZE, "-");
        return ret;
}

static bool is_harmful(uint32_t code)
{
        return code < 0x20 || (code >= 0x7f && code <= 0x9f) || /* C0, DEL, C1 */
               (code >= 0x200e && code <= 0x200f) ||            /* marks of direction, */
               (code >= 0x2028 && code <= 0x202e) ||            /* separators, overrides, */
               (code >= 0x2066 && code <= 0x2069);              /* isolates */
}

char *format_clean(const char *text)
{
        char *copy = malloc(strlen(text) + 1), *out = copy;

        if (!copy)
                return NULL;
        while (*text) {
                uint32_t code = 0;
                size_t n = utf8_decode(text, SIZE_MAX, &code);

                if (n == 0 || is_harmful(code)) {
                        *out++ = '?';
                        text += n ?: 1;
                        continue;
                }
                memcpy(out, text, n);
                out += n;
                text += n;
        }
        *out = 0;
        return copy;
}

char *format_failure(const char *text)
{
        _cleanup_(freep) char *ours = strdup(text), *clean = NULL, *theirs = NULL;
        char *newline = ours ? strchr(ours, '\n') : NULL, *both;

        if (!newline)
                return format_clean(text);
        *newline = '\0';
        clean = format_clean(ours);
        theirs = format_clean(newline + 1);
        if (!clean || !theirs || asprintf(&both, "%s; the server says: %s", clean, theirs) < 0)
                return NULL;
        return both;
}
