/*
 * Where the service is: the system's, or this person's own, which is started when it is missing.
 * Shared by libbits and bitsctl. Hands out directories only; whoever connects checks nothing more.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

/* The runtime directory to use; it holds the sockets "bus" and "identity". Without user_only the
 * system service's, when there is one; else the caller's own, whose service is started under a lock
 * and waited for. May block for some seconds; safe in a program with threads. 0, or:
 *   -ECONNREFUSED  the system service is installed but has not answered for 10 s
 *   -EPERM         a directory belongs to somebody else or is open to others
 *   -ENAMETOOLONG  the directory's name does not fit a socket address
 *   -ETIMEDOUT     the person's own service was started and has not answered for 10 s
 *   -errno         of the start otherwise: -ENOENT when bitsd is not installed */
int locate_service(bool user_only, char ret_dir[PATH_MAX]);

/* What to say about an error of locate_service(): one line, static. */
const char *locate_text(int error);

/* The parts, for tests. Probe: 1 the service in dir answers, 0 there is none, -ECONNREFUSED there
 * is a socket that nobody serves, other -errno as above. */
int locate_probe(const char *dir);
int locate_check_directory(const char *dir, unsigned owner, unsigned forbidden_mode);
int locate_user_directory(char ret_dir[PATH_MAX]); /* made when missing */
