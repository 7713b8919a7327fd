#include "reference.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

int reference_parse(const char *text, char ret_id[GUID_TEXT_SIZE])
{
        Guid id;

        if (!*text)
                return -EINVAL;
        if (guid_parse(text, &id) < 0)
                return 0;
        guid_text(&id, ret_id);
        return 1;
}

static bool part_is(const char *part, size_t n, const char *text)
{
        return n == strlen(text) && memcmp(part, text, n) == 0;
}

/* Appends the parts of name to the clean absolute path of *length in ret. */
static int append(const char *name, char ret[PATH_MAX], size_t *length)
{
        while (*name) {
                size_t n = strcspn(name, "/");

                if (part_is(name, n, "..")) {
                        while (*length > 0 && ret[--*length] != '/')
                                ;
                } else if (n > 0 && !part_is(name, n, ".")) {
                        if (*length + 1 + n >= PATH_MAX)
                                return -ENAMETOOLONG;
                        ret[(*length)++] = '/';
                        memcpy(ret + *length, name, n);
                        *length += n;
                }
                name += n + (name[n] == '/');
        }
        ret[*length] = 0;
        return 0;
}

int reference_local(const char *cwd, const char *name, char ret[PATH_MAX])
{
        const char *last = strrchr(name, '/');
        size_t length = 0;
        int r = 0;

        last = last ? last + 1 : name;
        if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
                return -EISDIR;
        if (*name != '/')
                r = append(cwd, ret, &length);
        return r < 0 ? r : append(name, ret, &length);
}
