/*
 * bitsd: the privileged root of the service. It makes the listeners, starts bits-queue, knows which
 * sockets are tokens and which tickets are good, and has bits-become start the workers. It opens no
 * user's file, asks no name service and waits for nobody.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "base/capability.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "caller.h"
#include "config.h"
#include "keeper.h"
#include "process.h"
#include "supervisor.h"
#include "token.h"
#include "worker.h"

/*
 * What bitsd and its children may keep, found by leaving each out:
 *   SETUID, SETGID, SETPCAP  bits-become turns into users and empties their bounding sets
 *   KILL                     ends bits-queue and workers, which are other users' processes
 *   SYS_RESOURCE             pam_limits raises limits; without it they only go down
 *   AUDIT_WRITE              libpam's records of log-ons; without it they are lost, nothing else
 *   CHOWN                    until the directory of bits-queue is its own
 * pam_unix reads /etc/shadow as its owner and needs nothing more.
 */
#define CAPABILITIES                                                                               \
        (CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_SETPCAP) |               \
         CAPABILITY(CAP_KILL) | CAPABILITY(CAP_SYS_RESOURCE) | CAPABILITY(CAP_AUDIT_WRITE) |       \
         CAPABILITY(CAP_CHOWN))

#define DESCRIPTORS 8192 /* 4,096 tokens, 512 workers with a few each, and room */

void bitsd_stop(Bitsd *bitsd, int code)
{
        Process *process;

        if (bitsd->stopping)
                return;
        bitsd->stopping = true;
        bitsd->exit_code = code;
        (void)sd_notify(0, "STOPPING=1");
        bitsd->accepting = sd_event_source_disable_unref(bitsd->accepting);
        caller_drop_all(bitsd);
        keeper_stop(bitsd);
        worker_end_all(bitsd);
        LIST_FOREACH(process, &bitsd->processes, link)
        process_end(process);
        bitsd_reaped(bitsd);
}

void bitsd_reaped(Bitsd *bitsd)
{
        if (!bitsd->stopping)
                keeper_continue(bitsd);
        else if (LIST_EMPTY(&bitsd->processes))
                (void)sd_event_exit(bitsd->event, bitsd->exit_code);
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *info,
                          void *userdata)
{
        (void)source;
        (void)info;
        bitsd_stop(userdata, EXIT_SUCCESS);
        return 0;
}

static void load_settings(Bitsd *bitsd)
{
        int r;

        settings_default(&bitsd->settings);
        if (bitsd->place.user_mode)
                return;
        r = settings_load(CONF_DIR, &bitsd->settings);
        if (r < 0)
                log_error("the configuration in " CONF_DIR " cannot be read: %s", strerror(-r));
}

/* One bad line, and the old settings stay: half of a change is none. */
static void reload_settings(Bitsd *bitsd)
{
        Settings settings;
        int r = settings_load(CONF_DIR, &settings);

        if (r == 0)
                bitsd->settings = settings;
        else
                log_error("the configuration in " CONF_DIR " %s: the settings stay as they were",
                          r < 0 ? "cannot be read" : "has bad lines");
}

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *info,
                            void *userdata)
{
        Bitsd *bitsd = userdata;

        (void)source;
        (void)info;
        if (bitsd->place.user_mode)
                return 0;
        reload_settings(bitsd);
        log_info("configuration read again");
        supervisor_settings(bitsd);
        keeper_refresh(bitsd);
        return 0;
}

static int watch_signals(Bitsd *bitsd)
{
        sigset_t signals;
        int r;

        sigemptyset(&signals);
        sigaddset(&signals, SIGCHLD);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        (void)signal(SIGPIPE, SIG_IGN); /* log lines to a closed pipe */

        r = sd_event_add_signal(bitsd->event, NULL, SIGTERM, on_stop_signal, bitsd);
        if (r >= 0)
                r = sd_event_add_signal(bitsd->event, NULL, SIGINT, on_stop_signal, bitsd);
        if (r >= 0)
                r = sd_event_add_signal(bitsd->event, NULL, SIGHUP, on_reload_signal, bitsd);
        return r;
}

/* Fewer rights, more descriptors, no core with keys in it. */
static int harden(const Bitsd *bitsd)
{
        struct rlimit files;
        int r;

        if (!bitsd->place.user_mode) /* what is made has its mode; workers take the person's on */
                (void)umask(077);
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < DESCRIPTORS) {
                files.rlim_cur = files.rlim_max < DESCRIPTORS ? files.rlim_max : DESCRIPTORS;
                (void)setrlimit(RLIMIT_NOFILE, &files);
        }
        if (bitsd->place.user_mode)
                return 0;
        r = capability_bound(CAPABILITIES);
        return r < 0 ? r : capability_limit(CAPABILITIES);
}

static int open_place(Bitsd *bitsd)
{
        int r;

        r = place_defaults(&bitsd->place);
        if (r >= 0)
                r = place_open(&bitsd->place);
        if (r == -EBUSY)
                log_notice("another bitsd serves %s", bitsd->place.state);
        else if (r < 0)
                log_error("%s, %s: %s", bitsd->place.runtime, bitsd->place.state, strerror(-r));
        if (r < 0)
                return r;

        r = secrets_load(bitsd->place.identity_fd, &bitsd->secrets);
        if (r < 0)
                log_error("%s/identity: %s", bitsd->place.state, strerror(-r));
        return r;
}

static int serve(Bitsd *bitsd)
{
        int r;

        r = open_place(bitsd);
        if (r < 0)
                return r;
        load_settings(bitsd);
        if (getrandom(&bitsd->logon_delay.seed, sizeof(bitsd->logon_delay.seed), 0) < 0)
                return -errno;
        r = sd_event_new(&bitsd->event);
        if (r >= 0)
                r = watch_signals(bitsd);
        if (r >= 0)
                r = sd_event_set_watchdog(bitsd->event, true);
        if (r >= 0)
                r = place_listen(&bitsd->place);
        if (r >= 0)
                r = keeper_new(bitsd);
        if (r < 0) {
                log_error("cannot start: %s", strerror(-r));
                return r;
        }
        keeper_start(bitsd);
        return sd_event_loop(bitsd->event);
}

static void bitsd_done(Bitsd *bitsd)
{
        while (!LIST_EMPTY(&bitsd->tokens))
                token_drop(LIST_FIRST(&bitsd->tokens), "the service ends");
        keeper_free(bitsd);
        sd_event_source_unref(bitsd->accepting);
        sd_event_unref(bitsd->event);
        close_fd(bitsd->spare_fd);
        place_close(&bitsd->place);
        secrets_wipe(&bitsd->secrets);
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* there is nothing to see any more */
}

static int print_help(void)
{
        puts("bitsd [--user] [--libexec DIR] [--runtime DIR] [--state DIR]\n"
             "\n"
             "The background intelligent transfer service. As root it serves everybody on this\n"
             "machine; with --user it serves whoever starts it, and ends when it has nothing to "
             "do.\n"
             "\n"
             "  --user         one person's own service, without root\n"
             "  --libexec DIR  where the service's other programs are (" LIBEXECDIR ")\n"
             "  --runtime DIR  where its sockets are made (" RUNTIME_DIR ")\n"
             "  --state DIR    where it keeps keys and jobs (" STATE_DIR ")\n"
             "  --help, --version");
        return 0;
}

static int print_version(void)
{
        puts("bitsd " PACKAGE_VERSION);
        return 0;
}

/* 1 or -EINVAL, as parse_arguments(). */
static int set_directory(char ret[BECOME_DIRECTORY_SIZE], const char *path)
{
        int n = snprintf(ret, BECOME_DIRECTORY_SIZE, "%s", path);

        if (*path == '/' && n > 0 && n < BECOME_DIRECTORY_SIZE)
                return 1;
        (void)fprintf(stderr, "bitsd: %s is not an absolute path\n", path);
        return -EINVAL;
}

/* 1 to go on, 0 when all is said, -EINVAL. */
static int parse_arguments(int argc, char **argv, Place *ret)
{
        static const struct option options[] = {
                {"user", no_argument, NULL, 'u'},
                {"libexec", required_argument, NULL, 'l'},
                {"runtime", required_argument, NULL, 'r'},
                {"state", required_argument, NULL, 's'},
                {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},
                {0},
        };
        int option, r = 1;

        while (r > 0 && (option = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (option) {
                case 'u':
                        ret->user_mode = true;
                        break;
                case 'l':
                        r = set_directory(ret->libexec, optarg);
                        break;
                case 'r':
                        r = set_directory(ret->runtime, optarg);
                        break;
                case 's':
                        r = set_directory(ret->state, optarg);
                        break;
                case 'h':
                        r = print_help();
                        break;
                case 'v':
                        r = print_version();
                        break;
                default:
                        r = -EINVAL;
                }
        return r > 0 && optind < argc ? -EINVAL : r;
}

int main(int argc, char **argv)
{
        static Bitsd bitsd = {
                .spare_fd = -1,
                .admin_gid = UINT32_MAX,
                .place = {.state_fd = -1,
                          .identity_fd = -1,
                          .lock_fd = -1,
                          .identity_listener = -1,
                          .bus_listener = -1},
        };
        int r;

        log_init("bitsd");
        r = parse_arguments(argc, argv, &bitsd.place);
        if (r <= 0)
                return r < 0 ? 2 : EXIT_SUCCESS;
        if (geteuid() != 0 && !bitsd.place.user_mode) {
                (void)fprintf(stderr, "bitsd: needs root; bitsd --user serves you alone\n");
                return EXIT_FAILURE;
        }

        r = harden(&bitsd);
        if (r < 0)
                log_error("cannot give up rights: %s", strerror(-r));
        else
                r = serve(&bitsd);
        bitsd_done(&bitsd);
        return r < 0 ? EXIT_FAILURE : r;
}
