/*
 * What a transfer has in its local file, and what of that is on the disk. The invariant: `durable`
 * grows to no more than what was in the file when an fdatasync began that ended well, and no
 * NET_CHECKPOINT says more. How a file is written is target.c's; which thread syncs,
 * checkpoint.c's.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "failure.h"
#include "target.h"
#include "transfer-private.h"
#include "transfer.h"

enum {
        CHECKPOINT_BYTES = 64 * 1024 * 1024,
        CHECKPOINT_USEC = 5 * 1000 * 1000,
        PROGRESS_USEC = 100 * 1000,
        PROGRESS_BYTES =
                16 * 1024 * 1024,     /* of a size that bits-queue cannot know to be too large */
        ROOM_BYTES = 4 * 1024 * 1024, /* after which the disk is looked at again */
};

static uint64_t now_usec(const Transfer *t)
{
        uint64_t usec = 0;

        (void)sd_event_now(t->worker->event, CLOCK_MONOTONIC, &usec);
        return usec;
}

static void on_synced(Sync *sync);

int transfer_sync(Transfer *t)
{
        int r;

        assert(!t->syncing);
        t->sync = (Sync){.fd = t->fd, .done = on_synced};
        t->sync_offset = t->offset;
        r = checkpoint_add(t->worker->checkpoint, &t->sync);
        if (r < 0)
                return r;
        t->syncing = true;
        t->dirty = false;
        return 0;
}

static bool checkpoint_due(const Transfer *t)
{
        return t->dirty && !t->syncing &&
               (t->offset - t->durable >= CHECKPOINT_BYTES ||
                now_usec(t) >= t->dirty_usec + CHECKPOINT_USEC);
}

/* A thread that cannot be had is tried again with the next data; the last sync insists. */
static void transfer_checkpoint(Transfer *t)
{
        if (checkpoint_due(t))
                (void)transfer_sync(t);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        transfer_checkpoint(userdata);
        return 0;
}

static void transfer_set_dirty(Transfer *t)
{
        uint64_t due;

        if (t->dirty)
                return;
        t->dirty = true;
        t->dirty_usec = now_usec(t);
        due = t->dirty_usec + CHECKPOINT_USEC;
        if (!t->timer) {
                (void)sd_event_add_time(t->worker->event, &t->timer, CLOCK_MONOTONIC, due, 0,
                                        on_timer, t);
                return;
        }
        (void)sd_event_source_set_time(t->timer, due);
        (void)sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT);
}

static void on_synced(Sync *sync)
{
        Transfer *t = (Transfer *)((char *)sync - offsetof(Transfer, sync));

        t->syncing = false;
        if (sync->result < 0) {
                transfer_set_failure(t, failure_from_errno(sync->result, "fdatasync"));
                t->keep_dirty = true;
                transfer_fail(t);
                return;
        }
        t->durable = t->sync_offset;

        switch (t->state) {
        case TRANSFER_ASKING: /* for a later span */
        case TRANSFER_RECEIVING:
        case TRANSFER_WANTING:
                transfer_send_offset(t, NET_CHECKPOINT, t->durable);
                transfer_checkpoint(t);
                break;
        case TRANSFER_FINISHING:
                if (t->dirty) /* another sync follows, and may take long */
                        transfer_send_offset(t, NET_CHECKPOINT, t->durable);
                transfer_finish(t);
                break;
        case TRANSFER_CLOSING:
                transfer_finish(t);
                break;
        case TRANSFER_WAITING:
        case TRANSFER_ENDED:
        case TRANSFER_STATE_COUNT:
                assert(false);
        }
}

uint64_t transfer_position(const Transfer *t)
{
        return t->span.local + (t->offset - t->span_begin);
}

uint64_t transfer_local_end(const Transfer *t)
{
        return t->span.length != NET_SIZE_UNKNOWN ? t->span.local + t->span.length
                                                  : NET_SIZE_UNKNOWN;
}

void transfer_prepare(Transfer *t)
{
        int r = t->ranged ? 0 : target_cut(t->fd, t->offset);

        if (r > 0)
                transfer_set_dirty(t);
        if (r >= 0 && t->span.length != NET_SIZE_UNKNOWN)
                r = target_reserve(t->fd, transfer_position(t), transfer_local_end(t));
        if (r < 0)
                transfer_set_failure(t, failure_from_errno(r, "make room in the file"));
}

/* A file whose end is not known has no room of its own, and shall not take the last from others. */
static int transfer_take_room(Transfer *t, size_t size)
{
        if (t->room < size) {
                uint64_t room = target_room(t->fd);

                if (room < size)
                        return -ENOSPC;
                t->room = room / 2 < ROOM_BYTES ? room / 2 : ROOM_BYTES;
                if (t->room < size)
                        t->room = size;
        }
        t->room -= size;
        return 0;
}

void transfer_store(Transfer *t, const char *data, size_t size)
{
        uint64_t end = transfer_local_end(t), position = transfer_position(t);
        int r;

        if (size > (end != NET_SIZE_UNKNOWN ? end : INT64_MAX) - position) {
                transfer_set_failure(
                        t, failure_from_answer(BG_E_INVALID_SERVER_RESPONSE, t->answer.status,
                                               "more content than the answer announced"));
                return;
        }
        r = end == NET_SIZE_UNKNOWN ? transfer_take_room(t, size) : 0;
        if (r == 0)
                r = target_write(t->fd, data, size, position);
        if (r < 0) {
                transfer_set_failure(t, failure_from_errno(r, "write"));
                return;
        }
        t->offset += size;
        transfer_set_dirty(t);
        transfer_checkpoint(t);
        if (now_usec(t) >= t->progress_usec + PROGRESS_USEC ||
            (end == NET_SIZE_UNKNOWN && t->offset >= t->progress_offset + PROGRESS_BYTES)) {
                t->progress_usec = now_usec(t);
                t->progress_offset = t->offset;
                transfer_send_offset(t, NET_PROGRESS, t->offset);
        }
}
