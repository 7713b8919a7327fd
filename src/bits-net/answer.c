#include "answer.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "retry.h"

enum {
        VALUE_SIZE = 1024, /* longer values of headers that matter are malformed */
        YOUNG_SEC = 60,
        YOUNG_BY_OUR_CLOCK_SEC = 24 * 3600,
};

/* A size in decimal digits; moves *text on. False without digits or beyond what a file can have. */
static bool take_size(const char **text, uint64_t *ret)
{
        uint64_t n = 0;
        const char *p = *text;

        for (; isdigit((unsigned char)*p); p++) {
                if (n > (INT64_MAX - 9) / 10)
                        return false;
                n = n * 10 + (uint64_t)(*p - '0');
        }
        if (p == *text)
                return false;
        *text = p;
        *ret = n;
        return true;
}

static bool take_char(const char **text, char c)
{
        if (**text != c)
                return false;
        (*text)++;
        return true;
}

static void on_length(Answer *answer, const char *value)
{
        uint64_t n;

        if (!take_size(&value, &n) || *value ||
            (answer->length != NET_SIZE_UNKNOWN && answer->length != n)) {
                answer->malformed = true;
                return;
        }
        answer->length = n;
}

/* "bytes " ( first "-" last "/" ( total | "*" ) | "*" "/" total ), RFC 9110, 14.4 */
static bool range_parse(const char *value, AnswerRange *ret)
{
        AnswerRange range = {.kind = ANSWER_RANGE_PART, .total = NET_SIZE_UNKNOWN};

        if (strncasecmp(value, "bytes", 5) != 0 || value[5] != ' ')
                return false;
        value += 6;

        if (take_char(&value, '*')) {
                range.kind = ANSWER_RANGE_UNSATISFIED;
                if (!take_char(&value, '/') || !take_size(&value, &range.total) || *value)
                        return false;
                *ret = range;
                return true;
        }

        if (!take_size(&value, &range.first) || !take_char(&value, '-') ||
            !take_size(&value, &range.last) || !take_char(&value, '/'))
                return false;
        if (!take_char(&value, '*') && !take_size(&value, &range.total))
                return false;
        if (*value || range.first > range.last || range.last >= range.total)
                return false;
        *ret = range;
        return true;
}

static void on_range(Answer *answer, const char *value)
{
        AnswerRange range;

        if (answer->range.kind != ANSWER_RANGE_NONE || !range_parse(value, &range))
                range = (AnswerRange){.kind = ANSWER_RANGE_BAD};
        answer->range = range;
}

static void on_content_encoding(Answer *answer, const char *value)
{
        if (*value && strcasecmp(value, "identity") != 0)
                answer->encoded = true;
}

static void on_transfer_encoding(Answer *answer, const char *value)
{
        if (strcasecmp(value, "chunked") == 0)
                answer->chunked = true;
        else if (strcasecmp(value, "identity") != 0)
                answer->malformed = true; /* we offered no other */
}

static void on_etag(Answer *answer, const char *value)
{
        answer->etag[0] = '\0';
        if (strlen(value) < sizeof(answer->etag) && etag_is_valid(value))
                (void)snprintf(answer->etag, sizeof(answer->etag), "%s", value);
}

static int64_t date_parse(const char *value)
{
        time_t date = curl_getdate(value, NULL);

        return date == -1 ? ANSWER_NO_DATE : (int64_t)date;
}

static void on_modified(Answer *answer, const char *value)
{
        answer->modified_sec = date_parse(value);
}

static void on_date(Answer *answer, const char *value)
{
        answer->date_sec = date_parse(value);
}

static void on_retry_after(Answer *answer, const char *value)
{
        answer->retry_after[0] = '\0';
        if (strlen(value) < sizeof(answer->retry_after))
                (void)snprintf(answer->retry_after, sizeof(answer->retry_after), "%s", value);
}

static void on_type(Answer *answer, const char *value)
{
        static const char type[] = "multipart/byteranges";

        answer->multipart = strncasecmp(value, type, strlen(type)) == 0;
}

static const struct {
        const char *name;
        void (*on)(Answer *answer, const char *value);
} rows[] = {
        {"Content-Length", on_length},
        {"Content-Range", on_range},
        {"Content-Encoding", on_content_encoding},
        {"Transfer-Encoding", on_transfer_encoding},
        {"Content-Type", on_type},
        {"ETag", on_etag},
        {"Last-Modified", on_modified},
        {"Date", on_date},
        {"Retry-After", on_retry_after},
};

void answer_init(Answer *answer, int64_t now_sec)
{
        *answer = (Answer){
                .now_sec = now_sec,
                .length = NET_SIZE_UNKNOWN,
                .date_sec = ANSWER_NO_DATE,
                .modified_sec = ANSWER_NO_DATE,
        };
}

/* "HTTP/" major [ "." minor ] " " status */
static void answer_status_line(Answer *answer, const char *line, size_t size)
{
        size_t i = 5;

        answer_init(answer, answer->now_sec);
        if (i < size && isdigit((unsigned char)line[i]))
                answer->major = (uint32_t)(line[i++] - '0');
        if (i + 1 < size && line[i] == '.' && isdigit((unsigned char)line[i + 1]))
                i += 2;
        if (i + 3 >= size || line[i] != ' ') {
                answer->malformed = true;
                return;
        }
        for (size_t d = 1; d <= 3; d++) {
                if (!isdigit((unsigned char)line[i + d])) {
                        answer->malformed = true;
                        return;
                }
                answer->status = answer->status * 10 + (uint32_t)(line[i + d] - '0');
        }
}

static void answer_header(Answer *answer, const char *line, size_t size)
{
        const char *colon = memchr(line, ':', size);
        char value[VALUE_SIZE];
        size_t name_size, n;

        answer->weighty = false;
        if (!colon)
                return;
        name_size = (size_t)(colon - line);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (strlen(rows[i].name) != name_size ||
                    strncasecmp(rows[i].name, line, name_size) != 0)
                        continue;

                const char *start = colon + 1;

                n = size - name_size - 1;
                for (; n > 0 && (*start == ' ' || *start == '\t'); start++)
                        n--;
                while (n > 0 && (start[n - 1] == ' ' || start[n - 1] == '\t'))
                        n--;
                answer->weighty = true;
                if (memchr(start, '\0', n)) {
                        answer->malformed = true;
                        return;
                }
                if (n >= sizeof(value)) {
                        if (rows[i].on != on_etag)
                                answer->malformed = true;
                        n = 0; /* a long ETag is legal; we just cannot keep it */
                }
                memcpy(value, start, n);
                value[n] = '\0';
                rows[i].on(answer, value);
        }
}

void answer_line(Answer *answer, const char *line, size_t size)
{
        while (size > 0 && (line[size - 1] == '\r' || line[size - 1] == '\n'))
                size--;

        if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
                answer_status_line(answer, line, size);
                return;
        }
        if (answer->complete) /* a trailer: too late to mean anything */
                return;
        if (size == 0) {
                answer->complete = true;
                return;
        }
        if (*line == ' ' || *line == '\t') { /* obsolete folding */
                if (answer->weighty)
                        answer->malformed = true;
                return;
        }
        answer_header(answer, line, size);
}

static bool is_young(const Answer *answer)
{
        if (answer->date_sec != ANSWER_NO_DATE)
                return answer->modified_sec + YOUNG_SEC > answer->date_sec;
        return answer->modified_sec + YOUNG_BY_OUR_CLOCK_SEC > answer->now_sec;
}

NetValidator answer_validator(const Answer *answer, uint64_t size)
{
        NetValidator validator = {.size = size, .last_modified_usec = INT64_MIN};

        (void)snprintf(validator.etag, sizeof(validator.etag), "%s", answer->etag);
        if (answer->elsewhere)
                etag_weaken(validator.etag);
        if (answer->modified_sec == ANSWER_NO_DATE || answer->modified_sec >= INT64_MAX / 1000000 ||
            answer->modified_sec <= INT64_MIN / 1000000)
                return validator;
        validator.last_modified_usec = answer->modified_sec * 1000000 + (is_young(answer) ? 1 : 0);
        return validator;
}

int64_t answer_retry_after(const Answer *answer)
{
        return retry_after_parse(answer->retry_after, answer->date_sec != ANSWER_NO_DATE
                                                              ? answer->date_sec
                                                              : answer->now_sec);
}

bool answer_ends_with_connection(const Answer *answer)
{
        return answer->length == NET_SIZE_UNKNOWN && !answer->chunked && answer->major < 2;
}

bool etag_is_valid(const char *etag)
{
        size_t n;

        if (strncmp(etag, "W/", 2) == 0)
                etag += 2;
        n = strlen(etag);
        if (n < 2 || etag[0] != '"' || etag[n - 1] != '"')
                return false;
        for (size_t i = 1; i < n - 1; i++) {
                unsigned char c = (unsigned char)etag[i];

                if (c < 0x21 || c == '"' || c == 0x7f)
                        return false;
        }
        return true;
}

bool etag_is_strong(const char *etag)
{
        return etag[0] == '"' && etag_is_valid(etag);
}

void etag_weaken(char etag[WIRE_ETAG_SIZE])
{
        size_t size = strlen(etag) + 1;

        if (!etag_is_strong(etag))
                return;
        if (size + 2 > WIRE_ETAG_SIZE) {
                etag[0] = '\0';
                return;
        }
        memmove(etag + 2, etag, size);
        memcpy(etag, "W/", 2);
}
