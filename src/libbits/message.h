/*
 * A thread's queue: messages that were posted to it, and tasks (callbacks) that wait for its pump.
 * Tasks are run by the pump functions of windows.h, on the queue's own thread and without a lock.
 */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>

#include <windef.h>

typedef struct MessageQueue MessageQueue;

typedef struct Task Task;
struct Task {
        TAILQ_ENTRY(Task) link; /* of the queue it waits in */
        /* Runs once and frees the task; delivered is false when its apartment has ended. */
        void (*run)(Task *task, bool delivered);
};
typedef TAILQ_HEAD(TaskList, Task) TaskList;

MessageQueue *
message_queue_self(void); /* of the calling thread, made on first use; borrowed; NULL */
MessageQueue *message_queue_ref(MessageQueue *queue);
MessageQueue *message_queue_unref(MessageQueue *queue);

void message_queue_post(MessageQueue *queue, Task *task);
void message_queue_drop(MessageQueue *queue);  /* runs what waits, undelivered */
void message_queue_close(MessageQueue *queue); /* its thread ends; NULL is accepted */
