/* What IBackgroundCopyJob4 added: numbers that the service keeps for a job. */
#include "libbits/job-later.h"
#include "libbits/job.h"

static HRESULT get(IBackgroundCopyJob5 *This, const char *member, CallRead read, void *ret)
{
        Remote remote = job_remote(This);

        return ret ? call_read(&remote, member, read, ret)
                   : HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER);
}

static HRESULT set(IBackgroundCopyJob5 *This, const char *member, ULONG value)
{
        Remote remote = job_remote(This);

        return call_number(&remote, member, value);
}

HRESULT job4_set_peer_caching_flags(IBackgroundCopyJob5 *This, DWORD Flags)
{
        return set(This, "SetPeerCachingFlags", Flags);
}

HRESULT job4_get_peer_caching_flags(IBackgroundCopyJob5 *This, DWORD *pFlags)
{
        return get(This, "GetPeerCachingFlags", call_read_number, pFlags);
}

HRESULT job4_get_owner_integrity_level(IBackgroundCopyJob5 *This, ULONG *pLevel)
{
        return get(This, "GetOwnerIntegrityLevel", call_read_number, pLevel);
}

HRESULT job4_get_owner_elevation_state(IBackgroundCopyJob5 *This, BOOL *pElevated)
{
        return get(This, "GetOwnerElevationState", call_read_switch, pElevated);
}

HRESULT job4_set_maximum_download_time(IBackgroundCopyJob5 *This, ULONG Timeout)
{
        return set(This, "SetMaximumDownloadTime", Timeout);
}

HRESULT job4_get_maximum_download_time(IBackgroundCopyJob5 *This, ULONG *pTimeout)
{
        return get(This, "GetMaximumDownloadTime", call_read_number, pTimeout);
}
