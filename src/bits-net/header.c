#include "header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void header_deinit(Header *header)
{
        free(header->message);
        *header = (Header){0};
}

int header_line(Header *header, const char *line, size_t size)
{
        char *text;

        while (size > 0 && (line[size - 1] == '\r' || line[size - 1] == '\n'))
                size--;
        if (memchr(line, '\0', size))
                return -EBADMSG;
        if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
                header->size = 0;
                header->complete = false;
        }
        if (header->complete)
                return 0;
        if (size == 0) {
                header->complete = true;
                return 0;
        }
        if (!header->message)
                header->message = malloc(sizeof(*header->message));
        if (!header->message)
                return -ENOMEM;
        if (header->size + size + sizeof("\r\n") > sizeof(header->message->text))
                return -EMSGSIZE;
        text = header->message->text + header->size;
        memcpy(text, line, size);
        memcpy(text + size, "\r\n", sizeof("\r\n"));
        header->size += size + 2;
        return 0;
}
