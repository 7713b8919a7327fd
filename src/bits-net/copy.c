#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "channel.h"
#include "failure.h"
#include "target.h"
#include "transfer.h"

enum {
        STEP_BYTES = 16 * 1024 * 1024, /* then the loop hears of it */
        BUFFER_BYTES = 1024 * 1024,
        CHECKPOINT_BYTES = 64 * 1024 * 1024,
        CHECKPOINT_USEC = 5 * 1000 * 1000,
        PROGRESS_USEC = 100 * 1000,
        RESTARTS_MAX = 3,       /* of a file that changes all the time */
        TICK_USEC = 100 * 1000, /* longer than a tick of the clock that files get their times of */
};

typedef enum CopyState {
        COPY_WAITING = 1, /* the file is another; NET_PROCEED lets it in */
        COPY_STEPPING, /* a thread copies a part, and looks whether the source is still the same */
        COPY_SYNCING,  /* a thread syncs */
} CopyState;

struct Copy {
        Copy *next; /* Worker.copies */
        Worker *worker;
        uint32_t id;
        CopyState state;
        int source, target;
        NetValidator validator;   /* of the source as it is copied */
        uint64_t offset, durable; /* bytes in the target; of these on the disk */
        bool dirty;               /* the target differs from what the last sync began with */
        bool whole;               /* all is in the target, and the source was the same at the end */
        uint64_t dirty_usec, progress_usec;
        unsigned restarts;
        bool failed; /* failure is set: it ends with the step that is under way */
        Failure failure;

        Sync sync;        /* the step: the thread's until done */
        uint64_t stepped; /* bytes that it copied */
        bool target_bad;  /* its error is the target's */
};

static void copy_go_on(Copy *c);

/* ---- in a thread ----------------------------------------------------------------------------- */

static int validator_read(int fd, NetValidator *ret)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        *ret = (NetValidator){
                .size = (uint64_t)st.st_size,
                .last_modified_usec =
                        (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000,
        };
        (void)snprintf(ret->etag, sizeof(ret->etag), "\"inode-%" PRIu64 "-%" PRId64 ".%09ld\"",
                       (uint64_t)st.st_ino, (int64_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
        return 0;
}

/* Size and time decide; inode and time of change, which nobody can set back, where both have them:
 * a file that came by another way has none. */
static bool same_version(const NetValidator *a, const NetValidator *b)
{
        return a->size == b->size && a->last_modified_usec == b->last_modified_usec &&
               (!a->etag[0] || !b->etag[0] || strcmp(a->etag, b->etag) == 0);
}

/* Inside the kernel, without moving a byte where the file system can share them. How far it came:
 * whatever stopped it, reading and writing tells whose fault it is. */
static uint64_t copy_in_kernel(const Copy *c, uint64_t size)
{
        uint64_t done = 0;

        while (done < size) {
                loff_t in = (loff_t)(c->offset + done), out = in;
                ssize_t n =
                        copy_file_range(c->source, &in, c->target, &out, (size_t)(size - done), 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        break;
                done += (uint64_t)n;
        }
        return done;
}

static ssize_t read_some(int fd, char *buffer, size_t size, uint64_t offset)
{
        ssize_t n;

        do
                n = pread(fd, buffer, size, (off_t)offset);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/* By hand, from done on. Fewer bytes than there should be are no error here. */
static int copy_by_hand(Copy *c, uint64_t size, uint64_t *done)
{
        _cleanup_(freep) char *buffer = malloc(BUFFER_BYTES);

        if (!buffer)
                return -ENOMEM;
        while (*done < size) {
                uint64_t left = size - *done;
                ssize_t n = read_some(c->source, buffer,
                                      left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES,
                                      c->offset + *done);
                int r;

                if (n <= 0)
                        return (int)n;
                r = target_write(c->target, buffer, (size_t)n, c->offset + *done);
                if (r < 0) {
                        c->target_bad = true;
                        return r;
                }
                *done += (uint64_t)n;
        }
        return 0;
}

/* The source after the step. -ESTALE: it changed meanwhile, so that what was copied may be of both;
 * -ENODATA: it does not have the bytes that its size promises, or has more. */
static int check_source(const Copy *c, uint64_t end, bool short_read)
{
        NetValidator now;
        char byte;
        ssize_t n;
        int r;

        n = end == c->validator.size ? read_some(c->source, &byte, 1, end) : 0;
        r = validator_read(c->source, &now);
        if (r < 0)
                return r;
        if (!same_version(&now, &c->validator))
                return -ESTALE;
        if (n < 0)
                return (int)n;
        return n > 0 || short_read ? -ENODATA : 0;
}

/* Two changes within a tick have the same time. Nothing is read before the tick of the last one is
 * over, so that whatever comes later has another. */
static void settle(int fd)
{
        struct timespec now, rest = {0};
        struct stat st;
        int64_t age;

        if (fstat(fd, &st) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
                return; /* what is wrong shows when it is read */
        age = (int64_t)(now.tv_sec - st.st_ctim.tv_sec) * 1000000 +
              (now.tv_nsec - st.st_ctim.tv_nsec) / 1000;
        if (age <= -TICK_USEC || age >= TICK_USEC)
                return;
        rest.tv_nsec = (TICK_USEC - age) * 1000;
        while (clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR)
                ;
}

static int copy_step(Sync *sync)
{
        Copy *c = (Copy *)((char *)sync - offsetof(Copy, sync));
        uint64_t left = c->validator.size - c->offset;
        uint64_t size = left < STEP_BYTES ? left : STEP_BYTES;
        int r = 0;

        c->target_bad = false;
        settle(c->source);
        c->stepped = copy_in_kernel(c, size);
        if (c->stepped < size)
                r = copy_by_hand(c, size, &c->stepped);
        if (r < 0 && (c->target_bad || r == -ENOMEM))
                return r;
        return r < 0 ? r : check_source(c, c->offset + c->stepped, c->stepped < size);
}

/* ---- telling --------------------------------------------------------------------------------- */

static uint64_t now_usec(const Copy *c)
{
        uint64_t usec = 0;

        (void)sd_event_now(c->worker->event, CLOCK_MONOTONIC, &usec);
        return usec;
}

static void send_offset(Copy *c, enum NetType type, uint64_t offset)
{
        NetOffset message = {.header = {.type = type, .sequence = c->id}, .offset = offset};

        channel_send(c->worker->channel, &message, sizeof(message));
}

static void send_response(Copy *c, bool restarted)
{
        NetResponse message = {
                .header = {.type = NET_RESPONSE, .sequence = c->id},
                .restarted = restarted,
                .validator = c->validator,
        };

        channel_send(c->worker->channel, &message, sizeof(message));
}

static void send_failed(Worker *worker, uint32_t id, const Failure *failure, uint64_t durable)
{
        NetFailed message = {
                .header = {.type = NET_FAILED, .sequence = id},
                .hresult = failure->hresult,
                .context = failure->context,
                .class = failure->class,
                .retry_after_usec = -1,
                .offset = durable,
        };

        memcpy(message.text, failure->text, sizeof(message.text));
        channel_send(worker->channel, &message, sizeof(message));
}

/* ---- life ------------------------------------------------------------------------------------ */

static void copy_free(Copy *c)
{
        for (Copy **p = &c->worker->copies; *p; p = &(*p)->next)
                if (*p == c) {
                        *p = c->next;
                        c->worker->n_transfers--;
                        break;
                }
        close_fd(c->source);
        close_fd(c->target);
        free(c);
}

/* The last word; c is gone. Bytes that no checkpoint told of are given up. */
static void copy_end(Copy *c)
{
        Worker *worker = c->worker;

        c->target = close_fd(c->target); /* before bits-queue hears of the end */
        if (c->failed)
                send_failed(worker, c->id, &c->failure, c->durable);
        else
                send_offset(c, NET_DONE, c->durable);
        copy_free(c);
}

static void copy_fail(Copy *c, Failure failure)
{
        c->failed = true;
        c->failure = failure;
        copy_end(c);
}

static void on_done(Sync *sync);

static void copy_run(Copy *c, CopyState state, int (*work)(Sync *))
{
        int r;

        c->state = state;
        c->sync = (Sync){.fd = c->target, .work = work, .done = on_done};
        r = checkpoint_add(c->worker->checkpoint, &c->sync);
        if (r < 0)
                copy_fail(c, failure_from_worker(E_OUTOFMEMORY, NET_TRANSIENT,
                                                 "no thread for the copy"));
}

/* The source is another than the one whose bytes are there. */
static void copy_restart(Copy *c)
{
        int r;

        if (++c->restarts > RESTARTS_MAX) {
                Failure f = failure_from_source(EBUSY, NET_TRANSIENT,
                                                "the source changes while it is copied");

                f.hresult = BG_E_REMOTE_FILE_CHANGED;
                copy_fail(c, f);
                return;
        }
        r = validator_read(c->source, &c->validator);
        if (r < 0) {
                copy_fail(c, failure_from_source(r, NET_FATAL, "the source"));
                return;
        }
        c->durable = 0; /* the bytes that are there are worth nothing any more */
        c->whole = false;
        c->state = COPY_WAITING;
        send_response(c, true);
}

static bool checkpoint_due(const Copy *c)
{
        return c->dirty && (c->whole || c->offset - c->durable >= CHECKPOINT_BYTES ||
                            now_usec(c) >= c->dirty_usec + CHECKPOINT_USEC);
}

static void copy_go_on(Copy *c)
{
        if (c->failed)
                copy_end(c);
        else if (checkpoint_due(c)) {
                c->dirty = false;
                copy_run(c, COPY_SYNCING, NULL);
        } else if (c->whole)
                copy_end(c);
        else
                copy_run(c, COPY_STEPPING, copy_step);
}

static void set_dirty(Copy *c)
{
        if (!c->dirty)
                c->dirty_usec = now_usec(c);
        c->dirty = true;
}

static void on_stepped(Copy *c)
{
        c->offset += c->stepped;
        if (c->stepped > 0)
                set_dirty(c);
        c->whole = c->offset == c->validator.size;
        if (now_usec(c) >= c->progress_usec + PROGRESS_USEC) {
                c->progress_usec = now_usec(c);
                send_offset(c, NET_PROGRESS, c->offset);
        }
        copy_go_on(c);
}

static void on_step_failed(Copy *c, int error)
{
        if (error == -ESTALE)
                copy_restart(c);
        else if (error == -ENODATA) {
                Failure f = failure_from_source(EOPNOTSUPP, NET_FATAL,
                                                "the source has not the size that it says");
                copy_fail(c, f);
        } else if (c->target_bad)
                copy_fail(c, failure_from_errno(error, "write"));
        else if (error == -ENOMEM)
                copy_fail(c, failure_no_memory());
        else
                copy_fail(c, failure_from_source(error, NET_FATAL, "read the source"));
}

static void on_done(Sync *sync)
{
        Copy *c = (Copy *)((char *)sync - offsetof(Copy, sync));

        if (c->failed) { /* cancelled meanwhile */
                copy_end(c);
        } else if (c->state == COPY_STEPPING) {
                if (sync->result < 0)
                        on_step_failed(c, sync->result);
                else
                        on_stepped(c);
        } else if (sync->result < 0) {
                copy_fail(c, failure_from_errno(sync->result, "fdatasync"));
        } else {
                c->durable = c->offset;
                if (!c->whole)
                        send_offset(c, NET_CHECKPOINT, c->durable);
                copy_go_on(c);
        }
}

/* Nothing beyond the offset. Room is not reserved: blocks that are shared need none. */
static void copy_begin(Copy *c)
{
        int r = target_cut(c->target, c->offset);

        if (r < 0) {
                copy_fail(c, failure_from_errno(r, "cut the file"));
                return;
        }
        if (r > 0)
                set_dirty(c);
        (void)posix_fadvise(c->source, 0, 0, POSIX_FADV_SEQUENTIAL);
        copy_go_on(c);
}

int copy_proceed(Copy *c)
{
        if (c->state != COPY_WAITING)
                return -EBADMSG;
        c->offset = 0;
        copy_begin(c);
        return 0;
}

void copy_cancel(Copy *c)
{
        c->failed = true;
        c->failure = failure_from_worker(E_ABORT, NET_FATAL, "cancelled");
        if (c->state == COPY_WAITING)
                copy_end(c);
}

Copy *copy_find(Worker *worker, uint32_t id)
{
        for (Copy *c = worker->copies; c; c = c->next)
                if (c->id == id)
                        return c;
        return NULL;
}

/* A regular file, open for reading. */
static int source_check(int fd, NetValidator *ret)
{
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0)
                return -errno;
        if (flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY)
                return -EINVAL;
        return validator_read(fd, ret);
}

/* Closes the target, and says that nothing came of it. */
static int refuse(Worker *worker, const NetCopy *message, int *target, const Failure *failure)
{
        bool usable = failure->context != NET_CONTEXT_LOCAL_FILE;

        *target = close_fd(*target);
        send_failed(worker, message->header.sequence, failure, usable ? message->begin : 0);
        return 0;
}

int copy_start(Worker *worker, const NetCopy *message, int source, int target)
{
        _cleanup_(closep) int from = source, to = target;
        NetValidator validator;
        Failure failure;
        bool restarted;
        Copy *c;
        int r;

        if (copy_find(worker, message->header.sequence) ||
            transfer_find(worker, message->header.sequence))
                return -EBADMSG;
        r = source_check(from, &validator);
        if (r < 0) {
                failure = failure_from_source(r, NET_FATAL, "the source");
                return refuse(worker, message, &to, &failure);
        }
        if (target_check(to, message->begin, &failure) < 0)
                return refuse(worker, message, &to, &failure);
        c = worker->n_transfers < NET_TRANSFERS_MAX ? calloc(1, sizeof(*c)) : NULL;
        if (!c) {
                failure = failure_from_worker(E_OUTOFMEMORY, NET_TRANSIENT,
                                              "too many transfers at once");
                return refuse(worker, message, &to, &failure);
        }

        restarted = message->begin > 0 && !same_version(&message->validator, &validator);
        *c = (Copy){
                .next = worker->copies,
                .worker = worker,
                .id = message->header.sequence,
                .state = COPY_WAITING,
                .source = TAKE_FD(from),
                .target = TAKE_FD(to),
                .validator = validator,
                .offset = message->begin,
                .durable = restarted ? 0 : message->begin,
        };
        worker->copies = c;
        worker->n_transfers++;
        send_response(c, restarted);
        if (!restarted)
                copy_begin(c);
        return 0;
}
