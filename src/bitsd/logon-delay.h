/*
 * What failed log-ons cost. Failures drain a bucket of the caller, who waits when it is empty; per
 * target account, and in all, they only add a bounded delay, so that nobody can lock another out. A
 * good log-on costs nothing. Times are microseconds of one monotonic clock, which the caller reads.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define LOGON_BURST           5 /* failures a caller has free */
#define LOGON_REFILL_USEC     UINT64_C(12000000)
#define LOGON_TARGET_MAX_USEC UINT64_C(5000000)
#define LOGON_ALL_MAX_USEC    UINT64_C(2000000)

enum {
        LOGON_COUNTS = 1024
};

/* All failures counted under key are forgotten at forgotten_usec, one by one until then. */
typedef struct FailureCount {
        uint64_t key, forgotten_usec;
} FailureCount;

typedef struct LogonDelay {
        uint64_t seed; /* of the accounts' keys */
        FailureCount callers[LOGON_COUNTS], targets[LOGON_COUNTS], all;
} LogonDelay;

/* How long until the caller's bucket has something in it; how long for the sake of the target and
 * all. */
uint64_t logon_delay_caller(const LogonDelay *delay, uid_t uid, uint64_t now_usec);
uint64_t logon_delay_target(const LogonDelay *delay, const char *account, uint64_t now_usec);
void logon_delay_failed(LogonDelay *delay, uid_t uid, const char *account, uint64_t now_usec);
