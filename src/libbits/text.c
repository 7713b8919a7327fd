/* Conversion between wide text and UTF-8. Invariant: what comes out is valid Unicode, or nothing
 * does. */
#include "libbits/text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define CODE_POINT_MAX 0x10ffff

static bool is_character(uint32_t c)
{
        return c <= CODE_POINT_MAX && !(c >= 0xd800 && c <= 0xdfff);
}

static size_t put_character(uint32_t c, char *ret)
{
        static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

        for (size_t i = n; i-- > 1; c >>= 6)
                ret[i] = (char)(0x80 | (c & 0x3f));
        ret[0] = (char)(lead[n == 1 ? 0 : n] | c);
        return n;
}

static int encode(const WCHAR *text, size_t length, char **ret)
{
        char *utf8 = malloc(4 * length + 1);
        size_t n = 0;

        if (!utf8)
                return -ENOMEM;
        for (size_t i = 0; i < length; i++) {
                if (!is_character((uint32_t)text[i])) {
                        explicit_bzero(utf8, n); /* it may be a password */
                        free(utf8);
                        return -EILSEQ;
                }
                n += put_character((uint32_t)text[i], utf8 + n);
        }
        utf8[n] = 0;
        *ret = utf8;
        return 0;
}

int text_to_utf8(const WCHAR *text, char **ret)
{
        return encode(text, wcslen(text), ret);
}

/* The bytes of the character at s, 0 when it is none (RFC 3629: shortest form, no surrogates). */
static size_t get_character(const char *s, uint32_t *ret)
{
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        uint8_t first = (uint8_t)s[0];
        size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        uint32_t c;

        if (n == 0 || first >= 0xf8)
                return 0;
        c = n == 1 ? first : first & (0x7fU >> n);
        for (size_t i = 1; i < n; i++) {
                if (((uint8_t)s[i] & 0xc0) != 0x80) /* the NUL stops here too */
                        return 0;
                c = c << 6 | ((uint8_t)s[i] & 0x3f);
        }
        if (c < least[n] || !is_character(c))
                return 0;
        *ret = c;
        return n;
}

int text_to_wide(const char *utf8, WCHAR **ret)
{
        WCHAR *text = calloc(strlen(utf8) + 1, sizeof(*text));
        size_t n = 0;

        if (!text)
                return -ENOMEM;
        while (*utf8) {
                uint32_t c;
                size_t bytes = get_character(utf8, &c);

                if (bytes == 0) {
                        free(text);
                        return -EILSEQ;
                }
                text[n++] = (WCHAR)c;
                utf8 += bytes;
        }
        *ret = text;
        return 0;
}

HRESULT text_argument(const WCHAR *text, char **ret)
{
        int r;

        if (!text)
                return E_INVALIDARG;
        r = encode(text, wcsnlen(text, TEXT_ARGUMENT_MAX), ret);
        return r == 0 ? S_OK : r == -ENOMEM ? E_OUTOFMEMORY : E_INVALIDARG;
}

HRESULT text_result(const char *utf8, WCHAR **ret)
{
        int r = text_to_wide(utf8, ret);

        return r == 0 ? S_OK : r == -ENOMEM ? E_OUTOFMEMORY : E_UNEXPECTED;
}

HRESULT text_pair_init(TextPair *pair, const WCHAR *first, const WCHAR *second)
{
        HRESULT hr = text_argument(first, &pair->first);

        if (SUCCEEDED(hr))
                hr = text_argument(second, &pair->second);
        return hr;
}

void text_pair_clear(TextPair *pair)
{
        free(pair->first);
        free(pair->second);
        *pair = (TextPair){0};
}

void text_wipe(char *secret)
{
        if (secret)
                explicit_bzero(secret, strlen(secret));
}
