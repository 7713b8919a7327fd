/*
 * What only bitsd may read: the keys and the epochs, in its directory identity/. A file is either
 * whole or absent at every moment; one that is neither stops the service rather than voiding all
 * tickets.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define SECRET_KEY_SIZE 32

#define REVOKE_INTERVAL_USEC UINT64_C(1000000)

typedef struct Epoch {
        uid_t uid;
        uint32_t number;
        uint64_t revocable_usec;
} Epoch;

typedef struct Secrets {
        int directory; /* borrowed */
        uint8_t ticket_key[SECRET_KEY_SIZE];
        uint8_t row_key[SECRET_KEY_SIZE];
        uint8_t seal_key[SECRET_KEY_SIZE];
        Epoch *epochs; /* of those who have ever revoked, as in the files */
        size_t n_epochs;
} Secrets;

/* Reads all, makes the keys those that are missing. 0 or -errno; -EBADMSG for a file that is not
 * right.
 */
int secrets_load(int directory, Secrets *ret);
void secrets_wipe(Secrets *secrets);

uint32_t secrets_epoch(const Secrets *secrets, uid_t uid); /* 0 when never revoked */

/* Each writes to the disk while everybody waits: before secrets_revocable_usec(), on the clock of
 * now_usec, the caller of secrets_revoke() has another try of the same uid wait. */
uint64_t secrets_revocable_usec(const Secrets *secrets, uid_t uid);
int secrets_revoke(Secrets *secrets, uid_t uid, uint64_t now_usec, uint32_t *ret_epoch);
