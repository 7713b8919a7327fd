#include "cost.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

typedef struct Word {
        const char *name;
        uint32_t value;
} Word;

static const Word states[] = {
        {"auto", 0},
        {"unrestricted", COST_UNRESTRICTED},
        {"capped", COST_CAPPED_USAGE_UNKNOWN},
        {"below-cap", COST_BELOW_CAP},
        {"near-cap", COST_NEAR_CAP},
        {"overcap-charged", COST_OVERCAP_CHARGED},
        {"overcap-throttled", COST_OVERCAP_THROTTLED},
        {"usage-based", COST_USAGE_BASED},
        {"roaming", COST_ROAMING},
};

static const Word policies[] = {
        {"always", COST_POLICY_ALWAYS},
        {"not-roaming", COST_POLICY_NOT_ROAMING},
        {"no-surcharge", COST_POLICY_NO_SURCHARGE},
        {"standard", COST_POLICY_STANDARD},
        {"unrestricted", COST_POLICY_UNRESTRICTED},
};

static int find(const Word *words, size_t n, const char *text, uint32_t *ret)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i].name, text) == 0) {
                        *ret = words[i].value;
                        return 0;
                }
        return -EINVAL;
}

int cost_parse_state(const char *text, uint32_t *ret)
{
        return find(states, ELEMENTS(states), text, ret);
}

int cost_parse_policy(const char *text, uint32_t *ret)
{
        unsigned long flags;

        if (find(policies, ELEMENTS(policies), text, ret) == 0)
                return 0;
        if (strncmp(text, "0x", 2) != 0 || strspn(text + 2, "0123456789abcdefABCDEF") < 1 ||
            strspn(text + 2, "0123456789abcdefABCDEF") != strlen(text + 2) || strlen(text) > 10)
                return -EINVAL;
        flags = strtoul(text + 2, NULL, 16);
        if (flags == 0 || flags & ~(unsigned long)COST_POLICY_ALWAYS)
                return -EINVAL;
        *ret = (uint32_t)flags;
        return 0;
}
