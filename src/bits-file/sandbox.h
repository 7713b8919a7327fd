/*
 * What bits-file gives up before its first byte from outside. It has a user's files and therefore
 * must never have a socket beside its own, nor start, trace or signal anything.
 */
#pragma once

/* For this process and for good. 0; -errno: the kernel cannot filter system calls. */
int sandbox_enter(void);
