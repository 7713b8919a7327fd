/*
 * A job's object: IBackgroundCopyJob5, which is every older one too, IBitsTokenOptions and
 * IBackgroundCopyJobHttpOptions3 side by side, one count. It holds the job's path at the service
 * and a blanket for each of the three, nothing else of the job.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

#include <bits.h>

#include "libbits/call.h"
#include "libbits/security.h"

#define JOB_PATH_SIZE sizeof("/org/bitsd1/job/00000000000000000000000000000000")

typedef struct Job {
        IBackgroundCopyJob5 job;
        IBitsTokenOptions options;
        IBackgroundCopyJobHttpOptions3 http;
        atomic_uint refs;
        Blanket blanket, options_blanket, http_blanket;
        char path[JOB_PATH_SIZE];
} Job;

static inline Job *impl_from_job(IBackgroundCopyJob5 *job)
{
        return (Job *)((char *)job - offsetof(Job, job));
}

static inline Job *impl_from_options(IBitsTokenOptions *options)
{
        return (Job *)((char *)options - offsetof(Job, options));
}

static inline Job *impl_from_http(IBackgroundCopyJobHttpOptions3 *http)
{
        return (Job *)((char *)http - offsetof(Job, http));
}

HRESULT job_new(const char *path, IBackgroundCopyJob **ret);
int job_read_path(sd_bus_message *m, void *ret); /* "o" into a char[JOB_PATH_SIZE] */

ULONG job_add_ref(Job *job);
ULONG job_release(Job *job);

/* QueryInterface through a pointer with that blanket; the service checks who asks. */
HRESULT job_query(Job *job, Blanket *blanket, REFIID riid, void **ret);

static inline Remote job_remote(IBackgroundCopyJob5 *This)
{
        Job *job = impl_from_job(This);

        return (Remote){job->path, "org.bitsd1.Job", &job->blanket};
}

Blanket *job_blanket(const IUnknown *proxy);         /* NULL: not a job of ours */
Blanket *job_options_blanket(const IUnknown *proxy); /* NULL: not a job's token options */
Blanket *job_http_blanket(const IUnknown *proxy);    /* NULL: not a job's HTTP options */

extern const IBackgroundCopyJob5Vtbl job_vtbl;                     /* job-methods.c */
extern const IBitsTokenOptionsVtbl token_options_vtbl;             /* token-options.c */
extern const IBackgroundCopyJobHttpOptions3Vtbl http_options_vtbl; /* http-options.c */
