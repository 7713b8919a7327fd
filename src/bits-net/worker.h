/* Worker: the one context of the process, passed down. */
#pragma once

#include <systemd/sd-event.h>

#include "checkpoint.h"
#include "limit.h"
#include "multi.h"
#include "options.h"
#include "revocation.h"
#include "tls.h"

typedef struct Channel Channel;
typedef struct Copy Copy;
typedef struct Transfer Transfer;

typedef struct Worker {
        sd_event *event;
        Multi *multi;
        Checkpoint *checkpoint;
        Channel *channel;
        Transfer *transfers;  /* Transfer.next */
        unsigned n_transfers; /* and copies */
        Copy *copies;         /* Copy.next */
        int source;           /* of the NET_COPY that follows; -1: none */
        uint32_t source_id;
        Options *options; /* of the NET_TRANSFER that follows; NULL: none */
        uint32_t options_id;
        TlsTrust trust;
        Revocation revocation;
        Limit *limit;
} Worker;
