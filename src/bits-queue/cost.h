/*
 * What the network costs, and for which costs a job may use it: the flags of types.md and the words
 * that the configuration has for them.
 */
#pragma once

#include <stdint.h>

#define COST_UNRESTRICTED         0x01u /* values of BITS_COST_STATE_* */
#define COST_CAPPED_USAGE_UNKNOWN 0x02u
#define COST_BELOW_CAP            0x04u
#define COST_NEAR_CAP             0x08u
#define COST_OVERCAP_CHARGED      0x10u
#define COST_OVERCAP_THROTTLED    0x20u
#define COST_USAGE_BASED          0x40u
#define COST_ROAMING              0x80u
#define COST_IGNORE_CONGESTION    0x80000000u

#define COST_POLICY_ALWAYS       (COST_IGNORE_CONGESTION | 0xFFu)
#define COST_POLICY_NOT_ROAMING  (COST_POLICY_ALWAYS & ~COST_ROAMING)
#define COST_POLICY_NO_SURCHARGE (COST_POLICY_NOT_ROAMING & ~COST_OVERCAP_CHARGED)
#define COST_POLICY_STANDARD     (COST_POLICY_NO_SURCHARGE & ~COST_NEAR_CAP)
#define COST_POLICY_UNRESTRICTED                                                                   \
        (COST_IGNORE_CONGESTION | COST_UNRESTRICTED | COST_OVERCAP_THROTTLED)

/* "usage-based"; "auto" is 0. 0 or -EINVAL. */
int cost_parse_state(const char *text, uint32_t *ret);
/* "standard", or flags as "0x1F": never none. 0 or -EINVAL. */
int cost_parse_policy(const char *text, uint32_t *ret);
