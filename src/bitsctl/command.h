/* The commands of bitsctl and what the command line gave them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "service.h"

enum { /* exit status */
        EXIT_DONE = 0,
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
};

typedef enum OptionBit {
        OPTION_NAME = 1,
        OPTION_DESCRIPTION = 2,
        OPTION_PRIORITY = 4,
        OPTION_HELPER = 8,
        OPTION_ALL_USERS = 16,
        OPTION_PERSON = 32, /* --user USER, of "token" alone */
        OPTION_PASSWORD = 64,
        OPTION_FOLLOW = 128,
        OPTION_HASH = 256,
        OPTION_COMMAND = 512, /* --notify-command */
        OPTION_WORDS = 1024,  /* the arguments are a program's: options stand before them */
        OPTION_HTTP = 2048,
} OptionBit;

struct Options {
        const char *command;
        bool json, quiet, user_only, all_users;
        const char *name, *description;
        const char *program; /* --notify-command; the arguments are its */
        const char *account; /* --helper, or --user of "token" */
        uint32_t priority;
        const char *algorithm; /* of --sha256 and --sha512; NULL: no hash */
        uint8_t digest[64];
        size_t digest_size;
        HttpSettings http;
        int password_fd; /* -1: ask */
        unsigned seen;   /* OptionBit */
        char **arguments;
        int n_arguments;
};

typedef struct Command {
        const char *name, *usage, *summary;
        unsigned options;                                     /* OptionBit */
        int least, most;                                      /* arguments; most -1: any number */
        int (*run)(Service *service, const Options *options); /* exit status */
} Command;

int command_transfer(Service *service, const Options *options);
int command_list(Service *service, const Options *options);
int command_history(Service *service, const Options *options);
int command_info(Service *service, const Options *options);
int command_create(Service *service, const Options *options);
int command_add(Service *service, const Options *options);
int command_control(Service *service, const Options *options); /* resume, suspend, cancel, ... */
int command_monitor(Service *service, const Options *options);
int command_notify_command(Service *service, const Options *options);
int command_token(Service *service, const Options *options);
int command_authorize(Service *service, const Options *options);
int command_revoke(Service *service, const Options *options);
