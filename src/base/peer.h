/*
 * What the kernel says about the other end of a unix socket. Never what a message says.
 * The one place that reads SO_PEERCRED, SO_PEERGROUPS, SO_PEERPIDFD and SO_COOKIE.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PEER_GROUPS_MAX 1024

typedef struct PeerCred {
        pid_t pid;
        uid_t uid;
        gid_t gid;
} PeerCred;

int peer_cred(int sock, PeerCred *ret);                               /* 0 or -errno */
int peer_groups(int sock, gid_t ret[PEER_GROUPS_MAX], size_t *ret_n); /* supplementary; -E2BIG */
int peer_in_group(int sock, gid_t group); /* 1, 0 or -errno; primary counts */
int peer_cookie(int sock, uint64_t *ret); /* unique per boot; 0 or -errno */

/* 1 when the peer's main thread has NoNewPrivs set, or can no longer be identified; 0 when not.
 * Identified by SO_PEERPIDFD; before Linux 6.5 by pid with the same start time before and after. */
int peer_is_restricted(int sock);
/* Is the peer, identified likewise, of the session (setsid(2)) of leader, a process that is there?
 */
bool peer_is_in_session(int sock, pid_t leader);
