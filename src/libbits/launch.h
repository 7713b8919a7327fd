/* Starting a person's own service, detached from the program that asked for it. */
#pragma once

/* Starts LIBEXECDIR/bitsd --user for the (checked) runtime directory dir; its messages go to
 * dir/log. The caller holds the directory's lock. 0 when it was executed, else -errno. */
int launch_user_service(const char *dir);
