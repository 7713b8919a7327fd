#include "logon-delay.h"

#include <stddef.h>

#define TARGET_STEP_USEC UINT64_C(1000000) /* per failure not yet forgotten */
#define ALL_STEP_USEC    UINT64_C(100000)
#define ALL_FORGET_USEC  UINT64_C(1000000)

static uint64_t remaining(const FailureCount *count, uint64_t now_usec)
{
        return count && count->forgotten_usec > now_usec ? count->forgotten_usec - now_usec : 0;
}

static const FailureCount *count_find(const FailureCount *counts, uint64_t key)
{
        for (int i = 0; i < LOGON_COUNTS; i++)
                if (counts[i].key == key && counts[i].forgotten_usec)
                        return &counts[i];
        return NULL;
}

/* The count of key; where none is free, that of the one whose failures are forgotten soonest. */
static FailureCount *count_take(FailureCount *counts, uint64_t key)
{
        FailureCount *found = (FailureCount *)count_find(counts, key);

        if (found)
                return found;
        found = counts;
        for (int i = 1; i < LOGON_COUNTS; i++)
                if (counts[i].forgotten_usec < found->forgotten_usec)
                        found = &counts[i];
        *found = (FailureCount){.key = key};
        return found;
}

/* One failure more, at most max of them remembered. */
static void count_failure(FailureCount *count, uint64_t forget_usec, unsigned max,
                          uint64_t now_usec)
{
        uint64_t left = remaining(count, now_usec) + forget_usec;

        if (left > max * forget_usec)
                left = max * forget_usec;
        count->forgotten_usec = now_usec + left;
}

static uint64_t stepped(const FailureCount *count, uint64_t forget_usec, uint64_t step_usec,
                        uint64_t max_usec, uint64_t now_usec)
{
        uint64_t failures = (remaining(count, now_usec) + forget_usec - 1) / forget_usec;

        return failures * step_usec < max_usec ? failures * step_usec : max_usec;
}

/* FNV-1a. Two accounts that meet in one key share a bounded delay, no more. */
static uint64_t account_key(const LogonDelay *delay, const char *account)
{
        uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ delay->seed;

        for (; *account; account++)
                hash = (hash ^ (unsigned char)*account) * UINT64_C(0x100000001b3);
        return hash;
}

uint64_t logon_delay_caller(const LogonDelay *delay, uid_t uid, uint64_t now_usec)
{
        uint64_t left = remaining(count_find(delay->callers, uid), now_usec);
        const uint64_t free_usec = (LOGON_BURST - 1) * LOGON_REFILL_USEC;

        return left > free_usec ? left - free_usec : 0;
}

uint64_t logon_delay_target(const LogonDelay *delay, const char *account, uint64_t now_usec)
{
        const FailureCount *target = count_find(delay->targets, account_key(delay, account));

        return stepped(target, LOGON_REFILL_USEC, TARGET_STEP_USEC, LOGON_TARGET_MAX_USEC,
                       now_usec) +
               stepped(&delay->all, ALL_FORGET_USEC, ALL_STEP_USEC, LOGON_ALL_MAX_USEC, now_usec);
}

void logon_delay_failed(LogonDelay *delay, uid_t uid, const char *account, uint64_t now_usec)
{
        FailureCount *target = count_take(delay->targets, account_key(delay, account));

        count_failure(count_take(delay->callers, uid), LOGON_REFILL_USEC, 2 * LOGON_BURST,
                      now_usec);
        count_failure(target, LOGON_REFILL_USEC, LOGON_TARGET_MAX_USEC / TARGET_STEP_USEC,
                      now_usec);
        count_failure(&delay->all, ALL_FORGET_USEC, LOGON_ALL_MAX_USEC / ALL_STEP_USEC, now_usec);
}
