/* Has a file the hash that was declared for it? libcrypto does the work; one file, read once, in
 * order. */
#pragma once

#include <stdint.h>

#include "wire/file.h"

/* digest: as long as hash makes it. 0; -EBADMSG: the file has another one, which is in ret;
 * -errno. */
int digest_check(int fd, enum FileHash hash, const uint8_t *digest, uint8_t ret[64]);
