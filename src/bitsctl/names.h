/* The words that bitsctl prints and takes for the numbers of the API: as the documentation has
 * them, without their prefixes. Unknown numbers are "UNKNOWN". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum JobState { /* BG_JOB_STATE */
        STATE_QUEUED,
        STATE_CONNECTING,
        STATE_TRANSFERRING,
        STATE_SUSPENDED,
        STATE_ERROR,
        STATE_TRANSIENT_ERROR,
        STATE_TRANSFERRED,
        STATE_ACKNOWLEDGED,
        STATE_CANCELLED,
};

enum {
        TYPE_DOWNLOAD = 0,   /* BG_JOB_TYPE */
        PRIORITY_NORMAL = 2, /* BG_JOB_PRIORITY */
        USE_LOCAL_FILE = 1,  /* BG_TOKEN_* */
        USE_NETWORK = 2,
};

#define SSL_FLAGS_ALL 0x1fu /* BG_SSL_* */

enum {
        SSL_FLAGS_TEXT_SIZE = 80,
        REDIRECTS_TEXT_SIZE = 20,
};

const char *state_name(uint32_t state);
const char *type_name(uint32_t type);
const char *priority_name(uint32_t priority);
const char *context_name(uint32_t context); /* BG_ERROR_CONTEXT */
const char *proxy_usage_name(uint32_t usage);

/* A digest in hexadecimal, of exactly size bytes. */
bool digest_parse(const char *text, uint8_t *ret, size_t size);

bool priority_parse(const char *text, uint32_t *ret); /* any case */

/* Uses of a helper token, "file", "network", joined by a comma, or "none". */
bool uses_parse(const char *text, uint32_t *ret);
const char *uses_name(uint32_t uses);

/* BG_SSL_*: words joined by commas, or "strict". */
bool ssl_flags_parse(const char *text, uint32_t *ret);
void ssl_flags_name(uint32_t flags, char ret[SSL_FLAGS_TEXT_SIZE]);

/* BG_HTTP_REDIRECT_POLICY_*: "follow", "report" or "refuse", perhaps with ",to-http". */
bool redirects_parse(const char *text, uint32_t *ret);
void redirects_name(uint32_t flags, char ret[REDIRECTS_TEXT_SIZE]);
