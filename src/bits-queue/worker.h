/*
 * The workers that run for us: one per (role, owner of the jobs, credential), started by bitsd when
 * there is work, let go when idle. Speaks wire/file.h and wire/net.h; a worker that says anything
 * else is ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/file.h"
#include "wire/net.h"

typedef struct HelperToken HelperToken;
typedef struct Queue Queue;
typedef struct Transfer Transfer;
typedef struct Worker Worker;
typedef struct WorkerPool WorkerPool;

/* Who a worker is and for whom it works. */
typedef struct Identity {
        uid_t owner;        /* of the job: whose ticket */
        HelperToken *token; /* whose identity; NULL: the owner's own */
        bool foreign;       /* a process apart, for paths that another owner chose */
} Identity;

int workers_new(Queue *queue, WorkerPool **ret);
WorkerPool *workers_free(WorkerPool *pool);    /* NULL */
bool workers_are_busy(const WorkerPool *pool); /* some call or transfer has not been answered */

/* What a failed start or call answers, beside the worker's own -errno:
 *   -EKEYREJECTED  the owner must authorise again (no ticket, or bitsd refused it)
 *   -ENOKEY        the token is gone
 *   -ECONNRESET    the worker ended, and so did those started in its place
 *   -ETIMEDOUT     it did not answer in time, and was ended; or the name service hangs
 *   -EAGAIN, -EIO, -ENOPKG  no worker could be started now
 *   -EACCES, -EPERM, -ESTALE   bitsd refuses this identity */
typedef void (*FileAnswer)(void *userdata, int result, const FileReply *reply, int fd);

/* Sends request (its sequence is set here) to the bits-file of identity. answer is called exactly
 * once, never from within this call; reply is NULL when result is not the worker's own; fd is the
 * receiver's. */
void file_call(Queue *queue, Identity identity, const FileRequest *request, FileAnswer answer,
               void *userdata);
void file_find_certificate(Queue *queue, Identity identity, const FileCertificate *request,
                           FileAnswer answer, void *userdata);

typedef struct NetStart {
        const NetHttp *http; /* NULL: there is nothing to say */
        int http_fd;
        const NetTransfer *transfer;
        int fd;
} NetStart;

/* Hands a transfer to the bits-net of identity: the messages wait until the worker is ready. The
 * descriptors are taken over. From then on transfer_on_net() and transfer_on_net_lost() are called
 * until net_forget(). */
int net_start(Queue *queue, Identity identity, const NetStart *start, Transfer *transfer,
              Worker **ret);
/* The same for a source that is open: both descriptors are taken over. */
int net_copy(Queue *queue, Identity identity, const NetCopy *message, int source, int fd,
             Transfer *transfer, Worker **ret);
int net_send(Worker *worker, const void *message, size_t size); /* 0 or -ENOMEM */
void net_order(Worker *worker, enum NetType type, uint32_t id);
void net_forget(Worker *worker, Transfer *transfer);
/* An administrator's cap on what all bits-net take in together, but for the foreground; 0: none.
 * Each gets its part by the number of its transfers. */
void net_limit(Queue *queue, uint64_t bytes_per_sec);
void net_stop(Worker *worker); /* ends the process, by force if need be */

/* Calls what is called for every bits-file that gets ready: its temporary files without a job. */
uid_t worker_uid(const Worker *worker);
