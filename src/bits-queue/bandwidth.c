#include "bandwidth.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum {
        DAY_SEC = 86400,
        RATE_MIN = 250, /* bytes a second: the 2 kbit/s of behaviour.md §16 */
};

int bandwidth_parse_rate(const char *text, uint64_t *ret)
{
        static const struct {
                const char *name;
                uint64_t bytes;
        } units[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};
        unsigned long long number;
        char *end;

        if (strcmp(text, "unlimited") == 0) {
                *ret = RATE_UNLIMITED;
                return 0;
        }
        if (*text < '0' || *text > '9')
                return -EINVAL;
        errno = 0;
        number = strtoull(text, &end, 10);
        for (size_t i = 0; i < ELEMENTS(units); i++) {
                if (strcmp(end, units[i].name) != 0)
                        continue;
                if (errno || number > INT64_MAX / units[i].bytes)
                        return -EINVAL;
                *ret = number * units[i].bytes;
                if (*ret > 0 && *ret < RATE_MIN)
                        *ret = RATE_MIN;
                return 0;
        }
        return -EINVAL;
}

/* "Mon", three letters; -EINVAL. */
static int parse_day(const char **text)
{
        static const char *const names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

        for (int i = 0; i < (int)ELEMENTS(names); i++)
                if (strncmp(*text, names[i], 3) == 0) {
                        *text += 3;
                        return i;
                }
        return -EINVAL;
}

/* "Mon-Fri,Sun" or "daily". */
static int parse_days(const char *text, uint8_t *ret)
{
        int first, last;

        *ret = 0;
        if (strcmp(text, "daily") == 0) {
                *ret = 0x7F;
                return 0;
        }
        do {
                first = last = parse_day(&text);
                if (first >= 0 && *text == '-') {
                        text++;
                        last = parse_day(&text);
                }
                if (first < 0 || last < 0)
                        return -EINVAL;
                for (int day = first;; day = (day + 1) % 7) { /* Fri-Mon goes over Sunday */
                        *ret |= (uint8_t)(1u << day);
                        if (day == last)
                                break;
                }
        } while (*text++ == ',');
        return text[-1] == 0 ? 0 : -EINVAL;
}

/* "08:00" or "08:00:30", to 24:00. */
static int parse_time(const char *text, uint32_t *ret)
{
        unsigned hour, minute, second = 0;
        int length = -1;

        if (strspn(text, "0123456789:") != strlen(text))
                return -EINVAL;
        if (sscanf(text, "%2u:%2u%n", &hour, &minute, &length) != 2 || length < 0)
                return -EINVAL;
        if (text[length] == ':') {
                text += length;
                length = -1;
                if (sscanf(text, ":%2u%n", &second, &length) != 1 || length < 0)
                        return -EINVAL;
        }
        if (text[length] || minute > 59 || second > 59)
                return -EINVAL;
        *ret = hour * 3600 + minute * 60 + second;
        return *ret <= DAY_SEC ? 0 : -EINVAL;
}

int bandwidth_parse_window(const char *text, Bandwidth *bandwidth)
{
        char days[64], begin[16], end[16], rate[32];
        BandwidthWindow window;
        int length = -1;

        if (!*text) {
                bandwidth->n_windows = 0;
                return 0;
        }
        if (sscanf(text, "%63s %15[0-9:]-%15[0-9:] %31s %n", days, begin, end, rate, &length) !=
                    4 ||
            length < 0 || text[length])
                return -EINVAL;
        if (parse_days(days, &window.days) < 0 || parse_time(begin, &window.begin_sec) < 0 ||
            parse_time(end, &window.end_sec) < 0 ||
            bandwidth_parse_rate(rate, &window.bytes_per_sec) < 0 || window.begin_sec >= DAY_SEC ||
            bandwidth->n_windows == BANDWIDTH_WINDOWS_MAX)
                return -EINVAL;
        bandwidth->windows[bandwidth->n_windows++] = window;
        return 0;
}

static uint32_t second_of(const struct tm *local)
{
        return (uint32_t)(local->tm_hour * 3600 + local->tm_min * 60 + local->tm_sec);
}

static bool covers(const BandwidthWindow *window, const struct tm *local)
{
        bool today = window->days & 1u << local->tm_wday;
        bool yesterday = window->days & 1u << (local->tm_wday + 6) % 7;
        uint32_t now = second_of(local);

        if (window->begin_sec < window->end_sec)
                return today && now >= window->begin_sec && now < window->end_sec;
        return (today && now >= window->begin_sec) || (yesterday && now < window->end_sec);
}

uint64_t bandwidth_at(const Bandwidth *bandwidth, const struct tm *local)
{
        for (size_t i = bandwidth->n_windows; i > 0; i--)
                if (covers(&bandwidth->windows[i - 1], local))
                        return bandwidth->windows[i - 1].bytes_per_sec;
        return bandwidth->bytes_per_sec;
}

uint32_t bandwidth_lasts_sec(const Bandwidth *bandwidth, const struct tm *local)
{
        uint32_t now = second_of(local), next = DAY_SEC;

        for (size_t i = 0; i < bandwidth->n_windows; i++) {
                const BandwidthWindow *window = &bandwidth->windows[i];

                if (window->begin_sec > now && window->begin_sec < next)
                        next = window->begin_sec;
                if (window->end_sec > now && window->end_sec < next)
                        next = window->end_sec;
        }
        return next > now ? next - now : 1; /* a leap second is in no day */
}
