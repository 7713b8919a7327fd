/*
 * Runs a fuzz harness on every file of the directories given, so that the ordinary tests, and the
 * sanitizers with them, see each input that ever mattered. An empty directory is a mistake and
 * fails.
 *
 * Each input lies in a buffer of exactly its size, so that reading past it is noticed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void closedirp(DIR **directory)
{
        if (*directory)
                closedir(*directory);
}

static int read_all(int fd, uint8_t *data, size_t size)
{
        while (size > 0) {
                ssize_t n = read(fd, data, size);

                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                data += n;
                size -= (size_t)n;
        }
        return 0;
}

/* 1: run; 0: not a file; -errno. */
static int replay_file(int directory, const char *name)
{
        _cleanup_(closep) int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
        _cleanup_(freep) uint8_t *data = NULL;
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        data = malloc((size_t)st.st_size);
        if (!data && st.st_size > 0)
                return -ENOMEM;
        r = read_all(fd, data, (size_t)st.st_size);
        if (r < 0)
                return r;
        (void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
        return 1;
}

static int replay_directory(const char *path)
{
        _cleanup_(closedirp) DIR *directory = opendir(path);
        struct dirent *entry;
        int count = 0;

        if (!directory)
                return -errno;
        while ((entry = readdir(directory))) {
                int r = replay_file(dirfd(directory), entry->d_name);

                if (r < 0)
                        return r;
                count += r;
        }
        return count > 0 ? count : -ENOENT;
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                (void)fprintf(stderr, "usage: %s DIRECTORY...\n", argv[0]);
                return EXIT_FAILURE;
        }
        for (int i = 1; i < argc; i++) {
                int r = replay_directory(argv[i]);

                if (r < 0) {
                        (void)fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
                        return EXIT_FAILURE;
                }
                printf("%s: %d inputs\n", argv[i], r);
        }
        return EXIT_SUCCESS;
}
