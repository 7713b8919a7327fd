#include "text.h"

#include <errno.h>
#include <stdint.h>

#include "base/utf8.h"

int text_count(const char *text, size_t *ret_code_points)
{
        size_t count = 0;

        for (; *text; count++) {
                uint32_t code_point;
                size_t length = utf8_decode(text, SIZE_MAX, &code_point);

                if (length == 0)
                        return -EINVAL;
                text += length;
        }
        *ret_code_points = count;
        return 0;
}
