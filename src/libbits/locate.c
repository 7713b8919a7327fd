/*
 * Finding the service. Invariant: a directory is only used when nobody but its owner (root, or the
 * caller) could have put a socket there. What is then said on the sockets is left to others.
 */
#include "libbits/locate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config.h"
#include "libbits/launch.h"

enum {
        WAIT_MSEC = 10 * 1000, /* for a service that is starting, or coming back */
        POLL_MSEC = 20,
};

#define NSEC_PER_MSEC INT64_C(1000000)

static int64_t now_msec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NSEC_PER_MSEC;
}

static void pause_msec(long msec)
{
        (void)nanosleep(&(struct timespec){.tv_nsec = msec * NSEC_PER_MSEC}, NULL);
}

int locate_probe(const char *dir)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(closep) int fd = -1;
        int n;

        n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", dir);
        if (n < 0 || (size_t)n >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
                return 1;
        if (errno == EAGAIN) /* its queue of new connections is full: there is one */
                return 1;
        return errno == ENOENT ? 0 : -errno;
}

int locate_check_directory(const char *dir, unsigned owner, unsigned forbidden_mode)
{
        struct stat st;

        if (lstat(dir, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode) || st.st_uid != owner || (st.st_mode & forbidden_mode))
                return -EPERM;
        return 0;
}

/* $XDG_RUNTIME_DIR, when it is what it should be: after su it is often another person's. */
static const char *user_runtime(void)
{
        const char *dir = secure_getenv("XDG_RUNTIME_DIR");

        if (!dir || dir[0] != '/' || locate_check_directory(dir, geteuid(), 0022) < 0)
                return NULL;
        return dir;
}

int locate_user_directory(char ret_dir[PATH_MAX])
{
        const char *runtime = user_runtime();
        int n;

        if (runtime)
                n = snprintf(ret_dir, PATH_MAX, "%s/bits", runtime);
        else
                n = snprintf(ret_dir, PATH_MAX, "/tmp/bits-%u", geteuid());
        if (n < 0 || n >= PATH_MAX)
                return -ENAMETOOLONG;
        if (mkdir(ret_dir, 0700) < 0 && errno != EEXIST)
                return -errno;
        return locate_check_directory(ret_dir, geteuid(), 0077);
}

/* Until the probe says yes. 0, or what it said last when the time is over. */
static int wait_for(const char *dir, int64_t deadline_msec)
{
        int r;

        while ((r = locate_probe(dir)) == 0 || r == -ECONNREFUSED) {
                if (now_msec() >= deadline_msec)
                        return r == 0 ? -ETIMEDOUT : r;
                pause_msec(POLL_MSEC);
        }
        return r < 0 ? r : 0;
}

/* 1 found, 0 there is none on this system. One that is just restarting is waited for: to start a
 * person's own in its place would hide his jobs from him. */
static int locate_system(char ret_dir[PATH_MAX])
{
        int r;

        r = locate_check_directory(RUNTIME_DIR, 0, 0022);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        r = locate_probe(RUNTIME_DIR);
        if (r == -ECONNREFUSED)
                r = wait_for(RUNTIME_DIR, now_msec() + WAIT_MSEC) ?: 1;
        if (r > 0)
                (void)snprintf(ret_dir, PATH_MAX, "%s", RUNTIME_DIR);
        return r == -ETIMEDOUT ? 0 : r; /* its socket went away while we waited */
}

/* The lock is the open file's: it ends with us, whatever happens, and bitsd does not inherit it. */
static int lock_directory(const char *dir, int64_t deadline_msec, int *ret_fd)
{
        _cleanup_(closep) int fd = -1;
        char path[PATH_MAX];
        int n;

        n = snprintf(path, sizeof(path), "%s/lock", dir);
        if (n < 0 || (size_t)n >= sizeof(path))
                return -ENAMETOOLONG;
        fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -errno;
                if (now_msec() >= deadline_msec)
                        return -ETIMEDOUT;
                pause_msec(POLL_MSEC);
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int locate_user(char ret_dir[PATH_MAX])
{
        _cleanup_(closep) int lock = -1;
        int64_t deadline_msec;
        int r;

        r = locate_user_directory(ret_dir);
        if (r < 0)
                return r;
        r = locate_probe(ret_dir);
        if (r != 0 && r != -ECONNREFUSED)
                return r < 0 ? r : 0;

        deadline_msec = now_msec() + 2 * WAIT_MSEC; /* another's start, then our own */
        r = lock_directory(ret_dir, deadline_msec, &lock);
        if (r < 0)
                return r;
        r = locate_probe(ret_dir);
        if (r != 0 && r != -ECONNREFUSED)
                return r < 0 ? r : 0;
        r = launch_user_service(ret_dir);
        if (r < 0)
                return r;
        r = wait_for(ret_dir, now_msec() + WAIT_MSEC);
        return r == -ECONNREFUSED ? -ETIMEDOUT : r;
}

int locate_service(bool user_only, char ret_dir[PATH_MAX])
{
        int r = 0;

        if (!user_only)
                r = locate_system(ret_dir);
        if (r == 0)
                r = locate_user(ret_dir);
        return r < 0 ? r : 0;
}

const char *locate_text(int error)
{
        switch (error < 0 ? -error : error) {
        case 0:
                return "the service is there";
        case ECONNREFUSED:
                return "the system service does not answer: is bitsd running?";
        case EPERM:
                return "the service's directory belongs to somebody else or is open to others";
        case ENAMETOOLONG:
                return "the name of the runtime directory is too long for a socket";
        case ETIMEDOUT:
                return "bitsd --user was started but does not answer: see the file \"log\" in its "
                       "runtime directory";
        case ENOENT:
                return "the service is not running, and " LIBEXECDIR "/bitsd is not installed";
        default:
                return strerror(error < 0 ? -error : error);
        }
}
