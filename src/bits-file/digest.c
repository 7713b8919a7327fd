#include "digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "error.h"

enum {
        BUFFER_SIZE = 1024 * 1024
};

static void contextp_free(EVP_MD_CTX **context)
{
        EVP_MD_CTX_free(*context);
}

static const EVP_MD *algorithm(enum FileHash hash)
{
        switch (hash) {
        case FILE_HASH_SHA256:
                return EVP_sha256();
        case FILE_HASH_SHA512:
                return EVP_sha512();
        case FILE_HASH_NONE:
                break;
        }
        return NULL;
}

static int feed(EVP_MD_CTX *context, int fd)
{
        _cleanup_(freep) char *buffer = malloc(BUFFER_SIZE);
        off_t offset = 0;

        if (!buffer)
                return -ENOMEM;
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        for (;;) {
                ssize_t n = pread(fd, buffer, BUFFER_SIZE, offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return system_error();
                if (n == 0)
                        return 0;
                if (EVP_DigestUpdate(context, buffer, (size_t)n) != 1)
                        return -ENOMEM;
                offset += n;
        }
}

int digest_check(int fd, enum FileHash hash, const uint8_t *digest, uint8_t ret[64])
{
        _cleanup_(contextp_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
        unsigned char found[EVP_MAX_MD_SIZE];
        unsigned length;
        int r;

        if (hash == FILE_HASH_NONE)
                return 0;
        if (!context || EVP_DigestInit_ex(context, algorithm(hash), NULL) != 1)
                return -ENOMEM;
        r = feed(context, fd);
        if (r < 0)
                return r;
        if (EVP_DigestFinal_ex(context, found, &length) != 1)
                return -ENOMEM;
        if (CRYPTO_memcmp(found, digest, length) == 0)
                return 0;
        memcpy(ret, found, length);
        return -EBADMSG;
}
