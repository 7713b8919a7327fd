/*
 * bitsd --user as a daemon of its own: it survives the program, its terminal and its session.
 * Invariant: between fork and exec only async-signal-safe calls, since the program may have
 * threads.
 */
#include "libbits/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config.h"

typedef struct Launch {
        char program[PATH_MAX], log[PATH_MAX];
        const char *libexec, *runtime;
        int report; /* takes the errno of a failure; closed by the exec */
} Launch;

static int prepare(Launch *launch, const char *dir)
{
        const char *libexec = secure_getenv("BITS_LIBEXECDIR"); /* an installation not in place */
        int n;

        launch->libexec = libexec && libexec[0] == '/' ? libexec : LIBEXECDIR;
        launch->runtime = dir;
        n = snprintf(launch->program, sizeof(launch->program), "%s/bitsd", launch->libexec);
        if (n < 0 || (size_t)n >= sizeof(launch->program))
                return -ENAMETOOLONG;
        n = snprintf(launch->log, sizeof(launch->log), "%s/log", dir);
        return n < 0 || (size_t)n >= sizeof(launch->log) ? -ENAMETOOLONG : 0;
}

static void __attribute__((noreturn)) fail(const Launch *launch)
{
        int error = errno;

        (void)!write(launch->report, &error, sizeof(error));
        _exit(1);
}

static void reset_signals(void)
{
        sigset_t none;

        for (int s = 1; s < _NSIG; s++)
                (void)signal(s, SIG_DFL); /* refused for KILL, STOP and the C library's own */
        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) run(const Launch *launch)
{
        const char *const argv[] = {
                launch->program, "--user",        "--runtime", launch->runtime,
                "--libexec",     launch->libexec, NULL,
        };
        int in, log;

        in = open("/dev/null", O_RDONLY);
        log = open(launch->log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
        if (in < 0 || log < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
            dup2(log, STDERR_FILENO) < 0 || dup2(launch->report, 3) < 0 ||
            fcntl(3, F_SETFD, FD_CLOEXEC) < 0 || close_range(4, ~0U, 0) < 0 || chdir("/") < 0)
                fail(launch);
        reset_signals();
        execve(launch->program, (char *const *)argv, environ);
        errno = errno ?: EIO;
        fail(&(const Launch){.report = 3});
}

/* Two forks: bitsd becomes nobody's child, and no signal or zombie reaches the program. */
static void __attribute__((noreturn)) detach(const Launch *launch)
{
        pid_t pid;

        if (setsid() < 0)
                fail(launch);
        pid = fork();
        if (pid < 0)
                fail(launch);
        if (pid == 0)
                run(launch);
        _exit(0);
}

/* The errno that came through the pipe, 0 when the exec closed it. */
static int read_report(int fd)
{
        int error = 0;
        ssize_t n;

        do
                n = read(fd, &error, sizeof(error));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return n == (ssize_t)sizeof(error) ? -error : 0;
}

/* A high number, out of the way of the descriptors that run() gives the new program. */
static int open_report(int *ret_read, int *ret_write)
{
        int fds[2], high;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        high = fcntl(fds[1], F_DUPFD_CLOEXEC, 10);
        if (high < 0) {
                high = -errno;
                close(fds[0]);
                close(fds[1]);
                return high;
        }
        close(fds[1]);
        *ret_read = fds[0];
        *ret_write = high;
        return 0;
}

int launch_user_service(const char *dir)
{
        _cleanup_(closep) int report = -1, report_write = -1;
        Launch launch;
        pid_t pid;
        int r;

        r = prepare(&launch, dir);
        if (r < 0)
                return r;
        r = open_report(&report, &report_write);
        if (r < 0)
                return r;
        launch.report = report_write;

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                detach(&launch);
        report_write = close_fd(report_write);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        return read_report(report);
}
