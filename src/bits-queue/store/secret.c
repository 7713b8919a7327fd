/* Nonce (random, 96 bits), ciphertext, tag: the layout of a sealed value. */
#include "store/secret.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum {
        NONCE_SIZE = 12,
        TAG_SIZE = 16,
};

static void cipher_freep(EVP_CIPHER_CTX **cipher)
{
        EVP_CIPHER_CTX_free(*cipher);
}

void sealed_clear(Sealed *sealed)
{
        free(sealed->data);
        *sealed = (Sealed){0};
}

char *secret_free(char *plain, size_t size)
{
        if (plain)
                OPENSSL_cleanse(plain, size);
        free(plain);
        return NULL;
}

/* The job and the kind are authenticated with the ciphertext, and not stored with it. */
static bool set_up(EVP_CIPHER_CTX *cipher, const uint8_t key[32], const uint8_t *nonce,
                   const Guid *job, const char *what, int encrypt)
{
        int n;

        return EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) &&
               EVP_CipherUpdate(cipher, NULL, &n, job->bytes, sizeof(job->bytes)) &&
               EVP_CipherUpdate(cipher, NULL, &n, (const uint8_t *)what, (int)strlen(what));
}

int secret_seal(const uint8_t key[32], const Guid *job, const char *what, const void *plain,
                size_t size, Sealed *ret)
{
        _cleanup_(cipher_freep) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
        _cleanup_(freep) uint8_t *data = NULL;
        int n = 0, tail = 0;

        if (size > INT_MAX - NONCE_SIZE - TAG_SIZE)
                return -EINVAL;
        data = malloc(NONCE_SIZE + size + TAG_SIZE);
        if (!cipher || !data || RAND_bytes(data, NONCE_SIZE) != 1 ||
            !set_up(cipher, key, data, job, what, 1) ||
            !EVP_CipherUpdate(cipher, data + NONCE_SIZE, &n, plain, (int)size) ||
            !EVP_CipherFinal_ex(cipher, data + NONCE_SIZE + n, &tail) ||
            !EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, data + NONCE_SIZE + size))
                return -ENOMEM; /* nothing else fails in it */
        sealed_clear(ret);
        *ret = (Sealed){TAKE_PTR(data), NONCE_SIZE + size + TAG_SIZE};
        return 0;
}

int secret_open(const uint8_t key[32], const Guid *job, const char *what, const Sealed *sealed,
                char **ret, size_t *ret_size)
{
        _cleanup_(cipher_freep) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
        size_t size;
        char *plain;
        int n = 0, tail = 0;

        if (sealed->size < NONCE_SIZE + TAG_SIZE || sealed->size > INT_MAX)
                return -EBADMSG;
        size = sealed->size - NONCE_SIZE - TAG_SIZE;
        plain = malloc(size + 1);
        if (!cipher || !plain) {
                free(plain);
                return -ENOMEM;
        }
        if (!set_up(cipher, key, sealed->data, job, what, 0) ||
            !EVP_CipherUpdate(cipher, (uint8_t *)plain, &n, sealed->data + NONCE_SIZE, (int)size) ||
            !EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE,
                                 sealed->data + NONCE_SIZE + size) ||
            !EVP_CipherFinal_ex(cipher, (uint8_t *)plain + n, &tail)) {
                secret_free(plain, size);
                return -EBADMSG;
        }
        plain[size] = 0;
        *ret = plain;
        *ret_size = size;
        return 0;
}
