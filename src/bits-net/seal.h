/*
 * The seal: after it this process reads /etc, /usr and the resolver's file, speaks to the network,
 * and reaches nothing else but the descriptors that it holds or is handed: no file, no unix socket,
 * no exec, no other process. It holds for every thread made later and cannot be taken off.
 */
#pragma once

enum SealPart { /* what this kernel could do */
        SEAL_LANDLOCK = 1,
        SEAL_SECCOMP = 2,
};

/* SealPart bits, or -errno when a part is there but refused to work: the process must then end. */
int seal_process(void);
