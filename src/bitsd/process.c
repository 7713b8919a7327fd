#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PROCESS_GRACE_USEC UINT64_C(5000000)

static int on_exit_of(sd_event_source *source, const siginfo_t *info, void *userdata)
{
        Process *process = userdata;
        Bitsd *bitsd = process->bitsd;
        /* as wait(2) gives it */
        int status = info->si_code == CLD_EXITED ? info->si_status << 8 : info->si_status & 0x7f;

        (void)source;
        LIST_REMOVE(process, link);
        if (process->exited)
                process->exited(process->userdata, status);
        sd_event_source_disable_unref(process->child);
        sd_event_source_disable_unref(process->killer);
        free(process);
        bitsd_reaped(bitsd);
        return 0;
}

/* In user mode a command line finds this service by what we found its place by. */
static char *runtime_variable(const Bitsd *bitsd)
{
        const char *name = "XDG_RUNTIME_DIR=";

        if (bitsd->place.user_mode)
                for (char **e = environ; *e; e++)
                        if (strncmp(*e, name, strlen(name)) == 0)
                                return *e;
        return NULL;
}

static int spawn(const Bitsd *bitsd, const char *path, int sock, pid_t *ret)
{
        const char *debug = getenv("BITS_DEBUG");
        char *environment[5] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"};
        size_t n = 2;
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r;

        if (debug && strcmp(debug, "1") == 0)
                environment[n++] = "BITS_DEBUG=1";
        environment[n] = runtime_variable(bitsd);
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                          POSIX_SPAWN_SETSID);
        r = r ? r : posix_spawnattr_setsigmask(&attributes, &none);
        r = r ? r : posix_spawnattr_setsigdefault(&attributes, &all);
        r = r ? r : posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
        r = r ? r : posix_spawn_file_actions_adddup2(&actions, 0, 1);
        r = r ? r : posix_spawn_file_actions_adddup2(&actions, sock, BECOME_FD);
        r = r ? r : posix_spawn_file_actions_addclosefrom_np(&actions, BECOME_FD + 1);
        r = r ? r
              : posix_spawn(ret, path, &actions, &attributes, (char *[]){"bits-become", NULL},
                            environment);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return -r;
}

/* Off and on again: as it comes, the source is one-shot in epoll as well, and libsystemd (252)
 * drops such an event when a SIGCHLD is handled in the same round; the exit would never be seen. */
static int watch_exit(Process *process)
{
        int r;

        r = sd_event_add_child(process->bitsd->event, &process->child, process->pid, WEXITED,
                               on_exit_of, process);
        if (r >= 0)
                r = sd_event_source_set_enabled(process->child, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_enabled(process->child, SD_EVENT_ON);
        return r;
}

int process_start(Bitsd *bitsd, int sock, Process **ret)
{
        _cleanup_(freep) Process *process = NULL;
        char path[BECOME_DIRECTORY_SIZE + 16];
        int r;

        process = calloc(1, sizeof(*process));
        if (!process)
                return -ENOMEM;
        process->bitsd = bitsd;

        (void)snprintf(path, sizeof(path), "%s/bits-become", bitsd->place.libexec);
        r = spawn(bitsd, path, sock, &process->pid);
        if (r < 0)
                return r;
        r = watch_exit(process);
        if (r < 0) {
                (void)kill(process->pid, SIGKILL);
                (void)waitpid(process->pid, NULL, 0);
                sd_event_source_disable_unref(process->child);
                return r;
        }
        LIST_INSERT_HEAD(&bitsd->processes, process, link);
        *ret = TAKE_PTR(process);
        return 0;
}

void process_watch(Process *process, process_exited_t exited, void *userdata)
{
        process->exited = exited;
        process->userdata = userdata;
}

void process_kill(Process *process)
{
        (void)kill(process->pid, SIGKILL);
}

static int on_grace_over(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        process_kill(userdata);
        return 0;
}

void process_end(Process *process)
{
        if (process->killer)
                return;
        (void)kill(process->pid, SIGTERM);
        if (sd_event_add_time_relative(process->bitsd->event, &process->killer, CLOCK_MONOTONIC,
                                       PROCESS_GRACE_USEC, 0, on_grace_over, process) < 0)
                process_kill(process);
}

bool process_is_ours(const Bitsd *bitsd, pid_t pid)
{
        Process *process;

        LIST_FOREACH(process, &bitsd->processes, link)
        if (process->pid == pid)
                return true;
        return false;
}
