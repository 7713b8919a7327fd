/* bits-queue's check of request headers that a client gives: what passes cannot leave its line. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http-headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NAME ":" VALUE CRLF, and nothing else. */
static const char *check_line(const char *line)
{
        const char *end = strstr(line, "\r\n");

        assert(end && end > line && memchr(line, ':', (size_t)(end - line)));
        assert(line[0] != ':' && line[0] != ' ' && line[0] != '\t');
        for (const char *c = line; c < end; c++)
                assert((unsigned char)*c >= ' ' || *c == '\t');
        return end + 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = calloc(1, size + 1), *lines = NULL;
        const char *why;

        assert(text);
        if (size > 0)
                memcpy(text, data, size);
        if (headers_normalize(text, &lines, &why) == S_OK)
                for (const char *line = lines; *line;)
                        line = check_line(line);
        (void)method_check(text);
        free(lines);
        free(text);
        return 0;
}
