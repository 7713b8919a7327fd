/* Worker: the one context of the process, passed down. */
#pragma once

#include <systemd/sd-event.h>

#include "checkpoint.h"
#include "limit.h"
#include "multi.h"

typedef struct Channel Channel;
typedef struct Transfer Transfer;

typedef struct Worker {
        sd_event *event;
        Multi *multi;
        Checkpoint *checkpoint;
        Channel *channel;
        Transfer *transfers; /* Transfer.next */
        unsigned n_transfers;
        Limit *limit;
} Worker;
