/* File objects: a path of the service's, asked anew at every call. */
#include "libbits/file.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "libbits/call.h"
#include "libbits/job.h"

#define FILE_PATH_SIZE (JOB_PATH_SIZE + sizeof("/file/4294967295"))

typedef struct File {
        IBackgroundCopyFile file;
        atomic_uint refs;
        Blanket blanket;
        char path[FILE_PATH_SIZE];
} File;

static File *impl_from_file(IBackgroundCopyFile *file)
{
        return (File *)((char *)file - offsetof(File, file));
}

static Remote remote_of(IBackgroundCopyFile *This)
{
        File *file = impl_from_file(This);

        return (Remote){file->path, "org.bitsd1.File", &file->blanket};
}

static ULONG file_add_ref(IBackgroundCopyFile *This)
{
        return atomic_fetch_add(&impl_from_file(This)->refs, 1) + 1;
}

static ULONG file_release(IBackgroundCopyFile *This)
{
        File *file = impl_from_file(This);
        ULONG left = atomic_fetch_sub(&file->refs, 1) - 1;

        if (left == 0) {
                blanket_clear(&file->blanket);
                free(file);
        }
        return left;
}

static HRESULT file_query_interface(IBackgroundCopyFile *This, REFIID riid, void **ppvObject)
{
        if (!riid || !ppvObject)
                return E_POINTER;
        *ppvObject = NULL;
        if (!IsEqualIID(riid, &IID_IUnknown) && !IsEqualIID(riid, &IID_IBackgroundCopyFile))
                return E_NOINTERFACE;
        file_add_ref(This);
        *ppvObject = This;
        return S_OK;
}

static HRESULT file_get_remote_name(IBackgroundCopyFile *This, LPWSTR *pVal)
{
        Remote remote = remote_of(This);

        return call_get_text(&remote, "RemoteName", pVal);
}

static HRESULT file_get_local_name(IBackgroundCopyFile *This, LPWSTR *pVal)
{
        Remote remote = remote_of(This);

        return call_get_text(&remote, "LocalName", pVal);
}

static int read_progress(sd_bus_message *m, void *ret)
{
        BG_FILE_PROGRESS *progress = ret;
        uint64_t total, transferred;
        int completed, r;

        r = sd_bus_message_read(m, "(ttb)", &total, &transferred, &completed);
        if (r >= 0)
                *progress = (BG_FILE_PROGRESS){total, transferred, completed};
        return r;
}

static HRESULT file_get_progress(IBackgroundCopyFile *This, BG_FILE_PROGRESS *pVal)
{
        Remote remote = remote_of(This);

        return call_get(&remote, "Progress", "(ttb)", read_progress, pVal);
}

static const IBackgroundCopyFileVtbl vtbl = {
        .QueryInterface = file_query_interface,
        .AddRef = file_add_ref,
        .Release = file_release,
        .GetRemoteName = file_get_remote_name,
        .GetLocalName = file_get_local_name,
        .GetProgress = file_get_progress,
};

HRESULT file_new(const char *job_path, uint32_t index, IBackgroundCopyFile **ret)
{
        File *file = calloc(1, sizeof(*file));

        if (!file)
                return E_OUTOFMEMORY;
        *file = (File){.file.lpVtbl = &vtbl, .refs = 1, .blanket = BLANKET_DEFAULT};
        (void)snprintf(file->path, sizeof(file->path), "%s/file/%u", job_path, index);
        *ret = &file->file;
        return S_OK;
}

Blanket *file_blanket(const IUnknown *proxy)
{
        return (const void *)proxy->lpVtbl == &vtbl
                       ? &impl_from_file((IBackgroundCopyFile *)proxy)->blanket
                       : NULL;
}
