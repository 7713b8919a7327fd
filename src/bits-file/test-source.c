/* OPEN_SOURCE: what is given out for reading, and what is not. */
#include "test-world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static int ask_source(World *world, const char *path, int *ret_fd)
{
        FileRequest request = make_request(FILE_OPEN_SOURCE, path);

        return ask_for(world, &request, ret_fd).result;
}

static void assert_given(World *world, const char *path, const char *text)
{
        _cleanup_(closep) int fd = -1;
        char buffer[64] = "";

        assert_int_equal(ask_source(world, path, &fd), 0);
        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
        assert_int_equal(read(fd, buffer, sizeof(buffer)), (int)strlen(text));
        assert_string_equal(buffer, text);
}

static void assert_refused(World *world, const char *path, int error)
{
        int fd = -1;

        assert_int_equal(ask_source(world, path, &fd), error);
        assert_int_equal(fd, -1);
}

static void test_file(void **state)
{
        put(HOME "/own", "bob's", BOB, 0400);
        put(OPEN "/public", "mal's", MAL, 0644);
        assert_given(*state, HOME "/own", "bob's");
        assert_given(*state, OPEN "/public", "mal's");
}

static void test_reply(void **state)
{
        FileRequest request = make_request(FILE_OPEN_SOURCE, HOME "/own");
        _cleanup_(closep) int fd = -1;
        FileReply reply;

        put(HOME "/own", "12345", BOB, 0600);
        reply = ask_for(*state, &request, &fd);
        assert_int_equal(reply.result, 0);
        assert_int_equal(reply.size, 5);
        assert_int_equal(reply.file.inode, look(HOME "/own").st_ino);
        assert_int_equal(reply.directory.inode, look(HOME).st_ino);
}

static void test_no_right(void **state)
{
        put(OPEN "/secret", "x", MAL, 0600);
        put_directory(OPEN "/closed", MAL, 0700);
        put(OPEN "/closed/file", "x", MAL, 0644);
        assert_refused(*state, OPEN "/secret", -EACCES);
        assert_refused(*state, OPEN "/closed/file", -EACCES);
}

static void test_missing(void **state)
{
        put(HOME "/file", "x", BOB, 0600);
        assert_refused(*state, HOME "/none", -ENOENT);
        assert_refused(*state, HOME "/none/x", -ENOTDIR); /* told apart: the path, and the file */
        assert_refused(*state, HOME "/file/x", -ENOTDIR);
}

static void test_no_regular_file(void **state)
{
        put_fifo(OPEN "/fifo", MAL);
        put_directory(HOME "/directory", BOB, 0700);
        assert_refused(*state, OPEN "/fifo", -EISDIR); /* and it did not hang */
        assert_refused(*state, HOME "/directory", -EISDIR);
        assert_refused(*state, "/dev/null", -EISDIR);
        assert_refused(*state, "/proc/self/mem", -ELOOP); /* "self" is a link of /proc */
        assert_refused(*state, "/proc/version", -EACCES);
}

static void test_links(void **state)
{
        put(HOME "/file", "text", BOB, 0600);
        put_directory(HOME "/sub", BOB, 0700);
        put_link(HOME "/link", "file", BOB);
        put_link(HOME "/up", "sub/../link", BOB);
        put_link(HOME "/absolute", HOME "/link", BOB);
        put_link(OPEN "/planted", HOME "/file", MAL);
        put_link(OPEN "/indirect", OPEN "/planted", BOB);
        put_link(HOME "/dangling", "nowhere", BOB);
        put_link(HOME "/loop", "loop", BOB);
        put_link(HOME "/root", "/", BOB);
        put_link(HOME "/tree", "sub/", BOB);
        assert_given(*state, HOME "/link", "text");
        assert_given(*state, HOME "/up", "text");
        assert_given(*state, HOME "/absolute", "text");
        assert_refused(*state, OPEN "/planted", -ELOOP); /* mal chose what is read */
        assert_refused(*state, OPEN "/indirect", -ELOOP);
        assert_refused(*state, HOME "/dangling", -ENOENT);
        assert_refused(*state, HOME "/loop", -ELOOP);
        assert_refused(*state, HOME "/root", -EISDIR);
        assert_refused(*state, HOME "/tree", -EISDIR);
}

static void test_lease(void **state)
{
        _cleanup_(closep) int fd = -1;

        put(OPEN "/leased", "x", MAL, 0644);
        fd = open(OPEN "/leased", O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        signal(SIGIO, SIG_IGN);
        assert_int_equal(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
        assert_refused(*state, OPEN "/leased", -EAGAIN); /* and it did not wait */
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_file),    T(test_reply),           T(test_no_right),
                T(test_missing), T(test_no_regular_file), T(test_links),
                T(test_lease),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
