#include "format.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

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

/* Bytes of the UTF-8 character at text, 0 when it is none; *ret_code its code point. */
static size_t decode(const unsigned char *text, uint32_t *ret_code)
{
        static const struct {
                unsigned char mask, lead;
                uint32_t least;
        } forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

        for (size_t n = 0; n < ELEMENTS(forms); n++) {
                uint32_t code = text[0] & (unsigned char)~forms[n].mask;

                if ((text[0] & forms[n].mask) != forms[n].lead)
                        continue;
                for (size_t i = 1; i <= n; i++) {
                        if ((text[i] & 0xc0) != 0x80)
                                return 0;
                        code = code << 6 | (text[i] & 0x3f);
                }
                *ret_code = code;
                return code >= forms[n].least && code <= 0x10ffff ? n + 1 : 0;
        }
        return 0;
}

static bool is_harmful(uint32_t code)
{
        return code < 0x20 || (code >= 0x7f && code <= 0x9f) || /* C0, DEL, C1 */
               (code >= 0x200e && code <= 0x200f) ||            /* marks of direction, */
               (code >= 0x2028 && code <= 0x202e) ||            /* separators, overrides, */
               (code >= 0x2066 && code <= 0x2069) ||            /* isolates */
               (code >= 0xd800 && code <= 0xdfff);
}

char *format_clean(const char *text)
{
        const unsigned char *in = (const unsigned char *)text;
        char *copy = malloc(strlen(text) + 1), *out = copy;

        if (!copy)
                return NULL;
        while (*in) {
                uint32_t code = 0;
                size_t n = decode(in, &code);

                if (n == 0 || is_harmful(code)) {
                        *out++ = '?';
                        in += n ?: 1;
                        continue;
                }
                memcpy(out, in, n);
                out += n;
                in += n;
        }
        *out = 0;
        return copy;
}
