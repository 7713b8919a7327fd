/* The message queue, and apartments as far as they need no service. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <windows.h>

#include "libbits/apartment.h"
#include "libbits/message.h"

static MSG msg;

static void test_order_and_filter(void **state)
{
        (void)state;
        assert_false(PeekMessageW(&msg, NULL, 0, 0, PM_REMOVE));
        assert_true(PostThreadMessageW(GetCurrentThreadId(), WM_USER, 1, 2));
        assert_true(PostMessageW(NULL, WM_APP, 3, 4));
        PostQuitMessage(7);
        assert_true(PeekMessageW(&msg, NULL, 0, 0, PM_NOREMOVE));
        assert_int_equal(msg.message, WM_USER);
        assert_true(PeekMessageW(&msg, NULL, WM_APP, WM_APP, PM_REMOVE));
        assert_int_equal(msg.lParam, 4);
        assert_false(PeekMessageW(&msg, NULL, WM_APP, WM_APP, PM_REMOVE));
        assert_int_equal(GetMessageW(&msg, NULL, 0, 0), 1);
        assert_int_equal(msg.wParam, 1);
        assert_int_equal(GetMessageW(&msg, NULL, WM_APP, WM_APP), 0); /* whatever the filter */
        assert_int_equal(msg.wParam, 7);
        assert_false(PeekMessageW(&msg, NULL, 0, 0, PM_REMOVE));
}

static void test_bad_arguments(void **state)
{
        HWND window = (HWND)&msg;

        (void)state;
        assert_false(PeekMessageW(&msg, window, 0, 0, PM_REMOVE));
        assert_int_equal(GetLastError(), ERROR_INVALID_WINDOW_HANDLE);
        assert_int_equal(GetMessageW(NULL, NULL, 0, 0), -1);
        assert_int_equal(GetLastError(), ERROR_NOACCESS);
        assert_false(PostMessageW(window, WM_USER, 0, 0));
        assert_int_equal(GetLastError(), ERROR_INVALID_WINDOW_HANDLE);
        assert_false(PostThreadMessageW(1, WM_USER, 0, 0));
        assert_int_equal(GetLastError(), ERROR_INVALID_THREAD_ID);
        assert_int_equal(MsgWaitForMultipleObjects(1, NULL, FALSE, 0, QS_ALLINPUT), WAIT_FAILED);
}

static void *post_from_elsewhere(void *id)
{
        assert_true(PostThreadMessageW(*(DWORD *)id, WM_USER, 5, 0));
        return NULL;
}

static void test_waiting(void **state)
{
        DWORD id = GetCurrentThreadId();
        pthread_t thread;

        (void)state;
        assert_int_equal(MsgWaitForMultipleObjects(0, NULL, FALSE, 10, QS_ALLINPUT), WAIT_TIMEOUT);
        assert_int_equal(pthread_create(&thread, NULL, post_from_elsewhere, &id), 0);
        assert_int_equal(MsgWaitForMultipleObjects(0, NULL, FALSE, INFINITE, QS_ALLINPUT),
                         WAIT_OBJECT_0);
        assert_int_equal(GetMessageW(&msg, NULL, 0, 0), 1);
        assert_int_equal(msg.wParam, 5);
        pthread_join(thread, NULL);
}

static void test_limit(void **state)
{
        unsigned n = 0;

        (void)state;
        while (PostMessageW(NULL, WM_USER, n, 0))
                n++;
        assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_QUOTA);
        assert_int_equal(n, 10000);
        while (PeekMessageW(&msg, NULL, 0, 0, PM_REMOVE))
                n--;
        assert_int_equal(n, 0);
}

/* ---- tasks
 * --------------------------------------------------------------------------------------- */

static struct {
        unsigned n_delivered, n_dropped;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t changed;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void note(Task *task, bool delivered)
{
        pthread_mutex_lock(&seen.lock);
        seen.n_delivered += delivered;
        seen.n_dropped += !delivered;
        seen.thread = pthread_self();
        pthread_cond_signal(&seen.changed);
        pthread_mutex_unlock(&seen.lock);
        if (delivered && GetCurrentThreadId() == GetCurrentProcessId())
                PostQuitMessage(0);
        free(task);
}

static Task *task_new(void)
{
        Task *task = calloc(1, sizeof(*task));

        assert_non_null(task);
        task->run = note;
        seen.n_delivered = seen.n_dropped = 0;
        return task;
}

static void test_single_threaded(void **state)
{
        Apartment *apartment;

        (void)state;
        assert_int_equal(CoInitialize(NULL), S_OK);
        assert_int_equal(CoInitializeEx(NULL, COINIT_APARTMENTTHREADED), S_FALSE);
        assert_int_equal(CoInitializeEx(NULL, COINIT_MULTITHREADED), RPC_E_CHANGED_MODE);
        assert_int_equal(CoInitializeEx(&msg, COINIT_MULTITHREADED), E_INVALIDARG);
        assert_int_equal(CoInitializeEx(NULL, 0x100), E_INVALIDARG);
        CoUninitialize();

        apartment = apartment_current();
        assert_non_null(apartment);
        assert_true(apartment_post(apartment, task_new()));
        assert_int_equal(seen.n_delivered, 0);
        assert_true(PeekMessageW(&msg, NULL, 0, 0, PM_REMOVE)); /* the task posted it */
        assert_int_equal(msg.message, WM_QUIT);
        assert_int_equal(seen.n_delivered, 1);

        assert_true(apartment_post(apartment, task_new()));
        assert_int_equal(GetMessageW(&msg, NULL, 0, 0), 0);
        assert_true(apartment_post(apartment, task_new()));
        CoUninitialize(); /* one still waits */
        assert_int_equal(seen.n_delivered, 0);
        assert_int_equal(seen.n_dropped, 1);

        Task *late = task_new();

        assert_false(apartment_post(apartment, late));
        free(late);
        apartment_unref(apartment);
        assert_null(apartment_current());
        CoUninitialize(); /* one too many does nothing */
}

static void test_multithreaded(void **state)
{
        Apartment *apartment;

        (void)state;
        assert_int_equal(CoInitializeEx(NULL, COINIT_MULTITHREADED), S_OK);
        apartment = apartment_current();
        pthread_mutex_lock(&seen.lock);
        assert_true(apartment_post(apartment, task_new()));
        while (seen.n_delivered == 0)
                pthread_cond_wait(&seen.changed, &seen.lock);
        assert_false(pthread_equal(seen.thread, pthread_self()));
        pthread_mutex_unlock(&seen.lock);
        CoUninitialize();

        Task *late = task_new();

        assert_false(apartment_post(apartment, late));
        free(late);
        apartment_unref(apartment);
}

static void *forget_to_uninitialize(void *ret)
{
        assert_int_equal(CoInitialize(NULL), S_OK);
        *(Apartment **)ret = apartment_current();
        assert_true(apartment_post(*(Apartment **)ret, task_new()));
        return NULL;
}

static void test_thread_that_just_ends(void **state)
{
        Apartment *apartment = NULL;
        pthread_t thread;

        (void)state;
        assert_int_equal(pthread_create(&thread, NULL, forget_to_uninitialize, &apartment), 0);
        pthread_join(thread, NULL);
        assert_int_equal(seen.n_dropped, 1);
        apartment_unref(apartment);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order_and_filter),
                cmocka_unit_test(test_bad_arguments),
                cmocka_unit_test(test_waiting),
                cmocka_unit_test(test_limit),
                cmocka_unit_test(test_single_threaded),
                cmocka_unit_test(test_multithreaded),
                cmocka_unit_test(test_thread_that_just_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
