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
#define SET_VALIDATION     "SetServerCertificateValidationInterface"

typedef enum NotifyLevel { /* the newest interface that an object has; values of SetNotifyLevel */
        LEVEL_NONE,
        LEVEL_JOB,
        LEVEL_FILE,
        LEVEL_RANGES,
        LEVEL_CERTIFICATES, /* of its own: the object that judges servers' certificates */
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
        IUnknown *callback; /* IBackgroundCopyCallback, 2 or 3, or the judge of certificates */
} Registration;
typedef TAILQ_HEAD(RegistrationList, Registration) RegistrationList;

typedef enum NotificationKind {
        NOTIFY_TRANSFERRED,
        NOTIFY_ERROR,
        NOTIFY_MODIFICATION,
        NOTIFY_FILE,
        NOTIFY_RANGES,
        NOTIFY_CERTIFICATE,
} NotificationKind;

typedef struct Notification {
        Task task;
        NotificationKind kind;
        Registration *registration;
        sd_bus_message *call;
        uint64_t serial;
        char job_path[JOB_PATH_SIZE];
        ErrorInfo error;     /* of NOTIFY_ERROR */
        uint32_t file_index; /* of NOTIFY_FILE, NOTIFY_RANGES and NOTIFY_CERTIFICATE */
        RangeList ranges;    /* of NOTIFY_RANGES */
        /* of NOTIFY_CERTIFICATE; both are the call's own */
        const void *certificate, *chain;
        size_t certificate_size, chain_size;
        uint32_t encoding;
} Notification;

static struct {
        pthread_mutex_t lock;  /* of the list and of every count; taken after the connection's */
        RegistrationList list; /* the newest of a job comes first, and is the one that counts */
} registry = {PTHREAD_MUTEX_INITIALIZER, TAILQ_HEAD_INITIALIZER(registry.list)};

/* ---- registrations -----------------------------------------------------------------------------
 */

static bool is_judge(const Registration *registration)
{
        return registration->level == LEVEL_CERTIFICATES;
}

/* Under the lock. */
static Registration *find(const char *job_path, bool judge)
{
        Registration *registration;

        TAILQ_FOREACH (registration, &registry.list, link)
                if (strcmp(registration->job_path, job_path) == 0 &&
                    is_judge(registration) == judge)
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
        apartment_release(registration->apartment, registration->callback);
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

static bool is_receiver_of_job(const Registration *registration, const void *job_path)
{
        return is_of_job(registration, job_path) && !is_judge(registration);
}

static bool is_judge_of_job(const Registration *registration, const void *job_path)
{
        return is_of_job(registration, job_path) && is_judge(registration);
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
               is_of_job(registration, ((const Registration *)what)->job_path) &&
               is_judge(registration) == is_judge(what);
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

static HRESULT query_newest(IUnknown *object, NotifyLevel *ret_level, IUnknown **ret)
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

static HRESULT query_judge(IUnknown *object, NotifyLevel *ret_level, IUnknown **ret)
{
        *ret_level = LEVEL_CERTIFICATES;
        return object->lpVtbl->QueryInterface(
                object, &IID_IBackgroundCopyServerCertificateValidationCallback, (void **)ret);
}

static HRESULT registration_new(const char *job_path, IUnknown *object, bool judge,
                                Registration **ret)
{
        IUnknown *callback;
        Registration *registration;
        Apartment *apartment;
        NotifyLevel level;
        HRESULT hr;

        apartment = apartment_current();
        if (!apartment)
                return CO_E_NOTINITIALIZED;
        hr = (judge ? query_judge : query_newest)(object, &level, &callback);
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

static HRESULT announce_registration(const Remote *remote, const Registration *registration)
{
        return is_judge(registration) ? call_switch(remote, SET_VALIDATION, true)
                                      : announce(remote, registration->level);
}

static HRESULT set_object(const Remote *remote, IUnknown *object, bool judge)
{
        Registration *registration;
        uint64_t serial;
        HRESULT hr;

        hr = registration_new(remote->path, object, judge, &registration);
        if (FAILED(hr))
                return hr;
        pthread_mutex_lock(&registry.lock); /* before the service knows: it may call at once */
        TAILQ_INSERT_HEAD(&registry.list, registration, link);
        pthread_mutex_unlock(&registry.lock);
        hr = announce_registration(remote, registration);
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

HRESULT callback_set(const Remote *remote, IUnknown *object)
{
        HRESULT hr;

        if (object)
                return set_object(remote, object, false);
        hr = announce(remote, LEVEL_NONE);
        if (SUCCEEDED(hr))
                forget(is_receiver_of_job, remote->path);
        return hr;
}

HRESULT callback_set_validation(const Remote *remote, IUnknown *object)
{
        HRESULT hr;

        if (object)
                return set_object(remote, object, true);
        hr = call_switch(remote, SET_VALIDATION, false);
        if (SUCCEEDED(hr))
                forget(is_judge_of_job, remote->path);
        return hr;
}

IUnknown *callback_get(const char *job_path)
{
        const Registration *registration;
        IUnknown *object = NULL;

        pthread_mutex_lock(&registry.lock);
        registration = find(job_path, false);
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
        IBackgroundCopyCallback *callback = (IBackgroundCopyCallback *)n->registration->callback;
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
        IUnknown *callback = n->registration->callback;
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

static HRESULT deliver_certificate(const Notification *n, IBackgroundCopyJob *job)
{
        IBackgroundCopyServerCertificateValidationCallback *judge =
                (IBackgroundCopyServerCertificateValidationCallback *)n->registration->callback;
        IBackgroundCopyFile *file;
        HRESULT hr;

        hr = file_new(n->job_path, n->file_index, &file);
        if (FAILED(hr))
                return hr;
        hr = judge->lpVtbl->ValidateServerCertificate(judge, job, file, (DWORD)n->certificate_size,
                                                      n->certificate, n->encoding,
                                                      (DWORD)n->chain_size, n->chain);
        file->lpVtbl->Release(file);
        return hr;
}

static HRESULT deliver(const Notification *n)
{
        IBackgroundCopyCallback *callback = (IBackgroundCopyCallback *)n->registration->callback;
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
        case NOTIFY_CERTIFICATE:
                hr = deliver_certificate(n, job);
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
                [NOTIFY_RANGES] = LEVEL_RANGES,    [NOTIFY_CERTIFICATE] = LEVEL_CERTIFICATES,
        };
        int r = -ENOTCONN;

        pthread_mutex_lock(&registry.lock);
        n->registration = find(n->job_path, n->kind == NOTIFY_CERTIFICATE);
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

static int read_certificate(sd_bus_message *m, Notification *ret)
{
        int r;

        r = sd_bus_message_read(m, "u", &ret->file_index);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &ret->certificate, &ret->certificate_size);
        if (r >= 0)
                r = sd_bus_message_read(m, "u", &ret->encoding);
        return r < 0 ? r : sd_bus_message_read_array(m, 'y', &ret->chain, &ret->chain_size);
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
        case NOTIFY_CERTIFICATE:
                return read_certificate(m, ret);
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

static int on_validate(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return receive(m, userdata, NOTIFY_CERTIFICATE);
}

#define METHOD(name, in, handler) SD_BUS_METHOD(name, in, "i", handler, SD_BUS_VTABLE_UNPRIVILEGED)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("JobTransferred", "o", on_transferred),
        METHOD("JobError", "oiuiss", on_error),
        METHOD("JobModification", "ou", on_modification),
        METHOD("FileTransferred", "ou", on_file_transferred),
        METHOD("FileRangesTransferred", "oua(tt)", on_ranges_transferred),
        METHOD("ValidateServerCertificate", "ouayuay", on_validate),
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
