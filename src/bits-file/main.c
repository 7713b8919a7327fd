/*
 * bits-file: one identity's files, and no socket but the one to bits-queue. It is started by
 * bits-become as that identity, without capabilities, and lives as long as bits-queue keeps its end
 * open.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox.h"
#include "serve.h"
#include "wire/supervisor.h"

int main(void)
{
        int r;

        log_init("bits-file");
        /* A lease that somebody breaks, and a file beyond the user's limit, are answers, not
         * deaths. */
        if (signal(SIGIO, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
                return EXIT_FAILURE;

        r = sandbox_enter();
        if (r < 0)
                log_warning("system calls cannot be filtered here: %s", strerror(-r));

        r = serve(WORKER_FD);
        if (r < 0)
                log_error("ended: %s", strerror(-r));
        /* Not exit(): a leak check wants to trace us, which we have given up. */
        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
