/*
 * bits-queue <-> bits-notify, on the worker's socket: one command line, then it ends.
 *
 *   NOTIFY_READY -> NOTIFY_RUN -> NOTIFY_DONE
 *
 * A hang-up of bits-queue ends the program that runs. The worker only reports how it ended.
 */
#pragma once

#include "wire.h"

#define NOTIFY_VERSION         1
#define NOTIFY_PARAMETERS_MAX  4000 /* code points */
#define NOTIFY_PARAMETERS_SIZE (4 * NOTIFY_PARAMETERS_MAX + 8)
#define NOTIFY_JOB_SIZE        40
#define NOTIFY_TIME_MAX_SEC    86400

enum NotifyType {
        NOTIFY_READY = 1, /* worker, first */
        NOTIFY_RUN,       /* queue */
        NOTIFY_DONE,      /* worker, last */
};

typedef struct NotifyReady {
        WireHeader header;
        uint32_t version, reserved;
} NotifyReady;

typedef struct NotifyRun {
        WireHeader header;
        uint32_t time_limit_sec; /* 1 to NOTIFY_TIME_MAX_SEC; then the program is ended */
        uint32_t reserved;
        char job[NOTIFY_JOB_SIZE];               /* its id, for BITS_JOB_ID */
        char program[WIRE_PATH_SIZE];            /* absolute */
        char parameters[NOTIFY_PARAMETERS_SIZE]; /* base/command-line.h; "": the program alone */
} NotifyRun;
WIRE_NO_PADDING(NotifyRun, 16 + NOTIFY_JOB_SIZE + WIRE_PATH_SIZE + NOTIFY_PARAMETERS_SIZE);

typedef struct NotifyDone {
        WireHeader header;
        int32_t result; /* 0; -errno: it could not be started; -ETIMEDOUT: it was ended */
        int32_t status; /* of wait(2), when result is 0 */
} NotifyDone;
WIRE_NO_PADDING(NotifyDone, 16);

typedef union NotifyMessage { /* what the worker says */
        WireHeader header;
        NotifyReady ready;
        NotifyDone done;
} NotifyMessage;
