/*
 * Message queues and their pump. Invariant: callbacks come before messages, messages in the order
 * in which they were posted, WM_QUIT when nothing else is left.
 */
#include "libbits/message.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include <windows.h>

#include "libbits/thread.h"

#define MESSAGES_MAX 10000
#define ANY_WINDOW   ((HWND)(LONG_PTR)-1)

typedef struct Message {
        TAILQ_ENTRY(Message) link; /* MessageQueue.messages */
        MSG msg;
} Message;

struct MessageQueue {
        TAILQ_ENTRY(MessageQueue) link; /* registry, while its thread lives */
        atomic_uint refs;
        DWORD thread_id;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        TaskList tasks;
        TAILQ_HEAD(, Message) messages;
        unsigned n_messages;
        bool quit;
        int exit_code;
};

static struct {
        pthread_mutex_t lock;
        TAILQ_HEAD(, MessageQueue) queues;
} registry = {PTHREAD_MUTEX_INITIALIZER, TAILQ_HEAD_INITIALIZER(registry.queues)};

static MessageQueue *queue_new(void)
{
        MessageQueue *queue = calloc(1, sizeof(*queue));
        pthread_condattr_t attributes;

        if (!queue)
                return NULL;
        *queue = (MessageQueue){.refs = 1, .thread_id = GetCurrentThreadId()};
        pthread_mutex_init(&queue->lock, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&queue->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        TAILQ_INIT(&queue->tasks);
        TAILQ_INIT(&queue->messages);
        pthread_mutex_lock(&registry.lock);
        TAILQ_INSERT_TAIL(&registry.queues, queue, link);
        pthread_mutex_unlock(&registry.lock);
        return queue;
}

MessageQueue *message_queue_self(void)
{
        Thread *thread = thread_self();

        if (thread && !thread->queue)
                thread->queue = queue_new();
        return thread ? thread->queue : NULL;
}

MessageQueue *message_queue_ref(MessageQueue *queue)
{
        atomic_fetch_add(&queue->refs, 1);
        return queue;
}

MessageQueue *message_queue_unref(MessageQueue *queue)
{
        Message *message;

        if (!queue || atomic_fetch_sub(&queue->refs, 1) != 1)
                return NULL;
        while ((message = TAILQ_FIRST(&queue->messages))) {
                TAILQ_REMOVE(&queue->messages, message, link);
                free(message);
        }
        pthread_cond_destroy(&queue->changed);
        pthread_mutex_destroy(&queue->lock);
        free(queue);
        return NULL;
}

void message_queue_close(MessageQueue *queue)
{
        if (!queue)
                return;
        pthread_mutex_lock(&registry.lock);
        TAILQ_REMOVE(&registry.queues, queue, link);
        pthread_mutex_unlock(&registry.lock);
        message_queue_unref(queue);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

void message_queue_post(MessageQueue *queue, Task *task)
{
        pthread_mutex_lock(&queue->lock);
        TAILQ_INSERT_TAIL(&queue->tasks, task, link);
        pthread_cond_broadcast(&queue->changed);
        pthread_mutex_unlock(&queue->lock);
}

static Task *take_task(MessageQueue *queue)
{
        Task *task;

        pthread_mutex_lock(&queue->lock);
        task = TAILQ_FIRST(&queue->tasks);
        if (task)
                TAILQ_REMOVE(&queue->tasks, task, link);
        pthread_mutex_unlock(&queue->lock);
        return task;
}

static void run_tasks(MessageQueue *queue, bool delivered)
{
        Task *task;

        while ((task = take_task(queue)))
                task->run(task, delivered);
}

void message_queue_drop(MessageQueue *queue)
{
        run_tasks(queue, false);
}

/* ---- the pump -------------------------------------------------------------------------------- */

/* The first message that fits the filter, under the lock. */
static bool find_message(MessageQueue *queue, UINT min, UINT max, bool remove, MSG *ret)
{
        Message *message;

        TAILQ_FOREACH (message, &queue->messages, link)
                if ((min == 0 && max == 0) ||
                    (message->msg.message >= min && message->msg.message <= max))
                        break;
        if (message) {
                *ret = message->msg;
                if (remove) {
                        TAILQ_REMOVE(&queue->messages, message, link);
                        queue->n_messages--;
                        free(message);
                }
                return true;
        }
        if (!queue->quit || !TAILQ_EMPTY(&queue->messages))
                return false;
        *ret = (MSG){
                .message = WM_QUIT,
                .wParam = (WPARAM)queue->exit_code,
                .time = GetTickCount(),
        };
        if (remove)
                queue->quit = false;
        return true;
}

/* The calling thread's queue, after a look at a pump function's arguments; NULL and a last error.
 */
static MessageQueue *check_pump(const MSG *msg, HWND window)
{
        MessageQueue *queue;

        if (!msg || (window && window != ANY_WINDOW)) {
                SetLastError(msg ? ERROR_INVALID_WINDOW_HANDLE : ERROR_NOACCESS);
                return NULL;
        }
        queue = message_queue_self();
        if (!queue)
                SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return queue;
}

BOOL PeekMessageW(LPMSG lpMsg, HWND hWnd, UINT wMsgFilterMin, UINT wMsgFilterMax, UINT wRemoveMsg)
{
        MessageQueue *queue = check_pump(lpMsg, hWnd);
        bool found;

        if (!queue)
                return FALSE;
        run_tasks(queue, true);
        pthread_mutex_lock(&queue->lock);
        found = find_message(queue, wMsgFilterMin, wMsgFilterMax, wRemoveMsg & PM_REMOVE, lpMsg);
        pthread_mutex_unlock(&queue->lock);
        return found;
}

BOOL GetMessageW(LPMSG lpMsg, HWND hWnd, UINT wMsgFilterMin, UINT wMsgFilterMax)
{
        MessageQueue *queue = check_pump(lpMsg, hWnd);
        bool found = false;

        if (!queue)
                return -1;
        while (!found) {
                run_tasks(queue, true);
                pthread_mutex_lock(&queue->lock);
                while (TAILQ_EMPTY(&queue->tasks) &&
                       !(found = find_message(queue, wMsgFilterMin, wMsgFilterMax, true, lpMsg)))
                        pthread_cond_wait(&queue->changed, &queue->lock);
                pthread_mutex_unlock(&queue->lock);
        }
        return lpMsg->message != WM_QUIT;
}

/* false when the time is over. Under the lock. */
static bool wait_for_change(MessageQueue *queue, const struct timespec *deadline)
{
        return (deadline ? pthread_cond_timedwait(&queue->changed, &queue->lock, deadline)
                         : pthread_cond_wait(&queue->changed, &queue->lock)) != ETIMEDOUT;
}

DWORD MsgWaitForMultipleObjects(DWORD nCount, const HANDLE *pHandles, BOOL fWaitAll,
                                DWORD dwMilliseconds, DWORD dwWakeMask)
{
        MessageQueue *queue = message_queue_self();
        struct timespec deadline;
        bool found, in_time = true;

        (void)pHandles;
        (void)fWaitAll;
        (void)dwWakeMask;
        if (nCount || !queue) {
                SetLastError(nCount ? ERROR_INVALID_HANDLE : ERROR_NOT_ENOUGH_MEMORY);
                return WAIT_FAILED;
        }
        clock_gettime(CLOCK_MONOTONIC, &deadline);
        deadline.tv_sec += dwMilliseconds / 1000;
        deadline.tv_nsec += (long)(dwMilliseconds % 1000) * 1000000;
        if (deadline.tv_nsec >= 1000000000) {
                deadline.tv_sec++;
                deadline.tv_nsec -= 1000000000;
        }
        pthread_mutex_lock(&queue->lock);
        while (!(found = !TAILQ_EMPTY(&queue->tasks) || !TAILQ_EMPTY(&queue->messages) ||
                         queue->quit) &&
               in_time)
                in_time = wait_for_change(queue, dwMilliseconds == INFINITE ? NULL : &deadline);
        pthread_mutex_unlock(&queue->lock);
        return found ? WAIT_OBJECT_0 : WAIT_TIMEOUT;
}

BOOL TranslateMessage(const MSG *lpMsg)
{
        (void)lpMsg;
        return FALSE;
}

LRESULT DispatchMessageW(const MSG *lpMsg)
{
        (void)lpMsg;
        return 0;
}

/* ---- posting --------------------------------------------------------------------------------- */

void PostQuitMessage(int nExitCode)
{
        MessageQueue *queue = message_queue_self();

        if (!queue)
                return;
        pthread_mutex_lock(&queue->lock);
        queue->quit = true;
        queue->exit_code = nExitCode;
        pthread_cond_broadcast(&queue->changed);
        pthread_mutex_unlock(&queue->lock);
}

static DWORD post(MessageQueue *queue, const MSG *msg)
{
        Message *message = malloc(sizeof(*message));
        bool full;

        if (!message)
                return ERROR_NOT_ENOUGH_MEMORY;
        message->msg = *msg;
        pthread_mutex_lock(&queue->lock);
        full = queue->n_messages >= MESSAGES_MAX;
        if (!full) {
                TAILQ_INSERT_TAIL(&queue->messages, message, link);
                queue->n_messages++;
                pthread_cond_broadcast(&queue->changed);
        }
        pthread_mutex_unlock(&queue->lock);
        if (!full)
                return ERROR_SUCCESS;
        free(message);
        return ERROR_NOT_ENOUGH_QUOTA;
}

BOOL PostThreadMessageW(DWORD idThread, UINT Msg, WPARAM wParam, LPARAM lParam)
{
        MSG msg = {.message = Msg, .wParam = wParam, .lParam = lParam, .time = GetTickCount()};
        DWORD error = ERROR_INVALID_THREAD_ID;
        MessageQueue *queue;

        pthread_mutex_lock(&registry.lock);
        TAILQ_FOREACH (queue, &registry.queues, link)
                if (queue->thread_id == idThread) {
                        error = post(queue, &msg);
                        break;
                }
        pthread_mutex_unlock(&registry.lock);
        if (error)
                SetLastError(error);
        return error == ERROR_SUCCESS;
}

BOOL PostMessageW(HWND hWnd, UINT Msg, WPARAM wParam, LPARAM lParam)
{
        if (hWnd) {
                SetLastError(ERROR_INVALID_WINDOW_HANDLE);
                return FALSE;
        }
        if (!message_queue_self()) {
                SetLastError(ERROR_NOT_ENOUGH_MEMORY);
                return FALSE;
        }
        return PostThreadMessageW(GetCurrentThreadId(), Msg, wParam, lParam);
}

/* ---- the A forms: a message carries no text here -----------------------------------------------
 */

BOOL PeekMessageA(LPMSG lpMsg, HWND hWnd, UINT wMsgFilterMin, UINT wMsgFilterMax, UINT wRemoveMsg)
{
        return PeekMessageW(lpMsg, hWnd, wMsgFilterMin, wMsgFilterMax, wRemoveMsg);
}

BOOL GetMessageA(LPMSG lpMsg, HWND hWnd, UINT wMsgFilterMin, UINT wMsgFilterMax)
{
        return GetMessageW(lpMsg, hWnd, wMsgFilterMin, wMsgFilterMax);
}

LRESULT DispatchMessageA(const MSG *lpMsg)
{
        return DispatchMessageW(lpMsg);
}

BOOL PostThreadMessageA(DWORD idThread, UINT Msg, WPARAM wParam, LPARAM lParam)
{
        return PostThreadMessageW(idThread, Msg, wParam, lParam);
}

BOOL PostMessageA(HWND hWnd, UINT Msg, WPARAM wParam, LPARAM lParam)
{
        return PostMessageW(hWnd, Msg, wParam, lParam);
}
