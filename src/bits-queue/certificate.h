/*
 * The client certificate of a job: which of the owner's it is. The store has its place and its
 * hash; certificate and key stay where they are, and are read afresh by the owner's bits-file when
 * a transfer begins, never by the helper's.
 */
#pragma once

#include <bitsmsg.h>
#include <stdint.h>

#include "done.h"
#include "worker.h"

typedef struct File File;
typedef struct Job Job;

enum { /* values of BG_CERT_STORE_LOCATION_* */
        CERTIFICATE_LOCATION_MAX = 7,
};

/* SetClientCertificateByID, or with sha1 NULL SetClientCertificateByName. E_NOTIMPL: no location;
 * HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND): no such store; CRYPT_E_NOT_FOUND;
 * BG_E_STRING_TOO_LONG; E_INVALIDARG: an empty subject; E_ACCESSDENIED: others may read the key;
 * BG_E_INVALID_STATE. */
void job_set_client_certificate(Job *job, uint32_t location, const char *store, const uint8_t *sha1,
                                const char *subject, Done done);
HRESULT job_remove_client_certificate(Job *job); /* S_FALSE: there is none */

/* Whether the file's remote name is one that the job's certificate is for. */
bool certificate_is_for(const File *file);
/* Asks for it; the answer's descriptor, when result is 0, is for certificate_read(). */
void certificate_fetch(const Job *job, FileAnswer answer, void *userdata);
/* What a failed answer means for the job. */
HRESULT certificate_error(int result);

/* What the owner's bits-file gave, checked. The PEM is for secret_free(). 0 or -EBADMSG, -ENOMEM.
 */
int certificate_read(int fd, uint64_t size, FileCertificateFound *ret, char **ret_pem,
                     size_t *ret_size);
