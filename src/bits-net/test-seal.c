/*
 * Attempts of a process that an attacker has taken over, with and without the seal: each must
 * succeed without it (or it would prove nothing) and be refused with it. A child makes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "seal.h"

static char home[] = "/tmp/bits-net-home-XXXXXX"; /* a folder as a user's home is */
static int passed = -1;                           /* a file of it, opened before the seal */
static int tcp = -1;                              /* listens on loopback */
static int unix_listener = -1;

static const char *in_home(const char *name)
{
        static char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", home, name);
        return path;
}

/* Attempts: 0, or the errno of the refusal. */

static int try_open(const char *path, int flags)
{
        int fd = open(path, flags | O_CLOEXEC, 0600);

        if (fd < 0)
                return errno;
        close(fd);
        return 0;
}

static int read_file(void)
{
        return try_open(in_home("secret"), O_RDONLY);
}

static int write_file(void)
{
        return try_open(in_home("secret"), O_WRONLY);
}

static int create_file(void)
{
        return try_open(in_home("new"), O_WRONLY | O_CREAT);
}

static int delete_file(void)
{
        return unlink(in_home("victim")) < 0 ? errno : 0;
}

static int list_directory(void)
{
        return try_open(home, O_RDONLY | O_DIRECTORY);
}

static int read_through_proc(void)
{
        return try_open("/proc/self/fd/0", O_RDONLY) == EACCES
                       ? EACCES
                       : try_open("/proc/self/maps", O_RDONLY);
}

static int connect_unix(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return errno;
        strcpy(address.sun_path, in_home("socket"));
        return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}

static int make_unix_datagram_pair(void)
{
        int fds[2];

        return socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) < 0 ? errno : 0;
}

static int make_unix_abstract(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0bits-net-test"};
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return errno;
        return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}

static int exec_program(void)
{
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return errno;
        pid_t pid = vfork();

        if (pid == 0) {
                execl("/bin/true", "true", NULL);
                _exit(errno);
        }
        if (pid < 0) {
                execl("/bin/true", "true", NULL); /* no child can be had: this very process, then */
                return errno;
        }

        int status;

        waitpid(pid, &status, 0);
        return WEXITSTATUS(status);
}

static int trace_parent(void)
{
        if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) < 0)
                return errno;
        return 0; /* ends with this process */
}

static int signal_parent(void)
{
        return kill(getppid(), 0) < 0 ? errno : 0;
}

static int listen_tcp(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return errno;
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return errno;
        return listen(fd, 1) < 0 ? errno : 0;
}

/* What must go on working. */

static int write_passed(void)
{
        if (pwrite(passed, "data", 4, 0) != 4)
                return errno;
        if (fallocate(passed, FALLOC_FL_KEEP_SIZE, 0, 4096) < 0 && errno != EOPNOTSUPP)
                return errno;
        return ftruncate(passed, 2) < 0 || fdatasync(passed) < 0 ? errno : 0;
}

static int connect_tcp(void)
{
        struct sockaddr_in address;
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return errno;
        if (getsockname(tcp, (struct sockaddr *)&address, &size) < 0)
                return errno;
        return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}

static int read_certificates(void)
{
        int r = try_open("/etc/ssl/openssl.cnf", O_RDONLY);

        return r ? r : try_open("/etc/ssl/certs", O_RDONLY | O_DIRECTORY);
}

static int read_names(void)
{
        return try_open("/etc/resolv.conf", O_RDONLY);
}

static void *thread_main(void *unused)
{
        (void)unused;
        return (void *)(intptr_t)try_open(in_home("secret"), O_RDONLY);
}

/* A thread can be made; 0 when it, too, is refused the file. */
static int thread_is_sealed(void)
{
        pthread_t thread;
        void *result;
        int r = pthread_create(&thread, NULL, thread_main, NULL);

        if (r)
                return r;
        pthread_join(thread, &result);
        return result ? 0 : ENOTSUP;
}

typedef struct Attempt {
        const char *name;
        int (*make)(void);
} Attempt;

static const Attempt refused[] = {
        {"read a file", read_file},
        {"write a file", write_file},
        {"create a file", create_file},
        {"delete a file", delete_file},
        {"list a directory", list_directory},
        {"read through /proc", read_through_proc},
        {"connect a unix socket", connect_unix},
        {"make a datagram pair", make_unix_datagram_pair},
        {"make an abstract unix socket", make_unix_abstract},
        {"execute", exec_program},
        {"trace", trace_parent},
        {"signal", signal_parent},
        {"listen", listen_tcp},
};

static const Attempt works[] = {
        {"write a passed descriptor", write_passed}, {"connect by TCP", connect_tcp},
        {"read certificates", read_certificates},    {"read name service settings", read_names},
        {"make a sealed thread", thread_is_sealed},
};

/* The result of the attempt in a child: its errno, or 255 when the seal did not work. */
static int attempt(const Attempt *a, bool sealed)
{
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                if (sealed && seal_process() != (SEAL_LANDLOCK | SEAL_SECCOMP))
                        _exit(255);
                _exit(a->make());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void file_make(const char *name)
{
        int fd = open(in_home(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        if (passed < 0)
                passed = fd;
        else
                close(fd);
}

static int set_up(void **state)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        (void)state;
        assert_non_null(mkdtemp(home));
        file_make("passed");
        file_make("secret");
        tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(listen(tcp, 8), 0);
        unix_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        strcpy(address.sun_path, in_home("socket"));
        assert_int_equal(bind(unix_listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(unix_listener, 8), 0);
        return 0;
}

static int tear_down(void **state)
{
        static const char *const names[] = {"passed", "secret", "socket", "victim", "new"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(names); i++)
                (void)unlink(in_home(names[i]));
        return rmdir(home);
}

static void test_open_without_seal(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(refused); i++) {
                file_make("victim");
                int error = attempt(&refused[i], false);

                if (error)
                        fail_msg("%s: %s", refused[i].name, strerror(error));
        }
}

static void test_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(refused); i++) {
                file_make("victim");
                int error = attempt(&refused[i], true);

                if (error != EACCES && error != EPERM)
                        fail_msg("%s: %s", refused[i].name, error ? strerror(error) : "succeeded");
        }
}

static void test_works(void **state)
{
        struct stat st;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(works); i++) {
                int error = attempt(&works[i], true);

                if (error)
                        fail_msg("%s: %s", works[i].name, strerror(error));
        }
        assert_int_equal(fstat(passed, &st), 0);
        assert_int_equal(st.st_size, 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_open_without_seal),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_works),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
