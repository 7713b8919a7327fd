/*
 * Apartments: where a callback object lives. A single-threaded one is its thread and runs tasks
 * while that thread pumps messages; the multithreaded one is one for the process and runs them on a
 * thread of its own. Counted: a registration may outlive the apartment, and is refused from then
 * on.
 */
#pragma once

#include <stdbool.h>

#include <unknwn.h>

#include "libbits/message.h"
#include "libbits/thread.h"

/* The calling thread's, with a reference; a thread that did not initialise COM is in the
 * multithreaded one if the process has it. NULL: none, or no memory. */
Apartment *apartment_current(void);
Apartment *apartment_ref(Apartment *apartment);
Apartment *apartment_unref(Apartment *apartment);

bool apartment_post(Apartment *apartment,
                    Task *task); /* false: it has ended, the task is untouched */

/* Releases a program's object where it lives, at once if that is here. When the apartment has ended
 * there is no other place: at once too. */
void apartment_release(Apartment *apartment, IUnknown *object);

void apartment_abandon(Thread *thread); /* the thread ends without CoUninitialize */
void apartment_after_fork(void);        /* in the child: the dispatcher was not copied */
