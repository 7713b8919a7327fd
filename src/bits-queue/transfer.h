/*
 * One file on the move: opens its temporary file through bits-file, has bits-net fill it, has it
 * sealed. Commits in the order of DESIGN.md §5, so that a stored offset never stands for bytes that
 * are not durable or are of another version of the remote file.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "file.h"
#include "report.h"
#include "span.h"
#include "wire/net.h"

typedef struct Host Host;
typedef struct Job Job;
typedef struct Worker Worker;

typedef enum TransferState {
        TRANSFER_NAMING,     /* the temporary name is being committed */
        TRANSFER_OPENING,    /* bits-file makes or reopens it */
        TRANSFER_RECORDING,  /* the file's identity is being committed */
        TRANSFER_READY,      /* waits for its place (pipeline.h) */
        TRANSFER_SOURCING,   /* bits-file opens a source of this machine */
        TRANSFER_CERTIFYING, /* the owner's bits-file reads his client certificate */
        TRANSFER_MOVING,     /* bits-net works */
        TRANSFER_RESTARTING, /* offset 0 is being committed; bits-net waits */
        TRANSFER_ASKING,     /* the client was asked whether to trust the server */
        TRANSFER_SEALING,    /* bits-file checks and seals */
        TRANSFER_STOPPING,   /* bits-net was told to stop */
        TRANSFER_STATE_COUNT,
} TransferState;

typedef struct Transfer {
        TAILQ_ENTRY(Transfer) job_link, worker_link; /* Job.transfers, Worker.transfers */
        unsigned refs; /* its own life, and answers that are under way */
        Job *job;      /* holds a reference */
        File *file;
        TransferState state;
        bool placed; /* one of its job's files that move, or may as soon as they are ready */
        Host *host;  /* while placed; NULL: the remote name has none */
        bool past;   /* all its bytes have come: it needs no place any more */
        bool stop;   /* as soon as what is under way has answered */
        bool deaf;   /* and nothing that bits-net says of the bytes counts any more */
        uint32_t net_id;
        Worker *worker;  /* while with bits-net */
        Spans spans;     /* of the stream from bits-net */
        bool ranged;     /* span after span: bits-net asks for each */
        bool halting;    /* bits-net was told to end the span that is under way */
        bool finishing;  /* bits-net was told that there is no other span */
        int fd;          /* write descriptor between bits-file and bits-net */
        int source;      /* read descriptor likewise; -1: none */
        int certificate; /* from the owner's bits-file; -1: none */
        uint64_t certificate_size;
        NetCertificate *question; /* owned; the server's, until bits-net has ended the transfer */
        NetAccepted asked;        /* while ASKING */
        char *redirected;         /* owned; where a redirect led, until the answer counts */
        unsigned busy_tries;
        void *timer; /* sd_event_source */
} Transfer;

/* Makes file ready, which has none. It may fail, and its job with it, before this returns. 0 or
 * -errno. */
int transfer_start(File *file);

/* For pipeline.c. One that is ready begins to move, and what holds for transfer_start() holds here.
 * 0 or -ENOMEM. */
int transfer_take_place(Transfer *transfer);
bool transfer_wants_place(const Transfer *transfer);

/* What is requested of the file, or its position, has changed: bits-net is turned to what comes
 * first now. */
void transfer_turn(Transfer *transfer);

/* Stops; the transfer goes when the descriptor is back, which may be at once. Harmless when it is
 * stopping already. */
void transfer_stop(Transfer *transfer);
/* The same, as its file comes from elsewhere now: what is on its way of it does not count. */
void transfer_abandon(Transfer *transfer);

/* For worker.c. false: the message does not fit the transfer's state. */
bool transfer_on_net(Transfer *transfer, const NetReport *report);
void transfer_on_net_lost(Transfer *transfer, int result);
