#include "http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host.h"
#include "http-headers.h"
#include "job.h"
#include "queue.h"
#include "schedule.h"
#include "source.h"
#include "store/store.h"
#include "transfer.h"

#define METHOD_DEFAULT "GET"

void job_drop_http_secrets(Job *job)
{
        sealed_clear(&job->http.headers);
        job->http.headers_write_only = false;
        http_options_drop_certificate(&job->http);
}

/* ---- security flags -------------------------------------------------------------------------- */

/* behaviour.md §10: revocation is checked before a file starts, and so for the bytes that are
 * there. */
static void begin_anew(Job *job)
{
        for (size_t i = 0; i < job->n_files; i++) {
                File *file = job->files[i];

                if (file->state != FILE_WAITING || source_is_local(file->remote) ||
                    (file->offset == 0 && !file->transfer))
                        continue;
                if (file->transfer)
                        transfer_abandon(file->transfer);
                file_forget_bytes(file);
                /* What fails here fails the commit (trouble.h). */
                (void)store_update_file(job->queue->store, file);
        }
}

HRESULT job_set_security_flags(Job *job, uint32_t flags)
{
        uint32_t policy = flags & REDIRECT_POLICY_MASK;
        int r;

        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (flags & ~(SSL_FLAGS_ALL | REDIRECT_POLICY_MASK | REDIRECT_HTTPS_TO_HTTP) ||
            (policy != REDIRECT_ALLOW_SILENT && policy != REDIRECT_ALLOW_REPORT &&
             policy != REDIRECT_DISALLOW))
                return E_NOTIMPL;
        if (flags & ~job->http.security_flags & SSL_ENABLE_CRL_CHECK) {
                r = job_load_files(job);
                if (r < 0)
                        return job_load_error(r);
                begin_anew(job);
        }
        job->http.security_flags = flags;
        job_touch(job);
        return S_OK;
}

/* ---- the method ------------------------------------------------------------------------------ */

static bool has_ranges(const Job *job)
{
        for (size_t i = 0; i < job->n_files; i++)
                if (job->files[i]->n_ranges > 0)
                        return true;
        return false;
}

HRESULT job_set_http_method(Job *job, const char *method)
{
        bool is_default = strcmp(method, METHOD_DEFAULT) == 0;
        char *copy = NULL;
        int r;

        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (FAILED(method_check(method)))
                return E_INVALIDARG;
        if (job->resumed)
                return BG_E_READ_ONLY_PROPERTY_AFTER_RESUME;
        r = job_load_files(job);
        if (r < 0)
                return job_load_error(r);
        if (!is_default && (job->dynamic_content || job->on_demand || has_ranges(job)))
                return BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD;
        if (!is_default) {
                copy = strdup(method);
                if (!copy)
                        return E_OUTOFMEMORY;
                job->priority = PRIORITY_FOREGROUND;
        }
        free(job->http.method);
        job->http.method = copy;
        job_touch(job);
        return S_OK;
}

const char *job_http_method(const Job *job)
{
        return job->http.method ? job->http.method : METHOD_DEFAULT;
}

bool http_is_at_home(const File *file)
{
        return !file->named || host_is_same_origin(file->named, file->remote);
}

bool http_starts_over(const File *file)
{
        const Job *job = file->job;

        return (job->dynamic_content || job->http.method) && file->state == FILE_WAITING &&
               !source_is_local(file->remote);
}

bool http_is_spent(const File *file)
{
        return file->sent && file->job->http.method && file->state == FILE_WAITING;
}

void job_allow_requests(Job *job)
{
        for (size_t i = 0; i < job->n_files && job->http.method; i++)
                if (job->files[i]->sent) {
                        job->files[i]->sent = false;
                        (void)store_update_file(job->queue->store, job->files[i]);
                }
}

/* ---- custom headers -------------------------------------------------------------------------- */

HRESULT job_set_custom_headers(Job *job, const char *text, const char **ret_why)
{
        char *lines = NULL;
        HRESULT hr;
        int r = 0;

        *ret_why = NULL;
        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        hr = headers_normalize(text, &lines, ret_why);
        if (FAILED(hr))
                return hr;
        if (*lines)
                r = secret_seal(job->queue->seal_key, &job->id, "headers", lines, strlen(lines),
                                &job->http.headers);
        else
                sealed_clear(&job->http.headers);
        secret_free(lines, strlen(lines));
        if (r < 0)
                return E_OUTOFMEMORY;
        job_touch(job);
        return S_OK;
}

HRESULT job_get_custom_headers(const Job *job, char **ret, size_t *ret_size)
{
        int r;

        if (job->http.headers_write_only)
                return E_ACCESSDENIED;
        if (!job->http.headers.data)
                return S_FALSE;
        r = secret_open(job->queue->seal_key, &job->id, "headers", &job->http.headers, ret,
                        ret_size);
        return r == 0 ? S_OK : r == -ENOMEM ? E_OUTOFMEMORY : BG_E_DATABASE_CORRUPT;
}

HRESULT job_make_headers_write_only(Job *job)
{
        if (job_is_leaving(job) || job->http.headers_write_only)
                return S_OK;
        job->http.headers_write_only = true;
        job_touch(job);
        return S_OK;
}
