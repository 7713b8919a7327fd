/* The methods of IBackgroundCopyJob2 to 5, for the vtable in job-methods.c. */
#pragma once

#include <bits.h>

/* job2.c */
HRESULT job2_set_notify_cmd_line(IBackgroundCopyJob5 *This, LPCWSTR Program, LPCWSTR Parameters);
HRESULT job2_get_notify_cmd_line(IBackgroundCopyJob5 *This, LPWSTR *pProgram, LPWSTR *pParameters);
HRESULT job2_get_reply_progress(IBackgroundCopyJob5 *This, BG_JOB_REPLY_PROGRESS *pProgress);
HRESULT job2_get_reply_data(IBackgroundCopyJob5 *This, BYTE **ppBuffer, UINT64 *pLength);
HRESULT job2_set_reply_file_name(IBackgroundCopyJob5 *This, LPCWSTR ReplyFileName);
HRESULT job2_get_reply_file_name(IBackgroundCopyJob5 *This, LPWSTR *pReplyFileName);
HRESULT job2_set_credentials(IBackgroundCopyJob5 *This, BG_AUTH_CREDENTIALS *credentials);
HRESULT job2_remove_credentials(IBackgroundCopyJob5 *This, BG_AUTH_TARGET Target,
                                BG_AUTH_SCHEME Scheme);

/* job3.c */
HRESULT job3_replace_remote_prefix(IBackgroundCopyJob5 *This, LPCWSTR OldPrefix, LPCWSTR NewPrefix);
HRESULT job3_add_file_with_ranges(IBackgroundCopyJob5 *This, LPCWSTR RemoteUrl, LPCWSTR LocalName,
                                  DWORD RangeCount, BG_FILE_RANGE Ranges[]);
HRESULT job3_set_file_acl_flags(IBackgroundCopyJob5 *This, DWORD Flags);
HRESULT job3_get_file_acl_flags(IBackgroundCopyJob5 *This, DWORD *Flags);

/* job4.c */
HRESULT job4_set_peer_caching_flags(IBackgroundCopyJob5 *This, DWORD Flags);
HRESULT job4_get_peer_caching_flags(IBackgroundCopyJob5 *This, DWORD *pFlags);
HRESULT job4_get_owner_integrity_level(IBackgroundCopyJob5 *This, ULONG *pLevel);
HRESULT job4_get_owner_elevation_state(IBackgroundCopyJob5 *This, BOOL *pElevated);
HRESULT job4_set_maximum_download_time(IBackgroundCopyJob5 *This, ULONG Timeout);
HRESULT job4_get_maximum_download_time(IBackgroundCopyJob5 *This, ULONG *pTimeout);

/* job5.c */
HRESULT job5_set_property(IBackgroundCopyJob5 *This, BITS_JOB_PROPERTY_ID PropertyId,
                          BITS_JOB_PROPERTY_VALUE PropertyValue);
HRESULT job5_get_property(IBackgroundCopyJob5 *This, BITS_JOB_PROPERTY_ID PropertyId,
                          BITS_JOB_PROPERTY_VALUE *PropertyValue);
