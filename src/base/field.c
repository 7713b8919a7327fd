#include "field.h"

#include <string.h>
#include <strings.h>

#include "cleanup.h"

/* What says how the request is framed, where it goes, or which bytes are asked for. */
static const char *const reserved[] = {
        "Accept-Encoding",  "Connection", "Content-Length",
        "Expect",           "Host",       "HTTP2-Settings",
        "If-Range",         "Keep-Alive", "Range",
        "Proxy-Connection", "TE",         "Transfer-Encoding",
        "Trailer",          "Upgrade",
};

bool field_is_token(const char *text, size_t size)
{
        static const char tchars[] = "!#$%&'*+-.^_`|~0123456789"
                                     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

        return size > 0 && strspn(text, tchars) >= size;
}

static bool is_reserved(const char *name, size_t size)
{
        for (size_t i = 0; i < ELEMENTS(reserved); i++)
                if (strlen(reserved[i]) == size && strncasecmp(reserved[i], name, size) == 0)
                        return true;
        return false;
}

const char *field_fault(const char *line, size_t size)
{
        const char *colon = memchr(line, ':', size);

        if (line[0] == ' ' || line[0] == '\t')
                return "a custom header begins with a blank: folded headers are not sent";
        if (!colon)
                return "a custom header has no colon";
        if (!field_is_token(line, (size_t)(colon - line)))
                return "a custom header's name has a character that names do not have";
        if (is_reserved(line, (size_t)(colon - line)))
                return "a custom header is one that the service sets itself";
        for (size_t i = 0; i < size; i++)
                if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
                        return "a custom header has a control character";
        return NULL;
}
