/* The loop and the program around it: malformed requests end it, hang-up ends it well, and it is
 * sealed. */
#include "test-world.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "sandbox.h"
#include "wire/supervisor.h"

/* Sends one packet: it must be refused, and the worker must end with EXIT_FAILURE. */
static void assert_ends(World *world, const void *data, size_t size, int fd)
{
        FileReply reply;
        int status, passed;

        ask_raw(world, data, size, fd);
        reply = hear(world, &passed);
        assert_int_equal(passed, -1);
        assert_int_equal(reply.header.type, FILE_REPLY);
        assert_int_equal(reply.result, -EPROTO);
        assert_int_equal(packet_recv(world->sock, &reply, sizeof(reply), NULL), 0);
        status = world_end(world);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
}

static void test_short(void **state)
{
        FileRequest request = make_request(FILE_CHECK, HOME "/file");

        assert_ends(*state, &request, sizeof(request) - 1, -1);
}

static void test_header_only(void **state)
{
        FileRequest request = make_request(FILE_CHECK, HOME "/file");

        assert_ends(*state, &request, sizeof(request.header), -1);
}

static void test_long(void **state)
{
        char data[sizeof(FileRequest) + 1] = {0};
        FileRequest request = make_request(FILE_CHECK, HOME "/file");

        memcpy(data, &request, sizeof(request));
        assert_ends(*state, data, sizeof(data), -1);
}

static void test_unknown_type(void **state)
{
        FileRequest request = make_request(FILE_REPLY, HOME "/file");

        assert_ends(*state, &request, sizeof(request), -1);
}

static void test_relative(void **state)
{
        FileRequest request = make_request(FILE_CHECK, "file");

        assert_ends(*state, &request, sizeof(request), -1);
}

static void test_dot_dot(void **state)
{
        FileRequest request = make_request(FILE_OPEN_TEMP, HOME "/../open/file");

        assert_ends(*state, &request, sizeof(request), -1);
        assert_absent(OPEN "/" TEMP);
}

static void test_unterminated(void **state)
{
        FileRequest request = make_request(FILE_CHECK, HOME "/file");

        memset(request.path + strlen(request.path), 'x',
               sizeof(request.path) - strlen(request.path));
        assert_ends(*state, &request, sizeof(request), -1);
}

static void test_bad_temp(void **state)
{
        FileRequest request = make_request(FILE_OPEN_TEMP, HOME "/file");

        (void)strcpy(request.temp, "../open/BIT1.tmp");
        assert_ends(*state, &request, sizeof(request), -1);
}

static void test_surplus_descriptor(void **state)
{
        _cleanup_(closep) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        FileRequest request = make_request(FILE_OPEN_TEMP, HOME "/file");

        assert_ends(*state, &request, sizeof(request), fd);
        assert_absent(HOME "/" TEMP);
}

/* Requests that come faster than they are answered are answered in order. */
static void test_queue(void **state)
{
        World *world = *state;
        FileRequest requests[16];

        for (size_t i = 0; i < ELEMENTS(requests); i++) {
                requests[i] = make_request(FILE_CHECK, i % 2 ? HOME "/file" : HOME "/no/file");
                ask_raw(world, &requests[i], sizeof(requests[i]), -1);
        }
        for (size_t i = 0; i < ELEMENTS(requests); i++) {
                FileReply reply = hear(world, &(int){-1});

                assert_int_equal(reply.header.sequence, requests[i].header.sequence);
                assert_int_equal(reply.result, i % 2 ? 0 : -ENOENT);
        }
}

enum {
        BATCH = 12,
};

/* All of them are there before the worker looks at the first. */
static void ask_at_once(World *world, const FileRequest *requests, size_t n)
{
        siginfo_t info;

        assert_int_equal(kill(world->worker, SIGSTOP), 0);
        assert_int_equal(waitid(P_PID, (id_t)world->worker, &info, WSTOPPED), 0);
        for (size_t i = 0; i < n; i++)
                ask_raw(world, &requests[i], sizeof(requests[i]), -1);
        assert_int_equal(kill(world->worker, SIGCONT), 0);
}

static FileReply hear_in_order(World *world, const FileRequest *request, int *ret_fd)
{
        FileReply reply = hear(world, ret_fd);

        assert_int_equal(reply.header.sequence, request->header.sequence);
        return reply;
}

static void make_batch(uint32_t type, FileRequest *ret)
{
        char path[64];

        for (size_t i = 0; i < BATCH; i++) {
                (void)snprintf(path, sizeof(path), "%s/file-%zu", i % 3 ? HOME : OPEN, i);
                ret[i] = make_request(type, path);
                (void)snprintf(ret[i].temp, sizeof(ret[i].temp), "BIT%08zX.tmp", i);
        }
}

/* Many at once, of two directories: each gets what it would get alone, whatever its neighbours come
 * to; a long one is no exception. */
static void test_batch(void **state)
{
        World *world = *state;
        FileRequest requests[BATCH];
        FileReply reply;
        int fd;

        make_batch(FILE_OPEN_TEMP, requests);
        (void)strcpy(requests[5].path, HOME "/no/file");
        ask_at_once(world, requests, BATCH);
        for (size_t i = 0; i < BATCH; i++) {
                reply = hear_in_order(world, &requests[i], &fd);
                assert_int_equal(reply.result, i == 5 ? -ENOENT : 0);
                assert_true((fd >= 0) == (i != 5));
                requests[i].header.type = FILE_SEAL;
                requests[i].file = reply.file;
                requests[i].directory = reply.directory;
                requests[i].size = i == 7 ? UINT64_C(9) << 20 : i;
                if (fd >= 0)
                        assert_int_equal(ftruncate(fd, (off_t)requests[i].size), 0);
                closep(&fd);
        }
        requests[5] = requests[4]; /* twice the same; sealed is sealed */
        requests[2].size++;
        requests[3].file.inode++;
        ask_at_once(world, requests, BATCH);
        for (size_t i = 0; i < BATCH; i++) {
                reply = hear_in_order(world, &requests[i], &fd);
                assert_int_equal(fd, -1);
                assert_int_equal(reply.result, i == 2 ? -ERANGE : i == 3 ? -ESTALE : 0);
                requests[i].header.type = FILE_FINISH;
        }
        requests[3].header.type = FILE_DISCARD;
        requests[3].file = (FileId){0};
        ask_at_once(world, requests, BATCH);
        for (size_t i = 0; i < BATCH; i++)
                assert_int_equal(hear_in_order(world, &requests[i], &fd).result, 0);
        assert_int_equal(look(HOME "/file-7").st_size, 9 << 20);
        assert_int_equal(look(OPEN "/file-9").st_mode, S_IFREG | 0644);
        assert_absent(OPEN "/file-3");
        assert_absent(OPEN "/BIT00000003.tmp");
}

/* What came before is answered; what comes after is not even looked at. */
static void test_malformed_in_batch(void **state)
{
        World *world = *state;
        FileRequest requests[BATCH];
        FileReply reply;
        int fd;

        make_batch(FILE_OPEN_TEMP, requests);
        requests[4].header.type = FILE_REPLY;
        ask_at_once(world, requests, BATCH);
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(hear_in_order(world, &requests[i], &fd).result, 0);
                closep(&fd);
        }
        assert_int_equal(hear_in_order(world, &requests[4], &fd).result, -EPROTO);
        assert_true(packet_recv(world->sock, &reply, sizeof(reply), NULL) <= 0);
        assert_int_equal(WEXITSTATUS(world_end(world)), EXIT_FAILURE);
        assert_absent(HOME "/BIT00000005.tmp");
}

/* No descriptor stays behind in the worker. */
static void test_no_leak(void **state)
{
        World *world = *state;
        char path[64];
        struct stat before, after;

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)world->worker);
        before = look(path);
        for (int i = 0; i < 20; i++) {
                FileRequest request;

                close(make_temp(world, HOME "/file", 3, &request));
                request.header.type = FILE_SEAL;
                assert_int_equal(ask(world, &request), 0);
                request.file.inode++;
                assert_int_equal(ask(world, &request), -ESTALE);
                request.file.inode--;
                request.header.type = FILE_FINISH;
                assert_int_equal(ask(world, &request), 0);
                request.header.type = FILE_DISCARD;
                assert_int_equal(ask(world, &request), 0);
        }
        after = look(path);
        assert_true(before.st_size > 0); /* the number of descriptors, since Linux 6.2 */
        assert_int_equal(after.st_size, before.st_size);
}

/* ---- the program ----------------------------------------------------------------------------- */

/* Instead of the worker that the world made. */
static void start_program(World *world)
{
        const char *program = getenv("BITS_FILE");
        FileReply ready;
        int pair[2], fd, file;

        assert_non_null(program);
        file = open(program, O_PATH | O_CLOEXEC); /* bob may have no way to the tree */
        assert_return_code(file, errno);
        assert_int_equal(world_end(world), 0);
        assert_return_code(packet_pair(pair), 0);
        world->worker = fork();
        assert_return_code(world->worker, errno);
        if (world->worker == 0) {
                if (setgroups(0, NULL) < 0 || setresgid(BOB, BOB, BOB) < 0 ||
                    setresuid(BOB, BOB, BOB) < 0 || dup3(pair[1], 10, O_CLOEXEC) < 0 ||
                    dup2(10, WORKER_FD) < 0)
                        _exit(99);
                fexecve(file, (char *[]){(char *)program, NULL}, environ);
                _exit(98);
        }
        close(file);
        close(pair[1]);
        world->sock = pair[0];
        ready = hear(world, &fd);
        assert_int_equal(ready.header.type, FILE_READY);
}

static void assert_status(pid_t pid, const char *line)
{
        _cleanup_(fclosep) FILE *status = NULL;
        char path[64], found[256];

        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        status = fopen(path, "re");
        assert_non_null(status);
        while (fgets(found, sizeof(found), status))
                if (strcmp(found, line) == 0)
                        return;
        fail_msg("no line %s", line);
}

static void test_program(void **state)
{
        World *world = *state;
        FileRequest request;

        start_program(world);
        assert_status(world->worker, "NoNewPrivs:\t1\n");
        assert_status(world->worker, "Seccomp:\t2\n");
        assert_status(world->worker, "CapEff:\t0000000000000000\n");
        assert_return_code(kill(world->worker, SIGIO), errno);
        close(make_temp(world, HOME "/file", 5, &request));
        request.header.type = FILE_SEAL;
        assert_int_equal(ask(world, &request), 0);
        request.header.type = FILE_FINISH;
        assert_int_equal(ask(world, &request), 0);
        assert_text(HOME "/file", "abcde");
}

static void test_program_refuses(void **state)
{
        start_program(*state);
        assert_ends(*state, "x", 1, -1);
}

/* ---- the sandbox ----------------------------------------------------------------------------- */

static int sealed_errors(void)
{
        struct sockaddr address = {.sa_family = AF_UNIX};
        int pair[2];

        if (sandbox_enter() < 0)
                return 1;
        if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EPERM)
                return 2;
        if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)
                return 3;
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 || errno != EPERM)
                return 4;
        if (connect(0, &address, sizeof(address)) == 0 || errno != EPERM)
                return 5;
        if (bind(0, &address, sizeof(address)) == 0 || errno != EPERM)
                return 6;
        if (execl("/bin/true", "true", (char *)NULL) == 0 || errno != EPERM)
                return 7;
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 || errno != EPERM)
                return 8;
        if (fork() >= 0 || errno != EPERM)
                return 9;
        if (kill(getppid(), 0) == 0 || errno != EPERM)
                return 10;
        if (syscall(SYS_tgkill, getppid(), getppid(), 0) == 0 || errno != EPERM)
                return 11;
        if (syscall(SYS_io_uring_setup, 1, NULL) >= 0 || errno != EPERM)
                return 12;
        if (syscall(SYS_tgkill, getpid(), getpid(), 0) < 0)
                return 13;
        return 0;
}

static void test_sandbox(void **state)
{
        pid_t child = fork();
        int status;

        (void)state;
        assert_return_code(child, errno);
        if (child == 0)
                _exit(sealed_errors());
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                T(test_short),
                T(test_header_only),
                T(test_long),
                T(test_unknown_type),
                T(test_relative),
                T(test_dot_dot),
                T(test_unterminated),
                T(test_bad_temp),
                T(test_surplus_descriptor),
                T(test_queue),
                T(test_batch),
                T(test_malformed_in_batch),
                T(test_no_leak),
                T(test_program),
                T(test_program_refuses),
                cmocka_unit_test(test_sandbox),
        };

        return cmocka_run_group_tests_name("file-serve", tests, NULL, NULL);
}
