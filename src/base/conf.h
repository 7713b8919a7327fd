/*
 * The configuration: DIRECTORY/bitsd.conf, then DIRECTORY/bitsd.conf.d/(any).conf in the order of
 * their names, the last word on a key wins. Each program reads its own keys of the one file; those
 * of the other are known here, so that a key that is nobody's is reported with its line.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct ConfKey {
        const char *name;
        int (*set)(void *settings, const char *value); /* 0 or -EINVAL */
} ConfKey;

/* Overlays what settings holds. 0: every line was good, or there is no file; a positive number of
 * lines that were reported and changed nothing: bad values, lines that are no key and value, and
 * keys in sections; -errno: a file cannot be read. Unknown keys are reported, and do not count. */
int conf_load(const char *directory, const ConfKey *keys, size_t n_keys, void *settings);

/* Values: 0 or -EINVAL, and *ret stays. */
int conf_number(const char *value, uint32_t min, uint32_t max, uint32_t *ret);
int conf_truth(const char *value, int *ret);                /* yes, true, no, false */
int conf_word(const char *const *words, const char *value); /* its index in the NULL-ended list */
/* Seconds, or a number with s, min, h, d: "90d". */
int conf_duration(const char *value, uint64_t max_sec, uint64_t *ret_sec);
