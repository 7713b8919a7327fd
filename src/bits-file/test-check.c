/* CHECK, and the way to the directory that all requests share. */
#include "test-world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"

static int check(World *world, const char *path)
{
        FileRequest request = make_request(FILE_CHECK, path);

        return ask(world, &request);
}

static void test_directory(void **state)
{
        World *world = *state;

        put_directory(PLACE "/readonly", 0, 0755);
        put_directory(PLACE "/closed", 0, 0700);
        put_directory(PLACE "/closed/inside", BOB, 0700);
        put_directory(PLACE "/dropbox", 0, 0733);
        put(HOME "/plain", "", BOB, 0644);

        assert_int_equal(check(world, HOME "/new"), 0);
        assert_int_equal(check(world, PLACE "/dropbox/new"), 0);
        assert_int_equal(check(world, HOME "/missing/new"), -ENOENT);
        assert_int_equal(check(world, HOME "/plain/new"), -ENOTDIR);
        assert_int_equal(check(world, HOME "/plain/deeper/new"), -ENOTDIR);
        assert_int_equal(check(world, PLACE "/readonly/new"), -EACCES);
        assert_int_equal(check(world, PLACE "/closed/inside/new"), -EACCES);
        assert_absent(HOME "/new");
}

static void test_read_only_file_system(void **state)
{
        World *world = *state;

        assert_return_code(mount(NULL, PLACE, NULL, MS_REMOUNT | MS_RDONLY, NULL), errno);
        assert_int_equal(check(world, HOME "/new"), -EROFS);
}

static void test_existing(void **state)
{
        World *world = *state;

        put(HOME "/own", "", BOB, 0644);
        put(HOME "/own-readonly", "", BOB, 0444);
        put(HOME "/roots", "", 0, 0644);
        put(HOME "/shared", "", MAL, 0666);
        put_directory(HOME "/directory", BOB, 0700);
        assert_int_equal(check(world, HOME "/own"), 0);
        assert_int_equal(check(world, HOME "/own-readonly"), -EACCES);
        assert_int_equal(check(world, HOME "/roots"), -EACCES);
        assert_int_equal(check(world, HOME "/shared"), 0);
        assert_int_equal(check(world, HOME "/directory"), -EISDIR);
}

/* They are replaced, whatever they lead to. */
static void test_planted(void **state)
{
        World *world = *state;

        put(PLACE "/roots", "root's", 0, 0600);
        put_link(OPEN "/link", PLACE "/roots", MAL);
        put_link(OPEN "/link-to-directory", HOME, MAL);
        put_link(OPEN "/dangling", PLACE "/nowhere", MAL);
        put_fifo(OPEN "/fifo", MAL);
        assert_return_code(chmod(OPEN "/fifo", 0600), errno);
        assert_int_equal(check(world, OPEN "/link"), 0);
        assert_int_equal(check(world, OPEN "/link-to-directory"), 0);
        assert_int_equal(check(world, OPEN "/dangling"), 0);
        assert_int_equal(check(world, OPEN "/fifo"), 0);
}

static void test_sticky(void **state)
{
        World *world = *state;

        put_directory(PLACE "/sticky", 0, 01777);
        put(PLACE "/sticky/mals", "", MAL, 0666);
        put_link(PLACE "/sticky/link", "mals", MAL);
        put(PLACE "/sticky/own", "", BOB, 0600);
        assert_int_equal(check(world, PLACE "/sticky/new"), 0);
        assert_int_equal(check(world, PLACE "/sticky/own"), 0);
        assert_int_equal(check(world, PLACE "/sticky/mals"), -EACCES);
        assert_int_equal(check(world, PLACE "/sticky/link"), -EACCES);
}

static void test_links_on_the_way(void **state)
{
        World *world = *state;

        put_link(PLACE "/roots", "home", 0);
        put_link(HOME "/bobs", "../home/../open", BOB);
        put_link(OPEN "/mals", HOME, MAL);
        put_link(OPEN "/over-mals", "mals", BOB);
        put_link(PLACE "/dangling", "nowhere", 0);
        put(HOME "/plain", "", BOB, 0644);
        put_link(PLACE "/to-plain", HOME "/plain", 0);
        assert_int_equal(check(world, PLACE "/roots/new"), 0);
        assert_int_equal(check(world, PLACE "/roots/bobs/new"), 0);
        assert_int_equal(check(world, PLACE "//roots//bobs//new"), 0);
        assert_int_equal(check(world, OPEN "/mals/new"), -ELOOP);
        assert_int_equal(check(world, OPEN "/mals/deeper/new"), -ELOOP);
        assert_int_equal(check(world, OPEN "/over-mals/new"), -ELOOP);
        assert_int_equal(check(world, PLACE "/dangling/new"), -ENOENT);
        assert_int_equal(check(world, PLACE "/to-plain/new"), -ENOTDIR);
}

static void test_link_count(void **state)
{
        World *world = *state;
        char from[64], to[64];

        put_link(PLACE "/round", "round", 0);
        assert_int_equal(check(world, PLACE "/round/new"), -ELOOP);

        (void)snprintf(to, sizeof(to), "%s", HOME);
        for (int i = 1; i <= 41; i++) {
                (void)snprintf(from, sizeof(from), PLACE "/l%d", i);
                put_link(from, to, 0);
                (void)snprintf(to, sizeof(to), "%s", from);
        }
        assert_int_equal(check(world, PLACE "/l40/new"), 0);
        assert_int_equal(check(world, PLACE "/l41/new"), -ELOOP);
}

/* A path that grows with every link: bounded, not overrun. */
static void test_long_links(void **state)
{
        World *world = *state;
        char target[PATH_MAX] = "long";

        for (size_t i = 4; i + 260 < sizeof(target) - 300; i += 2)
                (void)strcat(target, "/a");
        put_link(PLACE "/long", target, 0);
        assert_int_equal(check(world, PLACE "/long/new"), -ENAMETOOLONG);
}

static void test_links_of_proc(void **state)
{
        World *world = *state;
        char path[128];

        assert_int_equal(check(world, "/proc/self/cwd/new"), -ELOOP);
        assert_int_equal(check(world, "/proc/self/root" HOME "/new"), -ELOOP);
        (void)snprintf(path, sizeof(path), "/proc/%d/root" HOME "/new", (int)world->worker);
        assert_int_equal(check(world, path), -ELOOP);
        put_link(PLACE "/by-proc", path, 0);
        assert_int_equal(check(world, PLACE "/by-proc/new"), -ELOOP);
}

static void test_directory_is_compared(void **state)
{
        static const uint32_t types[] = {FILE_OPEN_TEMP, FILE_RESUME_TEMP, FILE_SEAL, FILE_FINISH};
        World *world = *state;
        _cleanup_(closep) int fd = -1;
        FileRequest request;

        put_directory(HOME "/dl", BOB, 0700);
        fd = make_temp(world, HOME "/dl/file", 10, &request);
        fd = close_fd(fd);
        assert_int_equal(request.directory.inode, look(HOME "/dl").st_ino);
        assert_return_code(rename(HOME "/dl", HOME "/moved"), errno);
        put_directory(HOME "/dl", BOB, 0700);
        for (size_t i = 0; i < ELEMENTS(types); i++) {
                request.header.type = types[i];
                assert_int_equal(ask(world, &request), -EXDEV);
        }
        assert_absent(HOME "/dl/" TEMP);

        assert_return_code(rmdir(HOME "/dl"), errno);
        assert_return_code(rename(HOME "/moved", HOME "/dl"), errno);
        request.header.type = FILE_SEAL;
        assert_int_equal(ask(world, &request), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                T(test_directory),     T(test_read_only_file_system),
                T(test_existing),      T(test_planted),
                T(test_sticky),        T(test_links_on_the_way),
                T(test_link_count),    T(test_long_links),
                T(test_links_of_proc), T(test_directory_is_compared),
        };

        return cmocka_run_group_tests_name("file-check", tests, NULL, NULL);
}
