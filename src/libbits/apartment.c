/* Apartments. Invariant: a task is posted only to a live apartment, and what still waits when it
 * ends is run undelivered; so no callback is ever left unanswered. */
#include "libbits/apartment.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <windows.h>

#include "libbits/callback.h"
#include "libbits/connection.h"

struct Apartment {
        unsigned refs;
        bool alive;
        MessageQueue *queue; /* single-threaded: of its thread. NULL: the multithreaded one */
};

static struct {
        pthread_mutex_t lock; /* of everything here and of every Apartment */
        unsigned n_members;   /* CoInitializeEx not yet balanced, in the multithreaded one */
        unsigned n_process;   /* and in all */
        Apartment *multi;     /* while n_members is not 0 */
        pthread_cond_t changed;
        TaskList tasks; /* of the multithreaded one */
        bool dispatching;
} state = {
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
        .tasks = TAILQ_HEAD_INITIALIZER(state.tasks),
};

static Apartment *ref_locked(Apartment *apartment)
{
        if (apartment)
                apartment->refs++;
        return apartment;
}

Apartment *apartment_ref(Apartment *apartment)
{
        pthread_mutex_lock(&state.lock);
        ref_locked(apartment);
        pthread_mutex_unlock(&state.lock);
        return apartment;
}

Apartment *apartment_unref(Apartment *apartment)
{
        bool last;

        if (!apartment)
                return NULL;
        pthread_mutex_lock(&state.lock);
        last = --apartment->refs == 0;
        pthread_mutex_unlock(&state.lock);
        if (last) {
                message_queue_unref(apartment->queue);
                free(apartment);
        }
        return NULL;
}

static Apartment *apartment_new(MessageQueue *queue)
{
        Apartment *apartment = malloc(sizeof(*apartment));

        if (apartment)
                *apartment = (Apartment){
                        .refs = 1,
                        .alive = true,
                        .queue = queue ? message_queue_ref(queue) : NULL,
                };
        return apartment;
}

Apartment *apartment_current(void)
{
        const Thread *thread = thread_self();
        Apartment *apartment;

        if (!thread)
                return NULL;
        pthread_mutex_lock(&state.lock);
        apartment = ref_locked(thread->apartment ? thread->apartment : state.multi);
        pthread_mutex_unlock(&state.lock);
        return apartment;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void *dispatch(void *unused)
{
        Task *task;

        pthread_mutex_lock(&state.lock);
        for (;;) {
                while (!(task = TAILQ_FIRST(&state.tasks)))
                        pthread_cond_wait(&state.changed, &state.lock);
                TAILQ_REMOVE(&state.tasks, task, link);
                pthread_mutex_unlock(&state.lock);
                task->run(task, true);
                pthread_mutex_lock(&state.lock);
        }
        return unused;
}

/* The program's signals are its own threads' business. */
static bool start_dispatcher(void)
{
        sigset_t all, old;
        pthread_t thread;
        bool started;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        started = pthread_create(&thread, NULL, dispatch, NULL) == 0;
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (started)
                pthread_detach(thread);
        return started;
}

bool apartment_post(Apartment *apartment, Task *task)
{
        bool posted = false;

        pthread_mutex_lock(&state.lock);
        if (apartment->alive && apartment->queue) {
                message_queue_post(apartment->queue, task);
                posted = true;
        } else if (apartment->alive &&
                   (state.dispatching || (state.dispatching = start_dispatcher()))) {
                TAILQ_INSERT_TAIL(&state.tasks, task, link);
                pthread_cond_signal(&state.changed);
                posted = true;
        }
        pthread_mutex_unlock(&state.lock);
        return posted;
}

typedef struct ReleaseTask {
        Task task;
        IUnknown *object;
} ReleaseTask;

static void run_release(Task *task, bool delivered)
{
        ReleaseTask *release = (ReleaseTask *)task;

        (void)delivered;
        release->object->lpVtbl->Release(release->object);
        free(release);
}

void apartment_release(Apartment *apartment, IUnknown *object)
{
        Apartment *here = apartment_current();
        ReleaseTask *release = NULL;

        if (here != apartment)
                release = malloc(sizeof(*release));
        apartment_unref(here);
        if (release) {
                *release = (ReleaseTask){.task.run = run_release, .object = object};
                if (apartment_post(apartment, &release->task))
                        return;
                free(release);
        }
        object->lpVtbl->Release(object);
}

/* ---- CoInitializeEx, CoUninitialize ------------------------------------------------------------
 */

/* On the last thread of the apartment that leaves it. */
static void end_apartment(Apartment *apartment)
{
        TaskList left = TAILQ_HEAD_INITIALIZER(left);
        Task *task;

        pthread_mutex_lock(&state.lock);
        apartment->alive = false;
        if (!apartment->queue)
                TAILQ_CONCAT(&left, &state.tasks, link);
        pthread_mutex_unlock(&state.lock);
        callback_forget_apartment(apartment);
        if (apartment->queue)
                message_queue_drop(apartment->queue);
        while ((task = TAILQ_FIRST(&left))) {
                TAILQ_REMOVE(&left, task, link);
                task->run(task, false);
        }
        apartment_unref(apartment);
}

static HRESULT enter(Thread *thread, bool single)
{
        MessageQueue *queue = NULL;
        Apartment *made;

        if (single) {
                queue = message_queue_self();
                if (!queue)
                        return E_OUTOFMEMORY;
        }
        made = apartment_new(queue);
        if (!made)
                return E_OUTOFMEMORY;
        pthread_mutex_lock(&state.lock);
        if (!single && !state.multi) {
                state.multi = made;
                made = NULL;
        }
        thread->apartment = single ? made : ref_locked(state.multi);
        if (single)
                made = NULL;
        pthread_mutex_unlock(&state.lock);
        apartment_unref(made); /* the process had a multithreaded one */
        return S_OK;
}

HRESULT CoInitializeEx(LPVOID pvReserved, DWORD dwCoInit)
{
        const DWORD known =
                COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE | COINIT_SPEED_OVER_MEMORY;
        bool single = dwCoInit & COINIT_APARTMENTTHREADED;
        Thread *thread = thread_self();
        bool again;
        HRESULT hr;

        if (pvReserved || dwCoInit & ~known)
                return E_INVALIDARG;
        if (!thread)
                return E_OUTOFMEMORY;
        again = thread->apartment;
        if (again && single != (thread->apartment->queue != NULL))
                return RPC_E_CHANGED_MODE;
        hr = again ? S_FALSE : enter(thread, single);
        if (FAILED(hr))
                return hr;
        thread->n_initialised++;
        pthread_mutex_lock(&state.lock);
        state.n_process++;
        if (!single)
                state.n_members++;
        pthread_mutex_unlock(&state.lock);
        return hr;
}

HRESULT CoInitialize(LPVOID pvReserved)
{
        return CoInitializeEx(pvReserved, COINIT_APARTMENTTHREADED);
}

static void leave(Thread *thread)
{
        Apartment *mine = thread->apartment, *multi = NULL;
        bool last, single = mine->queue != NULL, ended;

        ended = --thread->n_initialised == 0;
        if (ended && single)
                end_apartment(mine);
        pthread_mutex_lock(&state.lock);
        if (!single && --state.n_members == 0) {
                multi = state.multi;
                state.multi = NULL;
        }
        last = --state.n_process == 0;
        pthread_mutex_unlock(&state.lock);
        if (multi)
                end_apartment(multi);
        if (ended) {
                thread->apartment = NULL;
                if (!single)
                        apartment_unref(mine);
        }
        if (last)
                connection_close();
}

void CoUninitialize(void)
{
        Thread *thread = thread_self();

        if (thread && thread->apartment)
                leave(thread);
}

void apartment_abandon(Thread *thread)
{
        while (thread->apartment)
                leave(thread);
}

void apartment_after_fork(void)
{
        pthread_mutex_init(&state.lock, NULL);
        pthread_cond_init(&state.changed, NULL);
        state.dispatching = false;
}
