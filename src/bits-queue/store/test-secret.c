/* Secrets in the store: what opens them, and that nothing else does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/secret.h"

static const uint8_t key[32] = {1}, other_key[32] = {2};
static const Guid job = {{3}}, other_job = {{4}};

#define PLAIN "Authorization: hunter2\r\n"

static void make(Sealed *ret)
{
        *ret = (Sealed){0};
        assert_int_equal(secret_seal(key, &job, "headers", PLAIN, strlen(PLAIN), ret), 0);
}

static void test_opens_as_what_it_is(void **state)
{
        size_t size;
        Sealed sealed;
        char *plain;

        (void)state;
        make(&sealed);
        assert_null(memmem(sealed.data, sealed.size, "hunter2", 7));
        assert_int_equal(secret_open(key, &job, "headers", &sealed, &plain, &size), 0);
        assert_string_equal(plain, PLAIN);
        assert_int_equal(size, strlen(PLAIN));
        secret_free(plain, size);
        sealed_clear(&sealed);
}

static void test_opens_as_nothing_else(void **state)
{
        size_t size;
        Sealed sealed;
        char *plain;

        (void)state;
        make(&sealed);
        assert_int_equal(secret_open(other_key, &job, "headers", &sealed, &plain, &size), -EBADMSG);
        assert_int_equal(secret_open(key, &other_job, "headers", &sealed, &plain, &size), -EBADMSG);
        assert_int_equal(secret_open(key, &job, "header", &sealed, &plain, &size), -EBADMSG);
        for (size_t i = 0; i < sealed.size; i++) {
                sealed.data[i] ^= 1;
                assert_int_equal(secret_open(key, &job, "headers", &sealed, &plain, &size),
                                 -EBADMSG);
                sealed.data[i] ^= 1;
        }
        while (sealed.size-- > 0)
                assert_int_equal(secret_open(key, &job, "headers", &sealed, &plain, &size),
                                 -EBADMSG);
        sealed_clear(&sealed);
}

/* A nonce that comes twice would give the key away. */
static void test_never_the_same(void **state)
{
        Sealed one, two;

        (void)state;
        make(&one);
        make(&two);
        assert_int_equal(one.size, two.size);
        assert_memory_not_equal(one.data, two.data, 12);
        sealed_clear(&one);
        sealed_clear(&two);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_opens_as_what_it_is),
                cmocka_unit_test(test_opens_as_nothing_else),
                cmocka_unit_test(test_never_the_same),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
