/* The life of a job's object. What its methods do is in job-methods.c, job-settings.c, job2.c
 * to job5.c, token-options.c and http-options.c. */
#include "libbits/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

HRESULT job_new(const char *path, IBackgroundCopyJob **ret)
{
        Job *job = calloc(1, sizeof(*job));

        if (!job)
                return E_OUTOFMEMORY;
        *job = (Job){
                .job.lpVtbl = &job_vtbl,
                .options.lpVtbl = &token_options_vtbl,
                .http.lpVtbl = &http_options_vtbl,
                .refs = 1,
                .blanket = BLANKET_DEFAULT,
                .options_blanket = BLANKET_DEFAULT,
                .http_blanket = BLANKET_DEFAULT,
        };
        memccpy(job->path, path, 0, JOB_PATH_SIZE);
        *ret = (IBackgroundCopyJob *)&job->job;
        return S_OK;
}

int job_read_path(sd_bus_message *m, void *ret)
{
        const char *path;
        int r = sd_bus_message_read(m, "o", &path);

        if (r < 0)
                return r;
        if (strlen(path) != JOB_PATH_SIZE - 1)
                return -EBADMSG;
        memcpy(ret, path, JOB_PATH_SIZE);
        return 0;
}

ULONG job_add_ref(Job *job)
{
        return atomic_fetch_add(&job->refs, 1) + 1;
}

ULONG job_release(Job *job)
{
        ULONG left = atomic_fetch_sub(&job->refs, 1) - 1;

        if (left == 0) {
                blanket_clear(&job->blanket);
                blanket_clear(&job->options_blanket);
                blanket_clear(&job->http_blanket);
                free(job);
        }
        return left;
}

static int write_name(sd_bus_message *m, const void *name)
{
        return sd_bus_message_append_basic(m, 's', name);
}

static HRESULT check_access(const Job *job, Blanket *blanket, const char *interface)
{
        HRESULT hr = blanket_check_own(blanket);

        if (FAILED(hr))
                return hr;
        return call_remote(&(Remote){job->path, "org.bitsd1.Job", blanket},
                           &(Call){"CheckAccess", write_name, interface, NULL, NULL});
}

/* Every table of a job begins with the one before, so that the newest serves them all. */
static const struct {
        const IID *iid;
        const char *name; /* for CheckAccess; NULL: nothing to check */
        size_t face;
} interfaces[] = {
        {&IID_IUnknown, NULL, offsetof(Job, job)},
        {&IID_IBackgroundCopyJob, "IBackgroundCopyJob", offsetof(Job, job)},
        {&IID_IBackgroundCopyJob2, "IBackgroundCopyJob2", offsetof(Job, job)},
        {&IID_IBackgroundCopyJob3, "IBackgroundCopyJob3", offsetof(Job, job)},
        {&IID_IBackgroundCopyJob4, "IBackgroundCopyJob4", offsetof(Job, job)},
        {&IID_IBackgroundCopyJob5, "IBackgroundCopyJob5", offsetof(Job, job)},
        {&IID_IBitsTokenOptions, "IBitsTokenOptions", offsetof(Job, options)},
        {&IID_IBackgroundCopyJobHttpOptions, "IBackgroundCopyJobHttpOptions", offsetof(Job, http)},
        {&IID_IBackgroundCopyJobHttpOptions2, "IBackgroundCopyJobHttpOptions2",
         offsetof(Job, http)},
        {&IID_IBackgroundCopyJobHttpOptions3, "IBackgroundCopyJobHttpOptions3",
         offsetof(Job, http)},
};

HRESULT job_query(Job *job, Blanket *blanket, REFIID riid, void **ret)
{
        size_t i = 0;
        HRESULT hr;

        if (!riid || !ret)
                return E_POINTER;
        *ret = NULL;
        while (i < ELEMENTS(interfaces) && !IsEqualIID(riid, interfaces[i].iid))
                i++;
        if (i == ELEMENTS(interfaces))
                return E_NOINTERFACE;
        hr = interfaces[i].name ? check_access(job, blanket, interfaces[i].name) : S_OK;
        if (FAILED(hr))
                return hr;
        job_add_ref(job);
        *ret = (char *)job + interfaces[i].face;
        return S_OK;
}

Blanket *job_blanket(const IUnknown *proxy)
{
        return (const void *)proxy->lpVtbl == &job_vtbl
                       ? &impl_from_job((IBackgroundCopyJob5 *)proxy)->blanket
                       : NULL;
}

Blanket *job_options_blanket(const IUnknown *proxy)
{
        return (const void *)proxy->lpVtbl == &token_options_vtbl
                       ? &impl_from_options((IBitsTokenOptions *)proxy)->options_blanket
                       : NULL;
}

Blanket *job_http_blanket(const IUnknown *proxy)
{
        return (const void *)proxy->lpVtbl == &http_options_vtbl
                       ? &impl_from_http((IBackgroundCopyJobHttpOptions3 *)proxy)->http_blanket
                       : NULL;
}
