/* File objects: a path of the service's, asked anew at every call. */
#include "libbits/file.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

static ULONG file_add_ref(IBackgroundCopyFile6 *This)
{
        return atomic_fetch_add(&impl_from_file(This)->refs, 1) + 1;
}

static ULONG file_release(IBackgroundCopyFile6 *This)
{
        File *file = impl_from_file(This);
        ULONG left = atomic_fetch_sub(&file->refs, 1) - 1;

        if (left == 0) {
                blanket_clear(&file->blanket);
                free(file);
        }
        return left;
}

static HRESULT file_query_interface(IBackgroundCopyFile6 *This, REFIID riid, void **ppvObject)
{
        /* every table of a file begins with the one before, so that the newest serves them all */
        static const IID *const iids[] = {
                &IID_IUnknown,
                &IID_IBackgroundCopyFile,
                &IID_IBackgroundCopyFile2,
                &IID_IBackgroundCopyFile3,
                &IID_IBackgroundCopyFile4,
                &IID_IBackgroundCopyFile5,
                &IID_IBackgroundCopyFile6,
        };

        if (!riid || !ppvObject)
                return E_POINTER;
        *ppvObject = NULL;
        for (size_t i = 0; i < ELEMENTS(iids); i++)
                if (IsEqualIID(riid, iids[i])) {
                        file_add_ref(This);
                        *ppvObject = This;
                        return S_OK;
                }
        return E_NOINTERFACE;
}

static HRESULT file_get_remote_name(IBackgroundCopyFile6 *This, LPWSTR *pVal)
{
        Remote remote = file_remote(This);

        return call_get_text(&remote, "RemoteName", pVal);
}

static HRESULT file_get_local_name(IBackgroundCopyFile6 *This, LPWSTR *pVal)
{
        Remote remote = file_remote(This);

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

static HRESULT file_get_progress(IBackgroundCopyFile6 *This, BG_FILE_PROGRESS *pVal)
{
        Remote remote = file_remote(This);

        return call_get(&remote, "Progress", "(ttb)", read_progress, pVal);
}

static const IBackgroundCopyFile6Vtbl vtbl = {
        .QueryInterface = file_query_interface,
        .AddRef = file_add_ref,
        .Release = file_release,
        .GetRemoteName = file_get_remote_name,
        .GetLocalName = file_get_local_name,
        .GetProgress = file_get_progress,

        .GetFileRanges = file2_get_file_ranges,
        .SetRemoteName = file2_set_remote_name,
        .GetTemporaryName = file3_get_temporary_name,
        .SetValidationState = file3_set_validation_state,
        .GetValidationState = file3_get_validation_state,
        .IsDownloadedFromPeer = file3_is_downloaded_from_peer,
        .GetPeerDownloadStats = file4_get_peer_download_stats,
        .SetProperty = file5_set_property,
        .GetProperty = file5_get_property,
        .UpdateDownloadPosition = file6_update_download_position,
        .RequestFileRanges = file6_request_file_ranges,
        .GetFilledFileRanges = file6_get_filled_file_ranges,
};

HRESULT file_new(const char *job_path, uint32_t index, IBackgroundCopyFile **ret)
{
        File *file = calloc(1, sizeof(*file));

        if (!file)
                return E_OUTOFMEMORY;
        *file = (File){.file.lpVtbl = &vtbl, .refs = 1, .blanket = BLANKET_DEFAULT};
        (void)snprintf(file->path, sizeof(file->path), "%s/file/%u", job_path, index);
        *ret = (IBackgroundCopyFile *)&file->file;
        return S_OK;
}

Blanket *file_blanket(const IUnknown *proxy)
{
        return (const void *)proxy->lpVtbl == &vtbl
                       ? &impl_from_file((IBackgroundCopyFile6 *)proxy)->blanket
                       : NULL;
}
