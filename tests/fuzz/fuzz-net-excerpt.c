/* The body of an error page: what is taken of it is one line of UTF-8 that a terminal may be shown.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "bits-net/excerpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char excerpt[EXCERPT_SIZE];
        size_t length;
        uint32_t c;

        excerpt_take((const char *)data, size, excerpt);
        assert(memchr(excerpt, 0, sizeof(excerpt)));
        assert(excerpt[0] != ' ' && !strstr(excerpt, "  "));
        for (const char *p = excerpt; *p; p += length) {
                length = utf8_decode(p, SIZE_MAX, &c);
                assert(length > 0);
                assert(c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !(c >= 0x202a && c <= 0x202e));
        }
        return 0;
}
