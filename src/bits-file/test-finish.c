/* FINISH and DISCARD: what stands at the final name is replaced, nothing else is touched, twice is
 * once. */
#include "test-world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"

static FileRequest make_sealed(World *world, const char *path)
{
        FileRequest request;

        close(make_temp(world, path, 5, &request));
        request.header.type = FILE_SEAL;
        assert_int_equal(ask(world, &request), 0);
        request.header.type = FILE_FINISH;
        return request;
}

/* ---- FINISH ---------------------------------------------------------------------------------- */

static void test_finish(void **state)
{
        World *world = *state;
        FileRequest request = make_sealed(world, HOME "/file");
        struct stat st;

        assert_int_equal(ask(world, &request), 0);
        st = look(HOME "/file");
        assert_int_equal(st.st_mode, S_IFREG | 0644);
        assert_int_equal(st.st_uid, BOB);
        assert_int_equal(st.st_ino, request.file.inode);
        assert_text(HOME "/file", "abcde");
        assert_absent(HOME "/" TEMP);

        assert_int_equal(ask(world, &request), 0); /* the first answer was lost */
        assert_text(HOME "/file", "abcde");
}

static void test_umask(void **state)
{
        World *world = *state;
        FileRequest request;

        world_restart(world, KERNEL_WHOLE, 077);
        request = make_sealed(world, HOME "/file");
        assert_int_equal(ask(world, &request), 0);
        assert_int_equal(look(HOME "/file").st_mode, S_IFREG | 0600);

        world_restart(world, KERNEL_WHOLE, 002);
        request = make_sealed(world, HOME "/file");
        assert_int_equal(ask(world, &request), 0);
        assert_int_equal(look(HOME "/file").st_mode, S_IFREG | 0664);
}

static void test_crash_after_rename(void **state)
{
        World *world = *state;
        FileRequest request = make_sealed(world, HOME "/file");

        assert_return_code(rename(HOME "/" TEMP, HOME "/file"), errno);
        world_restart(world, KERNEL_WHOLE, 022);
        assert_int_equal(ask(world, &request), 0);
        put(HOME "/" TEMP, "of another job", BOB, 0600);
        assert_int_equal(ask(world, &request), 0);
        assert_text(HOME "/" TEMP, "of another job");
}

static void test_replaces_file(void **state)
{
        World *world = *state;
        FileRequest request;

        put(HOME "/file", "old", BOB, 0640);
        request = make_sealed(world, HOME "/file");
        assert_text(HOME "/file", "old");
        assert_int_equal(ask(world, &request), 0);
        assert_text(HOME "/file", "abcde");
}

static void test_replaces_planted(void **state)
{
        World *world = *state;
        FileRequest request;

        put(PLACE "/roots", "root's", 0, 0666);
        put(HOME "/precious", "bob's", BOB, 0600);

        put_link(OPEN "/link", PLACE "/roots", MAL);
        request = make_sealed(world, OPEN "/link");
        assert_int_equal(ask(world, &request), 0);
        assert_int_equal(look(OPEN "/link").st_mode, S_IFREG | 0644);
        assert_text(OPEN "/link", "abcde");
        assert_text(PLACE "/roots", "root's");

        put_fifo(OPEN "/fifo", MAL);
        request = make_sealed(world, OPEN "/fifo");
        assert_int_equal(ask(world, &request), 0);
        assert_text(OPEN "/fifo", "abcde");

        assert_return_code(link(HOME "/precious", OPEN "/hard"), errno);
        request = make_sealed(world, OPEN "/hard");
        assert_int_equal(ask(world, &request), 0);
        assert_text(OPEN "/hard", "abcde");
        assert_text(HOME "/precious", "bob's");
        assert_int_equal(look(HOME "/precious").st_nlink, 1);
}

static void test_directory_at_final_name(void **state)
{
        World *world = *state;
        FileRequest request = make_sealed(world, HOME "/file");

        put_directory(HOME "/file", BOB, 0700);
        assert_int_equal(ask(world, &request), -EISDIR);
        assert_true(S_ISDIR(look(HOME "/file").st_mode));
        assert_int_equal(look(HOME "/" TEMP).st_mode, S_IFREG | 0600);
        assert_return_code(rmdir(HOME "/file"), errno);
        assert_int_equal(ask(world, &request), 0);
        assert_text(HOME "/file", "abcde");
}

static void test_no_permission(void **state)
{
        World *world = *state;
        FileRequest request = make_sealed(world, HOME "/file");

        put(HOME "/file", "old", BOB, 0600);
        assert_return_code(chmod(HOME, 0500), errno);
        assert_int_equal(ask(world, &request), -EACCES);
        assert_text(HOME "/file", "old");
        assert_int_equal(look(HOME "/" TEMP).st_mode, S_IFREG | 0600);
}

static void test_finish_swapped(void **state)
{
        World *world = *state;
        FileRequest request = make_sealed(world, OPEN "/file");

        put(OPEN "/file", "old", MAL, 0666);
        assert_return_code(rename(OPEN "/" TEMP, OPEN "/kept"), errno);
        assert_int_equal(ask(world, &request), -ESTALE);
        put(OPEN "/" TEMP, "mal's", MAL, 0666);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);
        put_link(OPEN "/" TEMP, "kept", MAL);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);
        assert_return_code(link(OPEN "/kept", OPEN "/" TEMP), errno);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_text(OPEN "/file", "old");
        assert_int_equal(look(OPEN "/kept").st_mode, S_IFREG | 0600);
}

/* ---- DISCARD --------------------------------------------------------------------------------- */

static void test_discard(void **state)
{
        World *world = *state;
        FileRequest request = make_sealed(world, HOME "/file");

        request.header.type = FILE_DISCARD;
        put(HOME "/file", "old", BOB, 0600);
        put(HOME "/BITC0123ABCD.tmp", "left by a crash", BOB, 0600);
        assert_int_equal(ask(world, &request), 0);
        assert_absent(HOME "/" TEMP);
        assert_absent(HOME "/BITC0123ABCD.tmp");
        assert_text(HOME "/file", "old");
        assert_int_equal(ask(world, &request), 0);
}

static void test_discard_with_writer(void **state)
{
        World *world = *state;
        _cleanup_(closep) int fd = -1;
        FileRequest request;

        fd = make_temp(world, HOME "/file", 5, &request);
        request.header.type = FILE_DISCARD;
        assert_int_equal(ask(world, &request), 0);
        assert_absent(HOME "/" TEMP);
}

static void test_discard_other(void **state)
{
        World *world = *state;
        FileRequest request = make_sealed(world, OPEN "/file");

        request.header.type = FILE_DISCARD;
        assert_return_code(rename(OPEN "/" TEMP, OPEN "/kept"), errno);
        put(OPEN "/" TEMP, "another of bob's", BOB, 0600);
        assert_int_equal(ask(world, &request), 0);
        assert_text(OPEN "/" TEMP, "another of bob's");
        assert_return_code(unlink(OPEN "/" TEMP), errno);
        put_link(OPEN "/" TEMP, "kept", MAL);
        assert_int_equal(ask(world, &request), 0);
        assert_true(S_ISLNK(look(OPEN "/" TEMP).st_mode));
        assert_text(OPEN "/kept", "abcde");
}

/* The crash came before the id was recorded: name and owner decide. */
static void test_discard_unknown(void **state)
{
        World *world = *state;
        FileRequest request = make_request(FILE_DISCARD, OPEN "/file");

        put(OPEN "/" TEMP, "bob's", BOB, 0600);
        assert_int_equal(ask(world, &request), 0);
        assert_absent(OPEN "/" TEMP);

        put(OPEN "/" TEMP, "mal's", MAL, 0666);
        assert_int_equal(ask(world, &request), 0);
        assert_text(OPEN "/" TEMP, "mal's");
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put_link(OPEN "/" TEMP, HOME, BOB);
        assert_int_equal(ask(world, &request), 0);
        assert_true(S_ISLNK(look(OPEN "/" TEMP).st_mode));
        assert_return_code(unlink(OPEN "/" TEMP), errno);

        put(HOME "/precious", "bob's", BOB, 0600);
        assert_return_code(link(HOME "/precious", OPEN "/" TEMP), errno);
        assert_int_equal(ask(world, &request), 0);
        assert_int_equal(look(HOME "/precious").st_nlink, 2);
}

static void test_discard_without_directory(void **state)
{
        World *world = *state;
        FileRequest request;

        put_directory(HOME "/dl", BOB, 0700);
        request = make_sealed(world, HOME "/dl/file");
        request.header.type = FILE_DISCARD;
        assert_return_code(rename(HOME "/dl", HOME "/moved"), errno);
        assert_int_equal(ask(world, &request), 0);
        put(HOME "/dl", "", BOB, 0600);
        assert_int_equal(ask(world, &request), 0);
        assert_return_code(unlink(HOME "/dl"), errno);
        put_directory(HOME "/dl", BOB, 0700);
        put(HOME "/dl/" TEMP, "another of bob's", BOB, 0600);
        assert_int_equal(ask(world, &request), 0);
        assert_text(HOME "/dl/" TEMP, "another of bob's");
}

static void test_discard_refused(void **state)
{
        World *world = *state;
        FileRequest request = make_sealed(world, HOME "/file");

        request.header.type = FILE_DISCARD;
        assert_return_code(chmod(HOME, 0500), errno);
        assert_int_equal(ask(world, &request), -EACCES);
        assert_return_code(chmod(HOME, 0700), errno);
        assert_return_code(mount(NULL, PLACE, NULL, MS_REMOUNT | MS_RDONLY, NULL), errno);
        assert_int_equal(ask(world, &request), -EROFS);
        assert_return_code(mount(NULL, PLACE, NULL, MS_REMOUNT, NULL), errno);
        assert_text(HOME "/" TEMP, "abcde");
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                T(test_finish),
                T(test_umask),
                T(test_crash_after_rename),
                T(test_replaces_file),
                T(test_replaces_planted),
                T(test_directory_at_final_name),
                T(test_no_permission),
                T(test_finish_swapped),
                T(test_discard),
                T(test_discard_with_writer),
                T(test_discard_other),
                T(test_discard_unknown),
                T(test_discard_without_directory),
                T(test_discard_refused),
        };

        return cmocka_run_group_tests_name("file-finish", tests, NULL, NULL);
}
