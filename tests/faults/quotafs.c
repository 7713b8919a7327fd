/*
 * quotafs BACKING MOUNTPOINT RULES: a file system that shows the directory BACKING and fails on
 * demand, as the file RULES says (see fault.h). It runs in the foreground, prints a line when it is
 * mounted, and ends when it is unmounted or told to (SIGTERM).
 *
 * Whoever is allowed to by the modes of the files may use it; what he makes is his. It is for a
 * mount namespace of a test's own. Nothing is cached, so what an operation answers is what
 * happened.
 */
#define FUSE_USE_VERSION 312

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fault.h"

typedef struct Mount {
        int backing;
        const char *rules; /* absolute */
} Mount;

static const Mount *mounted(void)
{
        return fuse_get_context()->private_data;
}

static int backing(void)
{
        return mounted()->backing;
}

/* The name beneath the backing directory. */
static const char *beneath(const char *path)
{
        return path[1] ? path + 1 : ".";
}

static int answer(int r)
{
        return r < 0 ? -errno : 0;
}

/* The rule for an operation. A test that writes nonsense must not pass: all ends. */
static Fault fault_of(Operation operation)
{
        Faults faults;
        int r = faults_read(mounted()->rules, &faults);

        if (r < 0) {
                (void)fprintf(stderr, "quotafs: %s: %s\n", mounted()->rules, strerror(-r));
                _exit(EXIT_FAILURE);
        }
        return faults.of[operation];
}

/* For what has no size: 0, or the error it is to have. */
static int refuse(Operation operation)
{
        return -fault_of(operation).error;
}

/* For what reaches up to a byte: how many of size bytes from offset on may be had, or the error
 * when none may. */
static int allow(Operation operation, uint64_t offset, uint64_t size, uint64_t *ret_size)
{
        Fault fault = fault_of(operation);

        *ret_size = size;
        if (!fault.error || size == 0)
                return 0;
        if (offset >= fault.limit_bytes)
                return -fault.error;
        if (size > fault.limit_bytes - offset)
                *ret_size = fault.limit_bytes - offset;
        return 0;
}

/* What was just made is the caller's. */
static int own(const char *path)
{
        const struct fuse_context *caller = fuse_get_context();

        return answer(
                fchownat(backing(), beneath(path), caller->uid, caller->gid, AT_SYMLINK_NOFOLLOW));
}

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *file)
{
        if (file)
                return answer(fstat((int)file->fh, st));
        return answer(fstatat(backing(), beneath(path), st, AT_SYMLINK_NOFOLLOW));
}

static int read_link(const char *path, char *target, size_t size)
{
        ssize_t n = readlinkat(backing(), beneath(path), target, size - 1);

        if (n < 0)
                return -errno;
        target[n] = '\0';
        return 0;
}

static int make_node(const char *path, mode_t mode, dev_t device)
{
        int r = refuse(OPERATION_CREATE);

        if (r == 0)
                r = answer(mknodat(backing(), beneath(path), mode, device));
        return r < 0 ? r : own(path);
}

static int make_directory(const char *path, mode_t mode)
{
        int r = refuse(OPERATION_CREATE);

        if (r == 0)
                r = answer(mkdirat(backing(), beneath(path), mode));
        return r < 0 ? r : own(path);
}

static int make_symlink(const char *target, const char *path)
{
        int r = refuse(OPERATION_CREATE);

        if (r == 0)
                r = answer(symlinkat(target, backing(), beneath(path)));
        return r < 0 ? r : own(path);
}

static int make_link(const char *from, const char *to)
{
        int r = refuse(OPERATION_CREATE);

        return r < 0 ? r : answer(linkat(backing(), beneath(from), backing(), beneath(to), 0));
}

static int remove_file(const char *path)
{
        int r = refuse(OPERATION_UNLINK);

        return r < 0 ? r : answer(unlinkat(backing(), beneath(path), 0));
}

static int remove_directory(const char *path)
{
        int r = refuse(OPERATION_UNLINK);

        return r < 0 ? r : answer(unlinkat(backing(), beneath(path), AT_REMOVEDIR));
}

static int rename_file(const char *from, const char *to, unsigned flags)
{
        int r = refuse(OPERATION_RENAME);

        return r < 0 ? r
                     : answer(renameat2(backing(), beneath(from), backing(), beneath(to), flags));
}

static int change_mode(const char *path, mode_t mode, struct fuse_file_info *file)
{
        return answer(file ? fchmod((int)file->fh, mode)
                           : fchmodat(backing(), beneath(path), mode, 0));
}

static int change_owner(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *file)
{
        return answer(file ? fchown((int)file->fh, uid, gid)
                           : fchownat(backing(), beneath(path), uid, gid, AT_SYMLINK_NOFOLLOW));
}

static int change_times(const char *path, const struct timespec times[2],
                        struct fuse_file_info *file)
{
        return answer(file ? futimens((int)file->fh, times)
                           : utimensat(backing(), beneath(path), times, AT_SYMLINK_NOFOLLOW));
}

static int truncate_file(const char *path, off_t size, struct fuse_file_info *file)
{
        _cleanup_(closep) int fd = -1;
        Fault fault = fault_of(OPERATION_TRUNCATE);

        if (fault.error && (uint64_t)size > fault.limit_bytes)
                return -fault.error;
        if (file)
                return answer(ftruncate((int)file->fh, size));
        fd = openat(backing(), beneath(path), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : answer(ftruncate(fd, size));
}

/* The kernel says where to write, also for O_APPEND: the offset is what counts. */
static int open_file(const char *path, struct fuse_file_info *file)
{
        int flags = file->flags & ~(O_APPEND | O_DIRECT);
        int fd = openat(backing(), beneath(path), flags | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0)
                return -errno;
        file->fh = (uint64_t)fd;
        file->direct_io = (file->flags & O_DIRECT) != 0;
        return 0;
}

static int create_file(const char *path, mode_t mode, struct fuse_file_info *file)
{
        _cleanup_(closep) int fd = -1;
        int r = refuse(OPERATION_CREATE);

        if (r < 0)
                return r;
        fd = openat(backing(), beneath(path),
                    (file->flags & ~(O_APPEND | O_DIRECT)) | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                    mode);
        if (fd < 0)
                return -errno;
        r = own(path);
        if (r < 0)
                return r;
        file->fh = (uint64_t)TAKE_FD(fd);
        return 0;
}

static int read_file(const char *path, char *data, size_t size, off_t offset,
                     struct fuse_file_info *file)
{
        uint64_t allowed;
        ssize_t n;
        int r = allow(OPERATION_READ, (uint64_t)offset, size, &allowed);

        (void)path;
        if (r < 0)
                return r;
        n = pread((int)file->fh, data, allowed, offset);
        return n < 0 ? -errno : (int)n;
}

static int write_file(const char *path, const char *data, size_t size, off_t offset,
                      struct fuse_file_info *file)
{
        uint64_t allowed;
        ssize_t n;
        int r = allow(OPERATION_WRITE, (uint64_t)offset, size, &allowed);

        (void)path;
        if (r < 0)
                return r;
        n = pwrite((int)file->fh, data, allowed, offset);
        return n < 0 ? -errno : (int)n;
}

/* Room is had whole or not at all. */
static int allocate(const char *path, int mode, off_t offset, off_t size,
                    struct fuse_file_info *file)
{
        Fault fault = fault_of(OPERATION_WRITE);

        (void)path;
        if (fault.error && (uint64_t)offset + (uint64_t)size > fault.limit_bytes)
                return -fault.error;
        return answer(fallocate((int)file->fh, mode, offset, size));
}

static int sync_file(const char *path, int data_only, struct fuse_file_info *file)
{
        int r = refuse(OPERATION_SYNC);

        (void)path;
        if (r < 0)
                return r;
        return answer(data_only ? fdatasync((int)file->fh) : fsync((int)file->fh));
}

static int release_file(const char *path, struct fuse_file_info *file)
{
        (void)path;
        return answer(close((int)file->fh));
}

static int state_file_system(const char *path, struct statvfs *st)
{
        (void)path;
        return answer(fstatvfs(backing(), st));
}

static void closedirp(DIR **directory)
{
        if (*directory)
                closedir(*directory);
}

/* Whole at once, so that no offset needs to mean anything. */
static int read_directory(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                          struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
        _cleanup_(closep) int fd = openat((int)file->fh, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(closedirp) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *entry;

        (void)path;
        (void)offset;
        (void)flags;
        if (!directory)
                return -errno;
        (void)TAKE_FD(fd);
        for (errno = 0; (entry = readdir(directory)); errno = 0) {
                struct stat st = {.st_ino = entry->d_ino,
                                  .st_mode = (mode_t)DTTOIF((unsigned)entry->d_type)};

                if (fill(buffer, entry->d_name, &st, 0, 0))
                        return -ENOMEM;
        }
        return -errno;
}

static int open_directory(const char *path, struct fuse_file_info *file)
{
        int fd = openat(backing(), beneath(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0)
                return -errno;
        file->fh = (uint64_t)fd;
        return 0;
}

static void *begin(struct fuse_conn_info *connection, struct fuse_config *config)
{
        (void)connection;
        config->use_ino = 1;
        config->hard_remove = 1; /* no hidden names: BACKING is what a test looks at */
        config->nullpath_ok = 1; /* an open file may have no name any more */
        config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
        printf("quotafs: mounted\n");
        (void)fflush(stdout);
        return fuse_get_context()->private_data;
}

static const struct fuse_operations operations = {
        .getattr = get_attributes,
        .readlink = read_link,
        .mknod = make_node,
        .mkdir = make_directory,
        .symlink = make_symlink,
        .link = make_link,
        .unlink = remove_file,
        .rmdir = remove_directory,
        .rename = rename_file,
        .chmod = change_mode,
        .chown = change_owner,
        .utimens = change_times,
        .truncate = truncate_file,
        .open = open_file,
        .create = create_file,
        .read = read_file,
        .write = write_file,
        .fallocate = allocate,
        .fsync = sync_file,
        .release = release_file,
        .statfs = state_file_system,
        .opendir = open_directory,
        .readdir = read_directory,
        .fsyncdir = sync_file,
        .releasedir = release_file,
        .init = begin,
};

int main(int argc, char **argv)
{
        _cleanup_(closep) int directory = -1;
        char *arguments[] = {
                argv[0],
                "-f",
                "-s",
                "-o",
                "allow_other,default_permissions",
                argc > 2 ? argv[2] : NULL,
                NULL,
        };
        Mount mount;

        if (argc != 4 || argv[3][0] != '/') {
                (void)fprintf(stderr, "usage: %s BACKING MOUNTPOINT /RULES\n", argv[0]);
                return EXIT_FAILURE;
        }
        directory = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) {
                (void)fprintf(stderr, "quotafs: %s: %s\n", argv[1], strerror(errno));
                return EXIT_FAILURE;
        }
        (void)umask(0); /* the kernel has applied the caller's */
        mount = (Mount){.backing = directory, .rules = argv[3]};
        return fuse_main((int)ELEMENTS(arguments) - 1, arguments, &operations, &mount);
}
