#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "reference.h"

#define ID "7F015FFC-4032-4098-A2A3-6D6F98B812C3"

static void test_ids(void **state)
{
        static const char *const forms[] = {
                ID,
                "{" ID "}",
                "7f015ffc-4032-4098-a2a3-6d6f98b812c3",
                "{7f015ffc-4032-4098-a2a3-6d6f98b812c3}",
        };
        char id[GUID_TEXT_SIZE];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(forms); i++) {
                assert_int_equal(reference_parse(forms[i], id), 1);
                assert_string_equal(id, ID);
        }
}

static void test_names(void **state)
{
        static const char *const names[] = {
                "my job",   "{" ID, ID "}", ID "0",
                "7F015FFC", "{}",   " " ID, "GF015FFC-4032-4098-A2A3-6D6F98B812C3",
        };
        char id[GUID_TEXT_SIZE];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(names); i++)
                assert_int_equal(reference_parse(names[i], id), 0);
        assert_int_equal(reference_parse("", id), -EINVAL);
}

static void test_local(void **state)
{
        static const struct {
                const char *cwd, *name, *path;
        } rows[] = {
                {"/home/alice", "file", "/home/alice/file"},
                {"/home/alice", "./a//b/./file", "/home/alice/a/b/file"},
                {"/home/alice", "../bob/file", "/home/bob/file"},
                {"/home/alice", "../../../../file", "/file"},
                {"/", "file", "/file"},
                {"/home/alice", "/tmp/../etc/./x", "/etc/x"},
                {"/home/alice", "...", "/home/alice/..."},
                {"/home/alice", "..file", "/home/alice/..file"},
        };
        char path[PATH_MAX];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                assert_int_equal(reference_local(rows[i].cwd, rows[i].name, path), 0);
                assert_string_equal(path, rows[i].path);
        }
}

static void test_local_bad(void **state)
{
        static const char *const directories[] = {"", "dir/", "/", ".", "..", "a/..", "/x/."};
        char path[PATH_MAX], name[PATH_MAX + 10];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(directories); i++)
                assert_int_equal(reference_local("/home", directories[i], path), -EISDIR);
        memset(name, 'x', sizeof(name) - 1);
        name[sizeof(name) - 1] = 0;
        assert_int_equal(reference_local("/", name, path), -ENAMETOOLONG);
        name[PATH_MAX - 1] = 0;
        assert_int_equal(reference_local("/", name, path), -ENAMETOOLONG);
        name[PATH_MAX - 2] = 0; /* with the slash and the NUL it just fits */
        assert_int_equal(reference_local("/", name, path), 0);
        assert_int_equal(strlen(path), PATH_MAX - 1);
        assert_int_equal(reference_local("/d", name, path), -ENAMETOOLONG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ids),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_local),
                cmocka_unit_test(test_local_bad),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
