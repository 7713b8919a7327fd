/* Per-thread state, and the Win32 calls about threads and time. */
#include "libbits/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <windows.h>

#include "base/cleanup.h"
#include "libbits/apartment.h"
#include "libbits/message.h"

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool have_key;
static __thread DWORD last_error;

static void thread_free(void *p)
{
        Thread *thread = p;

        /* Programs' objects are released in here, and may call back: the state is still there. */
        (void)pthread_setspecific(key, thread);
        apartment_abandon(thread);
        message_queue_close(thread->queue);
        token_unref(thread->token);
        (void)pthread_setspecific(key, NULL);
        free(thread);
}

static void make_key(void)
{
        have_key = pthread_key_create(&key, thread_free) == 0;
}

Thread *thread_self(void)
{
        Thread *thread;

        (void)pthread_once(&once, make_key);
        if (!have_key)
                return NULL;
        thread = pthread_getspecific(key);
        if (thread)
                return thread;
        thread = calloc(1, sizeof(*thread));
        if (thread && pthread_setspecific(key, thread) != 0) {
                free(thread);
                return NULL;
        }
        return thread;
}

DWORD GetLastError(void)
{
        return last_error;
}

void SetLastError(DWORD dwErrCode)
{
        last_error = dwErrCode;
}

DWORD GetCurrentProcessId(void)
{
        return (DWORD)getpid();
}

DWORD GetCurrentThreadId(void)
{
        return (DWORD)gettid();
}

ULONGLONG GetTickCount64(void)
{
        struct timespec now;

        clock_gettime(CLOCK_BOOTTIME, &now);
        return (ULONGLONG)now.tv_sec * 1000 + (ULONGLONG)now.tv_nsec / 1000000;
}

DWORD GetTickCount(void)
{
        return (DWORD)GetTickCount64();
}

void Sleep(DWORD dwMilliseconds)
{
        struct timespec rest = {
                .tv_sec = dwMilliseconds / 1000,
                .tv_nsec = (long)(dwMilliseconds % 1000) * 1000000,
        };

        while (nanosleep(&rest, &rest) < 0 || dwMilliseconds == INFINITE)
                ;
}

LCID GetThreadLocale(void)
{
        static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
        const char *locale = NULL;

        for (size_t i = 0; i < ELEMENTS(variables) && (!locale || !locale[0]); i++)
                locale = getenv(variables[i]);
        if (locale && strncmp(locale, "de", 2) == 0 && strchr("_.@", locale[2])) /* or its end */
                return MAKELANGID(LANG_GERMAN, SUBLANG_GERMAN);
        return MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US);
}
