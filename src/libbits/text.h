/* Text at the border: wide outside, UTF-8 inside; strict both ways, and independent of the locale.
 */
#pragma once

#include <stdlib.h>

#include <objbase.h>

#define TEXT_ARGUMENT_MAX 65536 /* characters; more than any limit of the interface */

/* The caller frees. -EILSEQ for what is not Unicode (surrogates count as such), -ENOMEM. */
int text_to_utf8(const WCHAR *text, char **ret);
int text_to_wide(const char *utf8, WCHAR **ret);

/* For an argument of a call: E_INVALIDARG for NULL and what is not Unicode, E_OUTOFMEMORY. A longer
 * text than TEXT_ARGUMENT_MAX is cut there, so that the message stays small and the service refuses
 * it with the code that is its own. */
HRESULT text_argument(const WCHAR *text, char **ret);

/* For a result: E_UNEXPECTED when the service sent no Unicode, E_OUTOFMEMORY. */
HRESULT text_result(const char *utf8, WCHAR **ret);

/* Two texts that go together: arguments of a call, or its result. */
typedef struct TextPair {
        char *first, *second;
} TextPair;

HRESULT text_pair_init(TextPair *pair, const WCHAR *first, const WCHAR *second);
void text_pair_clear(TextPair *pair);

/* Overwrites a secret; NULL is accepted. */
void text_wipe(char *secret);

static inline void text_wipep(char **secret)
{
        text_wipe(*secret);
        free(*secret);
}
