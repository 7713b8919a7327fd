/*
 * bitsctl: the service from a shell. Reads the command line, finds the command in its table, runs
 * it. What a command does stands in the file of its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "command.h"
#include "config.h"
#include "libbits/locate.h"
#include "names.h"

#define MAKING (OPTION_NAME | OPTION_DESCRIPTION | OPTION_PRIORITY | OPTION_HTTP)

static const Command commands[] = {
        {"transfer", "[--helper USER] [--sha256 HEX] REMOTE LOCAL [REMOTE LOCAL]...",
         "fetch files now: make a job, wait for it, complete it",
         MAKING | OPTION_HELPER | OPTION_PASSWORD | OPTION_HASH, 2, -1, command_transfer},
        {"list", "[--all-users]", "show the jobs", OPTION_ALL_USERS, 0, 0, command_list},
        {"info", "JOB", "show all about a job", 0, 1, 1, command_info},
        {"create", "[--name NAME] [--notify-command PROGRAM [ARGUMENT]...]",
         "make a job and print its id", MAKING | OPTION_COMMAND | OPTION_WORDS, 0, -1,
         command_create},
        {"add", "[--sha256 HEX] JOB REMOTE LOCAL [REMOTE LOCAL]...", "add files to a job",
         OPTION_HASH, 3, -1, command_add},
        {"resume", "JOB", "let a job run", 0, 1, 1, command_control},
        {"suspend", "JOB", "stop a job for now", 0, 1, 1, command_control},
        {"cancel", "JOB", "give a job up and delete what it fetched", 0, 1, 1, command_control},
        {"complete", "JOB", "make a job's files available and end it", 0, 1, 1, command_control},
        {"monitor", "[--all-users]", "watch the jobs until Ctrl-C", OPTION_ALL_USERS, 0, 0,
         command_monitor},
        {"history", "[--all-users] [--follow] [ID]", "show what happened, to ended jobs too",
         OPTION_ALL_USERS | OPTION_FOLLOW, 0, 1, command_history},
        {"notify-command", "set JOB PROGRAM [ARGUMENT]... | clear JOB",
         "the program that runs when a job is done or fails", OPTION_WORDS, 2, -1,
         command_notify_command},
        {"take-ownership", "JOB", "make somebody else's job yours, as an administrator", 0, 1, 1,
         command_control},
        {"http", "[OPTION]... JOB", "show or change what a job asks of HTTP servers", OPTION_HTTP,
         1, 1, command_http},
        {"token", "set JOB --user USER | clear JOB | flags JOB USES",
         "the helper token of a job; USES: file, network or none", OPTION_PERSON | OPTION_PASSWORD,
         2, 3, command_token},
        {"authorize", "", "let the service act for you", 0, 0, 0, command_authorize},
        {"revoke", "", "take that and all your tokens back", 0, 0, 0, command_revoke},
};

enum { /* long options without a letter */
        LONG_NAME = 256,
        LONG_DESCRIPTION,
        LONG_PRIORITY,
        LONG_HELPER,
        LONG_PASSWORD_FD,
        LONG_ALL_USERS,
        LONG_FOLLOW,
        LONG_USER,
        LONG_PERSON,
        LONG_JSON,
        LONG_VERSION,
        LONG_SHA256,
        LONG_SHA512,
        LONG_NOTIFY_COMMAND,
};

static const struct option any_options[] = {
        /* before the command */
        {"help", no_argument, NULL, 'h'},       {"version", no_argument, NULL, LONG_VERSION},
        {"json", no_argument, NULL, LONG_JSON}, {"quiet", no_argument, NULL, 'q'},
        {"user", no_argument, NULL, LONG_USER}, {0},
};

static const struct option command_options[] = {
        /* after it */
        {"help", no_argument, NULL, 'h'},
        {"json", no_argument, NULL, LONG_JSON},
        {"quiet", no_argument, NULL, 'q'},
        {"user", no_argument, NULL, LONG_USER},
        {"name", required_argument, NULL, LONG_NAME},
        {"description", required_argument, NULL, LONG_DESCRIPTION},
        {"priority", required_argument, NULL, LONG_PRIORITY},
        {"helper", required_argument, NULL, LONG_HELPER},
        {"helper-password-fd", required_argument, NULL, LONG_PASSWORD_FD},
        {"all-users", no_argument, NULL, LONG_ALL_USERS},
        {"follow", no_argument, NULL, LONG_FOLLOW},
        {"sha256", required_argument, NULL, LONG_SHA256},
        {"sha512", required_argument, NULL, LONG_SHA512},
        {"notify-command", required_argument, NULL, LONG_NOTIFY_COMMAND},
        HTTP_LONG_OPTIONS,
        {0},
};

static const struct option token_options[] = {
        /* where --user names somebody */
        {"help", no_argument, NULL, 'h'},
        {"json", no_argument, NULL, LONG_JSON},
        {"quiet", no_argument, NULL, 'q'},
        {"user", required_argument, NULL, LONG_PERSON},
        {"password-fd", required_argument, NULL, LONG_PASSWORD_FD},
        {0},
};

static void print_help(FILE *out)
{
        fputs("usage: bitsctl [--user] COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n", out);
        for (size_t i = 0; i < ELEMENTS(commands); i++)
                fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
        fputs("\nOptions of every command:\n"
              "  --json     print JSON\n"
              "  --quiet    print no progress and no confirmation\n"
              "  --user     before the command: your own service, not the system's\n"
              "  --help     \"bitsctl COMMAND --help\" tells what a command takes\n"
              "  --version\n",
              out);
}

static void print_command_help(const Command *command)
{
        printf("usage: bitsctl %s%s%s\n%s\n", command->name, *command->usage ? " " : "",
               command->usage, command->summary);
        if (command->options & OPTION_NAME)
                puts("  --name NAME              display name of the job\n"
                     "  --description TEXT\n"
                     "  --priority PRIORITY      FOREGROUND, HIGH, NORMAL or LOW");
        if (command->options & OPTION_COMMAND)
                puts("  --notify-command PROGRAM run it, with the ARGUMENTs, when the job is done "
                     "or "
                     "fails");
        if (command->options & OPTION_HTTP)
                http_print_help();
        if (command->options & OPTION_HELPER)
                puts("  --helper USER            write the files as USER; asks for the password\n"
                     "  --helper-password-fd FD  read the password from there");
        if (command->options & OPTION_HASH)
                puts("  --sha256 HEX             what the one file must be, or it fails\n"
                     "  --sha512 HEX");
        if (command->options & OPTION_ALL_USERS)
                puts("  --all-users              everybody's jobs (administrators)");
        if (command->options & OPTION_PERSON)
                puts("  --user USER              set: the helper; asks for the password\n"
                     "  --password-fd FD         read the password from there");
}

static const Command *find_command(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(commands); i++)
                if (strcmp(commands[i].name, name) == 0)
                        return &commands[i];
        return NULL;
}

static bool descriptor_parse(const char *text, int *ret)
{
        unsigned long value;
        char *end;

        errno = 0;
        value = strtoul(text, &end, 10);
        if (errno || end == text || *end || value > 0xffff || fcntl((int)value, F_GETFD) < 0)
                return false;
        *ret = (int)value;
        return true;
}

static bool take_digest(Options *o, const char *algorithm, size_t size, const char *value)
{
        o->seen |= OPTION_HASH;
        o->algorithm = algorithm;
        o->digest_size = size;
        return digest_parse(value, o->digest, size);
}

static int say_bad_value(const char *option, const char *value)
{
        fprintf(stderr, "bitsctl: %s: not a value of --%s\n", value, option);
        return -EINVAL;
}

/* One option of getopt_long(); 0 or -EINVAL, said unless getopt_long() did. */
static int take_option(Options *o, int option, const char *value)
{
        if (option >= HTTP_HEADER && option < HTTP_END) {
                o->seen |= OPTION_HTTP;
                return http_take_option(&o->http, option, value);
        }
        switch (option) {
        case 'q':
                o->quiet = true;
                return 0;
        case LONG_JSON:
                o->json = true;
                return 0;
        case LONG_USER:
                o->user_only = true;
                return 0;
        case LONG_NAME:
                o->name = value;
                o->seen |= OPTION_NAME;
                return 0;
        case LONG_DESCRIPTION:
                o->description = value;
                o->seen |= OPTION_DESCRIPTION;
                return 0;
        case LONG_PRIORITY:
                o->seen |= OPTION_PRIORITY;
                return priority_parse(value, &o->priority) ? 0 : say_bad_value("priority", value);
        case LONG_HELPER:
        case LONG_PERSON:
                o->account = value;
                o->seen |= option == LONG_HELPER ? OPTION_HELPER : OPTION_PERSON;
                return 0;
        case LONG_PASSWORD_FD:
                o->seen |= OPTION_PASSWORD;
                return descriptor_parse(value, &o->password_fd)
                               ? 0
                               : say_bad_value("helper-password-fd", value);
        case LONG_FOLLOW:
                o->seen |= OPTION_FOLLOW;
                return 0;
        case LONG_SHA256:
                return take_digest(o, "sha256", 32, value) ? 0 : say_bad_value("sha256", value);
        case LONG_SHA512:
                return take_digest(o, "sha512", 64, value) ? 0 : say_bad_value("sha512", value);
        case LONG_NOTIFY_COMMAND:
                o->program = value;
                o->seen |= OPTION_COMMAND;
                return 0;
        case LONG_ALL_USERS:
                o->all_users = true;
                o->seen |= OPTION_ALL_USERS;
                return 0;
        default:
                return -EINVAL;
        }
}

/* Options before the command. 0; 1 all is done; -EINVAL. */
static int parse_general(Options *o, int argc, char **argv)
{
        int option, r;

        while ((option = getopt_long(argc, argv, "+hq", any_options, NULL)) >= 0) {
                if (option == 'h') {
                        print_help(stdout);
                        return 1;
                }
                if (option == LONG_VERSION) {
                        puts("bitsctl " PACKAGE_VERSION);
                        return 1;
                }
                r = take_option(o, option, optarg);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool arguments_fit(const Command *command, const Options *o)
{
        return !(o->seen & ~command->options) && o->n_arguments >= command->least &&
               (command->most < 0 || o->n_arguments <= command->most);
}

static int parse_command(const Command *command, Options *o, int argc, char **argv)
{
        const struct option *known =
                command->options & OPTION_PERSON ? token_options : command_options;
        const char *letters = command->options & OPTION_WORDS ? "+hq" : "hq";
        int option, r;

        optind = 0; /* a new vector: the command's name stands for the program's */
        while ((option = getopt_long(argc, argv, letters, known, NULL)) >= 0) {
                if (option == 'h') {
                        print_command_help(command);
                        return 1;
                }
                r = take_option(o, option, optarg);
                if (r < 0)
                        return r;
        }
        o->arguments = argv + optind;
        o->n_arguments = argc - optind;
        if (arguments_fit(command, o))
                return 0;
        fprintf(stderr, "usage: bitsctl %s %s\n", command->name, command->usage);
        return -EINVAL;
}

static int run(const Command *command, const Options *options)
{
        _cleanup_(service_deinit) Service service = {
                .command = command->name,
                .user_only = options->user_only,
        };
        int r = service_connect(&service);

        if (r < 0) {
                service_say(&service, "%s", locate_text(r));
                return EXIT_FAILED;
        }
        return command->run(&service, options);
}

int main(int argc, char **argv)
{
        const char *mode = getenv("BITS_USER_MODE"); /* as the library takes it */
        Options options = {.password_fd = -1, .user_only = mode && strcmp(mode, "1") == 0};
        const Command *command;
        int first, r;

        (void)setlocale(LC_ALL, "");
        r = parse_general(&options, argc, argv);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_DONE;
        first = optind;
        if (first >= argc) {
                print_help(stderr);
                return EXIT_USAGE;
        }
        command = find_command(argv[first]);
        if (!command) {
                fprintf(stderr, "bitsctl: %s: no such command; see bitsctl --help\n", argv[first]);
                return EXIT_USAGE;
        }
        options.command = command->name;
        r = parse_command(command, &options, argc - first, argv + first);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_DONE;
        r = run(command, &options);
        http_clear(&options.http);
        if (fflush(stdout) != 0 && r == EXIT_DONE) {
                fprintf(stderr, "bitsctl: cannot write the output: %s\n", strerror(errno));
                return EXIT_FAILED;
        }
        return r;
}
