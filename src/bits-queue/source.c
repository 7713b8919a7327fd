#include "source.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/hresult.h"

enum {
        NAME_MAX_BYTES = 255, /* of one component */
};

bool source_is_local(const char *remote)
{
        return remote[0] == '/' || strncasecmp(remote, "file:", 5) == 0;
}

static int digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)(c | 32);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A slash that is escaped would be part of a name, and NUL its end: neither can be. */
static int decode(const char *text, char ret[WIRE_PATH_SIZE])
{
        size_t n = 0;

        for (; *text; text++) {
                int c = (unsigned char)*text;

                if (*text == '%') {
                        int high = digit(text[1]), low = high < 0 ? -1 : digit(text[2]);

                        if (low < 0)
                                return -EINVAL;
                        c = high << 4 | low;
                        if (c == 0 || c == '/')
                                return -EINVAL;
                        text += 2;
                } else if (*text == '?' || *text == '#' || *text == ' ')
                        return -EINVAL;
                if (n + 1 >= WIRE_PATH_SIZE)
                        return -EINVAL;
                ret[n++] = (char)c;
        }
        ret[n] = 0;
        return 0;
}

/* Every name of it, the last one too, is one: not empty at the end, not "." and not "..". */
static bool components_ok(const char *path)
{
        if (path[0] != '/')
                return false;
        while (*path) {
                size_t length;

                path += strspn(path, "/");
                length = strcspn(path, "/");
                if (length == 0 || length > NAME_MAX_BYTES || (length == 1 && path[0] == '.') ||
                    (length == 2 && path[0] == '.' && path[1] == '.'))
                        return false;
                path += length;
        }
        return true;
}

/* No wildcards, as in a local name; in a URL they can be escaped. */
static bool is_literal(const char *name)
{
        for (; *name; name++)
                if ((unsigned char)*name < ' ' || *name == 0x7f || *name == '*')
                        return false;
        return true;
}

int source_path(const char *remote, char ret[WIRE_PATH_SIZE])
{
        int r;

        if (!is_literal(remote))
                return -EINVAL;
        if (remote[0] == '/') {
                if (strlen(remote) >= WIRE_PATH_SIZE || strchr(remote, '?'))
                        return -EINVAL;
                memcpy(ret, remote, strlen(remote) + 1);
        } else {
                if (strncasecmp(remote, "file://", 7) != 0)
                        return -EINVAL;
                remote += 7;
                if (strncasecmp(remote, "localhost/", 10) == 0)
                        remote += 9;
                r = decode(remote, ret);
                if (r < 0)
                        return r;
        }
        return components_ok(ret) ? 0 : -EINVAL;
}

HRESULT source_error(int result)
{
        switch (result) {
        case -ENOENT:
                return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
        case -ENOTDIR:
                return HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
        case -EAGAIN:
                return HRESULT_FROM_WIN32(ERROR_SHARING_VIOLATION);
        default:
                return hresult_from_errno(result);
        }
}

bool source_error_passes(int result)
{
        return result == -EAGAIN || result == -EMFILE || result == -ENFILE || result == -ENOMEM;
}
