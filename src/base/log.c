#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *log_program = "bits";
static bool log_debugging, log_prefixed;

void log_init(const char *program)
{
        const char *debug = getenv("BITS_DEBUG");

        log_program = program;
        log_debugging = debug && strcmp(debug, "1") == 0;
        log_prefixed = getenv("JOURNAL_STREAM") != NULL;
}

void log_write(int priority, const char *format, ...)
{
        char line[1024];
        va_list ap;
        int n;

        if (priority == LOG_DEBUG && !log_debugging)
                return;

        n = log_prefixed ? snprintf(line, sizeof(line), "<%d>", priority)
                         : snprintf(line, sizeof(line), "%s[%d]: ", log_program, (int)getpid());

        va_start(ap, format);
        (void)vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, ap);
        va_end(ap);

        /* One write per entry; what others sent us must not break the line or colour a terminal. */
        for (char *c = line; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        *c = '?';
        size_t length = strlen(line);
        line[length++] = '\n';
        if (write(STDERR_FILENO, line, length) < 0)
                return; /* nowhere left to say so */
}
