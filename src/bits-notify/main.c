/*
 * bits-notify: runs one command line as the user who set it, reports how it ended, and ends. It is
 * started by bits-become as that user, without capabilities and without a way to new privileges,
 * and so is the program that it runs.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/command-line.h"
#include "base/log.h"
#include "base/packet.h"
#include "program.h"
#include "request.h"
#include "wire/supervisor.h"

#define ENVIRONMENT_MAX 10

/* What the program finds: who he is, by bits-become, in user mode which service it is, and which
 * job it is about. */
static void environment(char *job, char *ret[ENVIRONMENT_MAX])
{
        static const char *const names[] = {
                "HOME=",  "USER=", "LOGNAME=",         "PATH=",
                "SHELL=", "LANG=", "XDG_RUNTIME_DIR=", "BITS_USER_MODE="};
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(names); i++)
                for (char **e = environ; *e; e++)
                        if (strncmp(*e, names[i], strlen(names[i])) == 0) {
                                ret[n++] = *e;
                                break;
                        }
        ret[n++] = job;
        ret[n] = NULL;
}

static int run(const NotifyRun *order, int signals, int *ret_status)
{
        char *own_name[] = {(char *)order->program, NULL}, *environ_of_it[ENVIRONMENT_MAX];
        _cleanup_(freep) char **words = NULL;
        char job[sizeof("BITS_JOB_ID=") + NOTIFY_JOB_SIZE];
        const char *home = getenv("HOME");
        Program program;
        int r;

        (void)snprintf(job, sizeof(job), "BITS_JOB_ID=%s", order->job);
        environment(job, environ_of_it);
        if (order->parameters[0]) {
                r = command_line_split(order->parameters, &words);
                if (r < 0)
                        return r;
        }
        r = program_start(order->program, words ? words : own_name, environ_of_it,
                          home ? home : "/", &program);
        if (r < 0)
                return r;
        return program_wait(&program, order->time_limit_sec, WORKER_FD, signals, ret_status);
}

static int open_signals(void)
{
        sigset_t mask;
        int fd;

        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGINT);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        fd = signalfd(-1, &mask, SFD_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static int serve(void)
{
        NotifyReady ready = {.header.type = NOTIFY_READY, .version = NOTIFY_VERSION};
        NotifyDone done = {.header.type = NOTIFY_DONE};
        NotifyRun order;
        int r, signals;
        ssize_t n;

        signals = open_signals();
        if (signals < 0)
                return signals;
        r = packet_send(WORKER_FD, &ready, sizeof(ready), -1);
        if (r < 0)
                return r;
        memset(&order, 0, sizeof(order));
        n = packet_recv(WORKER_FD, &order, sizeof(order), NULL);
        if (n == 0 || n == -ECONNRESET)
                return 0;
        if (n < 0 || notify_run_check(&order, (size_t)n) < 0)
                return -EPROTO;
        done.result = run(&order, signals, &done.status);
        if (done.result < 0)
                done.status = 0;
        return packet_send(WORKER_FD, &done, sizeof(done), -1);
}

int main(void)
{
        int r;

        log_init("bits-notify");
        r = serve();
        if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                log_error("ended: %s", strerror(-r));
        /* Not exit(): a leak check wants to trace us, which we have given up. */
        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
