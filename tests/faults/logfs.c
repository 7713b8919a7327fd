/*
 * logfs IMAGE MOUNTPOINT LOG: shows the file IMAGE as MOUNTPOINT/image, and appends to LOG what is
 * written to it and when it is flushed, in order. A file system on a loop device over it can thus
 * be had as it would be after a power cut at any moment (tests/torture/power.py).
 *
 * LOG is a sequence of records: kind (0 a write, 1 a flush), size, offset as numbers of the machine
 * of 4, 4 and 8 bytes, then as many bytes of data as size says. A write is in LOG before it is
 * answered. Runs in the foreground, prints a line when it is mounted.
 */
#define FUSE_USE_VERSION 312

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
        RECORD_WRITE,
        RECORD_FLUSH,
};

typedef struct Record {
        uint32_t kind, size;
        uint64_t offset;
} Record;

typedef struct Mount {
        int image, log;
} Mount;

static const Mount *mounted(void)
{
        return fuse_get_context()->private_data;
}

static int note(uint32_t kind, const void *data, size_t size, off_t offset)
{
        Record record = {.kind = kind, .size = (uint32_t)size, .offset = (uint64_t)offset};
        struct iovec parts[] = {
                {.iov_base = &record, .iov_len = sizeof(record)},
                {.iov_base = (void *)(uintptr_t)data, .iov_len = size},
        };
        ssize_t n = writev(mounted()->log, parts, size > 0 ? 2 : 1);

        if (n != (ssize_t)(sizeof(record) + size)) { /* a log with a hole proves nothing */
                (void)fprintf(stderr, "logfs: the log cannot be written\n");
                _exit(EXIT_FAILURE);
        }
        return 0;
}

static bool is_image(const char *path)
{
        return strcmp(path, "/image") == 0;
}

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *file)
{
        (void)file;
        if (is_image(path))
                return fstat(mounted()->image, st) < 0 ? -errno : 0;
        if (strcmp(path, "/") != 0)
                return -ENOENT;
        *st = (struct stat){.st_mode = S_IFDIR | 0700, .st_nlink = 2};
        return 0;
}

static int open_file(const char *path, struct fuse_file_info *file)
{
        if (!is_image(path))
                return -ENOENT;
        file->direct_io = 1; /* each write is seen, when it is made */
        return 0;
}

static int read_file(const char *path, char *data, size_t size, off_t offset,
                     struct fuse_file_info *file)
{
        ssize_t n = pread(mounted()->image, data, size, offset);

        (void)path;
        (void)file;
        return n < 0 ? -errno : (int)n;
}

static int write_file(const char *path, const char *data, size_t size, off_t offset,
                      struct fuse_file_info *file)
{
        ssize_t n;

        (void)path;
        (void)file;
        (void)note(RECORD_WRITE, data, size, offset);
        n = pwrite(mounted()->image, data, size, offset);
        return n < 0 ? -errno : (int)n;
}

static int flush_file(const char *path, int data_only, struct fuse_file_info *file)
{
        (void)path;
        (void)data_only;
        (void)file;
        return note(RECORD_FLUSH, NULL, 0, 0);
}

static void *begin(struct fuse_conn_info *connection, struct fuse_config *config)
{
        (void)connection;
        config->attr_timeout = 0;
        printf("logfs: mounted\n");
        (void)fflush(stdout);
        return fuse_get_context()->private_data;
}

static const struct fuse_operations operations = {
        .getattr = get_attributes,
        .open = open_file,
        .read = read_file,
        .write = write_file,
        .fsync = flush_file,
        .init = begin,
};

int main(int argc, char **argv)
{
        char *arguments[] = {argv[0], "-f", "-s", argc > 2 ? argv[2] : NULL, NULL};
        Mount mount;

        if (argc != 4) {
                (void)fprintf(stderr, "usage: %s IMAGE MOUNTPOINT LOG\n", argv[0]);
                return EXIT_FAILURE;
        }
        mount.image = open(argv[1], O_RDWR | O_CLOEXEC);
        mount.log = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (mount.image < 0 || mount.log < 0) {
                (void)fprintf(stderr, "logfs: %s\n", strerror(errno));
                return EXIT_FAILURE;
        }
        return fuse_main((int)ELEMENTS(arguments) - 1, arguments, &operations, &mount);
}
