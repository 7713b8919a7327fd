#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "source.h"
#include "url.h"

enum {
        REMOTE_NAME_MAX = 2200, /* code points */
};

FileTotals file_totals(const File *file)
{
        bool known = file->size != NET_SIZE_UNKNOWN;

        return (FileTotals){
                .size = known ? file->size : 0,
                .offset = file->offset,
                .n_unknown = !known,
                .n_sealed = file->state >= FILE_SEALED,
        };
}

size_t hash_size(uint32_t hash)
{
        switch ((enum FileHash)hash) {
        case FILE_HASH_SHA256:
                return 32;
        case FILE_HASH_SHA512:
                return 64;
        case FILE_HASH_NONE:
                break;
        }
        return 0;
}

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
        free(file->renamed);
        free(file->ranges);
        free(file->filled);
        free(file->requested);
        free(file);
        return NULL;
}

size_t file_footprint(const File *file)
{
        return sizeof(*file) + sizeof(File *) + strlen(file->remote) + strlen(file->local) +
               (file->n_ranges + file->n_filled + file->n_requested) * sizeof(FileRange);
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
        file->announced = false;
        file->validation = VALIDATION_NONE;
        file_forget_bytes(file);
}

void file_forget_bytes(File *file)
{
        memset(&file->validator, 0, sizeof(file->validator));
        file->validator.size = NET_SIZE_UNKNOWN;
        file->validator.last_modified_usec = INT64_MIN;
        file->size = file->n_ranges > 0 ? ranges_sum(file->ranges, file->n_ranges, NET_SIZE_UNKNOWN)
                                        : NET_SIZE_UNKNOWN;
        file->offset = file->received = 0;
        free(file->filled);
        file->filled = NULL;
        file->n_filled = 0;
}

/* ---- what is filled, and requested ----------------------------------------------------------- */

int file_copy_filled(const File *file, FileRange **ret, size_t *ret_n)
{
        FileRange prefix = {0, file->offset};
        const FileRange *from = file->n_filled > 0 ? file->filled : &prefix;
        size_t n = file->n_filled > 0 ? file->n_filled : file->offset > 0;

        *ret_n = 0;
        *ret = NULL;
        if (n == 0)
                return 0;
        *ret = malloc(n * sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        memcpy(*ret, from, n * sizeof(**ret));
        *ret_n = n;
        return 0;
}

uint64_t file_filled_end(const File *file)
{
        return file->n_filled > 0 ? range_end(&file->filled[file->n_filled - 1]) : file->offset;
}

static int fill_set(File *file, FileRange part)
{
        _cleanup_(freep) FileRange *set = NULL;
        size_t n;
        int r;

        r = file_copy_filled(file, &set, &n);
        if (r == 0)
                r = ranges_add(&set, &n, part);
        if (r < 0)
                return r;
        free(file->filled);
        file->filled = NULL;
        file->n_filled = 0;
        if (n > 1 || set[0].offset > 0) {
                file->filled = TAKE_PTR(set);
                file->n_filled = n;
        }
        return 0;
}

int file_fill(File *file, FileRange part)
{
        bool appended = file->n_ranges > 0 || (file->n_filled == 0 && part.offset == file->offset);
        int r = appended ? 0 : fill_set(file, part);

        if (r < 0)
                return r;
        file->offset += part.length;
        return file_prune_requested(file);
}

int file_prune_requested(File *file)
{
        _cleanup_(freep) FileRange *set = NULL;
        size_t n, left = 0;
        FileRange gap;
        int r;

        if (file->n_requested == 0)
                return 0;
        r = file_copy_filled(file, &set, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < file->n_requested; i++) {
                const FileRange *wanted = &file->requested[i];
                uint64_t end = range_end(wanted) < file->size ? range_end(wanted) : file->size;

                if (ranges_gap(set, n, wanted->offset, end, &gap))
                        file->requested[left++] = *wanted;
        }
        file->n_requested = left;
        return 0;
}

void file_drop_requested(File *file)
{
        free(file->requested);
        file->requested = NULL;
        file->n_requested = 0;
}

void file_temporary_name(const File *file, char ret[WIRE_PATH_SIZE])
{
        const char *slash = strrchr(file->local, '/');

        ret[0] = 0;
        if (file->temp[0] && slash)
                (void)snprintf(ret, WIRE_PATH_SIZE, "%.*s/%s", (int)(slash - file->local),
                               file->local, file->temp);
}

const char *file_remote_name(const File *file)
{
        return file->renamed ? file->renamed : file->remote;
}

static int check_local_source(const char *remote)
{
        char path[WIRE_PATH_SIZE];
        size_t code_points = 0;

        for (const char *c = remote; *c; c++)
                code_points += ((unsigned char)*c & 0xc0) != 0x80;
        return code_points > REMOTE_NAME_MAX ? -EINVAL : source_path(remote, path);
}

int file_check_remote(const char *remote)
{
        return source_is_local(remote) ? check_local_source(remote) : url_check(remote);
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
