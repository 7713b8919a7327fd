/* Both enumerators over their one engine. */
#define COBJMACROS
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "libbits/enumerator.h"
#include "libbits/file.h"

enum {
        N = 40, /* more than the first allocation */
};

static IBackgroundCopyFile *files[N];

static ULONG count_of(IBackgroundCopyFile *file)
{
        IBackgroundCopyFile_AddRef(file);
        return IBackgroundCopyFile_Release(file);
}

static int setup(void **state)
{
        IEnumBackgroundCopyFiles *all;
        Snapshot *snapshot = snapshot_new();

        assert_non_null(snapshot);
        for (unsigned i = 0; i < N; i++) {
                assert_int_equal(file_new("/org/bitsd1/job/x", i, &files[i]), S_OK);
                assert_int_equal(snapshot_append(snapshot, files[i]), S_OK);
        }
        assert_int_equal(enum_files_new(snapshot, &all), S_OK);
        snapshot_unref(snapshot);
        *state = all;
        return 0;
}

static int teardown(void **state)
{
        return (int)IEnumBackgroundCopyFiles_Release((IEnumBackgroundCopyFiles *)*state);
}

static void test_next(void **state)
{
        IEnumBackgroundCopyFiles *all = *state;
        IBackgroundCopyFile *got[N + 1] = {0};
        ULONG fetched = 99;

        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, 1, got, NULL), S_OK);
        assert_ptr_equal(got[0], files[0]);
        assert_int_equal(count_of(files[0]), 2);
        IBackgroundCopyFile_Release(got[0]);

        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, 2, got, NULL), E_INVALIDARG);
        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, 1, NULL, &fetched), E_INVALIDARG);
        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, 0, NULL, &fetched), S_OK);
        assert_int_equal(fetched, 0);

        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, N, got, &fetched), S_FALSE);
        assert_int_equal(fetched, N - 1);
        for (unsigned i = 1; i < N; i++) {
                assert_ptr_equal(got[i - 1], files[i]);
                IBackgroundCopyFile_Release(got[i - 1]);
        }
        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, 1, got, &fetched), S_FALSE);
        assert_int_equal(fetched, 0);
}

static void test_skip_reset_count(void **state)
{
        IEnumBackgroundCopyFiles *all = *state;
        IBackgroundCopyFile *got;
        ULONG count = 0;

        assert_int_equal(IEnumBackgroundCopyFiles_Skip(all, 3), S_OK);
        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, 1, &got, NULL), S_OK);
        assert_ptr_equal(got, files[3]);
        IBackgroundCopyFile_Release(got);
        assert_int_equal(IEnumBackgroundCopyFiles_GetCount(all, &count), S_OK);
        assert_int_equal(count, N);
        assert_int_equal(IEnumBackgroundCopyFiles_GetCount(all, NULL), E_INVALIDARG);
        assert_int_equal(IEnumBackgroundCopyFiles_Skip(all, N), S_FALSE);
        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, 1, &got, NULL), S_FALSE);
        assert_int_equal(IEnumBackgroundCopyFiles_Reset(all), S_OK);
        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, 1, &got, NULL), S_OK);
        assert_ptr_equal(got, files[0]);
        IBackgroundCopyFile_Release(got);
}

static void test_clone(void **state)
{
        IEnumBackgroundCopyFiles *all = *state, *clone;
        IBackgroundCopyFile *got;

        assert_int_equal(IEnumBackgroundCopyFiles_Skip(all, 5), S_OK);
        assert_int_equal(IEnumBackgroundCopyFiles_Clone(all, NULL), E_INVALIDARG);
        assert_int_equal(IEnumBackgroundCopyFiles_Clone(all, &clone), S_OK);
        assert_int_equal(IEnumBackgroundCopyFiles_Next(all, 1, &got, NULL), S_OK);
        IBackgroundCopyFile_Release(got);
        assert_int_equal(IEnumBackgroundCopyFiles_Next(clone, 1, &got, NULL), S_OK);
        assert_ptr_equal(got, files[5]);
        IBackgroundCopyFile_Release(got);
        assert_int_equal(IEnumBackgroundCopyFiles_Release(clone), 0);
        assert_int_equal(count_of(files[5]), 1);
}

static void test_interfaces(void **state)
{
        IEnumBackgroundCopyFiles *all = *state;
        void *other = all;

        assert_int_equal(
                IEnumBackgroundCopyFiles_QueryInterface(all, &IID_IEnumBackgroundCopyJobs, &other),
                E_NOINTERFACE);
        assert_null(other);
        assert_int_equal(
                IEnumBackgroundCopyFiles_QueryInterface(all, &IID_IEnumBackgroundCopyFiles, &other),
                S_OK);
        assert_ptr_equal(other, all);
        assert_int_equal(IEnumBackgroundCopyFiles_Release(all), 1);
        assert_int_equal(IEnumBackgroundCopyFiles_QueryInterface(all, &IID_IUnknown, NULL),
                         E_POINTER);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_next, setup, teardown),
                cmocka_unit_test_setup_teardown(test_skip_reset_count, setup, teardown),
                cmocka_unit_test_setup_teardown(test_clone, setup, teardown),
                cmocka_unit_test_setup_teardown(test_interfaces, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
