/* Handles, tokens made of descriptors, and whom a thread impersonates. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <windows.h>

#include "base/cleanup.h"
#include "libbits/handle.h"
#include "libbits/impersonation.h"

static int pair[2];

static int setup(void **state)
{
        (void)state;
        return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int teardown(void **state)
{
        (void)state;
        close(pair[0]);
        return close(pair[1]);
}

static bool peer_is_open(void)
{
        char byte;

        return recv(pair[1], &byte, 1, MSG_DONTWAIT) < 0; /* 0 would be the end */
}

static void test_close(void **state)
{
        HANDLE token, other;

        (void)state;
        assert_true(bits_token_from_fd(pair[0], &token));
        assert_int_not_equal(bits_token_fd(token), pair[0]);
        assert_true(fcntl(bits_token_fd(token), F_GETFD) & FD_CLOEXEC);
        assert_true(CloseHandle(token));
        assert_false(CloseHandle(token));
        assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
        assert_int_equal(bits_token_fd(token), -1);

        assert_true(bits_token_from_fd(pair[0], &other)); /* the same place, another handle */
        assert_ptr_not_equal(token, other);
        assert_false(CloseHandle(token));
        assert_true(CloseHandle(other));
}

static void test_no_handles(void **state)
{
        const HANDLE none[] = {NULL, (HANDLE)4, (HANDLE)5, (HANDLE)&pair, (HANDLE)(uintptr_t)-12};
        HANDLE token;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(none); i++) {
                SetLastError(0);
                assert_false(CloseHandle(none[i]));
                assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
                assert_false(ImpersonateLoggedOnUser(none[i]));
        }
        assert_true(CloseHandle(GetCurrentProcess()));
        assert_true(CloseHandle(GetCurrentThread()));
        assert_false(bits_token_from_fd(-1, &token));
        assert_false(bits_token_from_fd(STDIN_FILENO, NULL));
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
        assert_false(OpenProcessToken((HANDLE)8, TOKEN_QUERY, &token));
        assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
        assert_false(bits_token_new(0, 0, &token));
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
        assert_false(bits_token_new(0, 4, &token));
}

static void test_only_sockets(void **state)
{
        int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
        HANDLE token;

        (void)state;
        assert_false(bits_token_from_fd(file, &token));
        assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
        close(file);
}

static void test_many(void **state)
{
        HANDLE tokens[100];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(tokens); i++)
                assert_true(bits_token_from_fd(pair[0], &tokens[i]));
        for (size_t i = 0; i < ELEMENTS(tokens); i++)
                assert_true(bits_token_fd(tokens[i]) >= 0);
        for (size_t i = 0; i < ELEMENTS(tokens); i++)
                assert_true(CloseHandle(tokens[i]));
}

static void *look_from_elsewhere(void *unused)
{
        assert_null(impersonation_current());
        return unused;
}

static void test_impersonation(void **state)
{
        HANDLE token, again;
        pthread_t thread;
        Token *current;

        (void)state;
        assert_false(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &again));
        assert_int_equal(GetLastError(), ERROR_NO_TOKEN);
        assert_true(bits_token_from_fd(pair[0], &token));
        close(pair[0]);
        assert_true(ImpersonateLoggedOnUser(token));
        assert_int_equal(pthread_create(&thread, NULL, look_from_elsewhere, NULL), 0);
        pthread_join(thread, NULL);
        assert_true(CloseHandle(token)); /* the thread keeps what it impersonates */
        current = impersonation_current();
        assert_non_null(current);
        token_unref(current);
        assert_true(peer_is_open());

        assert_true(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &again));
        assert_true(RevertToSelf());
        assert_null(impersonation_current());
        assert_true(RevertToSelf());
        assert_true(peer_is_open());
        assert_true(CloseHandle(again));
        assert_false(peer_is_open());
        pair[0] = -1;
}

static void *impersonate_and_end(void *token)
{
        assert_true(ImpersonateLoggedOnUser(*(HANDLE *)token));
        assert_true(CloseHandle(*(HANDLE *)token));
        return NULL;
}

static void test_thread_that_just_ends(void **state)
{
        pthread_t thread;
        HANDLE token;

        (void)state;
        assert_true(bits_token_from_fd(pair[0], &token));
        close(pair[0]);
        pair[0] = -1;
        assert_int_equal(pthread_create(&thread, NULL, impersonate_and_end, &token), 0);
        pthread_join(thread, NULL);
        assert_false(peer_is_open());
}

static void test_last_error_is_the_thread_s(void **state)
{
        pthread_t thread;
        HANDLE token;

        (void)state;
        assert_true(bits_token_from_fd(pair[0], &token));
        SetLastError(42);
        assert_int_equal(pthread_create(&thread, NULL, impersonate_and_end, &token), 0);
        pthread_join(thread, NULL);
        assert_int_equal(GetLastError(), 42);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_close, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_handles, setup, teardown),
                cmocka_unit_test_setup_teardown(test_only_sockets, setup, teardown),
                cmocka_unit_test_setup_teardown(test_many, setup, teardown),
                cmocka_unit_test_setup_teardown(test_impersonation, setup, NULL),
                cmocka_unit_test_setup_teardown(test_thread_that_just_ends, setup, NULL),
                cmocka_unit_test_setup_teardown(test_last_error_is_the_thread_s, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
