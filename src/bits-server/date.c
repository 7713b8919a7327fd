/*
 * HTTP dates. A form is a pattern in which a letter stands for a part of the date and everything
 * else for itself; what does not match one of the three forms to its last character is no date.
 */
#include "date.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

#define PIVOT_YEARS 50 /* a two-digit year further ahead than this is of the last century */

static const char *const weekdays[] = {
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
};

static const char months[][4] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
};

/* w, W: weekday, short and long; d, e: day, with leading zero or blank; b: month; Y, y: year of
 * four or two digits; H, M, S: the time. Their texts hold no letter of these but GMT, which is "#".
 */
static const char *const forms[] = {
        "w, d b Y H:M:S #",
        "W, d-b-y H:M:S #",
        "w b e H:M:S Y",
};

int date_format(int64_t time_sec, char ret[DATE_TEXT_SIZE])
{
        time_t time = (time_t)time_sec;
        struct tm tm;

        if (!gmtime_r(&time, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
                return -ERANGE;
        (void)snprintf(ret, DATE_TEXT_SIZE, "%.3s, %02u %s %04u %02u:%02u:%02u GMT",
                       weekdays[tm.tm_wday], (unsigned)tm.tm_mday % 100, months[tm.tm_mon],
                       (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
                       (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
        return 0;
}

static bool read_text(const char **text, const char *expected, size_t size)
{
        if (strncmp(*text, expected, size) != 0)
                return false;
        *text += size;
        return true;
}

static bool read_number(const char **text, size_t digits, int *ret)
{
        int number = 0;

        for (size_t i = 0; i < digits; i++) {
                char c = (*text)[i];

                if (c < '0' || c > '9')
                        return false;
                number = number * 10 + (c - '0');
        }
        *text += digits;
        *ret = number;
        return true;
}

static bool read_weekday(const char **text, bool is_long)
{
        for (size_t i = 0; i < ELEMENTS(weekdays); i++)
                if (read_text(text, weekdays[i], is_long ? strlen(weekdays[i]) : 3))
                        return true;
        return false;
}

static bool read_month(const char **text, int *ret)
{
        for (size_t i = 0; i < ELEMENTS(months); i++)
                if (read_text(text, months[i], 3)) {
                        *ret = (int)i;
                        return true;
                }
        return false;
}

static bool read_year(const char **text, size_t digits, int64_t now_sec, int *ret)
{
        time_t now = (time_t)now_sec;
        struct tm tm;
        int year;

        if (!read_number(text, digits, &year))
                return false;
        if (digits == 2) {
                if (!gmtime_r(&now, &tm))
                        return false;
                /* in tm's own count: years since 1900 */
                year += tm.tm_year - tm.tm_year % 100;
                if (year > tm.tm_year + PIVOT_YEARS)
                        year -= 100;
                *ret = year;
                return true;
        }
        *ret = year - 1900;
        return true;
}

static bool read_part(char part, const char **text, int64_t now_sec, struct tm *tm)
{
        switch (part) {
        case 'w':
        case 'W':
                return read_weekday(text, part == 'W');
        case 'e':
                if (**text == ' ') {
                        (*text)++;
                        return read_number(text, 1, &tm->tm_mday);
                }
                return read_number(text, 2, &tm->tm_mday);
        case 'd':
                return read_number(text, 2, &tm->tm_mday);
        case 'b':
                return read_month(text, &tm->tm_mon);
        case 'Y':
                return read_year(text, 4, now_sec, &tm->tm_year);
        case 'y':
                return read_year(text, 2, now_sec, &tm->tm_year);
        case 'H':
                return read_number(text, 2, &tm->tm_hour);
        case 'M':
                return read_number(text, 2, &tm->tm_min);
        case 'S':
                return read_number(text, 2, &tm->tm_sec);
        case '#':
                return read_text(text, "GMT", 3);
        default:
                return read_text(text, &part, 1);
        }
}

static bool read_form(const char *form, const char *text, int64_t now_sec, struct tm *ret)
{
        *ret = (struct tm){0};
        for (; *form; form++)
                if (!read_part(*form, &text, now_sec, ret))
                        return false;
        return *text == '\0';
}

int date_parse(const char *text, int64_t now_sec, int64_t *ret_sec)
{
        for (size_t i = 0; i < ELEMENTS(forms); i++) {
                struct tm tm, midnight;
                time_t time;

                if (!read_form(forms[i], text, now_sec, &tm))
                        continue;
                if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
                        return -EINVAL;
                midnight = (struct tm){
                        .tm_year = tm.tm_year,
                        .tm_mon = tm.tm_mon,
                        .tm_mday = tm.tm_mday,
                };
                time = timegm(&midnight);
                /* timegm() makes 2 March of 30 February */
                if (midnight.tm_mday != tm.tm_mday)
                        return -EINVAL;
                *ret_sec = (int64_t)time + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
                return 0;
        }
        return -EINVAL;
}
