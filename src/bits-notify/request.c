#include "request.h"

#include <errno.h>

int notify_run_check(const void *data, size_t size)
{
        NotifyRun run;

        if (size != sizeof(run))
                return -EPROTO;
        memcpy(&run, data, sizeof(run));
        if (run.header.type != NOTIFY_RUN || run.reserved != 0 || run.time_limit_sec < 1 ||
            run.time_limit_sec > NOTIFY_TIME_MAX_SEC)
                return -EPROTO;
        if (!wire_text_ok(run.job, sizeof(run.job)) ||
            !wire_text_ok(run.program, sizeof(run.program)) ||
            !wire_text_ok(run.parameters, sizeof(run.parameters)))
                return -EPROTO;
        return run.program[0] == '/' ? 0 : -EPROTO;
}
