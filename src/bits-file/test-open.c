/* OPEN_TEMP and RESUME_TEMP: what is handed out, and to what it is never handed out. */
#include "test-world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/packet.h"

/* ---- OPEN_TEMP ------------------------------------------------------------------------------- */

/* Opens the descriptor's file anew, as mal: the errno. */
static int reopen_as_mal(int fd)
{
        char path[64];
        int status;
        pid_t child;

        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        child = fork();
        assert_return_code(child, errno);
        if (child == 0) {
                if (setresgid(MAL, MAL, MAL) < 0 || setresuid(MAL, MAL, MAL) < 0)
                        _exit(0);
                _exit(open(path, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void test_open(void **state)
{
        World *world = *state;
        _cleanup_(closep) int fd = -1;
        FileRequest request;
        struct stat st;
        char c;

        world_restart(world, KERNEL_WHOLE, 0777);
        fd = make_temp(world, HOME "/file", 3, &request);
        st = look(HOME "/" TEMP);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_uid, BOB);
        assert_int_equal(st.st_gid, BOB);
        assert_int_equal(request.file.inode, st.st_ino);
        assert_true(request.file.handle_size > 0);
        assert_int_equal(request.directory.inode, look(HOME).st_ino);
        assert_absent(HOME "/file");

        assert_int_equal(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND), O_WRONLY);
        assert_int_equal(pread(fd, &c, 1, 0), -1);
        assert_int_equal(errno, EBADF);
        assert_int_equal(reopen_as_mal(fd), EACCES);
}

static void test_open_in_dropbox(void **state)
{
        World *world = *state;
        _cleanup_(closep) int fd = -1;
        FileRequest request;

        put_directory(PLACE "/dropbox", 0, 0733);
        fd = make_temp(world, PLACE "/dropbox/file", 3, &request);
        fd = close_fd(fd);
        request.header.type = FILE_SEAL;
        assert_int_equal(ask(world, &request), 0);
        request.header.type = FILE_FINISH;
        assert_int_equal(ask(world, &request), 0);
        assert_text(PLACE "/dropbox/file", "abc");
}

static void test_open_missing(void **state)
{
        World *world = *state;
        FileRequest request = make_request(FILE_OPEN_TEMP, HOME "/missing/file");

        assert_int_equal(ask(world, &request), -ENOENT);
        request = make_request(FILE_OPEN_TEMP, PLACE "/file");
        assert_int_equal(ask(world, &request), -EACCES);
}

static void test_open_planted(void **state)
{
        World *world = *state;
        FileRequest request = make_request(FILE_OPEN_TEMP, OPEN "/file");

        put(HOME "/precious", "bob's", BOB, 0600);

        put_link(OPEN "/" TEMP, HOME "/precious", MAL);
        assert_int_equal(ask(world, &request), -EEXIST);
        assert_true(S_ISLNK(look(OPEN "/" TEMP).st_mode));
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put_link(OPEN "/" TEMP, HOME "/new", BOB);
        assert_int_equal(ask(world, &request), -EEXIST);
        assert_absent(HOME "/new");
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put_fifo(OPEN "/" TEMP, MAL);
        assert_int_equal(ask(world, &request), -EEXIST);
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        assert_return_code(link(HOME "/precious", OPEN "/" TEMP), errno);
        assert_int_equal(ask(world, &request), -EEXIST);
        assert_int_equal(look(HOME "/precious").st_nlink, 2);
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put(OPEN "/" TEMP, "mal's", MAL, 0666);
        assert_int_equal(ask(world, &request), -EEXIST);
        assert_text(OPEN "/" TEMP, "mal's");
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put_directory(OPEN "/" TEMP, BOB, 0700);
        assert_int_equal(ask(world, &request), -EEXIST);
        assert_text(HOME "/precious", "bob's");
}

/* The answer to the first one was lost in a crash. */
static void test_open_again(void **state)
{
        World *world = *state;
        _cleanup_(closep) int old = -1, fd = -1;
        FileRequest first, second;
        struct stat st;

        old = make_temp(world, HOME "/file", 5, &first);
        fd = make_temp(world, HOME "/file", 3, &second);
        assert_int_equal(pwrite(old, "old writer", 10, 0), 10);
        assert_text(HOME "/" TEMP, "abc");
        assert_return_code(fstat(old, &st), errno);
        assert_int_equal(st.st_nlink, 0);
        assert_int_equal(second.file.inode, look(HOME "/" TEMP).st_ino);
}

/* ---- RESUME_TEMP ----------------------------------------------------------------------------- */

static FileRequest make_resumable(World *world, const char *path)
{
        FileRequest request;

        close(make_temp(world, path, 20, &request));
        request.header.type = FILE_RESUME_TEMP;
        request.size = 12;
        return request;
}

static void test_resume(void **state)
{
        World *world = *state;
        FileRequest request = make_resumable(world, HOME "/file");
        _cleanup_(closep) int fd = -1;
        FileReply reply;

        world_restart(world, KERNEL_WHOLE, 022);
        reply = ask_for(world, &request, &fd);
        assert_int_equal(reply.result, 0);
        assert_true(fd >= 0);
        assert_int_equal(reply.size, 12);
        assert_memory_equal(&reply.file, &request.file, sizeof(reply.file));
        assert_memory_equal(&reply.directory, &request.directory, sizeof(reply.directory));
        assert_text(HOME "/" TEMP, "abcdefghijkl");
        assert_int_equal(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND), O_WRONLY);
        assert_int_equal(look(HOME "/" TEMP).st_mode, S_IFREG | 0600);
        assert_int_equal(pwrite(fd, "M", 1, 12), 1);
        assert_text(HOME "/" TEMP, "abcdefghijklM");
}

static void test_resume_with_writer(void **state)
{
        World *world = *state;
        _cleanup_(closep) int fd = -1, resumed = -1;
        FileRequest request;
        int pair[2];

        fd = make_temp(world, HOME "/file", 20, &request);
        request.header.type = FILE_RESUME_TEMP;
        assert_int_equal(ask(world, &request), -EAGAIN);

        assert_return_code(packet_pair(pair), 0);
        assert_return_code(packet_send(pair[0], "x", 1, fd), 0);
        fd = close_fd(fd);
        assert_int_equal(ask(world, &request), -EAGAIN); /* on its way in a socket */
        assert_int_equal(look(HOME "/" TEMP).st_size, 20);

        close(pair[0]);
        close(pair[1]);
        assert_int_equal(ask_for(world, &request, &resumed).result, 0);
        assert_true(resumed >= 0);
        assert_int_equal(ask(world, &request), -EAGAIN);
}

static void test_resume_too_short(void **state)
{
        World *world = *state;
        FileRequest request = make_resumable(world, HOME "/file");

        request.size = 21;
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_int_equal(look(HOME "/" TEMP).st_size, 20);
}

static void test_resume_other_id(void **state)
{
        World *world = *state;
        FileRequest request = make_resumable(world, HOME "/file"), other;

        other = request;
        other.file.inode++;
        assert_int_equal(ask(world, &other), -ESTALE);
        other = request;
        other.file.handle[0] ^= 1;
        assert_int_equal(ask(world, &other), -ESTALE);
        other = request;
        other.file.btime_nsec++;
        assert_int_equal(ask(world, &other), -ESTALE);
        assert_int_equal(look(HOME "/" TEMP).st_size, 20);
}

static void test_resume_swapped(void **state)
{
        World *world = *state;
        FileRequest request = make_resumable(world, OPEN "/file");

        put(HOME "/precious", "bob's precious file, longer", BOB, 0600);
        assert_return_code(rename(OPEN "/" TEMP, OPEN "/kept"), errno);
        assert_int_equal(ask(world, &request), -ESTALE);

        put_link(OPEN "/" TEMP, HOME "/precious", MAL);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put_link(OPEN "/" TEMP, "kept", MAL);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put_fifo(OPEN "/" TEMP, MAL);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        assert_return_code(link(HOME "/precious", OPEN "/" TEMP), errno);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put(OPEN "/" TEMP, "a file of mal's that is long enough", MAL, 0666);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put_directory(OPEN "/" TEMP, BOB, 0700);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(rmdir(OPEN "/" TEMP), errno);

        assert_return_code(link(OPEN "/kept", OPEN "/" TEMP), errno); /* it has two names now */
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_text(HOME "/precious", "bob's precious file, longer");
        assert_int_equal(look(OPEN "/kept").st_size, 20);
}

/* Then a writer that stays must not reach the file that goes on. */
static void test_resume_without_leases(void **state)
{
        World *world = *state;
        _cleanup_(closep) int old = -1, fd = -1;
        FileRequest request;
        FileReply reply;

        world_restart(world, KERNEL_WITHOUT_LEASES, 022);
        old = make_temp(world, HOME "/file", 20, &request);
        request.header.type = FILE_RESUME_TEMP;
        request.size = 21;
        assert_int_equal(ask(world, &request), -ESTALE);
        request.size = 12;
        reply = ask_for(world, &request, &fd);
        assert_int_equal(reply.result, 0);
        assert_int_equal(reply.size, 12);
        assert_int_not_equal(reply.file.inode, request.file.inode);
        assert_int_equal(reply.file.inode, look(HOME "/" TEMP).st_ino);
        assert_int_equal(pwrite(old, "XXXX", 4, 0), 4);
        assert_int_equal(pwrite(fd, "M", 1, 12), 1);
        assert_text(HOME "/" TEMP, "abcdefghijklM");
        assert_absent(HOME "/BITC0123ABCD.tmp");
        assert_int_equal(look(HOME "/" TEMP).st_mode, S_IFREG | 0600);
        assert_int_equal(ask(world, &request), -ESTALE); /* the old id is history */
}

static void test_without_handles(void **state)
{
        World *world = *state;
        _cleanup_(closep) int fd = -1;
        FileRequest request;

        world_restart(world, KERNEL_WITHOUT_HANDLES, 022);
        close(make_temp(world, HOME "/file", 20, &request));
        assert_int_equal(request.file.handle_size, 0);
        assert_int_equal(request.file.inode, look(HOME "/" TEMP).st_ino);

        world_restart(world, KERNEL_WHOLE, 022); /* a newer kernel that has them */
        request.header.type = FILE_RESUME_TEMP;
        assert_int_equal(ask_for(world, &request, &fd).result, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                T(test_open),
                T(test_open_in_dropbox),
                T(test_open_missing),
                T(test_open_planted),
                T(test_open_again),
                T(test_resume),
                T(test_resume_with_writer),
                T(test_resume_too_short),
                T(test_resume_other_id),
                T(test_resume_swapped),
                T(test_resume_without_leases),
                T(test_without_handles),
        };

        return cmocka_run_group_tests_name("file-open", tests, NULL, NULL);
}
