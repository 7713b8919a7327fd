#include "commit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "orphan.h"
#include "queue.h"
#include "store/store.h"
#include "trouble.h"

enum {
        GROUP_MAX = 100,        /* answers that may wait while others arrive */
        LAZY_USEC = 100 * 1000, /* what nobody waits for goes with the next group, or after it */
};

typedef struct Waiter {
        TAILQ_ENTRY(Waiter) link; /* Committer.waiters */
        HRESULT hr;
        Done done;
} Waiter;

struct Committer {
        Queue *queue;
        sd_event_source *source, *again, *lazy;
        bool lazy_armed;
        TAILQ_HEAD(WaiterList, Waiter) waiters;
        size_t n_waiters;
};

static int write_all(Committer *c)
{
        struct WaiterList waiters = TAILQ_HEAD_INITIALIZER(waiters);
        Waiter *w;
        int r;

        r = store_commit(c->queue->store);
        if (r < 0)
                trouble_begin(c->queue->trouble, r);
        orphanage_settle(c->queue->orphanage, r == 0);
        TAILQ_CONCAT(&waiters, &c->waiters, link);
        c->n_waiters = 0;
        while ((w = TAILQ_FIRST(&waiters))) {
                TAILQ_REMOVE(&waiters, w, link);
                done_call(&w->done, r < 0 ? trouble_hresult(r) : w->hr);
                free(w);
        }
        if (r < 0)
                trouble_follow(c->queue->trouble);
        return r;
}

static void arm_lazy(Committer *c)
{
        if (c->lazy_armed)
                return;
        c->lazy_armed = sd_event_source_set_time_relative(c->lazy, LAZY_USEC) >= 0 &&
                        sd_event_source_set_enabled(c->lazy, SD_EVENT_ONESHOT) >= 0;
}

static int on_lazy(sd_event_source *source, uint64_t usec, void *userdata)
{
        Committer *c = userdata;

        (void)source;
        (void)usec;
        c->lazy_armed = false;
        if (store_is_dirty(c->queue->store))
                (void)write_all(c);
        return 0;
}

/* Runs after every round of events, when nothing else is ready: so a group is what came meanwhile.
 */
static int on_round(sd_event_source *source, void *userdata)
{
        Committer *c = userdata;

        (void)sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IDLE);
        if (!TAILQ_EMPTY(&c->waiters))
                (void)write_all(c);
        /* Who was answered may wait for the next: see to it that there is one. */
        if (!TAILQ_EMPTY(&c->waiters))
                (void)sd_event_source_set_enabled(c->again, SD_EVENT_ONESHOT);
        else if (store_is_dirty(c->queue->store))
                arm_lazy(c);
        return 0;
}

static int on_again(sd_event_source *source, void *userdata)
{
        (void)userdata;
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

int committer_new(Queue *queue, Committer **ret)
{
        Committer *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->queue = queue;
        TAILQ_INIT(&c->waiters);
        r = sd_event_add_post(queue->event, &c->source, on_round, c);
        if (r >= 0)
                r = sd_event_source_set_priority(c->source, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_add_defer(queue->event, &c->again, on_again, c);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->again, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(queue->event, &c->lazy, CLOCK_MONOTONIC, UINT64_MAX, 1000,
                                      on_lazy, c);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->lazy, SD_EVENT_OFF);
        if (r < 0) {
                committer_free(c);
                return r;
        }
        *ret = c;
        return 0;
}

Committer *committer_free(Committer *c)
{
        Waiter *w;

        if (!c)
                return NULL;
        sd_event_source_disable_unref(c->source);
        sd_event_source_disable_unref(c->again);
        sd_event_source_disable_unref(c->lazy);
        while ((w = TAILQ_FIRST(&c->waiters))) {
                TAILQ_REMOVE(&c->waiters, w, link);
                free(w);
        }
        free(c);
        return NULL;
}

bool committer_is_waiting(const Committer *c)
{
        return !TAILQ_EMPTY(&c->waiters);
}

void commit_then(Queue *queue, HRESULT hr, Done done)
{
        Committer *c = queue->committer;
        Waiter *w = calloc(1, sizeof(*w));

        if (!w)
                abort(); /* an accepted call must be answered */
        w->hr = hr;
        w->done = done;
        TAILQ_INSERT_TAIL(&c->waiters, w, link);
        if (++c->n_waiters == GROUP_MAX)
                (void)sd_event_source_set_priority(c->source, SD_EVENT_PRIORITY_IMPORTANT);
}

int commit_now(Queue *queue)
{
        return write_all(queue->committer);
}
