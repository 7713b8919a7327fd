/*
 * How many transfers an owner has on the move from each host, and which of his jobs wait until one
 * of them ends. One owner's slow server takes no connection from another owner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "job.h"
#include "queue.h"

enum {
        HOST_NAME_SIZE = 272, /* a DNS name, brackets and a port */
};

/* The host that url, a remote name, names: without user information, brackets and port, lower case.
 * false: it has none, or one that is too long. */
bool host_of(const char *url, char ret[HOST_NAME_SIZE]);

/* Do two remote names of HTTP name the same scheme, host and port? */
bool host_is_same_origin(const char *a, const char *b);

typedef struct Host {
        Hosts *hosts;
        uid_t owner;
        char name[HOST_NAME_SIZE]; /* as in the URL, lower case, with its port if it names one */
        uint32_t n;
        bool crowded;
        TAILQ_ENTRY(Host) crowded_link;         /* Hosts.crowded */
        struct JobList waiting[PRIORITY_COUNT]; /* Job.schedule_link; kept by schedule.c */
} Host;

Hosts *hosts_new(void);
Hosts *hosts_free(Hosts *hosts); /* NULL */

/* Has the host of url, a remote name, room for one more of owner's? One without a host has. */
bool hosts_have_room(const Hosts *hosts, uid_t owner, const char *url, uint32_t max);

/* Takes one: 0, and *ret is to be released (NULL for a name without a host); -ENOMEM. */
int hosts_take(Hosts *hosts, uid_t owner, const char *url, Host **ret);
Host *host_release(Host *host); /* NULL */

/* The host of url, where somebody waits: from now on it is one of the crowded. NULL: no host, or
 * no memory. */
Host *hosts_crowd(Hosts *hosts, uid_t owner, const char *url);
/* The first of them, or that after host, where somebody still waits. Host itself stays valid until
 * the next call. */
Host *hosts_next_crowded(Hosts *hosts, Host *host);
