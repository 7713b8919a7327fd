/* The life of a job's object. What its methods do is in job-methods.c, job-settings.c and
 * token-options.c. */
#include "libbits/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

HRESULT job_new(const char *path, IBackgroundCopyJob **ret)
{
        Job *job = calloc(1, sizeof(*job));

        if (!job)
                return E_OUTOFMEMORY;
        *job = (Job){
                .job.lpVtbl = &job_vtbl,
                .options.lpVtbl = &token_options_vtbl,
                .refs = 1,
                .blanket = BLANKET_DEFAULT,
                .options_blanket = BLANKET_DEFAULT,
        };
        memccpy(job->path, path, 0, JOB_PATH_SIZE);
        *ret = &job->job;
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

HRESULT job_query(Job *job, Blanket *blanket, REFIID riid, void **ret)
{
        const char *interface = NULL;
        void *face = &job->job;
        HRESULT hr = S_OK;

        if (!riid || !ret)
                return E_POINTER;
        *ret = NULL;
        if (IsEqualIID(riid, &IID_IBackgroundCopyJob))
                interface = "IBackgroundCopyJob";
        else if (IsEqualIID(riid, &IID_IBitsTokenOptions)) {
                interface = "IBitsTokenOptions";
                face = &job->options;
        } else if (!IsEqualIID(riid, &IID_IUnknown))
                return E_NOINTERFACE;
        if (interface)
                hr = check_access(job, blanket, interface);
        if (FAILED(hr))
                return hr;
        job_add_ref(job);
        *ret = face;
        return S_OK;
}

Blanket *job_blanket(const IUnknown *proxy)
{
        return (const void *)proxy->lpVtbl == &job_vtbl
                       ? &impl_from_job((IBackgroundCopyJob *)proxy)->blanket
                       : NULL;
}

Blanket *job_options_blanket(const IUnknown *proxy)
{
        return (const void *)proxy->lpVtbl == &token_options_vtbl
                       ? &impl_from_options((IBitsTokenOptions *)proxy)->options_blanket
                       : NULL;
}
