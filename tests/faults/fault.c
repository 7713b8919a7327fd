/*
 * The rules of a file system that fails on demand. A rule that is not understood is an error of the
 * test that wrote it, never silently no rule.
 */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define RULES_SIZE 4096

static const char *const operation_names[OPERATION_COUNT] = {
        [OPERATION_CREATE] = "create",     [OPERATION_READ] = "read",
        [OPERATION_RENAME] = "rename",     [OPERATION_SYNC] = "sync",
        [OPERATION_TRUNCATE] = "truncate", [OPERATION_UNLINK] = "unlink",
        [OPERATION_WRITE] = "write",
};

static const struct {
        const char *name;
        int error;
} errors[] = {
        {"EACCES", EACCES}, {"EDQUOT", EDQUOT}, {"EFBIG", EFBIG}, {"EIO", EIO},
        {"ENOSPC", ENOSPC}, {"EPERM", EPERM},   {"EROFS", EROFS},
};

static int operation_parse(const char *name)
{
        for (int i = 0; i < OPERATION_COUNT; i++)
                if (strcmp(name, operation_names[i]) == 0)
                        return i;
        return -EINVAL;
}

static int error_parse(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(errors); i++)
                if (strcmp(name, errors[i].name) == 0)
                        return errors[i].error;
        return -EINVAL;
}

static int limit_parse(const char *text, uint64_t *ret)
{
        char *end;

        errno = 0;
        *ret = strtoull(text, &end, 10);
        return errno || *text < '0' || *text > '9' || *end ? -EINVAL : 0;
}

static int rule_parse(char *line, Faults *faults)
{
        char *rest = NULL, *operation_name = strtok_r(line, " \t", &rest);
        char *error_name = strtok_r(NULL, " \t", &rest), *limit = strtok_r(NULL, " \t", &rest);
        int operation, error;
        Fault *fault;

        if (!operation_name)
                return 0;
        operation = operation_parse(operation_name);
        error = error_name ? error_parse(error_name) : -EINVAL;
        if (operation < 0 || error < 0 || strtok_r(NULL, " \t", &rest))
                return -EINVAL;
        fault = &faults->of[operation];
        *fault = (Fault){.error = error};
        return limit ? limit_parse(limit, &fault->limit_bytes) : 0;
}

int faults_parse(char *text, Faults *ret)
{
        char *line;

        *ret = (Faults){0};
        while ((line = strsep(&text, "\n"))) {
                int r = rule_parse(line, ret);

                if (r < 0)
                        return r;
        }
        return 0;
}

int faults_read(const char *path, Faults *ret)
{
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        char text[RULES_SIZE];
        size_t size = 0;
        ssize_t n;

        *ret = (Faults){0};
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        while ((n = read(fd, text + size, sizeof(text) - size)) > 0)
                size += (size_t)n;
        if (n < 0)
                return -errno;
        if (size == sizeof(text))
                return -E2BIG;
        text[size] = '\0';
        return faults_parse(text, ret);
}
