#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
        GRACE_MSEC = 3000, /* between TERM and KILL; bitsd gives us five seconds ourselves */
};

static int reset_signals(void)
{
        sigset_t none;

        for (int number = 1; number < NSIG; number++)
                (void)signal(number, SIG_DFL); /* those that cannot be set are default already */
        (void)sigemptyset(&none);
        return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static int open_null(void)
{
        int fd = open("/dev/null", O_RDWR | O_NOCTTY);

        if (fd < 0)
                return -errno;
        for (int target = 0; target < 3; target++)
                if (dup2(fd, target) < 0)
                        return -errno;
        return 0;
}

/* In the child; returns only on failure. parent: who must still be there. */
static int become(const char *path, char *const argv[], char *const environment[],
                  const char *directory, pid_t parent)
{
        int r;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        if (getppid() != parent)
                return -ESRCH;
        if (setpgid(0, 0) < 0)
                return -errno;
        r = open_null();
        if (r >= 0)
                r = reset_signals();
        if (r < 0)
                return r;
        if (chdir(directory) < 0 && chdir("/") < 0)
                return -errno;
        /* The way back stays open until the execution has worked. */
        if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return -errno;
        execve(path, argv, environment);
        return -errno;
}

int program_start(const char *path, char *const argv[], char *const environment[],
                  const char *directory, Program *ret)
{
        _cleanup_(closep) int reading = -1, writing = -1;
        pid_t parent = getpid(), pid;
        int pair[2], error = 0;
        ssize_t n;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        reading = pair[0];
        writing = pair[1];
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                error = become(path, argv, environment, directory, parent);
                (void)!write(writing, &error, sizeof(error));
                _exit(127);
        }
        (void)close_fd(TAKE_FD(writing));
        do
                n = read(reading, &error, sizeof(error));
        while (n < 0 && errno == EINTR);
        if (n != 0) {
                (void)waitpid(pid, NULL, 0);
                return n == sizeof(error) ? error : -EIO;
        }
        ret->pid = pid;
        ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (ret->pidfd >= 0)
                return 0;
        error = -errno;
        (void)kill(-pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return error;
}

/* The group is still its: the program is not reaped yet. */
static void end(const Program *program)
{
        struct pollfd ended = {.fd = program->pidfd, .events = POLLIN};
        int r;

        (void)kill(-program->pid, SIGTERM);
        do
                r = poll(&ended, 1, GRACE_MSEC);
        while (r < 0 && errno == EINTR);
        (void)kill(-program->pid, SIGKILL);
}

static int64_t now_msec(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 0 when it has ended by itself, else why it is to be ended. */
static int watch(const Program *program, int64_t deadline_msec, int sock, int signals)
{
        struct pollfd fds[] = {
                {.fd = program->pidfd, .events = POLLIN},
                {.fd = sock, .events = POLLIN}, /* nothing is to come but the hang-up */
                {.fd = signals, .events = POLLIN},
        };

        for (;;) {
                int64_t left_msec = deadline_msec - now_msec();
                int r = poll(fds, ELEMENTS(fds), left_msec > 0 ? (int)left_msec : 0);

                if (r < 0 && errno == EINTR)
                        continue;
                if (r < 0)
                        return -errno;
                if (fds[0].revents)
                        return 0;
                if (fds[1].revents)
                        return -ECONNRESET;
                if (fds[2].revents)
                        return -EINTR;
                if (r == 0 && left_msec <= 0)
                        return -ETIMEDOUT;
        }
}

int program_wait(Program *program, uint32_t time_limit_sec, int sock, int signals, int *ret_status)
{
        int64_t deadline_msec = now_msec() + (int64_t)time_limit_sec * 1000;
        int r = watch(program, deadline_msec, sock, signals);

        if (r < 0)
                end(program);
        while (waitpid(program->pid, ret_status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        program->pidfd = close_fd(program->pidfd);
        return r;
}
