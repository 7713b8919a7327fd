/* Manager objects; they hold nothing but their blanket. */
#include "libbits/manager.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "libbits/authorization.h"
#include "libbits/call.h"
#include "libbits/enumerator.h"
#include "libbits/iid.h"
#include "libbits/job.h"
#include "libbits/text.h"

enum {
        PAGE_MAX = 256,
};

typedef struct Manager {
        IBackgroundCopyManager manager;
        atomic_uint refs;
        Blanket blanket;
} Manager;

static Manager *impl_from_manager(IBackgroundCopyManager *manager)
{
        return (Manager *)((char *)manager - offsetof(Manager, manager));
}

static Remote remote_of(IBackgroundCopyManager *This)
{
        return (Remote){MANAGER_PATH, "org.bitsd1.Manager", &impl_from_manager(This)->blanket};
}

static ULONG manager_add_ref(IBackgroundCopyManager *This)
{
        return atomic_fetch_add(&impl_from_manager(This)->refs, 1) + 1;
}

static ULONG manager_release(IBackgroundCopyManager *This)
{
        Manager *manager = impl_from_manager(This);
        ULONG left = atomic_fetch_sub(&manager->refs, 1) - 1;

        if (left == 0) {
                blanket_clear(&manager->blanket);
                free(manager);
        }
        return left;
}

static HRESULT manager_query_interface(IBackgroundCopyManager *This, REFIID riid, void **ppvObject)
{
        if (!riid || !ppvObject)
                return E_POINTER;
        *ppvObject = NULL;
        if (!IsEqualIID(riid, &IID_IUnknown) && !IsEqualIID(riid, &IID_IBackgroundCopyManager))
                return E_NOINTERFACE;
        manager_add_ref(This);
        *ppvObject = This;
        return S_OK;
}

/* ---- CreateJob, GetJob
 * --------------------------------------------------------------------------- */

typedef struct NewJob {
        const char *name;
        uint32_t type;
        GUID id;
        char path[JOB_PATH_SIZE];
} NewJob;

static int write_new_job(sd_bus_message *m, const void *arguments)
{
        const NewJob *job = arguments;

        return sd_bus_message_append(m, "su", job->name, job->type);
}

static int read_new_job(sd_bus_message *m, void *ret)
{
        NewJob *job = ret;
        const char *id;
        int r;

        r = sd_bus_message_read(m, "s", &id);
        if (r >= 0)
                r = iid_parse(id, &job->id);
        return r < 0 ? r : job_read_path(m, job->path);
}

static HRESULT manager_create_job(IBackgroundCopyManager *This, LPCWSTR DisplayName,
                                  BG_JOB_TYPE Type, GUID *pJobId, IBackgroundCopyJob **ppJob)
{
        NewJob job = {.type = (uint32_t)Type};
        _cleanup_(freep) char *name = NULL;
        Remote remote = remote_of(This);
        HRESULT hr;

        if (!pJobId || !ppJob)
                return E_INVALIDARG;
        hr = text_argument(DisplayName, &name);
        if (SUCCEEDED(hr))
                hr = blanket_check_own(remote.blanket);
        if (FAILED(hr))
                return hr;
        authorization_renew();
        job.name = name;
        hr = call_remote(&remote, &(Call){"CreateJob", write_new_job, &job, read_new_job, &job});
        if (SUCCEEDED(hr))
                hr = job_new(job.path, ppJob);
        if (SUCCEEDED(hr))
                *pJobId = job.id;
        return hr;
}

static int write_id(sd_bus_message *m, const void *id)
{
        return sd_bus_message_append_basic(m, 's', id);
}

static HRESULT manager_get_job(IBackgroundCopyManager *This, REFGUID jobID,
                               IBackgroundCopyJob **ppJob)
{
        char id[GUID_TEXT_SIZE], path[JOB_PATH_SIZE];
        Remote remote = remote_of(This);
        HRESULT hr;

        if (!jobID || !ppJob)
                return E_INVALIDARG;
        hr = blanket_check_own(remote.blanket);
        if (FAILED(hr))
                return hr;
        iid_to_text(jobID, id);
        hr = call_remote(&remote, &(Call){"GetJob", write_id, id, job_read_path, path});
        return FAILED(hr) ? hr : job_new(path, ppJob);
}

/* ---- EnumJobs
 * ------------------------------------------------------------------------------------ */

typedef struct JobPage {
        uint32_t flags;
        uint64_t after, next;
        size_t n;
        char paths[PAGE_MAX][JOB_PATH_SIZE];
} JobPage;

static int write_page(sd_bus_message *m, const void *arguments)
{
        const JobPage *page = arguments;

        return sd_bus_message_append(m, "utu", page->flags, page->after, PAGE_MAX);
}

static int read_page(sd_bus_message *m, void *ret)
{
        JobPage *page = ret;
        const char *id;
        int r;

        page->n = 0;
        r = sd_bus_message_enter_container(m, 'a', "(so)");
        while (r >= 0 && page->n < PAGE_MAX &&
               (r = sd_bus_message_enter_container(m, 'r', "so")) > 0) {
                r = sd_bus_message_read(m, "s", &id);
                if (r >= 0)
                        r = job_read_path(m, page->paths[page->n++]);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_read(m, "t", &page->next);
}

static HRESULT append_page(Snapshot *snapshot, const JobPage *page)
{
        IBackgroundCopyJob *job;
        HRESULT hr = S_OK;

        for (size_t i = 0; i < page->n && SUCCEEDED(hr); i++) {
                hr = job_new(page->paths[i], &job);
                if (SUCCEEDED(hr))
                        hr = snapshot_append(snapshot, job);
        }
        return hr;
}

static HRESULT manager_enum_jobs(IBackgroundCopyManager *This, DWORD dwFlags,
                                 IEnumBackgroundCopyJobs **ppEnum)
{
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        _cleanup_(freep) JobPage *page = NULL;
        Remote remote = remote_of(This);
        HRESULT hr;

        if (!ppEnum)
                return E_INVALIDARG;
        hr = blanket_check_own(remote.blanket);
        if (FAILED(hr))
                return hr;
        snapshot = snapshot_new();
        page = calloc(1, sizeof(*page));
        if (!snapshot || !page)
                return E_OUTOFMEMORY;
        page->flags = dwFlags;
        do {
                page->after = page->next;
                hr = call_remote(&remote, &(Call){"ListJobs", write_page, page, read_page, page});
                if (SUCCEEDED(hr))
                        hr = append_page(snapshot, page);
        } while (SUCCEEDED(hr) && page->next > page->after);
        return FAILED(hr) ? hr : enum_jobs_new(snapshot, ppEnum);
}

/* ---- GetErrorDescription
 * --------------------------------------------------------------------------- */

typedef struct Description {
        HRESULT code;
        DWORD language;
        char *text;
} Description;

static int write_description(sd_bus_message *m, const void *arguments)
{
        const Description *description = arguments;

        return sd_bus_message_append(m, "iu", description->code, description->language);
}

static HRESULT describe(const Remote *remote, HRESULT code, DWORD language, LPWSTR *ret)
{
        Description description = {.code = code, .language = language};
        HRESULT hr;

        if (!ret)
                return E_INVALIDARG;
        hr = call_remote(remote, &(Call){"GetErrorDescription", write_description, &description,
                                         call_read_text, &description.text});
        if (SUCCEEDED(hr))
                hr = text_result(description.text, ret);
        free(description.text);
        return hr;
}

HRESULT manager_describe(HRESULT code, DWORD language, LPWSTR *ret)
{
        return describe(&(Remote){MANAGER_PATH, "org.bitsd1.Manager", NULL}, code, language, ret);
}

static HRESULT manager_get_error_description(IBackgroundCopyManager *This, HRESULT hResult,
                                             DWORD LanguageId, LPWSTR *pErrorDescription)
{
        Remote remote = remote_of(This);

        return describe(&remote, hResult, LanguageId, pErrorDescription);
}

static const IBackgroundCopyManagerVtbl vtbl = {
        .QueryInterface = manager_query_interface,
        .AddRef = manager_add_ref,
        .Release = manager_release,
        .CreateJob = manager_create_job,
        .GetJob = manager_get_job,
        .EnumJobs = manager_enum_jobs,
        .GetErrorDescription = manager_get_error_description,
};

HRESULT manager_new(IBackgroundCopyManager **ret)
{
        Manager *manager = calloc(1, sizeof(*manager));

        if (!manager)
                return E_OUTOFMEMORY;
        *manager = (Manager){.manager.lpVtbl = &vtbl, .refs = 1, .blanket = BLANKET_DEFAULT};
        *ret = &manager->manager;
        return S_OK;
}

Blanket *manager_blanket(const IUnknown *proxy)
{
        return (const void *)proxy->lpVtbl == &vtbl
                       ? &impl_from_manager((IBackgroundCopyManager *)proxy)->blanket
                       : NULL;
}
