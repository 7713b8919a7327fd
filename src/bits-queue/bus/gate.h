/*
 * Stands between a client's socket and sd-bus, which would buffer up to 128 MiB before it refuses a
 * message. The gate reads no further than one unit of the protocol at a time, checks each message's
 * fixed header and its descriptors, and only then passes the bytes on. What was sent behind BEGIN
 * waits until sd-bus is ready for messages: its server side forgets what comes in the same read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define GATE_MESSAGE_MAX (1024 * 1024)
#define GATE_AUTH_MAX    (16 * 1024)
#define GATE_FDS_MAX     4

/* ---- the protocol: pure, fed with bytes ---- */

typedef enum GatePhase {
        GATE_AUTH,   /* lines, until BEGIN */
        GATE_HELD,   /* BEGIN has been passed on; gate_parser_open() is awaited */
        GATE_HEADER, /* the 16 bytes that every message starts with */
        GATE_BODY,   /* the rest of it */
} GatePhase;

typedef struct GateParser {
        GatePhase phase;
        size_t auth_size; /* bytes so far */
        size_t line_size; /* of the line under way */
        bool line_begins; /* it is BEGIN so far */
        uint8_t header[16];
        size_t header_size;
        size_t body_left;
        unsigned fds; /* of the message under way */
} GateParser;

void gate_parser_init(GateParser *parser);
void gate_parser_open(GateParser *parser);

/* How many bytes may be read now at the most; 0 in GATE_HELD. */
size_t gate_parser_want(const GateParser *parser);

/* In GATE_AUTH: how many of these bytes, which are there to be read, belong to the authentication.
 * -E2BIG: it does not end. */
int gate_parser_auth(GateParser *parser, const uint8_t *data, size_t size, size_t *ret_size);

/* Takes size bytes (at most gate_parser_want()) with n_fds descriptors. 0; -EMSGSIZE: the message
 * is too long; -EBADMSG: it is none; -EMFILE: too many descriptors. *ret_pass: the bytes may go on
 * (a header is held until it is whole). */
int gate_parser_feed(GateParser *parser, const uint8_t *data, size_t size, unsigned n_fds,
                     bool *ret_pass);

/* ---- the gate ---- */

typedef struct Gate Gate;

typedef struct GateHandler {
        bool (*may_read)(void *userdata); /* false: sd-bus has too much to send already */
        void (*closed)(void *userdata,
                       int error); /* 0: the client hung up; the gate is still there */
        void *userdata;
} GateHandler;

/* Reads from client_fd (taken over). *ret_bus_fd, the caller's, is what sd-bus shall read. */
int gate_new(sd_event *event, int client_fd, const GateHandler *handler, Gate **ret,
             int *ret_bus_fd);
Gate *gate_free(Gate *gate); /* NULL */
void gate_open(Gate *gate);
