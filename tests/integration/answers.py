"""The one table of answers: what every method of a job and of a file says, in each state, to each caller.

From the documentation (api.md §§1, 6-9, 13, 14; behaviour.md §§1.1, 5), written down independently of the service; the
matrix is generated from it. A rule is a function of the state and the caller; callers that may not see the job never
come to one.
"""


import dbus

import bus

OWNER, ADMINISTRATOR, OTHER = "owner", "administrator", "other"
CALLERS = (OWNER, ADMINISTRATOR, OTHER)
STATES = ("SUSPENDED", "QUEUED", "CONNECTING", "TRANSFERRING", "TRANSIENT_ERROR", "ERROR", "TRANSFERRED", "ACKNOWLEDGED", "CANCELLED")
FINAL = ("ACKNOWLEDGED", "CANCELLED")

S_OK, S_FALSE, E_NOTIMPL, E_ACCESSDENIED, E_PENDING = 0, 1, 0x80004001, 0x80070005, 0x8000000A
BG_E_INVALID_STATE, BG_E_ERROR_INFORMATION_UNAVAILABLE = 0x80200002, 0x8020000F
BG_S_PARTIAL_COMPLETE, BG_E_READ_ONLY_PROPERTY_AFTER_RESUME = 0x00200017, 0x80200062
BG_E_READ_ONLY_PROPERTY, BG_E_READ_ONLY_WHEN_JOB_ACTIVE = 0x80200058, 0x80200075
ERROR_FILE_NOT_FOUND, RPC_X_BAD_STUB_DATA = 0x80070002, 0x800706F7


def look(state, caller):
    """Getters work in every state while the caller holds a pointer."""
    return S_OK


def owners_look(state, caller):
    return S_OK if caller == OWNER else E_ACCESSDENIED


def change(state, caller):
    """Setters and actions are allowed in every state but the final ones."""
    return BG_E_INVALID_STATE if state in FINAL else S_OK


def owners_change(state, caller):
    return change(state, caller) if caller == OWNER else E_ACCESSDENIED


def complete(state, caller):
    if state in FINAL:
        return BG_E_INVALID_STATE
    return S_OK if state == "TRANSFERRED" else BG_S_PARTIAL_COMPLETE


def get_error(state, caller):
    return S_OK if state in ("ERROR", "TRANSIENT_ERROR") else BG_E_ERROR_INFORMATION_UNAVAILABLE


def set_command(state, caller):
    """NotifyCommands=administrators, the default: nobody else's would ever run, and he is told so at once."""
    if state in FINAL:
        return BG_E_INVALID_STATE
    return S_OK if caller == ADMINISTRATOR else E_ACCESSDENIED


def take_ownership(state, caller):
    if state in FINAL:
        return BG_E_INVALID_STATE
    return S_OK if caller == ADMINISTRATOR else E_ACCESSDENIED


def before_resume(state, caller):
    if state in FINAL:
        return BG_E_INVALID_STATE
    return S_OK if state == "SUSPENDED" else BG_E_READ_ONLY_PROPERTY_AFTER_RESUME


def not_served(state, caller):
    return BG_E_INVALID_STATE if state in FINAL else E_NOTIMPL


def replace_prefix(state, caller):
    """Nothing begins with the prefix that the row asks for."""
    return BG_E_INVALID_STATE if state in FINAL else S_FALSE


def set_validation(state, caller):
    if state in FINAL:
        return BG_E_INVALID_STATE
    return S_OK if state == "TRANSFERRED" else E_PENDING


def read_only(state, caller):
    return BG_E_INVALID_STATE if state in FINAL else BG_E_READ_ONLY_PROPERTY


def no_store(state, caller):
    """The owner has no such certificate store."""
    if caller != OWNER:
        return E_ACCESSDENIED
    return BG_E_INVALID_STATE if state in FINAL else ERROR_FILE_NOT_FOUND


def remove_nothing(state, caller):
    if caller != OWNER:
        return E_ACCESSDENIED
    return BG_E_INVALID_STATE if state in FINAL else S_FALSE


def no_certificate(state, caller):
    """The page's marshalling artefact."""
    return RPC_X_BAD_STUB_DATA if caller == OWNER else E_ACCESSDENIED


def while_paused(state, caller):
    if state in FINAL:
        return BG_E_INVALID_STATE
    return S_OK if state in ("SUSPENDED", "ERROR", "TRANSFERRED") else BG_E_READ_ONLY_WHEN_JOB_ACTIVE


def number(value):
    return dbus.UInt32(value)


def names(job):
    return dbus.Array([(job.url, f"{job.directory}/set")], signature="(ss)")


def ranges(*pairs):
    return dbus.Array([(dbus.UInt64(a), dbus.UInt64(b)) for a, b in pairs], signature="(tt)")


def nothing(job):
    return ()


class Row:
    """signature and arguments of a call, its rule, and whether it spoils the job for the next call."""

    def __init__(self, rule, signature="", arguments=nothing, spoils=False):
        self.rule, self.signature, self.arguments, self.spoils = rule, signature, arguments, spoils


def setter(value, rule=change):
    return Row(rule, "u", lambda job: (number(value),))


JOB = {
    "CheckAccess": Row(look, "s", lambda job: ("IBackgroundCopyJob",)),
    "AddFile": Row(change, "ss", lambda job: (job.url, f"{job.directory}/one"), spoils=True),
    "AddFileSet": Row(change, "a(ss)", lambda job: (names(job),), spoils=True),
    "AddFileWithRanges": Row(change, "ssa(tt)", lambda job: (job.url, f"{job.directory}/ranges", ranges((0, 1))), spoils=True),
    "AddFileWithHash": Row(change, "sssay", lambda job: (job.url, f"{job.directory}/hash", "sha256", dbus.ByteArray(bytes(32))), spoils=True),
    "ReplaceRemotePrefix": Row(replace_prefix, "ss", lambda job: ("ftp://nowhere/", "http://somewhere/")),
    "ListFiles": Row(look, "uu", lambda job: (number(0), number(10))),
    "Suspend": Row(change, spoils=True),
    "Resume": Row(change, spoils=True),
    "Cancel": Row(change, spoils=True),
    "Complete": Row(complete, spoils=True),
    "GetError": Row(get_error),
    "SetDisplayName": Row(change, "s", lambda job: ("name",)),
    "SetDescription": Row(change, "s", lambda job: ("text",)),
    "SetPriority": Row(change, "u", lambda job: (number(job.priority),)),
    "SetNotifyFlags": setter(3),
    "SetMinimumRetryDelay": setter(600),
    "SetNoProgressTimeout": setter(1209600),
    "SetMaximumDownloadTime": setter(7776000),
    "GetMaximumDownloadTime": Row(look),
    "SetProperty": Row(before_resume, "uv", lambda job: (number(5), dbus.UInt64(1 << 40, variant_level=1))),
    "GetProperty": Row(look, "u", lambda job: (number(5),)),
    "SetNotifyInterface": Row(change, "b", lambda job: (False,)),
    "SetNotifyLevel": setter(0),
    "GetNotifyInterface": Row(look),
    "SetNotifyCmdLine": Row(set_command, "ss", lambda job: ("/bin/true", "")),
    "GetNotifyCmdLine": Row(look),
    "SetProxySettings": Row(not_served, "uss", lambda job: (number(0), "", "")),
    "TakeOwnership": Row(take_ownership, spoils=True),
    "SetFileACLFlags": setter(0),
    "GetFileACLFlags": Row(look),
    "SetPeerCachingFlags": setter(0),
    "GetPeerCachingFlags": Row(look),
    "GetOwnerIntegrityLevel": Row(look),
    "GetOwnerElevationState": Row(look),
    "SetSecurityFlags": setter(0),
    "GetSecurityFlags": Row(look),
    "SetHttpMethod": Row(before_resume, "s", lambda job: ("GET",)),
    "GetHttpMethod": Row(look),
    "SetCustomHeaders": Row(owners_change, "s", lambda job: ("X-Test: 1",)),
    "GetCustomHeaders": Row(owners_look),
    "MakeCustomHeadersWriteOnly": Row(owners_look, spoils=True),
    "SetClientCertificateByID": Row(no_store, "usay", lambda job: (number(0), "none", dbus.ByteArray(bytes(20)))),
    "SetClientCertificateByName": Row(no_store, "uss", lambda job: (number(0), "none", "subject")),
    "RemoveClientCertificate": Row(remove_nothing),
    "GetClientCertificate": Row(no_certificate),
    "SetServerCertificateValidationInterface": Row(while_paused, "b", lambda job: (False,)),
    "SetHelperToken": Row(owners_change, "h", lambda job: (dbus.types.UnixFd(job.token),)),
    "ClearHelperToken": Row(owners_change),
    "SetHelperTokenFlags": setter(0, owners_change),
    "GetHelperTokenFlags": Row(owners_look),
    "GetHelperTokenSid": Row(owners_look),
}

FILE = {
    "GetFileRanges": Row(look),
    "UpdateDownloadPosition": Row(change, "t", lambda job: (dbus.UInt64(0),), spoils=True),
    "RequestFileRanges": Row(change, "a(tt)", lambda job: (ranges((0, 1)),), spoils=True),
    "GetFilledFileRanges": Row(look),
    "SetRemoteName": Row(change, "s", lambda job: (job.url,), spoils=True),
    "SetValidationState": Row(set_validation, "b", lambda job: (True,), spoils=True),
    "GetValidationState": Row(look),
    "IsDownloadedFromPeer": Row(look),
    "GetPeerDownloadStats": Row(look),
    "SetProperty": Row(read_only, "uv", lambda job: (number(1), dbus.String("", variant_level=1))),
    "GetProperty": Row(look, "u", lambda job: (number(1),)),
}


def expected(row, state, caller):
    return E_ACCESSDENIED if caller == OTHER else row.rule(state, caller)
