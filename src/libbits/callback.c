/* Callback delivery. Invariant: a program's code runs in its own apartment and under no lock, and
 * each call of the service's gets exactly one answer. */
#include "libbits/callback.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/cleanup.h"
#include "libbits/connection.h"
#include "libbits/error.h"
#include "libbits/file.h"
#include "libbits/job.h"
#include "libbits/range.h"

#define CALLBACK_PATH      "/org/bitsd1/callback"
#define CALLBACK_INTERFACE "org.bitsd1.Callback"

typedef enum NotifyLevel { /* the newest interface that an object has; values of SetNotifyLevel */
        LEVEL_NONE,
        LEVEL_JOB,
        LEVEL_FILE,
        LEVEL_RANGES,
} NotifyLevel;

typedef struct Registration {
        TAILQ_ENTRY(Registration) link; /* registry */
        unsigned refs;
        bool removed;
        uint64_t serial; /* of the connection it was made on; UINT64_MAX: being made */
        char job_path[JOB_PATH_SIZE];
        Apartment *apartment;
        IUnknown *object; /* as the program gave it */
        NotifyLevel level;
        IBackgroundCopyCallback *callback; /* IBackgroundCopyCallback2 or 3 from those levels on */
} Registration;
typedef TAILQ_HEAD(RegistrationList, Registration) RegistrationList;

typedef enum NotificationKind {
        NOTIFY_TRANSFERRED,
        NOTIFY_ERROR,
        NOTIFY_MODIFICATION,
        NOTIFY_FILE,
        NOTIFY_RANGES,
} NotificationKind;

typedef struct Notification {
        Task task;
        NotificationKind kind;
        Registration *registration;
        sd_bus_message *call;
        uint64_t serial;
        char job_path[JOB_PATH_SIZE];
        ErrorInfo error;     /* of NOTIFY_ERROR */
        uint32_t file_index; /* of NOTIFY_FILE and NOTIFY_RANGES */
        RangeList ranges;    /* of NOTIFY_RANGES */
} Notification;

static struct {
        pthread_mutex_t lock;  /* of the list and of every count; taken after the connection's */
        RegistrationList list; /* the newest of a job comes first, and is the one that counts */
} registry = {PTHREAD_MUTEX_INITIALIZER, TAILQ_HEAD_INITIALIZER(registry.list)};

/* ---- registrations -----------------------------------------------------------------------------
 */

/* Under the lock. */
static Registration *find(const char *job_path)
{
        Registration *registration;

        TAILQ_FOREACH (registration, &registry.list, link)
                if (strcmp(registration->job_path, job_path) == 0)
                        return registration;
        return NULL;
}

static void registration_unref(Registration *registration)
{
        bool last;

        pthread_mutex_lock(&registry.lock);
        last = --registration->refs == 0;
        pthread_mutex_unlock(&registry.lock);
        if (!last)
                return;
        apartment_release(registration->apartment, (IUnknown *)registration->callback);
        apartment_release(registration->apartment, registration->object);
        apartment_unref(registration->apartment);
        free(registration);
}

/* Moves what fits to a list of the caller's, who then lets it go without the lock. */
static void forget(bool (*fits)(const Registration *registration, const void *what),
                   const void *what)
{
        RegistrationList gone = TAILQ_HEAD_INITIALIZER(gone);
        Registration *registration, *next;

        pthread_mutex_lock(&registry.lock);
        for (registration = TAILQ_FIRST(&registry.list); registration; registration = next) {
                next = TAILQ_NEXT(registration, link);
                if (!fits(registration, what))
                        continue;
                TAILQ_REMOVE(&registry.list, registration, link);
                registration->removed = true;
                TAILQ_INSERT_TAIL(&gone, registration, link);
        }
        pthread_mutex_unlock(&registry.lock);
        while ((registration = TAILQ_FIRST(&gone))) {
                TAILQ_REMOVE(&gone, registration, link);
                registration_unref(registration);
        }
}

static bool is_of_job(const Registration *registration, const void *job_path)
{
        return strcmp(registration->job_path, job_path) == 0;
}

static bool is_of_apartment(const Registration *registration, const void *apartment)
{
        return registration->apartment == apartment;
}

static bool is_of_connection(const Registration *registration, const void *serial)
{
        return registration->serial == *(const uint64_t *)serial;
}

static bool is_this(const Registration *registration, const void *what)
{
        return registration == what;
}

static bool is_other_of_job(const Registration *registration, const void *what)
{
        return registration != what &&
               is_of_job(registration, ((const Registration *)what)->job_path);
}

void callback_forget_job(const char *job_path)
{
        forget(is_of_job, job_path);
}

void callback_forget_apartment(const Apartment *apartment)
{
        forget(is_of_apartment, apartment);
}

void callback_forget_connection(uint64_t serial)
{
        forget(is_of_connection, &serial);
}

static HRESULT query_newest(IUnknown *object, NotifyLevel *ret_level, IBackgroundCopyCallback **ret)
{
        static const IID *const iids[] = {
                [LEVEL_JOB] = &IID_IBackgroundCopyCallback,
                [LEVEL_FILE] = &IID_IBackgroundCopyCallback2,
                [LEVEL_RANGES] = &IID_IBackgroundCopyCallback3,
        };
        HRESULT hr = E_NOINTERFACE;

        for (NotifyLevel level = LEVEL_RANGES; level > LEVEL_NONE; level--) {
                hr = object->lpVtbl->QueryInterface(object, iids[level], (void **)ret);
                *ret_level = level;
                if (SUCCEEDED(hr))
                        break;
        }
        return hr; /* of the oldest, if it has none */
}

static HRESULT registration_new(const char *job_path, IUnknown *object, Registration **ret)
{
        IBackgroundCopyCallback *callback;
        Registration *registration;
        Apartment *apartment;
        NotifyLevel level;
        HRESULT hr;

        apartment = apartment_current();
        if (!apartment)
                return CO_E_NOTINITIALIZED;
        hr = query_newest(object, &level, &callback);
        registration = SUCCEEDED(hr) ? calloc(1, sizeof(*registration)) : NULL;
        if (!registration) {
                apartment_unref(apartment);
                if (FAILED(hr))
                        return hr;
                callback->lpVtbl->Release(callback);
                return E_OUTOFMEMORY;
        }
        object->lpVtbl->AddRef(object);
        *registration = (Registration){
                .refs = 2, /* the list's and the caller's */
                .serial = UINT64_MAX,
                .apartment = apartment,
                .object = object,
                .level = level,
                .callback = callback,
        };
        memccpy(registration->job_path, job_path, 0, JOB_PATH_SIZE);
        *ret = registration;
        return S_OK;
}

/* The older call says as much of an object of 1.0, also to a service that has no other. */
static HRESULT announce(const Remote *remote, NotifyLevel level)
{
        return level <= LEVEL_JOB ? call_switch(remote, "SetNotifyInterface", level == LEVEL_JOB)
                                  : call_number(remote, "SetNotifyLevel", level);
}

HRESULT callback_set(const Remote *remote, IUnknown *object)
{
        Registration *registration;
        uint64_t serial;
        HRESULT hr;

        if (!object) {
                hr = announce(remote, LEVEL_NONE);
                if (SUCCEEDED(hr))
                        callback_forget_job(remote->path);
                return hr;
        }
        hr = registration_new(remote->path, object, &registration);
        if (FAILED(hr))
                return hr;
        pthread_mutex_lock(&registry.lock); /* before the service knows: it may call at once */
        TAILQ_INSERT_HEAD(&registry.list, registration, link);
        pthread_mutex_unlock(&registry.lock);
        hr = announce(remote, registration->level);
        if (SUCCEEDED(hr)) {
                forget(is_other_of_job, registration);
                serial = connection_serial(NULL);
                pthread_mutex_lock(&registry.lock);
                registration->serial = serial;
                pthread_mutex_unlock(&registry.lock);
        } else
                forget(is_this, registration);
        registration_unref(registration);
        return hr;
}

IUnknown *callback_get(const char *job_path)
{
        const Registration *registration;
        IUnknown *object = NULL;

        pthread_mutex_lock(&registry.lock);
        registration = find(job_path);
        if (registration) {
                object = registration->object;
                object->lpVtbl->AddRef(object);
        }
        pthread_mutex_unlock(&registry.lock);
        return object;
}

/* ---- delivery: in the object's apartment
 * --------------------------------------------------------- */

static HRESULT deliver_error(const Notification *n, IBackgroundCopyJob *job)
{
        IBackgroundCopyCallback *callback = n->registration->callback;
        IBackgroundCopyError *error;
        HRESULT hr;

        hr = error_new(n->job_path, &n->error, &error);
        if (FAILED(hr))
                return hr;
        hr = callback->lpVtbl->JobError(callback, job, error);
        error->lpVtbl->Release(error);
        return hr;
}

static HRESULT deliver_file(const Notification *n, IBackgroundCopyJob *job)
{
        IUnknown *callback = (IUnknown *)n->registration->callback;
        IBackgroundCopyCallback2 *two = (IBackgroundCopyCallback2 *)callback;
        IBackgroundCopyCallback3 *three = (IBackgroundCopyCallback3 *)callback;
        IBackgroundCopyFile *file;
        HRESULT hr;

        hr = file_new(n->job_path, n->file_index, &file);
        if (FAILED(hr))
                return hr;
        hr = n->kind == NOTIFY_FILE ? two->lpVtbl->FileTransferred(two, job, file)
                                    : three->lpVtbl->FileRangesTransferred(
                                              three, job, file, n->ranges.n, n->ranges.ranges);
        file->lpVtbl->Release(file);
        return hr;
}

static HRESULT deliver(const Notification *n)
{
        IBackgroundCopyCallback *callback = n->registration->callback;
        IBackgroundCopyJob *job;
        HRESULT hr;

        hr = job_new(n->job_path, &job);
        if (FAILED(hr))
                return hr;
        switch (n->kind) {
        case NOTIFY_TRANSFERRED:
                hr = callback->lpVtbl->JobTransferred(callback, job);
                break;
        case NOTIFY_ERROR:
                hr = deliver_error(n, job);
                break;
        case NOTIFY_MODIFICATION:
                hr = callback->lpVtbl->JobModification(callback, job, 0);
                break;
        case NOTIFY_FILE:
        case NOTIFY_RANGES:
                hr = deliver_file(n, job);
                break;
        }
        job->lpVtbl->Release(job);
        return hr;
}

static void notification_free(Notification *n)
{
        error_info_clear(&n->error);
        range_list_clear(&n->ranges);
        free(n);
}

static void run_notification(Task *task, bool delivered)
{
        Notification *n = (Notification *)task;
        HRESULT hr = RPC_E_DISCONNECTED;

        pthread_mutex_lock(&registry.lock);
        delivered = delivered && !n->registration->removed;
        pthread_mutex_unlock(&registry.lock);
        if (delivered)
                hr = deliver(n);
        connection_reply(n->serial, n->call, hr);
        registration_unref(n->registration);
        notification_free(n);
}

/* ---- the service's calls: on the I/O thread, under the connection's lock
 * --------------------------- */

/* 1; -ENOTCONN: there is no object any more; -EOPNOTSUPP: it is too old for this. */
static int post(Notification *n)
{
        static const NotifyLevel needed[] = {
                [NOTIFY_TRANSFERRED] = LEVEL_JOB,  [NOTIFY_ERROR] = LEVEL_JOB,
                [NOTIFY_MODIFICATION] = LEVEL_JOB, [NOTIFY_FILE] = LEVEL_FILE,
                [NOTIFY_RANGES] = LEVEL_RANGES,
        };
        int r = -ENOTCONN;

        pthread_mutex_lock(&registry.lock);
        n->registration = find(n->job_path);
        if (n->registration && n->registration->level < needed[n->kind])
                r = -EOPNOTSUPP;
        else if (n->registration) {
                n->registration->refs++;
                if (apartment_post(n->registration->apartment, &n->task))
                        r = 1;
                else
                        n->registration->refs--; /* the list has one: never the last */
        }
        pthread_mutex_unlock(&registry.lock);
        return r;
}

static int read_notification(sd_bus_message *m, Notification *ret)
{
        int r = job_read_path(m, ret->job_path);

        if (r < 0)
                return r;
        switch (ret->kind) {
        case NOTIFY_TRANSFERRED:
        case NOTIFY_MODIFICATION:
                return 0;
        case NOTIFY_ERROR:
                return error_info_read(m, &ret->error);
        case NOTIFY_FILE:
        case NOTIFY_RANGES:
                break;
        }
        r = call_read_number(m, &ret->file_index);
        return r < 0 || ret->kind == NOTIFY_FILE ? r : range_list_read(m, &ret->ranges);
}

static int receive(sd_bus_message *m, void *userdata, NotificationKind kind)
{
        Notification *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        *n = (Notification){
                .task.run = run_notification,
                .kind = kind,
                .serial = (uint64_t)(uintptr_t)userdata,
                .call = sd_bus_message_ref(m),
        };
        r = read_notification(m, n);
        if (r >= 0)
                r = post(n);
        if (r >= 0)
                return 1;
        sd_bus_message_unref(n->call);
        notification_free(n);
        return r == -ENOTCONN     ? sd_bus_reply_method_return(m, "i", RPC_E_DISCONNECTED)
               : r == -EOPNOTSUPP ? sd_bus_reply_method_return(m, "i", S_OK)
                                  : r;
}

static int on_transferred(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return receive(m, userdata, NOTIFY_TRANSFERRED);
}

static int on_error(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return receive(m, userdata, NOTIFY_ERROR);
}

static int on_modification(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return receive(m, userdata, NOTIFY_MODIFICATION);
}

static int on_file_transferred(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return receive(m, userdata, NOTIFY_FILE);
}

static int on_ranges_transferred(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return receive(m, userdata, NOTIFY_RANGES);
}

#define METHOD(name, in, handler) SD_BUS_METHOD(name, in, "i", handler, SD_BUS_VTABLE_UNPRIVILEGED)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("JobTransferred", "o", on_transferred),
        METHOD("JobError", "oiuiss", on_error),
        METHOD("JobModification", "ou", on_modification),
        METHOD("FileTransferred", "ou", on_file_transferred),
        METHOD("FileRangesTransferred", "oua(tt)", on_ranges_transferred),
        SD_BUS_VTABLE_END,
};

int callback_export(sd_bus *bus, uint64_t serial)
{
        return sd_bus_add_object_vtable(bus, NULL, CALLBACK_PATH, CALLBACK_INTERFACE, vtable,
                                        (void *)(uintptr_t)serial);
}

void callback_after_fork(void)
{
        pthread_mutex_init(&registry.lock, NULL);
        TAILQ_INIT(&registry.list); /* the parent's objects are not called here */
}
