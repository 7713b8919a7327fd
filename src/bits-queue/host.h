/*
 * How many transfers an owner has under way from each host. One owner's slow server takes no
 * connection from another owner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct Host Host;
typedef struct Hosts Hosts;

Hosts *hosts_new(void);
Hosts *hosts_free(Hosts *hosts); /* NULL */

/* Has the host of url, a remote name, room for one more of owner's? One without a host has. */
bool hosts_have_room(const Hosts *hosts, uid_t owner, const char *url, uint32_t max);

/* Takes one: 0, and *ret is to be released (NULL for a name without a host); -ENOMEM. */
int hosts_take(Hosts *hosts, uid_t owner, const char *url, Host **ret);
Host *host_release(Host *host); /* NULL */
