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
