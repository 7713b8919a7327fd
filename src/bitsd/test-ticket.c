/* Tickets and the files behind them, in a directory of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ticket.h"

#define NOW 1700000000

static Secrets secrets;

static int setup(void **state)
{
        char path[] = "/tmp/test-ticket-XXXXXX";
        int fd;

        if (!mkdtemp(path))
                return -1;
        *state = strdup(path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -1 : secrets_load(fd, &secrets);
}

static int teardown(void **state)
{
        static const char *const names[] = {"key", "row.key", "seal.key", "epoch.1000"};

        for (size_t i = 0; i < 4; i++)
                (void)unlinkat(secrets.directory, names[i], 0);
        (void)close(secrets.directory);
        secrets_wipe(&secrets);
        (void)rmdir(*state);
        free(*state);
        return 0;
}

static Ticket good(void)
{
        Ticket ticket;

        assert_int_equal(ticket_make(&secrets, 1000, "alice", TICKET_ADMINISTRATOR, NOW, &ticket),
                         0);
        return ticket;
}

static void test_good(void **state)
{
        Ticket ticket = good();

        (void)state;
        assert_int_equal(ticket_check(&secrets, &ticket, NOW), 0);
        assert_int_equal(ticket.uid, 1000);
        assert_string_equal(ticket.account, "alice");
        assert_int_equal(ticket.expires_sec - ticket.issued_sec, TICKET_LIFETIME_SEC);
}

static void test_every_bit_counts(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(Ticket); i++)
                for (int bit = 0; bit < 8; bit++) {
                        Ticket ticket = good();

                        ((uint8_t *)&ticket)[i] ^= (uint8_t)(1 << bit);
                        assert_int_equal(ticket_check(&secrets, &ticket, NOW), -EBADMSG);
                }
}

static void test_expiry(void **state)
{
        Ticket ticket = good();

        (void)state;
        assert_int_equal(ticket_check(&secrets, &ticket, NOW + TICKET_LIFETIME_SEC - 1), 0);
        assert_int_equal(ticket_check(&secrets, &ticket, NOW + TICKET_LIFETIME_SEC), -EKEYEXPIRED);
}

static void test_revocation(void **state)
{
        Ticket old = good(), fresh, other;
        uint32_t epoch;

        (void)state;
        assert_int_equal(ticket_make(&secrets, 1001, "bob", 0, NOW, &other), 0);
        assert_int_equal(secrets_revocable_usec(&secrets, 1000), 0);
        assert_int_equal(secrets_revoke(&secrets, 1000, 7, &epoch), 0);
        assert_int_equal(epoch, old.epoch + 1);
        assert_int_equal(secrets_revocable_usec(&secrets, 1000), 7 + REVOKE_INTERVAL_USEC);
        assert_int_equal(secrets_revocable_usec(&secrets, 1001), 0);
        assert_int_equal(ticket_check(&secrets, &old, NOW), -EKEYREVOKED);
        assert_int_equal(ticket_check(&secrets, &other, NOW), 0);

        fresh = good();
        assert_int_equal(fresh.epoch, epoch);
        assert_int_equal(ticket_check(&secrets, &fresh, NOW), 0);
}

static void test_revoked_for_good(void **state)
{
        Ticket old = good(), fresh;
        Secrets again;
        uint32_t epoch;

        (void)state;
        assert_int_equal(secrets_revoke(&secrets, 1000, 0, &epoch), 0);
        assert_int_equal(secrets_revoke(&secrets, 1000, 0, &epoch), 0);
        assert_int_equal(epoch, 2);
        fresh = good();
        assert_int_equal(secrets_load(secrets.directory, &again), 0);
        assert_int_equal(again.n_epochs, 1);
        assert_int_equal(ticket_check(&again, &old, NOW), -EKEYREVOKED);
        assert_int_equal(ticket_check(&again, &fresh, NOW), 0);
        secrets_wipe(&again);

        /* what is not on the disk has not happened */
        assert_int_equal(mkdirat(secrets.directory, "new", 0700), 0);
        assert_int_equal(secrets_revoke(&secrets, 1000, 0, &epoch), -EISDIR);
        assert_int_equal(unlinkat(secrets.directory, "new", AT_REMOVEDIR), 0);
        assert_int_equal(ticket_check(&secrets, &fresh, NOW), 0);
}

static void test_keys_stay(void **state)
{
        Ticket ticket = good();
        Secrets again;

        (void)state;
        assert_int_equal(secrets_load(secrets.directory, &again), 0);
        assert_memory_equal(again.row_key, secrets.row_key, sizeof(again.row_key));
        assert_memory_equal(again.seal_key, secrets.seal_key, sizeof(again.seal_key));
        assert_int_equal(ticket_check(&again, &ticket, NOW), 0);
        assert_memory_not_equal(again.row_key, again.seal_key, sizeof(again.row_key));
        secrets_wipe(&again);
}

static void test_bad_files(void **state)
{
        Secrets again;
        int fd;

        (void)state;
        assert_int_equal(fchmodat(secrets.directory, "key", 0644, 0), 0);
        assert_int_equal(secrets_load(secrets.directory, &again), -EBADMSG);
        assert_int_equal(fchmodat(secrets.directory, "key", 0600, 0), 0);

        fd = openat(secrets.directory, "epoch.1000", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_true(fd >= 0);
        (void)close(fd); /* too short: not the same as never revoked */
        assert_int_equal(secrets_load(secrets.directory, &again), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_good, setup, teardown),
                cmocka_unit_test_setup_teardown(test_every_bit_counts, setup, teardown),
                cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
                cmocka_unit_test_setup_teardown(test_revocation, setup, teardown),
                cmocka_unit_test_setup_teardown(test_revoked_for_good, setup, teardown),
                cmocka_unit_test_setup_teardown(test_keys_stay, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
