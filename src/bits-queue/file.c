#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

enum {
        REMOTE_NAME_MAX = 2200, /* code points */
        SEGMENT_MAX = 260,
};

File *file_new(Job *job, uint32_t index, const char *remote, const char *local)
{
        _cleanup_(filep_free) File *file = calloc(1, sizeof(*file));

        if (!file)
                return NULL;
        file->job = job;
        file->index = index;
        file->remote = strdup(remote);
        file->local = strdup(local);
        if (!file->remote || !file->local)
                return NULL;
        file_reset(file);
        return TAKE_PTR(file);
}

File *file_free(File *file)
{
        if (!file)
                return NULL;
        free(file->remote);
        free(file->local);
        free(file->ranges);
        free(file->filled);
        free(file);
        return NULL;
}

void filep_free(File **file)
{
        file_free(*file);
}

void file_reset(File *file)
{
        file->state = FILE_WAITING;
        memset(file->temp, 0, sizeof(file->temp));
        file->temp_uid = (uid_t)-1;
        memset(&file->id, 0, sizeof(file->id));
        memset(&file->directory, 0, sizeof(file->directory));
        memset(&file->validator, 0, sizeof(file->validator));
        file->validator.size = NET_SIZE_UNKNOWN;
        file->validator.last_modified_usec = INT64_MIN;
        file->size = NET_SIZE_UNKNOWN;
        file->offset = file->received = 0;
        file->announced = false;
        free(file->filled);
        file->filled = NULL;
        file->n_filled = 0;
}

void file_temporary_name(const File *file, char ret[WIRE_PATH_SIZE])
{
        const char *slash = strrchr(file->local, '/');

        ret[0] = 0;
        if (file->temp[0] && slash)
                (void)snprintf(ret, WIRE_PATH_SIZE, "%.*s/%s", (int)(slash - file->local),
                               file->local, file->temp);
}

static bool has_scheme(const char *remote, const char *scheme)
{
        return strncasecmp(remote, scheme, strlen(scheme)) == 0;
}

int file_check_remote(const char *remote)
{
        const char *authority, *segment;
        size_t code_points = 0;

        if (!has_scheme(remote, "http://") && !has_scheme(remote, "https://"))
                return -EINVAL;

        for (const char *c = remote; *c; c++) {
                if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '*')
                        return -EINVAL;
                code_points += ((unsigned char)*c & 0xc0) != 0x80;
        }
        if (code_points > REMOTE_NAME_MAX || strlen(remote) >= WIRE_URL_SIZE)
                return -EINVAL;

        authority = strstr(remote, "://") + 3;
        if (strcspn(authority, "/?#") == 0)
                return -EINVAL;
        segment = authority;
        while (*segment && *segment != '?' && *segment != '#') {
                size_t length = strcspn(segment, "/?#");

                if (length > SEGMENT_MAX)
                        return -EINVAL;
                segment += length;
                if (*segment == '/')
                        segment++;
        }
        return 0;
}

int file_check_local(const char *local)
{
        const char *name;
        size_t length = strlen(local);

        /* Room for the temporary name, which stands in the same directory. */
        if (local[0] != '/' || length >= WIRE_PATH_SIZE - WIRE_TEMP_SIZE)
                return -EINVAL;
        for (const char *c = local; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '*' || *c == '?')
                        return -EINVAL;

        for (name = local; *name;) {
                size_t part;

                name += strspn(name, "/");
                part = strcspn(name, "/");
                if ((part == 1 && name[0] == '.') ||
                    (part == 2 && name[0] == '.' && name[1] == '.'))
                        return -EINVAL;
                if (part > NAME_MAX)
                        return -EINVAL;
                name += part;
        }
        return local[length - 1] == '/' ? -EINVAL : 0;
}
