/* What IBackgroundCopyJob3 added: remote names that change together, parts of files, ACL flags. */
#include <string.h>

#include "base/cleanup.h"
#include "libbits/authorization.h"
#include "libbits/job-later.h"
#include "libbits/job.h"
#include "libbits/range.h"
#include "libbits/text.h"

enum {
        NAMES_MAX = 65536, /* bytes, beside the most ranges: a message may have 1 MiB */
};

HRESULT job3_replace_remote_prefix(IBackgroundCopyJob5 *This, LPCWSTR OldPrefix, LPCWSTR NewPrefix)
{
        _cleanup_(text_pair_clear) TextPair prefixes = {0};
        Remote remote = job_remote(This);
        HRESULT code = E_UNEXPECTED, hr;

        hr = text_pair_init(&prefixes, OldPrefix, NewPrefix);
        if (SUCCEEDED(hr))
                hr = call_remote(&remote, &(Call){"ReplaceRemotePrefix", call_write_pair, &prefixes,
                                                  call_read_hresult, &code});
        return FAILED(hr) ? hr : code;
}

typedef struct Parts {
        TextPair names;
        RangeList list; /* the caller's */
} Parts;

static int write_parts(sd_bus_message *m, const void *arguments)
{
        const Parts *parts = arguments;
        int r = call_write_pair(m, &parts->names);

        return r < 0 ? r : range_list_write(m, &parts->list);
}

HRESULT job3_add_file_with_ranges(IBackgroundCopyJob5 *This, LPCWSTR RemoteUrl, LPCWSTR LocalName,
                                  DWORD RangeCount, BG_FILE_RANGE Ranges[])
{
        Parts parts = {.list = {RangeCount, Ranges}};
        Remote remote = job_remote(This);
        HRESULT hr;

        if (!Ranges || RangeCount == 0)
                return E_INVALIDARG;
        if (RangeCount > RANGES_MAX)
                return BG_E_TOO_MANY_RANGES_IN_FILE;
        hr = text_pair_init(&parts.names, RemoteUrl, LocalName);
        if (SUCCEEDED(hr) && strlen(parts.names.first) + strlen(parts.names.second) > NAMES_MAX)
                hr = E_INVALIDARG;
        if (SUCCEEDED(hr)) {
                authorization_renew();
                hr = call_remote(&remote,
                                 &(Call){"AddFileWithRanges", write_parts, &parts, NULL, NULL});
        }
        text_pair_clear(&parts.names);
        return hr;
}

HRESULT job3_set_file_acl_flags(IBackgroundCopyJob5 *This, DWORD Flags)
{
        Remote remote = job_remote(This);

        return call_number(&remote, "SetFileACLFlags", Flags);
}

HRESULT job3_get_file_acl_flags(IBackgroundCopyJob5 *This, DWORD *Flags)
{
        Remote remote = job_remote(This);

        return Flags ? call_read(&remote, "GetFileACLFlags", call_read_number, Flags)
                     : E_INVALIDARG;
}
