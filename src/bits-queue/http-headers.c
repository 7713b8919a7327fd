#include "http-headers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "text.h"

/* What says how the request is framed, where it goes, or which bytes are asked for. */
static const char *const reserved[] = {
        "Accept-Encoding",  "Connection", "Content-Length",
        "Expect",           "Host",       "HTTP2-Settings",
        "If-Range",         "Keep-Alive", "Range",
        "Proxy-Connection", "TE",         "Transfer-Encoding",
        "Trailer",          "Upgrade",
};

/* RFC 9110 §5.6.2, tchar. */
static bool is_token(const char *text, size_t size)
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

/* What is wrong with a line of size bytes; NULL: nothing. */
static const char *line_fault(const char *line, size_t size)
{
        const char *colon = memchr(line, ':', size);

        if (line[0] == ' ' || line[0] == '\t')
                return "a header begins with a blank: folded headers are not sent";
        if (!colon)
                return "a header has no colon";
        if (!is_token(line, (size_t)(colon - line)))
                return "a header's name has a character that names do not have";
        if (is_reserved(line, (size_t)(colon - line)))
                return "a header is one that the service sets itself";
        for (size_t i = 0; i < size; i++)
                if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
                        return "a header has a control character";
        return NULL;
}

/* Appends the lines to ret, which has room. */
static const char *copy_lines(const char *text, char *ret)
{
        bool ended = false;

        while (*text) {
                size_t size = strcspn(text, "\n"), line = size;
                const char *fault;

                if (line > 0 && text[size] == '\n' && text[line - 1] == '\r')
                        line--;
                if (line > 0 && ended)
                        return "an empty line is among the headers";
                ended = line == 0;
                fault = line > 0 ? line_fault(text, line) : NULL;
                if (fault)
                        return fault;
                if (line > 0) {
                        ret = mempcpy(ret, text, line);
                        ret = mempcpy(ret, "\r\n", 2);
                }
                text += size + (text[size] == '\n');
        }
        *ret = 0;
        return NULL;
}

HRESULT headers_normalize(const char *text, char **ret, const char **ret_why)
{
        _cleanup_(freep) char *lines = NULL;
        size_t units;

        *ret_why = NULL;
        if (text_count_utf16(text, &units) < 0)
                return E_INVALIDARG;
        if (units >= HEADERS_MAX)
                return BG_E_STRING_TOO_LONG;
        lines = malloc(2 * strlen(text) + 3); /* a line that is one LF is not copied */
        if (!lines)
                return E_OUTOFMEMORY;
        *ret_why = copy_lines(text, lines);
        if (*ret_why) {
                explicit_bzero(lines, 2 * strlen(text) + 3);
                return E_INVALIDARG;
        }
        *ret = TAKE_PTR(lines);
        return S_OK;
}

HRESULT method_check(const char *method)
{
        /* With these, what follows the header is no file: nothing, a tunnel, or our own request. */
        static const char *const none[] = {"CONNECT", "HEAD", "TRACE"};
        size_t size = strlen(method);

        if (size > METHOD_MAX || !is_token(method, size))
                return E_INVALIDARG;
        for (size_t i = 0; i < ELEMENTS(none); i++)
                if (strcasecmp(method, none[i]) == 0)
                        return E_INVALIDARG;
        return S_OK;
}
