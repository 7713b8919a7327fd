/* Where the service is found, and when it is not trusted. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "libbits/locate.h"

static char top[64]; /* a private directory, the XDG_RUNTIME_DIR of the tests */

static int set_up(void **state)
{
        (void)state;
        (void)snprintf(top, sizeof(top), "/tmp/test-locate-XXXXXX");
        if (!mkdtemp(top))
                return -1;
        return setenv("XDG_RUNTIME_DIR", top, 1);
}

static int tear_down(void **state)
{
        char command[128];

        (void)state;
        (void)snprintf(command, sizeof(command), "rm -rf %s", top);
        return system(command);
}

static int listen_in(const char *dir)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", dir);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 0), 0);
        return fd;
}

static void test_probe(void **state)
{
        char longest[120];
        int fd;

        (void)state;
        assert_int_equal(locate_probe(top), 0);
        fd = listen_in(top);
        for (int i = 0; i < 5; i++) /* nobody accepts: a full queue is an answer too */
                assert_int_equal(locate_probe(top), 1);
        close(fd);
        assert_int_equal(locate_probe(top), -ECONNREFUSED);
        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = 0;
        assert_int_equal(locate_probe(longest), -ENAMETOOLONG);
}

static void test_directory(void **state)
{
        char link[96];

        (void)state;
        assert_int_equal(locate_check_directory(top, geteuid(), 0077), 0);
        assert_int_equal(locate_check_directory(top, geteuid() + 1, 0077), -EPERM);
        assert_int_equal(chmod(top, 0720), 0);
        assert_int_equal(locate_check_directory(top, geteuid(), 0077), -EPERM);
        assert_int_equal(chmod(top, 0755), 0);
        assert_int_equal(locate_check_directory(top, geteuid(), 0022), 0);
        (void)snprintf(link, sizeof(link), "%s/link", top);
        assert_int_equal(symlink(top, link), 0);
        assert_int_equal(locate_check_directory(link, geteuid(), 0022), -EPERM);
        assert_int_equal(locate_check_directory("/nonexistent", 0, 0), -ENOENT);
}

static void test_user_directory(void **state)
{
        char dir[PATH_MAX], expected[128];

        (void)state;
        (void)snprintf(expected, sizeof(expected), "%s/bits", top);
        assert_int_equal(locate_user_directory(dir), 0);
        assert_string_equal(dir, expected);
        assert_int_equal(chmod(dir, 0750), 0);
        assert_int_equal(locate_user_directory(dir), -EPERM);
        assert_int_equal(rmdir(dir), 0);
        assert_int_equal(symlink("/tmp", dir), 0);
        assert_int_equal(locate_user_directory(dir), -EPERM);
}

static void install(const char *script)
{
        char path[128];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/bitsd", top);
        file = fopen(path, "we");
        assert_non_null(file);
        fputs(script, file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0700), 0);
        assert_int_equal(setenv("BITS_LIBEXECDIR", top, 1), 0);
}

static void test_start_missing(void **state)
{
        char dir[PATH_MAX];

        (void)state;
        assert_int_equal(setenv("BITS_LIBEXECDIR", top, 1), 0);
        assert_int_equal(locate_service(true, dir), -ENOENT);
}

/* Many at once start one; it serves until it has been told to go by the end of a file. */
static void test_start_once(void **state)
{
        char dir[PATH_MAX], path[PATH_MAX + 16], line[64] = "";
        FILE *file;
        int status;

        (void)state;
        install("#!/usr/bin/python3\n"
                "import os, socket, sys\n"
                "assert sys.argv[1:3] == ['--user', '--runtime'], sys.argv\n"
                "d = sys.argv[3]\n"
                "assert d == os.environ['XDG_RUNTIME_DIR'] + '/bits'\n"
                "open(d + '/started', 'a').write('x')\n"
                "s = socket.socket(socket.AF_UNIX)\n"
                "s.bind(d + '/bus')\n"
                "s.listen(50)\n"
                "open(d + '/pid', 'w').write(str(os.getpid()))\n"
                "s.settimeout(60)\n"
                "while True: s.accept()\n");
        for (int i = 0; i < 8; i++)
                if (fork() == 0)
                        _exit(locate_service(true, dir) == 0 ? 0 : 1);
        for (int i = 0; i < 8; i++) {
                assert_true(wait(&status) > 0);
                assert_int_equal(status, 0);
        }
        assert_int_equal(locate_service(true, dir), 0);
        (void)snprintf(path, sizeof(path), "%s/started", dir);
        file = fopen(path, "re");
        assert_non_null(file);
        assert_non_null(fgets(line, sizeof(line), file));
        (void)fclose(file);
        assert_string_equal(line, "x");
        (void)snprintf(path, sizeof(path), "kill $(cat %s/pid)", dir);
        assert_int_equal(system(path), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                T(test_probe),         T(test_directory),  T(test_user_directory),
                T(test_start_missing), T(test_start_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
