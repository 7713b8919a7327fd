/* One secret, read from a person or a pipe; the caller wipes it. */
#pragma once

#include <stdbool.h>

#define PASSWORD_SIZE 512 /* with the NUL */

/* Whether there is a person who could be asked. */
bool password_can_ask(void);

/* From fd, when it is not -1; else from the terminal, without echo, after prompt; else, when
 * standard input is no terminal, from there. Up to the end of the line. 0; -ECANCELED the person
 * gave up; -ENODATA nothing came; -EMSGSIZE too long; -errno. */
int password_read(int fd, const char *prompt, char ret[PASSWORD_SIZE]);
