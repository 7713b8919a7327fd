#include "checkpoint.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
        THREADS_MAX = 4
}; /* many small files: their syncs share the disk's flushes */

struct Checkpoint {
        pthread_mutex_t mutex; /* guards all below but wake_fd */
        pthread_cond_t work;
        Sync *queued, **queued_tail; /* Sync.next */
        Sync *done;                  /* Sync.next */
        unsigned threads, idle;
        int wake_fd; /* eventfd: done is not empty */
};

static int sync_run(int fd)
{
        int r;

        do
                r = fdatasync(fd);
        while (r < 0 && errno == EINTR);
        return r < 0 ? -errno : 0;
}

static void *checkpoint_thread(void *userdata)
{
        Checkpoint *c = userdata;

        pthread_mutex_lock(&c->mutex);
        for (;;) {
                Sync *sync;

                while (!c->queued) {
                        c->idle++;
                        pthread_cond_wait(&c->work, &c->mutex);
                        c->idle--;
                }
                sync = c->queued;
                c->queued = sync->next;
                if (!c->queued)
                        c->queued_tail = &c->queued;

                pthread_mutex_unlock(&c->mutex);
                sync->result = sync->work ? sync->work(sync) : sync_run(sync->fd);
                pthread_mutex_lock(&c->mutex);

                sync->next = c->done;
                c->done = sync;
                (void)eventfd_write(c->wake_fd, 1);
        }
        return NULL;
}

static int on_wake(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        Checkpoint *c = userdata;
        eventfd_t count;
        Sync *done;

        (void)source;
        (void)revents;
        (void)eventfd_read(fd, &count);

        pthread_mutex_lock(&c->mutex);
        done = c->done;
        c->done = NULL;
        pthread_mutex_unlock(&c->mutex);

        while (done) {
                Sync *sync = done;

                done = sync->next; /* before done(): it may free or add it again */
                sync->done(sync);
        }
        return 0;
}

int checkpoint_new(sd_event *event, Checkpoint **ret)
{
        _cleanup_(freep) Checkpoint *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        pthread_mutex_init(&c->mutex, NULL);
        pthread_cond_init(&c->work, NULL);
        c->queued_tail = &c->queued;
        c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (c->wake_fd < 0)
                return -errno;
        r = sd_event_add_io(event, NULL, c->wake_fd, EPOLLIN, on_wake, c);
        if (r < 0) {
                close(c->wake_fd);
                return r;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

/* Called with the mutex held. */
static int thread_start(Checkpoint *c)
{
        pthread_attr_t attr;
        pthread_t thread;
        int r;

        pthread_attr_init(&attr);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        r = pthread_create(&thread, &attr, checkpoint_thread, c);
        pthread_attr_destroy(&attr);
        if (r == 0)
                c->threads++;
        return -r;
}

int checkpoint_add(Checkpoint *c, Sync *sync)
{
        int r = 0;

        pthread_mutex_lock(&c->mutex);
        if ((c->idle == 0 || c->queued) && c->threads < THREADS_MAX)
                r = thread_start(c);
        if (c->threads > 0) { /* one is enough */
                r = 0;
                sync->next = NULL;
                *c->queued_tail = sync;
                c->queued_tail = &sync->next;
                pthread_cond_signal(&c->work);
        }
        pthread_mutex_unlock(&c->mutex);
        return r;
}
