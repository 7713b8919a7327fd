#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
        LINE_MAX_BYTES = 1024,
        ENTRY_MAX_BYTES = 4096,
};

static const char *log_program = "bits";
static bool log_debugging, log_prefixed;

/* Children are started with an environment that says nothing of it: the socket itself does. */
static bool is_journal(int fd)
{
        struct sockaddr_un peer = {0};
        socklen_t size = sizeof(peer) - 1;

        return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
               peer.sun_family == AF_UNIX &&
               strcmp(peer.sun_path, "/run/systemd/journal/stdout") == 0;
}

void log_init(const char *program)
{
        const char *debug = getenv("BITS_DEBUG");

        log_program = program;
        log_debugging = debug && strcmp(debug, "1") == 0;
        log_prefixed = is_journal(STDERR_FILENO);
}

/* What others sent us must not break the line or colour a terminal. */
static void clean(char *text)
{
        for (char *c = text; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        *c = '?';
}

/* One write per entry. */
static void write_line(int priority, const char *text)
{
        char line[LINE_MAX_BYTES];
        size_t length;
        int n;

        n = log_prefixed ? snprintf(line, sizeof(line) - 1, "<%d>%s", priority, text)
                         : snprintf(line, sizeof(line) - 1, "%s[%d]: %s", log_program,
                                    (int)getpid(), text);
        if (n < 0)
                return;
        length = strlen(line);
        line[length++] = '\n';
        if (write(STDERR_FILENO, line, length) < 0)
                return; /* nowhere left to say so */
}

void log_write(int priority, const char *format, ...)
{
        char text[LINE_MAX_BYTES];
        va_list ap;

        if (priority == LOG_DEBUG && !log_debugging)
                return;
        va_start(ap, format);
        (void)vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        clean(text);
        write_line(priority, text);
}

/* The journal's own protocol: a datagram of NAME=value lines. */
static bool send_to_journal(const char *entry, size_t size)
{
        static const struct sockaddr_un address = {
                .sun_family = AF_UNIX,
                .sun_path = "/run/systemd/journal/socket",
        };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        bool sent = fd >= 0 &&
                    sendto(fd, entry, size, MSG_NOSIGNAL | MSG_DONTWAIT,
                           (const struct sockaddr *)&address, sizeof(address)) == (ssize_t)size;

        if (fd >= 0)
                (void)close(fd);
        return sent;
}

void log_write_fields(int priority, const char *const fields[], const char *format, ...)
{
        char text[LINE_MAX_BYTES], entry[ENTRY_MAX_BYTES], field[LINE_MAX_BYTES];
        size_t length;
        va_list ap;

        if (priority == LOG_DEBUG && !log_debugging)
                return;
        va_start(ap, format);
        (void)vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        clean(text);

        length = (size_t)snprintf(entry, sizeof(entry),
                                  "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=%s\n", text, priority,
                                  log_program);
        for (size_t i = 0; fields[i]; i++) {
                (void)snprintf(field, sizeof(field), "%s", fields[i]);
                clean(field);
                if (length + strlen(field) + 1 >= sizeof(entry))
                        break;
                length += (size_t)snprintf(entry + length, sizeof(entry) - length, "%s\n", field);
        }
        if (!log_prefixed || !send_to_journal(entry, length))
                write_line(priority, text);
}
