/*
 * What only bitsd may read: the keys and the epochs, in its directory identity/. A file is either
 * whole or absent at every moment; one that is neither stops the service rather than voiding all
 * tickets.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define SECRET_KEY_SIZE 32

typedef struct Secrets {
        int directory; /* borrowed */
        uint8_t ticket_key[SECRET_KEY_SIZE];
        uint8_t row_key[SECRET_KEY_SIZE];
        uint8_t seal_key[SECRET_KEY_SIZE];
} Secrets;

/* Reads the keys, makes those that are missing. 0 or -errno; -EBADMSG for a file that is not right.
 */
int secrets_load(int directory, Secrets *ret);
void secrets_wipe(Secrets *secrets);

int secrets_epoch(const Secrets *secrets, uid_t uid, uint32_t *ret); /* 0 when never revoked */
int secrets_revoke(const Secrets *secrets, uid_t uid, uint32_t *ret_epoch);
