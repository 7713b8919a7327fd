/* The registry: what is a token, and when it ceases to be one. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/packet.h"
#include "token.h"
#include "wire/identity.h"
#include "worker.h"

static Bitsd bitsd = {.admin_gid = UINT32_MAX};
static unsigned n_ended; /* calls of the only thing the registry asks of workers */

void worker_end_of_token(Bitsd *owner, const Token *token)
{
        assert_ptr_equal(owner, &bitsd);
        assert_non_null(token);
        n_ended++;
}

static int setup(void **state)
{
        (void)state;
        n_ended = 0;
        return sd_event_new(&bitsd.event);
}

static int teardown(void **state)
{
        (void)state;
        token_drop_all_of(&bitsd, getuid(), "the test ends");
        bitsd.event = sd_event_unref(bitsd.event);
        return 0;
}

static int add(uid_t uid, int *ret_hold)
{
        TokenTerms terms = {.uid = uid, .audience = 42, .uses = TOKEN_NETWORK};
        static const char account[WIRE_ACCOUNT_SIZE] = "somebody";
        int pair[2], r;

        terms.account = account;
        assert_int_equal(packet_pair(pair), 0);
        r = token_add(&bitsd, &terms, &pair[0], pair[1]);
        if (r == 0) {
                assert_int_equal(pair[0], -1);
                *ret_hold = pair[1];
                return 0;
        }
        (void)close(pair[0]);
        (void)close(pair[1]);
        return r;
}

static void test_found(void **state)
{
        int hold, copy, foreign[2];
        Token *token;

        (void)state;
        assert_int_equal(add(getuid(), &hold), 0);
        token = token_find(&bitsd, hold);
        assert_non_null(token);
        assert_int_equal(token->audience, 42);
        copy = dup(hold);
        assert_ptr_equal(token_find(&bitsd, copy), token);

        assert_int_equal(packet_pair(foreign), 0);
        assert_null(token_find(&bitsd, foreign[0]));
        assert_null(token_find(&bitsd, token->keep)); /* our end is not the token */
        assert_null(token_find(&bitsd, STDIN_FILENO));
        assert_null(token_find(&bitsd, -1));
        (void)close(foreign[0]);
        (void)close(foreign[1]);
        (void)close(copy);
        (void)close(hold);
}

static void test_wrong_maker(void **state)
{
        int hold;

        (void)state;
        assert_int_equal(add(getuid() + 1, &hold), -EIO);
        assert_true(LIST_EMPTY(&bitsd.tokens));
}

static void test_hangup(void **state)
{
        int hold, copy;

        (void)state;
        assert_int_equal(add(getuid(), &hold), 0);
        copy = dup(hold);
        (void)close(hold);
        assert_int_equal(sd_event_run(bitsd.event, 0), 0);
        assert_false(LIST_EMPTY(&bitsd.tokens));
        (void)close(copy);
        assert_true(sd_event_run(bitsd.event, 0) > 0);
        assert_true(LIST_EMPTY(&bitsd.tokens));
        assert_int_equal(n_ended, 1);
}

static void test_revoked(void **state)
{
        struct pollfd waiting;
        int hold;

        (void)state;
        assert_int_equal(add(getuid(), &hold), 0);
        token_drop_all_of(&bitsd, getuid() + 1, "another");
        waiting = (struct pollfd){.fd = hold};
        assert_int_equal(poll(&waiting, 1, 0), 0);
        token_drop_all_of(&bitsd, getuid(), "revoked");
        assert_int_equal(poll(&waiting, 1, 0), 1);
        assert_true(waiting.revents & POLLHUP);
        assert_null(token_find(&bitsd, hold));
        assert_int_equal(n_ended, 1);
        (void)close(hold);
}

static void test_no_cycle(void **state)
{
        int hold;

        (void)state;
        assert_int_equal(add(getuid(), &hold), 0);
        assert_int_equal(packet_send(hold, "x", 1, hold), -EPIPE);
        (void)close(hold);
}

static void test_quota(void **state)
{
        int holds[TOKENS_PER_UID_MAX], surplus;

        (void)state;
        for (size_t i = 0; i < TOKENS_PER_UID_MAX; i++)
                assert_int_equal(add(getuid(), &holds[i]), 0);
        assert_int_equal(add(getuid(), &surplus), -EDQUOT);
        assert_int_equal(token_room(&bitsd, getuid() + 1), 0);
        (void)close(holds[0]);
        assert_true(sd_event_run(bitsd.event, 0) > 0);
        assert_int_equal(add(getuid(), &holds[0]), 0);
        for (size_t i = 0; i < TOKENS_PER_UID_MAX; i++)
                (void)close(holds[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_found, setup, teardown),
                cmocka_unit_test_setup_teardown(test_wrong_maker, setup, teardown),
                cmocka_unit_test_setup_teardown(test_hangup, setup, teardown),
                cmocka_unit_test_setup_teardown(test_revoked, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_cycle, setup, teardown),
                cmocka_unit_test_setup_teardown(test_quota, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
