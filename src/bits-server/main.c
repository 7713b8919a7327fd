/*
 * bits-server: the files of one directory, read-only, over HTTP. It reads its arguments, serves
 * until it is told to end, and changes nothing but its access log.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access-log.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "config.h"
#include "request.h"
#include "server.h"

#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT    8080

static const char usage[] =
        "bits-server [OPTION]... DIRECTORY\n"
        "Serve the files of DIRECTORY over HTTP, read-only.\n"
        "\n"
        "  --listen ADDRESS  listen on this numeric address (" DEFAULT_ADDRESS ")\n"
        "  --port N          listen on this port (8080); 0: any that is free\n"
        "  --log FILE        append a line of JSON for each request; -: standard output\n"
        "  --help            print this text\n"
        "  --version         print the version\n"
        "\n"
        "A line with the address is printed when it is ready. SIGTERM ends it.\n";

typedef struct Options {
        const char *address;
        uint16_t port;
        const char *log;       /* NULL: none */
        const char *directory; /* NULL: nothing to serve, as help was asked for */
} Options;

enum {
        OPTION_LISTEN = 256,
        OPTION_PORT,
        OPTION_LOG,
        OPTION_HELP,
        OPTION_VERSION,
};

static const struct option option_names[] = {
        {"listen", required_argument, NULL, OPTION_LISTEN},
        {"port", required_argument, NULL, OPTION_PORT},
        {"log", required_argument, NULL, OPTION_LOG},
        {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION},
        {NULL},
};

static int port_parse(const char *text, uint16_t *ret)
{
        char *end;
        unsigned long port;

        errno = 0;
        port = strtoul(text, &end, 10);
        if (errno || *text < '0' || *text > '9' || *end || port > UINT16_MAX)
                return -EINVAL;
        *ret = (uint16_t)port;
        return 0;
}

/* 0, with directory NULL when all is said; -EINVAL after telling why. */
static int options_parse(int argc, char **argv, Options *ret)
{
        int c;

        *ret = (Options){.address = DEFAULT_ADDRESS, .port = DEFAULT_PORT};
        while ((c = getopt_long(argc, argv, "", option_names, NULL)) >= 0) {
                switch (c) {
                case OPTION_LISTEN:
                        ret->address = optarg;
                        break;
                case OPTION_PORT:
                        if (port_parse(optarg, &ret->port) < 0) {
                                (void)fprintf(stderr, "bits-server: no port: %s\n", optarg);
                                return -EINVAL;
                        }
                        break;
                case OPTION_LOG:
                        ret->log = optarg;
                        break;
                case OPTION_HELP:
                        (void)fputs(usage, stdout);
                        return 0;
                case OPTION_VERSION:
                        puts("bits-server " PACKAGE_VERSION);
                        return 0;
                default:
                        return -EINVAL;
                }
        }
        if (optind != argc - 1) {
                (void)fputs("bits-server: one DIRECTORY is needed; see --help\n", stderr);
                return -EINVAL;
        }
        ret->directory = argv[optind];
        return 0;
}

/* The threads of the server are made after this, and leave these signals to us. */
static int signals_block(sigset_t *ret)
{
        (void)sigemptyset(ret);
        (void)sigaddset(ret, SIGTERM);
        (void)sigaddset(ret, SIGINT);
        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        return -pthread_sigmask(SIG_BLOCK, ret, NULL);
}

static int serve(const Options *options, Origin *origin, const sigset_t *signals)
{
        _cleanup_(server_freep) Server *server = NULL;
        char url[SERVER_URL_SIZE];
        int number, r;

        r = server_new(options->address, options->port, origin, &server);
        if (r < 0) {
                log_error("%s port %u: %s", options->address, (unsigned)options->port,
                          strerror(-r));
                return r;
        }
        server_url(server, url);
        printf("bits-server: serving %s on %s\n", options->directory, url);
        if (fflush(stdout) == EOF)
                log_warning("nobody reads where we serve: %s", strerror(errno));
        return -sigwait(signals, &number);
}

static int run(const Options *options)
{
        _cleanup_(closep) int directory = -1, log = -1;
        Origin origin;
        sigset_t signals;
        int r;

        directory = open(options->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) {
                log_error("%s: %s", options->directory, strerror(errno));
                return -errno;
        }
        r = access_log_open(options->log, &log);
        if (r < 0) {
                log_error("%s: %s", options->log, strerror(-r));
                return r;
        }
        if (geteuid() == 0)
                log_warning("running as root: whatever is in %s can be read by anybody who "
                            "reaches this server",
                            options->directory);
        r = signals_block(&signals);
        if (r < 0)
                return r;
        origin = (Origin){.directory = directory, .log = log};
        return serve(options, &origin, &signals);
}

int main(int argc, char **argv)
{
        Options options;

        log_init("bits-server");
        if (options_parse(argc, argv, &options) < 0)
                return EXIT_FAILURE;
        if (!options.directory)
                return EXIT_SUCCESS;
        return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
