#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Landlock's interface beyond the oldest kernel's header; unknown to a kernel, they are left out.
 */
typedef struct Ruleset {
        uint64_t fs, net, scoped;
} Ruleset;

static const struct {
        int abi;
        Ruleset adds;
} landlock_abis[] = {
        {1, {.fs = (1U << 13) - 1}}, /* EXECUTE to MAKE_SYM */
        {2, {.fs = 1U << 13}},       /* REFER */
        {3, {.fs = 1U << 14}},       /* TRUNCATE; descriptors opened elsewhere keep theirs */
        {4, {.net = 1U << 0}},       /* BIND_TCP; connecting is what we are for */
        {5, {.fs = 1U << 15}},       /* IOCTL_DEV */
        {6, {.scoped = 3}},          /* abstract unix sockets, signals */
};

static const char *const readable[] = {"/etc", "/usr", "/lib", "/lib32", "/lib64", "/libx32"};

static int rule_add(int ruleset, const char *path)
{
        _cleanup_(closep) int fd = open(path, O_PATH | O_CLOEXEC);
        struct landlock_path_beneath_attr rule = {
                .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
                .parent_fd = fd,
        };

        if (fd < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
                return 0;
        if (errno != EINVAL)
                return -errno;
        rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE; /* the path is no directory */
        return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
                       ? -errno
                       : 0;
}

/* Where resolv.conf really is: its directory, since the file is replaced by rename when the network
 * changes; the file alone where that directory is a top-level one, which holds more than names. */
static int rule_add_resolver(int ruleset)
{
        _cleanup_(freep) char *path = realpath("/etc/resolv.conf", NULL);
        char *slash;

        if (!path)
                return 0; /* the resolver then asks the local host */
        slash = strrchr(path, '/');
        if (slash != strchr(path, '/') && memchr(path + 1, '/', (size_t)(slash - path - 1)))
                *slash = '\0';
        return rule_add(ruleset, path);
}

static int seal_landlock(void)
{
        Ruleset handled = {0};
        _cleanup_(closep) int ruleset = -1;
        int abi =
                (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        int r;

        if (abi < 0)
                return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
        for (size_t i = 0; i < ELEMENTS(landlock_abis) && landlock_abis[i].abi <= abi; i++) {
                handled.fs |= landlock_abis[i].adds.fs;
                handled.net |= landlock_abis[i].adds.net;
                handled.scoped |= landlock_abis[i].adds.scoped;
        }

        /* A kernel that does not know the last fields accepts them as long as they are zero. */
        ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
        if (ruleset < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTS(readable); i++) {
                r = rule_add(ruleset, readable[i]);
                if (r < 0)
                        return r;
        }
        r = rule_add_resolver(ruleset);
        if (r < 0)
                return r;
        return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : SEAL_LANDLOCK;
}

/* What may be called with any arguments. All that is in no table here is EACCES. */
static const int allowed[] = {
        /* descriptors that are open */
        SCMP_SYS(read),
        SCMP_SYS(readv),
        SCMP_SYS(pread64),
        SCMP_SYS(preadv),
        SCMP_SYS(write),
        SCMP_SYS(writev),
        SCMP_SYS(pwrite64),
        SCMP_SYS(pwritev),
        SCMP_SYS(lseek),
        SCMP_SYS(_llseek),
        SCMP_SYS(close),
        SCMP_SYS(dup),
        SCMP_SYS(fsync),
        SCMP_SYS(fdatasync),
        SCMP_SYS(ftruncate),
        SCMP_SYS(ftruncate64),
        SCMP_SYS(fallocate),
        SCMP_SYS(fadvise64),
        SCMP_SYS(copy_file_range),
        SCMP_SYS(fstat),
        SCMP_SYS(fstat64),
        /* looking at files; Landlock says which */
        SCMP_SYS(stat),
        SCMP_SYS(stat64),
        SCMP_SYS(lstat),
        SCMP_SYS(lstat64),
        SCMP_SYS(newfstatat),
        SCMP_SYS(fstatat64),
        SCMP_SYS(statx),
        SCMP_SYS(access),
        SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2),
        SCMP_SYS(readlink),
        SCMP_SYS(readlinkat),
        SCMP_SYS(getdents64),
        SCMP_SYS(fstatfs),
        /* memory */
        SCMP_SYS(mmap),
        SCMP_SYS(mmap2),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(mprotect),
        SCMP_SYS(madvise),
        SCMP_SYS(brk),
        SCMP_SYS(mlock),
        SCMP_SYS(mlock2),
        SCMP_SYS(munlock),
        /* threads and signals of our own */
        SCMP_SYS(futex),
        SCMP_SYS(futex_time64),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(rseq),
        SCMP_SYS(gettid),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(sched_yield),
        SCMP_SYS(sched_getaffinity),
        SCMP_SYS(membarrier),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(sigreturn),
        SCMP_SYS(sigaltstack),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(getcpu),
        /* time */
        SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_gettime64),
        SCMP_SYS(clock_getres),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(clock_nanosleep_time64),
        SCMP_SYS(nanosleep),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(time),
        SCMP_SYS(timerfd_create),
        SCMP_SYS(timerfd_settime),
        SCMP_SYS(timerfd_settime64),
        SCMP_SYS(timerfd_gettime),
        /* waiting */
        SCMP_SYS(epoll_create1),
        SCMP_SYS(epoll_ctl),
        SCMP_SYS(epoll_wait),
        SCMP_SYS(epoll_pwait),
        SCMP_SYS(epoll_pwait2),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(ppoll_time64),
        SCMP_SYS(select),
        SCMP_SYS(pselect6),
        SCMP_SYS(eventfd2),
        SCMP_SYS(pipe),
        SCMP_SYS(pipe2),
        /* the network; making a socket is below */
        SCMP_SYS(connect),
        SCMP_SYS(bind),
        SCMP_SYS(getsockname),
        SCMP_SYS(getpeername),
        SCMP_SYS(getsockopt),
        SCMP_SYS(setsockopt),
        SCMP_SYS(send),
        SCMP_SYS(sendto),
        SCMP_SYS(sendmsg),
        SCMP_SYS(sendmmsg),
        SCMP_SYS(recv),
        SCMP_SYS(recvfrom),
        SCMP_SYS(recvmsg),
        SCMP_SYS(recvmmsg),
        SCMP_SYS(shutdown),
        /* who and where we are */
        SCMP_SYS(getpid),
        SCMP_SYS(getppid),
        SCMP_SYS(getuid),
        SCMP_SYS(geteuid),
        SCMP_SYS(getgid),
        SCMP_SYS(getegid),
        SCMP_SYS(getuid32),
        SCMP_SYS(geteuid32),
        SCMP_SYS(getgid32),
        SCMP_SYS(getegid32),
        SCMP_SYS(getresuid),
        SCMP_SYS(getresgid),
        SCMP_SYS(uname),
        SCMP_SYS(sysinfo),
        SCMP_SYS(getrandom),
        SCMP_SYS(getrlimit),
        SCMP_SYS(ugetrlimit),
        SCMP_SYS(getrusage),
};

#define MASKED(arg, mask, value)                                                                   \
        SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value))
#define EQUAL(arg, value) SCMP_CMP(arg, SCMP_CMP_EQ, (scmp_datum_t)(value))

/* Any write or creation: opening is for reading, also where Landlock is missing. */
#define OPEN_WRITES (O_ACCMODE | O_CREAT | O_TRUNC)
#define TYPE_MASK   (~(unsigned)(SOCK_CLOEXEC | SOCK_NONBLOCK))

/* Allowed when all of a row's comparisons hold. */
static const struct {
        int call;
        unsigned n;
        struct scmp_arg_cmp args[3];
} allowed_if[] = {
        {SCMP_SYS(open), 1, {MASKED(1, OPEN_WRITES, O_RDONLY)}},
        {SCMP_SYS(openat), 1, {MASKED(2, OPEN_WRITES, O_RDONLY)}},
        {SCMP_SYS(socket), 2, {EQUAL(0, AF_INET), MASKED(1, TYPE_MASK, SOCK_STREAM)}},
        {SCMP_SYS(socket), 2, {EQUAL(0, AF_INET), MASKED(1, TYPE_MASK, SOCK_DGRAM)}},
        {SCMP_SYS(socket), 2, {EQUAL(0, AF_INET6), MASKED(1, TYPE_MASK, SOCK_STREAM)}},
        {SCMP_SYS(socket), 2, {EQUAL(0, AF_INET6), MASKED(1, TYPE_MASK, SOCK_DGRAM)}},
        {SCMP_SYS(socket),
         3,
         {EQUAL(0, AF_NETLINK), MASKED(1, TYPE_MASK, SOCK_RAW), EQUAL(2, NETLINK_ROUTE)}},
        /* libcurl wakes itself by a pair. Not SOCK_DGRAM: half of such a pair can be connected
           elsewhere. */
        {SCMP_SYS(socketpair), 2, {EQUAL(0, AF_UNIX), MASKED(1, TYPE_MASK, SOCK_STREAM)}},
        {SCMP_SYS(clone), 1, {MASKED(0, CLONE_THREAD, CLONE_THREAD)}},
        {SCMP_SYS(fcntl), 1, {EQUAL(1, F_GETFD)}},
        {SCMP_SYS(fcntl), 1, {EQUAL(1, F_SETFD)}},
        {SCMP_SYS(fcntl), 1, {EQUAL(1, F_GETFL)}},
        {SCMP_SYS(fcntl), 1, {EQUAL(1, F_SETFL)}},
        {SCMP_SYS(fcntl), 1, {EQUAL(1, F_DUPFD_CLOEXEC)}},
        {SCMP_SYS(fcntl), 1, {EQUAL(1, F_GET_SEALS)}},
        {SCMP_SYS(fcntl64), 1, {EQUAL(1, F_GET_SEALS)}},
        {SCMP_SYS(fcntl64), 1, {EQUAL(1, F_GETFD)}},
        {SCMP_SYS(fcntl64), 1, {EQUAL(1, F_SETFD)}},
        {SCMP_SYS(fcntl64), 1, {EQUAL(1, F_GETFL)}},
        {SCMP_SYS(fcntl64), 1, {EQUAL(1, F_SETFL)}},
        {SCMP_SYS(fcntl64), 1, {EQUAL(1, F_DUPFD_CLOEXEC)}},
        {SCMP_SYS(ioctl), 1, {EQUAL(1, FIONREAD)}},
        {SCMP_SYS(ioctl), 1, {EQUAL(1, FIONBIO)}},
        {SCMP_SYS(ioctl), 1, {EQUAL(1, TCGETS)}},
        {SCMP_SYS(prlimit64), 2, {EQUAL(0, 0), EQUAL(2, 0)}}, /* our own, only read */
        {SCMP_SYS(prctl), 1, {EQUAL(0, PR_SET_NAME)}},
        {SCMP_SYS(prctl), 1, {EQUAL(0, PR_GET_NAME)}},
        {SCMP_SYS(prctl), 1, {EQUAL(0, PR_GET_DUMPABLE)}},
};

/* Calls younger than the C library's oldest way to do the same: it falls back on ENOSYS, not on
 * EACCES. */
static const int unknown[] = {
        SCMP_SYS(clone3), /* no filter can see its flags; clone's are checked above */
        SCMP_SYS(close_range),
        SCMP_SYS(openat2),
};

static int filter_fill(scmp_filter_ctx filter)
{
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(allowed) && r == 0; i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
        for (size_t i = 0; i < ELEMENTS(allowed_if) && r == 0; i++)
                r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, allowed_if[i].call,
                                           allowed_if[i].n, allowed_if[i].args);
        for (size_t i = 0; i < ELEMENTS(unknown) && r == 0; i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), unknown[i], 0);
        if (r == 0) /* abort() and the like */
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                     EQUAL(0, getpid()));
        return r;
}

static int seal_seccomp(void)
{
        scmp_filter_ctx filter;
        int r;

        if (prctl(PR_GET_SECCOMP) < 0)
                return 0; /* a kernel without it */
        filter = seccomp_init(SCMP_ACT_ERRNO(EACCES));
        if (!filter)
                return -ENOMEM;
        r = filter_fill(filter);
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        return r < 0 ? r : SEAL_SECCOMP;
}

int seal_process(void)
{
        int landlock, filter;

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        landlock = seal_landlock(); /* first: the filter lets no more rules pass */
        if (landlock < 0)
                return landlock;
        filter = seal_seccomp();
        return filter < 0 ? filter : landlock | filter;
}
