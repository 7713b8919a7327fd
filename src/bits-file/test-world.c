#include "test-world.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "serve.h"

/* ---- the place ------------------------------------------------------------------------------- */

static void enter_namespace(void)
{
        static bool entered;

        if (entered)
                return;
        if (geteuid() != 0)
                fail_msg("this test makes files of several users: it needs root");
        assert_return_code(unshare(CLONE_NEWNS), errno);
        assert_return_code(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), errno);
        entered = true;
}

void put(const char *path, const char *text, uid_t owner, mode_t mode)
{
        _cleanup_(closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        assert_return_code(fd, errno);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_return_code(fchown(fd, owner, owner), errno);
        assert_return_code(fchmod(fd, mode), errno);
}

void put_link(const char *path, const char *target, uid_t owner)
{
        assert_return_code(symlink(target, path), errno);
        assert_return_code(lchown(path, owner, owner), errno);
}

void put_fifo(const char *path, uid_t owner)
{
        assert_return_code(mkfifo(path, 0666), errno);
        assert_return_code(lchown(path, owner, owner), errno);
}

void put_directory(const char *path, uid_t owner, mode_t mode)
{
        assert_return_code(mkdir(path, 0700), errno);
        assert_return_code(chown(path, owner, owner), errno);
        assert_return_code(chmod(path, mode), errno);
}

void assert_text(const char *path, const char *text)
{
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        char found[4096];
        ssize_t n;

        assert_return_code(fd, errno);
        n = read(fd, found, sizeof(found) - 1);
        assert_true(n >= 0);
        found[n] = 0;
        assert_string_equal(found, text);
}

struct stat look(const char *path)
{
        struct stat st;

        if (lstat(path, &st) < 0)
                fail_msg("%s: %s", path, strerror(errno));
        return st;
}

void assert_absent(const char *path)
{
        struct stat st;

        if (lstat(path, &st) == 0)
                fail_msg("%s is still there", path);
        assert_int_equal(errno, ENOENT);
}

/* ---- the worker ------------------------------------------------------------------------------ */

static void refuse_call(int call, int error, int argument, int value)
{
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);

        if (!context ||
            seccomp_rule_add(context, SCMP_ACT_ERRNO((unsigned)error), call, 1,
                             SCMP_CMP((unsigned)argument, value < 0 ? SCMP_CMP_NE : SCMP_CMP_EQ,
                                      (scmp_datum_t)value)) < 0 ||
            seccomp_load(context) < 0)
                _exit(99);
        seccomp_release(context);
}

static void limit_kernel(Kernel kernel)
{
        switch (kernel) {
        case KERNEL_WHOLE:
                break;
        case KERNEL_WITHOUT_LEASES:
                refuse_call(SCMP_SYS(fcntl), EINVAL, 1, F_SETLEASE);
                break;
        case KERNEL_WITHOUT_HANDLES:
                refuse_call(SCMP_SYS(name_to_handle_at), EOPNOTSUPP, 0, -1);
                break;
        }
}

static void run_worker(int sock, Kernel kernel, mode_t mask)
{
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setgroups(0, NULL) < 0 || setresgid(BOB, BOB, BOB) < 0 || setresuid(BOB, BOB, BOB) < 0)
                _exit(99);
        (void)signal(SIGIO, SIG_IGN);
        umask(mask);
        limit_kernel(kernel);
        exit(serve(sock) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void start(World *world, Kernel kernel, mode_t mask)
{
        FileReply ready;
        int pair[2], fd;

        assert_return_code(packet_pair(pair), 0);
        world->worker = fork();
        assert_return_code(world->worker, errno);
        if (world->worker == 0) {
                close(pair[0]);
                run_worker(pair[1], kernel, mask);
        }
        close(pair[1]);
        world->sock = pair[0];

        ready = hear(world, &fd);
        assert_int_equal(fd, -1);
        assert_int_equal(ready.header.type, FILE_READY);
        assert_int_equal(ready.result, 0);
        assert_int_equal(ready.size, FILE_VERSION);
}

int world_end(World *world)
{
        int status;

        world->sock = close_fd(world->sock);
        assert_int_equal(waitpid(world->worker, &status, 0), world->worker);
        world->worker = 0;
        return status;
}

void world_restart(World *world, Kernel kernel, mode_t mask)
{
        assert_int_equal(world_end(world), 0);
        start(world, kernel, mask);
}

int world_setup(void **state)
{
        World *world = calloc(1, sizeof(*world));

        assert_non_null(world);
        enter_namespace();
        umask(0);
        assert_return_code(mount("tmpfs", PLACE, "tmpfs", 0, "mode=0755"), errno);
        put_directory(HOME, BOB, 0700);
        put_directory(OPEN, 0, 0777);
        start(world, KERNEL_WHOLE, 022);
        *state = world;
        return 0;
}

int world_teardown(void **state)
{
        _cleanup_(freep) World *world = *state;

        if (world->worker)
                assert_int_equal(world_end(world), 0);
        closep(&world->sock);
        assert_return_code(umount2(PLACE, MNT_DETACH), errno);
        return 0;
}

/* ---- talking --------------------------------------------------------------------------------- */

FileRequest make_request(uint32_t type, const char *path)
{
        static uint32_t sequence;
        FileRequest request = {.header = {type, ++sequence}, .mtime_usec = INT64_MIN};

        (void)snprintf(request.path, sizeof(request.path), "%s", path);
        if (type != FILE_CHECK && type != FILE_OPEN_SOURCE)
                (void)snprintf(request.temp, sizeof(request.temp), "%s", TEMP);
        return request;
}

void ask_raw(World *world, const void *data, size_t size, int fd)
{
        assert_return_code(packet_send(world->sock, data, size, fd), 0);
}

FileReply hear(World *world, int *ret_fd)
{
        FileReply reply;

        assert_int_equal(packet_recv(world->sock, &reply, sizeof(reply), ret_fd), sizeof(reply));
        return reply;
}

FileReply ask_for(World *world, const FileRequest *request, int *ret_fd)
{
        FileReply reply;

        ask_raw(world, request, sizeof(*request), -1);
        reply = hear(world, ret_fd);
        assert_int_equal(reply.header.type, FILE_REPLY);
        assert_int_equal(reply.header.sequence, request->header.sequence);
        assert_int_equal(reply.reserved, 0);
        return reply;
}

int ask(World *world, const FileRequest *request)
{
        FileReply reply;
        int fd;

        reply = ask_for(world, request, &fd);
        assert_int_equal(fd, -1);
        return reply.result;
}

int make_temp(World *world, const char *path, size_t size, FileRequest *ret_request)
{
        FileRequest request = make_request(FILE_OPEN_TEMP, path);
        FileReply reply;
        int fd;

        reply = ask_for(world, &request, &fd);
        assert_int_equal(reply.result, 0);
        assert_true(fd >= 0);
        for (size_t i = 0; i < size; i++)
                assert_int_equal(pwrite(fd, &(char){(char)('a' + i % 26)}, 1, (off_t)i), 1);
        request.file = reply.file;
        request.directory = reply.directory;
        request.size = size;
        *ret_request = request;
        return fd;
}
