/* IBackgroundCopyJob: files, actions, error, notification; and the vtable of a job. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "libbits/authorization.h"
#include "libbits/callback.h"
#include "libbits/enumerator.h"
#include "libbits/error.h"
#include "libbits/file.h"
#include "libbits/job-later.h"
#include "libbits/job-settings.h"
#include "libbits/job.h"
#include "libbits/text.h"

enum {
        PAGE_MAX = 256,
        SET_BYTES_MAX = 900000, /* names of one AddFileSet; a message may have 1 MiB */
};

static ULONG job_face_add_ref(IBackgroundCopyJob5 *This)
{
        return job_add_ref(impl_from_job(This));
}

static ULONG job_face_release(IBackgroundCopyJob5 *This)
{
        return job_release(impl_from_job(This));
}

static HRESULT job_face_query_interface(IBackgroundCopyJob5 *This, REFIID riid, void **ppvObject)
{
        Job *job = impl_from_job(This);

        return job_query(job, &job->blanket, riid, ppvObject);
}

/* ---- files
 * --------------------------------------------------------------------------------------- */

typedef struct NameSet {
        TextPair *names;
        size_t n;
} NameSet;

static void name_set_clear(NameSet *set)
{
        for (size_t i = 0; i < set->n; i++)
                text_pair_clear(&set->names[i]);
        free(set->names);
}

static HRESULT name_set_init(NameSet *set, ULONG count, const BG_FILE_INFO *files)
{
        size_t size = 0;
        HRESULT hr;

        if (count == 0 || !files)
                return E_INVALIDARG;
        set->names = calloc(count, sizeof(*set->names));
        if (!set->names)
                return E_OUTOFMEMORY;
        while (set->n < count) {
                const BG_FILE_INFO *file = &files[set->n];
                TextPair *names = &set->names[set->n++];

                hr = text_pair_init(names, file->RemoteName, file->LocalName);
                if (FAILED(hr))
                        return hr;
                size += strlen(names->first) + strlen(names->second) + sizeof("12345678(ss)");
                if (size > SET_BYTES_MAX && count > 1)
                        return BG_E_TOO_MANY_FILES_IN_JOB;
        }
        return S_OK;
}

static int write_name_set(sd_bus_message *m, const void *arguments)
{
        const NameSet *set = arguments;
        int r;

        r = sd_bus_message_open_container(m, 'a', "(ss)");
        for (size_t i = 0; i < set->n && r >= 0; i++)
                r = sd_bus_message_append(m, "(ss)", set->names[i].first, set->names[i].second);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static HRESULT job_add_file_set(IBackgroundCopyJob5 *This, ULONG cFileCount, BG_FILE_INFO *pFileSet)
{
        _cleanup_(name_set_clear) NameSet set = {0};
        Remote remote = job_remote(This);
        HRESULT hr = name_set_init(&set, cFileCount, pFileSet);

        if (FAILED(hr))
                return hr;
        authorization_renew();
        return call_remote(&remote, &(Call){"AddFileSet", write_name_set, &set, NULL, NULL});
}

static HRESULT job_add_file(IBackgroundCopyJob5 *This, LPCWSTR RemoteUrl, LPCWSTR LocalName)
{
        _cleanup_(text_pair_clear) TextPair names = {0};
        Remote remote = job_remote(This);
        HRESULT hr = text_pair_init(&names, RemoteUrl, LocalName);

        if (FAILED(hr))
                return hr;
        authorization_renew();
        return call_remote(&remote, &(Call){"AddFile", call_write_pair, &names, NULL, NULL});
}

typedef struct FilePage {
        uint32_t from, n;
        uint32_t indexes[PAGE_MAX];
} FilePage;

static int write_file_page(sd_bus_message *m, const void *arguments)
{
        return sd_bus_message_append(m, "uu", ((const FilePage *)arguments)->from, PAGE_MAX);
}

static int read_file_page(sd_bus_message *m, void *ret)
{
        FilePage *page = ret;
        const char *remote, *local;
        uint64_t total, transferred;
        int completed, r;

        page->n = 0;
        r = sd_bus_message_enter_container(m, 'a', "(ussttb)");
        while (r >= 0 && page->n < PAGE_MAX &&
               (r = sd_bus_message_read(m, "(ussttb)", &page->indexes[page->n], &remote, &local,
                                        &total, &transferred, &completed)) > 0)
                page->n++;
        return r;
}

static HRESULT job_enum_files(IBackgroundCopyJob5 *This, IEnumBackgroundCopyFiles **pEnum)
{
        _cleanup_(snapshot_unrefp) Snapshot *snapshot = NULL;
        Remote remote = job_remote(This);
        FilePage page = {0};
        HRESULT hr;

        if (!pEnum)
                return E_INVALIDARG;
        snapshot = snapshot_new();
        if (!snapshot)
                return E_OUTOFMEMORY;
        do {
                page.from += page.n;
                hr = call_remote(&remote, &(Call){"ListFiles", write_file_page, &page,
                                                  read_file_page, &page});
                for (uint32_t i = 0; SUCCEEDED(hr) && i < page.n; i++) {
                        IBackgroundCopyFile *file;

                        hr = file_new(remote.path, page.indexes[i], &file);
                        if (SUCCEEDED(hr))
                                hr = snapshot_append(snapshot, file);
                }
        } while (SUCCEEDED(hr) && page.n > 0);
        return FAILED(hr) ? hr : enum_files_new(snapshot, pEnum);
}

/* ---- actions
 * ------------------------------------------------------------------------------------- */

static HRESULT job_suspend(IBackgroundCopyJob5 *This)
{
        Remote remote = job_remote(This);

        return call_plain(&remote, "Suspend");
}

static HRESULT job_resume(IBackgroundCopyJob5 *This)
{
        Remote remote = job_remote(This);

        authorization_renew();
        return call_plain(&remote, "Resume");
}

/* Cancel and Complete: the job is over, and with it its callbacks. */
static HRESULT end_job(IBackgroundCopyJob5 *This, const char *member)
{
        Remote remote = job_remote(This);
        HRESULT hr;

        authorization_renew();
        hr = call_hresult(&remote, member);
        if (SUCCEEDED(hr))
                callback_forget_job(remote.path);
        return hr;
}

static HRESULT job_cancel(IBackgroundCopyJob5 *This)
{
        return end_job(This, "Cancel");
}

static HRESULT job_complete(IBackgroundCopyJob5 *This)
{
        return end_job(This, "Complete");
}

static HRESULT job_take_ownership(IBackgroundCopyJob5 *This)
{
        Remote remote = job_remote(This);
        HRESULT hr = blanket_check_own(remote.blanket);

        if (FAILED(hr))
                return hr;
        authorization_renew();
        return call_plain(&remote, "TakeOwnership");
}

/* ---- error and notification
 * ------------------------------------------------------------------------ */

static int read_error(sd_bus_message *m, void *ret)
{
        return error_info_read(m, ret);
}

static HRESULT job_get_error(IBackgroundCopyJob5 *This, IBackgroundCopyError **ppError)
{
        _cleanup_(error_info_clear) ErrorInfo info = {0};
        Remote remote = job_remote(This);
        HRESULT hr;

        if (!ppError)
                return E_INVALIDARG;
        hr = call_remote(&remote, &(Call){.member = "GetError", .read = read_error, .ret = &info});
        return FAILED(hr) ? hr : error_new(remote.path, &info, ppError);
}

static HRESULT job_set_notify_interface(IBackgroundCopyJob5 *This, IUnknown *Val)
{
        Remote remote = job_remote(This);

        return callback_set(&remote, Val);
}

static HRESULT job_get_notify_interface(IBackgroundCopyJob5 *This, IUnknown **ppVal)
{
        Remote remote = job_remote(This);
        int on = 0;
        HRESULT hr;

        if (!ppVal)
                return E_INVALIDARG;
        hr = call_get(&remote, "NotifyInterface", "b", call_read_switch, &on);
        if (SUCCEEDED(hr))
                *ppVal = on ? callback_get(remote.path) : NULL;
        return hr;
}

const IBackgroundCopyJob5Vtbl job_vtbl = {
        .QueryInterface = job_face_query_interface,
        .AddRef = job_face_add_ref,
        .Release = job_face_release,
        .AddFileSet = job_add_file_set,
        .AddFile = job_add_file,
        .EnumFiles = job_enum_files,
        .Suspend = job_suspend,
        .Resume = job_resume,
        .Cancel = job_cancel,
        .Complete = job_complete,
        .GetId = job_get_id,
        .GetType = job_get_type,
        .GetProgress = job_get_progress,
        .GetTimes = job_get_times,
        .GetState = job_get_state,
        .GetError = job_get_error,
        .GetOwner = job_get_owner,
        .SetDisplayName = job_set_display_name,
        .GetDisplayName = job_get_display_name,
        .SetDescription = job_set_description,
        .GetDescription = job_get_description,
        .SetPriority = job_set_priority,
        .GetPriority = job_get_priority,
        .SetNotifyFlags = job_set_notify_flags,
        .GetNotifyFlags = job_get_notify_flags,
        .SetNotifyInterface = job_set_notify_interface,
        .GetNotifyInterface = job_get_notify_interface,
        .SetMinimumRetryDelay = job_set_minimum_retry_delay,
        .GetMinimumRetryDelay = job_get_minimum_retry_delay,
        .SetNoProgressTimeout = job_set_no_progress_timeout,
        .GetNoProgressTimeout = job_get_no_progress_timeout,
        .GetErrorCount = job_get_error_count,
        .SetProxySettings = job_set_proxy_settings,
        .GetProxySettings = job_get_proxy_settings,
        .TakeOwnership = job_take_ownership,

        .SetNotifyCmdLine = job2_set_notify_cmd_line,
        .GetNotifyCmdLine = job2_get_notify_cmd_line,
        .GetReplyProgress = job2_get_reply_progress,
        .GetReplyData = job2_get_reply_data,
        .SetReplyFileName = job2_set_reply_file_name,
        .GetReplyFileName = job2_get_reply_file_name,
        .SetCredentials = job2_set_credentials,
        .RemoveCredentials = job2_remove_credentials,

        .ReplaceRemotePrefix = job3_replace_remote_prefix,
        .AddFileWithRanges = job3_add_file_with_ranges,
        .SetFileACLFlags = job3_set_file_acl_flags,
        .GetFileACLFlags = job3_get_file_acl_flags,

        .SetPeerCachingFlags = job4_set_peer_caching_flags,
        .GetPeerCachingFlags = job4_get_peer_caching_flags,
        .GetOwnerIntegrityLevel = job4_get_owner_integrity_level,
        .GetOwnerElevationState = job4_get_owner_elevation_state,
        .SetMaximumDownloadTime = job4_set_maximum_download_time,
        .GetMaximumDownloadTime = job4_get_maximum_download_time,

        .SetProperty = job5_set_property,
        .GetProperty = job5_get_property,
};
