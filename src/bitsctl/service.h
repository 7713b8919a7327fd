/*
 * The connection to the service, peer to peer, and calls on it. Knows what an answer or an error
 * looks like; what is asked is left to others.
 */
#pragma once

#include <bitsmsg.h>
#include <limits.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "libbits/identity.h"

#define MANAGER_PATH      "/org/bitsd1"
#define MANAGER_INTERFACE "org.bitsd1.Manager"
#define JOB_INTERFACE     "org.bitsd1.Job"

enum {
        SERVICE_E_REFUSED = 1, /* the service answered with an error: code and text of Service */
};

typedef struct Service {
        const char *command; /* for messages; borrowed */
        bool user_only;
        char directory[PATH_MAX]; /* empty: not looked for yet */
        sd_bus *bus;              /* NULL: not connected */
        HRESULT code;             /* of the last refusal */
        char *text;               /* of it, from the service, not clean; may be NULL */
        bool identity_failed;     /* said already that no ticket was to be had */
} Service;

/* Finds the service and connects. 0 or -errno (locate_text() has words for it). */
int service_connect(Service *service);
void service_disconnect(Service *service);

/* The identity socket beside it. 0 or -errno. */
int service_identity(const Service *service, Identity *ret);
void service_deinit(Service *service);

/* One call; the arguments follow as with sd_bus_message_append(). 0, SERVICE_E_REFUSED, or -errno
 * when the connection is lost or the answer late. *ret (may be NULL) is the caller's. */
int service_call(Service *service, const char *path, const char *interface, const char *member,
                 sd_bus_message **ret, const char *types, ...);

/* The same for a call that is built already. */
int service_send(Service *service, sd_bus_message *call, sd_bus_message **ret);

/* Waits for an answer as long as it takes: Complete, Cancel. *ret_result is its HRESULT. */
int service_call_result(Service *service, const char *path, const char *member,
                        HRESULT *ret_result);

/* Sees to it that the service has a ticket of ours, before a call that changes something. When none
 * can be had that is said once, and the service decides. 0 or -errno of the connection. */
int service_authorize(Service *service);

/* Prints "bitsctl: COMMAND: [SUBJECT: ]reason" for r, a result of these functions. EXIT_FAILED. */
int service_fail(const Service *service, int r, const char *subject);

/* The same form for any message. */
void service_say(const Service *service, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
