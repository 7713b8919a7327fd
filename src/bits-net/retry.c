#include "retry.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>

static int64_t usec_of(int64_t sec)
{
        if (sec < 0)
                sec = 0;
        if (sec > RETRY_AFTER_MAX_SEC)
                sec = RETRY_AFTER_MAX_SEC;
        return sec * 1000000;
}

int64_t retry_after_parse(const char *text, int64_t now_sec)
{
        int64_t sec = 0;
        time_t date;

        if (isdigit((unsigned char)text[0])) {
                size_t n = strspn(text, "0123456789");

                if (text[n])
                        return -1;
                for (size_t i = 0; i < n && sec <= RETRY_AFTER_MAX_SEC; i++)
                        sec = sec * 10 + (text[i] - '0');
                return usec_of(sec);
        }

        if (!isalpha((unsigned char)text[0])) /* a date begins with its day's name */
                return -1;
        date = curl_getdate(text, NULL);
        return date == -1 ? -1 : usec_of((int64_t)date - now_sec);
}
