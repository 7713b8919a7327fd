#include "http-headers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/field.h"
#include "text.h"

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
                fault = line > 0 ? field_fault(text, line) : NULL;
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

        if (size > METHOD_MAX || !field_is_token(method, size))
                return E_INVALIDARG;
        for (size_t i = 0; i < ELEMENTS(none); i++)
                if (strcasecmp(method, none[i]) == 0)
                        return E_INVALIDARG;
        return S_OK;
}
