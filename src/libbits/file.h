/*
 * A file of a job: IBackgroundCopyFile6, which is every older one too. It holds the file's path at
 * the service and a blanket, nothing else of the file.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include <bits.h>

#include "libbits/call.h"
#include "libbits/job.h"
#include "libbits/security.h"

#define FILE_PATH_SIZE (JOB_PATH_SIZE + sizeof("/file/4294967295"))

typedef struct File {
        IBackgroundCopyFile6 file;
        atomic_uint refs;
        Blanket blanket;
        char path[FILE_PATH_SIZE];
} File;

static inline File *impl_from_file(IBackgroundCopyFile6 *file)
{
        return (File *)((char *)file - offsetof(File, file));
}

HRESULT file_new(const char *job_path, uint32_t index, IBackgroundCopyFile **ret);

static inline Remote file_remote(IBackgroundCopyFile6 *This)
{
        File *file = impl_from_file(This);

        return (Remote){file->path, "org.bitsd1.File", &file->blanket};
}

Blanket *file_blanket(const IUnknown *proxy); /* NULL: not a file of ours */

/* file-later.c: the methods of IBackgroundCopyFile2 to 6 */
HRESULT file2_get_file_ranges(IBackgroundCopyFile6 *This, DWORD *RangeCount,
                              BG_FILE_RANGE **Ranges);
HRESULT file2_set_remote_name(IBackgroundCopyFile6 *This, LPCWSTR Val);
HRESULT file3_get_temporary_name(IBackgroundCopyFile6 *This, LPWSTR *pFilename);
HRESULT file3_set_validation_state(IBackgroundCopyFile6 *This, BOOL state);
HRESULT file3_get_validation_state(IBackgroundCopyFile6 *This, BOOL *pState);
HRESULT file3_is_downloaded_from_peer(IBackgroundCopyFile6 *This, BOOL *pVal);
HRESULT file4_get_peer_download_stats(IBackgroundCopyFile6 *This, UINT64 *pFromOrigin,
                                      UINT64 *pFromPeers);
HRESULT file5_set_property(IBackgroundCopyFile6 *This, BITS_FILE_PROPERTY_ID PropertyId,
                           BITS_FILE_PROPERTY_VALUE PropertyValue);
HRESULT file5_get_property(IBackgroundCopyFile6 *This, BITS_FILE_PROPERTY_ID PropertyId,
                           BITS_FILE_PROPERTY_VALUE *PropertyValue);
HRESULT file6_update_download_position(IBackgroundCopyFile6 *This, UINT64 offset);
HRESULT file6_request_file_ranges(IBackgroundCopyFile6 *This, DWORD rangeCount,
                                  const BG_FILE_RANGE ranges[]);
HRESULT file6_get_filled_file_ranges(IBackgroundCopyFile6 *This, DWORD *rangeCount,
                                     BG_FILE_RANGE **ranges);
