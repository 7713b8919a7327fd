/*
 * The connection of a command that stays: an event loop, the service's signals about jobs, and a
 * bounded wait for a service that restarts. What is done about it is left to the handlers.
 */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

#include "service.h"

typedef struct Link Link;

typedef struct JobChange { /* of the signal JobChanged */
        const char *id;
        uint32_t state;
        uint64_t bytes_transferred, bytes_total;
        uint32_t files_transferred, files_total;
} JobChange;

typedef struct JobEvent { /* of the signal JobEvent, and of ListHistory */
        uint64_t sequence, time_usec;
        const char *id, *text;
        uint32_t owner, kind, state;
        int32_t code;
} JobEvent;

#define JOB_EVENT_SIGNATURE "tsutuuis"

int job_event_read(sd_bus_message *m, const char *signature, JobEvent *ret); /* as sd-bus */

typedef struct LinkHandlers {
        /* After each connection, subscribed. 0; negative: it is lost again; positive: the link was
         * told to end. */
        int (*connected)(void *userdata);
        void (*lost)(void *userdata);    /* waiting now */
        void (*gave_up)(void *userdata); /* the link ends, with EXIT_FAILED */
        void (*changed)(void *userdata, const JobChange *change);
        void (*removed)(void *userdata, const char *id);
        void (*event)(void *userdata, const JobEvent *event); /* NULL: these are not asked for */
        void (*interrupted)(void *userdata, int signal);      /* Ctrl-C and the like */
        void (*tick)(void *userdata, uint64_t now_usec);      /* every 100 ms */
} LinkHandlers;

/* From here on the signals that interrupt wait for link_run(). The service is connected already. */
int link_new(Service *service, const LinkHandlers *handlers, void *userdata, bool all_users,
             Link **ret);
Link *link_free(Link *link); /* NULL */

static inline void link_freep(Link **link)
{
        link_free(*link);
}

/* Until link_end(); its exit status, or EXIT_FAILED. */
int link_run(Link *link);
void link_end(Link *link, int status);

/* A call failed with -errno: the connection is made anew. */
void link_lost(Link *link);
bool link_is_up(const Link *link);
