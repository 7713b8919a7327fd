/*
 * The access log. Texts come cleaned, so that nothing in them needs quoting: a line is always one
 * line and always JSON.
 */
#include "access-log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TIME_SIZE sizeof("9999-12-31T23:59:59")

int access_log_open(const char *path, int *ret_fd)
{
        int fd = -1;

        if (path && strcmp(path, "-") == 0)
                fd = STDOUT_FILENO;
        else if (path) {
                fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
                if (fd < 0)
                        return -errno;
        }
        *ret_fd = fd;
        return 0;
}

static int write_all(int fd, const char *text, size_t size)
{
        while (size > 0) {
                ssize_t n = write(fd, text, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                size -= (size_t)n;
        }
        return 0;
}

int access_log_write(int fd, const AccessEntry *entry)
{
        _cleanup_(freep) char *line = NULL;
        char time_text[TIME_SIZE] = "";
        struct timespec now;
        struct tm tm;
        int size;

        if (fd < 0)
                return 0;
        if (clock_gettime(CLOCK_REALTIME, &now) < 0 || !gmtime_r(&now.tv_sec, &tm))
                return -errno;
        (void)strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%S", &tm);

        size = asprintf(&line,
                        "{\"time\":\"%s.%03ldZ\",\"method\":\"%s\",\"path\":\"%s\",\"status\":%u,"
                        "\"begin\":%" PRIu64 ",\"length\":%" PRIu64 ",\"sent\":%" PRIu64
                        ",\"complete\":%s}\n",
                        time_text, now.tv_nsec / 1000000, entry->method, entry->path, entry->status,
                        entry->begin, entry->length, entry->sent,
                        entry->is_complete ? "true" : "false");
        if (size < 0) {
                line = NULL;
                return -ENOMEM;
        }
        return write_all(fd, line, (size_t)size);
}
