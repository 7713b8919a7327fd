#include "names.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

static const char *const states[] = {
        [STATE_QUEUED] = "QUEUED",
        [STATE_CONNECTING] = "CONNECTING",
        [STATE_TRANSFERRING] = "TRANSFERRING",
        [STATE_SUSPENDED] = "SUSPENDED",
        [STATE_ERROR] = "ERROR",
        [STATE_TRANSIENT_ERROR] = "TRANSIENT_ERROR",
        [STATE_TRANSFERRED] = "TRANSFERRED",
        [STATE_ACKNOWLEDGED] = "ACKNOWLEDGED",
        [STATE_CANCELLED] = "CANCELLED",
};

static const char *const types[] = {"DOWNLOAD", "UPLOAD", "UPLOAD_REPLY"};
static const char *const priorities[] = {"FOREGROUND", "HIGH", "NORMAL", "LOW"};
static const char *const proxy_usages[] = {"PRECONFIG", "NO_PROXY", "OVERRIDE", "AUTODETECT"};
static const char *const uses_names[] = {"none", "file", "network", "file,network"};

static const char *const contexts[] = {
        "NONE",
        "UNKNOWN",
        "GENERAL_QUEUE_MANAGER",
        "QUEUE_MANAGER_NOTIFICATION",
        "LOCAL_FILE",
        "REMOTE_FILE",
        "GENERAL_TRANSPORT",
        "REMOTE_APPLICATION",
        "SERVER_CERTIFICATE_CALLBACK",
};

static const char *name_of(const char *const *names, size_t n, uint32_t value)
{
        return value < n ? names[value] : "UNKNOWN";
}

const char *state_name(uint32_t state)
{
        return name_of(states, ELEMENTS(states), state);
}

const char *type_name(uint32_t type)
{
        return name_of(types, ELEMENTS(types), type);
}

const char *priority_name(uint32_t priority)
{
        return name_of(priorities, ELEMENTS(priorities), priority);
}

const char *context_name(uint32_t context)
{
        return name_of(contexts, ELEMENTS(contexts), context);
}

const char *proxy_usage_name(uint32_t usage)
{
        return name_of(proxy_usages, ELEMENTS(proxy_usages), usage);
}

const char *uses_name(uint32_t uses)
{
        return name_of(uses_names, ELEMENTS(uses_names), uses);
}

bool priority_parse(const char *text, uint32_t *ret)
{
        for (uint32_t i = 0; i < ELEMENTS(priorities); i++)
                if (strcasecmp(text, priorities[i]) == 0) {
                        *ret = i;
                        return true;
                }
        return false;
}

bool uses_parse(const char *text, uint32_t *ret)
{
        for (uint32_t i = 0; i < ELEMENTS(uses_names); i++)
                if (strcasecmp(text, uses_names[i]) == 0) {
                        *ret = i;
                        return true;
                }
        if (strcasecmp(text, "network,file") != 0)
                return false;
        *ret = USE_LOCAL_FILE | USE_NETWORK;
        return true;
}

static int digit(char c)
{
        return c >= '0' && c <= '9'                 ? c - '0'
               : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                    : -1;
}

bool digest_parse(const char *text, uint8_t *ret, size_t size)
{
        if (strlen(text) != 2 * size)
                return false;
        for (size_t i = 0; i < size; i++) {
                int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return false;
                ret[i] = (uint8_t)(high << 4 | low);
        }
        return true;
}

/* ---- what a job asks of HTTP ----------------------------------------------------------------- */

static const char *const ssl_words[] = {"revocation", "any-name", "any-date", "any-authority",
                                        "any-usage"};
static const char *const policies[] = {"follow", "report", "refuse"};

enum {
        POLICY_SHIFT = 8,
        POLICY_MASK = 7,
        REDIRECT_TO_HTTP = 0x800,
};

static bool is_word(const char *text, size_t size, const char *word)
{
        return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

static bool add_ssl_word(const char *text, size_t size, uint32_t *flags)
{
        for (uint32_t i = 0; i < ELEMENTS(ssl_words); i++)
                if (is_word(text, size, ssl_words[i])) {
                        *flags |= 1u << i;
                        return true;
                }
        return false;
}

bool ssl_flags_parse(const char *text, uint32_t *ret)
{
        uint32_t flags = 0;

        if (strcasecmp(text, "strict") != 0)
                for (;;) {
                        size_t size = strcspn(text, ",");

                        if (!add_ssl_word(text, size, &flags))
                                return false;
                        if (!text[size])
                                break;
                        text += size + 1;
                }
        *ret = flags;
        return true;
}

void ssl_flags_name(uint32_t flags, char ret[SSL_FLAGS_TEXT_SIZE])
{
        char *end = ret;

        *end = 0;
        for (uint32_t i = 0; i < ELEMENTS(ssl_words); i++)
                if (flags & 1u << i) {
                        if (end > ret)
                                end = stpcpy(end, ",");
                        end = stpcpy(end, ssl_words[i]);
                }
        if (end == ret)
                (void)stpcpy(ret, "strict");
}

bool redirects_parse(const char *text, uint32_t *ret)
{
        size_t size = strcspn(text, ",");
        uint32_t flags = 0;

        if (text[size]) {
                if (strcasecmp(text + size, ",to-http") != 0)
                        return false;
                flags = REDIRECT_TO_HTTP;
        }
        for (uint32_t i = 0; i < ELEMENTS(policies); i++)
                if (is_word(text, size, policies[i])) {
                        *ret = flags | i << POLICY_SHIFT;
                        return true;
                }
        return false;
}

void redirects_name(uint32_t flags, char ret[REDIRECTS_TEXT_SIZE])
{
        char *end = stpcpy(
                ret, name_of(policies, ELEMENTS(policies), flags >> POLICY_SHIFT & POLICY_MASK));

        if (flags & REDIRECT_TO_HTTP)
                (void)stpcpy(end, ",to-http");
}
