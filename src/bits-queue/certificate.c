#include "certificate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/hresult.h"
#include "base/memfd.h"
#include "commit.h"
#include "http.h"
#include "job.h"
#include "queue.h"
#include "store/secret.h"
#include "text.h"

enum {
        NAME_UNITS_MAX = 255, /* of UTF-16 */
};

/* ---- what bits-file gives -------------------------------------------------------------------- */

HRESULT certificate_error(int result)
{
        switch (result) {
        case -ENODATA:
                return CRYPT_E_NOT_FOUND;
        case -EPERM:
                return E_ACCESSDENIED;
        default:
                return hresult_from_errno(result);
        }
}

int certificate_read(int fd, uint64_t size, FileCertificateFound *ret, char **ret_pem,
                     size_t *ret_size)
{
        uint64_t found;
        size_t rest;
        char *pem;

        /* It comes from a process of the owner's: only what cannot change any more is looked at. */
        if (memfd_size(fd, &found) < 0 || found != size || size <= sizeof(*ret) ||
            size > sizeof(*ret) + FILE_CERTIFICATE_MAX)
                return -EBADMSG;
        rest = (size_t)size - sizeof(*ret);
        pem = calloc(1, rest + 1);
        if (!pem)
                return -ENOMEM;
        if (memfd_read(fd, ret, sizeof(*ret), 0) < 0 ||
            memfd_read(fd, pem, rest, sizeof(*ret)) < 0 ||
            !wire_text_ok(ret->subject, sizeof(ret->subject))) {
                secret_free(pem, rest);
                return -EBADMSG;
        }
        *ret_pem = pem;
        *ret_size = rest;
        return 0;
}

/* The owner's own, whatever the job's helper token is for (behaviour.md §6). */
static Identity owner_of(const Job *job)
{
        return (Identity){.owner = job->owner};
}

void certificate_fetch(const Job *job, FileAnswer answer, void *userdata)
{
        const HttpOptions *http = &job->http;
        FileCertificate request = {
                .header.type = FILE_CERTIFICATE,
                .location = http->certificate_location,
                .by_hash = 1,
        };

        memcpy(request.sha1, http->certificate_hash, sizeof(request.sha1));
        (void)snprintf(request.store, sizeof(request.store), "%s", http->certificate_store);
        file_find_certificate(job->queue, owner_of(job), &request, answer, userdata);
}

/* Its key goes to no server but that of the owner's own name, and nowhere without TLS. */
bool certificate_is_for(const File *file)
{
        return file->job->http.certificate_store && strncasecmp(file->remote, "https://", 8) == 0 &&
               http_is_at_home(file);
}

/* ---- setting --------------------------------------------------------------------------------- */

typedef struct Choice { /* of a certificate, while bits-file looks for it */
        Job *job;       /* a reference */
        uid_t owner;
        FileCertificate request;
        Done done;
} Choice;

static HRESULT adopt(const Choice *choice, const FileCertificateFound *found)
{
        HttpOptions *http = &choice->job->http;
        char *store, *subject;
        size_t units;

        if (job_is_leaving(choice->job))
                return BG_E_INVALID_STATE;
        if (choice->job->owner != choice->owner)
                return E_ACCESSDENIED; /* it changed hands meanwhile */
        if (text_count_utf16(found->subject, &units) < 0)
                return CRYPT_E_NOT_FOUND;
        store = strdup(choice->request.store);
        subject = strdup(found->subject);
        if (!store || !subject) {
                free(store);
                free(subject);
                return E_OUTOFMEMORY;
        }
        http_options_drop_certificate(http);
        http->certificate_location = choice->request.location;
        http->certificate_store = store;
        http->certificate_subject = subject;
        memcpy(http->certificate_hash, found->sha1, sizeof(http->certificate_hash));
        job_touch(choice->job);
        return S_OK;
}

static void on_found(void *userdata, int result, const FileReply *reply, int fd)
{
        _cleanup_(freep) Choice *choice = userdata;
        FileCertificateFound found;
        size_t size = 0;
        char *pem = NULL;
        HRESULT hr;

        if (!reply)
                hr = job_no_worker(result);
        else if (result < 0)
                hr = certificate_error(result);
        else {
                result = certificate_read(fd, reply->size, &found, &pem, &size);
                hr = result < 0 ? E_UNEXPECTED : adopt(choice, &found);
        }
        secret_free(pem, size);
        closep(&fd);
        job_commit(choice->job, hr, choice->done);
        job_unref(choice->job);
}

static bool is_a_name(const char *store)
{
        return *store && !strchr(store, '/') && strcmp(store, ".") != 0 && strcmp(store, "..") != 0;
}

static HRESULT check_name(const char *name)
{
        size_t units;

        if (text_count_utf16(name, &units) < 0)
                return E_INVALIDARG;
        return units > NAME_UNITS_MAX ? BG_E_STRING_TOO_LONG : S_OK;
}

static HRESULT check_choice(const Job *job, uint32_t location, const char *store,
                            const char *subject)
{
        HRESULT hr;

        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (location > CERTIFICATE_LOCATION_MAX)
                return E_NOTIMPL;
        hr = check_name(store);
        if (SUCCEEDED(hr) && subject)
                hr = *subject ? check_name(subject) : E_INVALIDARG;
        if (FAILED(hr))
                return hr;
        /* Services, groups and policies have none here. */
        return location > FILE_STORE_MACHINE || !is_a_name(store)
                       ? HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)
                       : S_OK;
}

void job_set_client_certificate(Job *job, uint32_t location, const char *store, const uint8_t *sha1,
                                const char *subject, Done done)
{
        HRESULT hr = check_choice(job, location, store, sha1 ? NULL : subject);
        Choice *choice = SUCCEEDED(hr) ? calloc(1, sizeof(*choice)) : NULL;

        if (!choice) {
                done_call(&done, FAILED(hr) ? hr : E_OUTOFMEMORY);
                return;
        }
        *choice = (Choice){
                .job = job_ref(job),
                .owner = job->owner,
                .request = {.header.type = FILE_CERTIFICATE,
                            .location = location,
                            .by_hash = sha1 != NULL},
                .done = done,
        };
        (void)snprintf(choice->request.store, FILE_STORE_SIZE, "%s", store);
        if (sha1)
                memcpy(choice->request.sha1, sha1, sizeof(choice->request.sha1));
        else
                (void)snprintf(choice->request.subject, FILE_SUBJECT_SIZE, "%s", subject);
        file_find_certificate(job->queue, owner_of(job), &choice->request, on_found, choice);
}

HRESULT job_remove_client_certificate(Job *job)
{
        if (job_is_leaving(job))
                return BG_E_INVALID_STATE;
        if (!job->http.certificate_store)
                return S_FALSE;
        http_options_drop_certificate(&job->http);
        job_touch(job);
        return S_OK;
}
