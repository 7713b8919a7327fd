/* What IBackgroundCopyFile2 to 6 added: ranges, the remote name, validation, where bytes came from,
 * properties. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "libbits/authorization.h"
#include "libbits/file.h"
#include "libbits/range.h"
#include "libbits/text.h"

#define NULL_POINTER HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER) /* from BITS 2.5 on */

/* ---- ranges ------------------------------------------------------------------------------------
 */

static int read_ranges(sd_bus_message *m, void *ret)
{
        return range_list_read(m, ret);
}

static HRESULT get_ranges(IBackgroundCopyFile6 *This, const char *member, DWORD *ret_n,
                          BG_FILE_RANGE **ret)
{
        Remote remote = file_remote(This);
        RangeList list = {0};
        HRESULT hr = call_read(&remote, member, read_ranges, &list);

        if (SUCCEEDED(hr)) {
                *ret_n = list.n;
                *ret = list.ranges;
        }
        return hr;
}

HRESULT file2_get_file_ranges(IBackgroundCopyFile6 *This, DWORD *RangeCount, BG_FILE_RANGE **Ranges)
{
        HRESULT hr;

        if (!RangeCount || !Ranges)
                return E_INVALIDARG;
        hr = get_ranges(This, "GetFileRanges", RangeCount, Ranges);
        return SUCCEEDED(hr) && *RangeCount == 0 ? S_FALSE : hr;
}

HRESULT file6_get_filled_file_ranges(IBackgroundCopyFile6 *This, DWORD *rangeCount,
                                     BG_FILE_RANGE **ranges)
{
        return rangeCount && ranges ? get_ranges(This, "GetFilledFileRanges", rangeCount, ranges)
                                    : NULL_POINTER;
}

static int write_ranges(sd_bus_message *m, const void *arguments)
{
        return range_list_write(m, arguments);
}

HRESULT file6_request_file_ranges(IBackgroundCopyFile6 *This, DWORD rangeCount,
                                  const BG_FILE_RANGE ranges[])
{
        RangeList list = {rangeCount, (BG_FILE_RANGE *)ranges};
        Remote remote = file_remote(This);

        if (!ranges)
                return NULL_POINTER;
        if (rangeCount == 0)
                return E_INVALIDARG;
        if (rangeCount > RANGES_MAX)
                return BG_E_TOO_MANY_RANGES_IN_FILE;
        authorization_renew();
        return call_remote(&remote, &(Call){"RequestFileRanges", write_ranges, &list, NULL, NULL});
}

static int write_offset(sd_bus_message *m, const void *offset)
{
        return sd_bus_message_append_basic(m, 't', offset);
}

HRESULT file6_update_download_position(IBackgroundCopyFile6 *This, UINT64 offset)
{
        Remote remote = file_remote(This);

        authorization_renew();
        return call_remote(&remote,
                           &(Call){"UpdateDownloadPosition", write_offset, &offset, NULL, NULL});
}

/* ---- names -------------------------------------------------------------------------------------
 */

HRESULT file2_set_remote_name(IBackgroundCopyFile6 *This, LPCWSTR Val)
{
        Remote remote = file_remote(This);

        return call_text(&remote, "SetRemoteName", Val);
}

HRESULT file3_get_temporary_name(IBackgroundCopyFile6 *This, LPWSTR *pFilename)
{
        Remote remote = file_remote(This);

        return pFilename ? call_get_text(&remote, "TemporaryName", pFilename) : NULL_POINTER;
}

/* ---- validation and origin ---------------------------------------------------------------------
 */

HRESULT file3_set_validation_state(IBackgroundCopyFile6 *This, BOOL state)
{
        Remote remote = file_remote(This);

        return call_switch(&remote, "SetValidationState", state != FALSE);
}

HRESULT file3_get_validation_state(IBackgroundCopyFile6 *This, BOOL *pState)
{
        Remote remote = file_remote(This);

        return pState ? call_read(&remote, "GetValidationState", call_read_switch, pState)
                      : NULL_POINTER;
}

HRESULT file3_is_downloaded_from_peer(IBackgroundCopyFile6 *This, BOOL *pVal)
{
        Remote remote = file_remote(This);

        return pVal ? call_read(&remote, "IsDownloadedFromPeer", call_read_switch, pVal)
                    : NULL_POINTER;
}

typedef struct Stats {
        uint64_t origin, peers;
} Stats;

static int read_stats(sd_bus_message *m, void *ret)
{
        Stats *stats = ret;

        return sd_bus_message_read(m, "tt", &stats->origin, &stats->peers);
}

HRESULT file4_get_peer_download_stats(IBackgroundCopyFile6 *This, UINT64 *pFromOrigin,
                                      UINT64 *pFromPeers)
{
        Remote remote = file_remote(This);
        Stats stats;
        HRESULT hr;

        if (!pFromOrigin || !pFromPeers)
                return NULL_POINTER;
        hr = call_read(&remote, "GetPeerDownloadStats", read_stats, &stats);
        if (SUCCEEDED(hr)) {
                *pFromOrigin = stats.origin;
                *pFromPeers = stats.peers;
        }
        return hr;
}

/* ---- properties --------------------------------------------------------------------------------
 */

/* No property can be set, so the value, a pointer in a union, is not looked at. */
static int write_property(sd_bus_message *m, const void *id)
{
        return sd_bus_message_append(m, "uv", *(const uint32_t *)id, "s", "");
}

HRESULT file5_set_property(IBackgroundCopyFile6 *This, BITS_FILE_PROPERTY_ID PropertyId,
                           BITS_FILE_PROPERTY_VALUE PropertyValue)
{
        uint32_t id = (uint32_t)PropertyId;
        Remote remote = file_remote(This);

        (void)PropertyValue;
        return call_remote(&remote, &(Call){"SetProperty", write_property, &id, NULL, NULL});
}

static int write_id(sd_bus_message *m, const void *id)
{
        return sd_bus_message_append_basic(m, 'u', id);
}

static int read_property(sd_bus_message *m, void *ret)
{
        int r = sd_bus_message_enter_container(m, 'v', "s");

        return r < 0 ? r : call_read_text(m, ret);
}

HRESULT file5_get_property(IBackgroundCopyFile6 *This, BITS_FILE_PROPERTY_ID PropertyId,
                           BITS_FILE_PROPERTY_VALUE *PropertyValue)
{
        uint32_t id = (uint32_t)PropertyId;
        _cleanup_(freep) char *utf8 = NULL;
        Remote remote = file_remote(This);
        HRESULT hr;

        if (!PropertyValue)
                return NULL_POINTER;
        hr = call_remote(&remote, &(Call){"GetProperty", write_id, &id, read_property, &utf8});
        return FAILED(hr) ? hr : text_result(utf8, &PropertyValue->String);
}
