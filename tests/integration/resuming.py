"""The one table of what becomes of a download that was interrupted: by what its server names versions with, what the
server does when the download goes on, and what interrupted it.

From RFC 9110 (8.8, 13.1.5, 14.4, 15.3.7) and the service's documented rules, written down independently of it:

- Bytes are joined only where the server proves that they are of one version: the same strong ETag, or the same
  Last-Modified beside the same size. A weak ETag proves nothing.
- In any other case the file is fetched anew, and is what the server has then.
- Another remote name has other ETags: date and size decide.
- Content that comes encoded although none was asked for is no file.
"""

import collections

STRONG, WEAK, DATE, NEITHER = VALIDATORS = "strong ETag", "weak ETag", "date only", "neither"

UNCHANGED = "unchanged"
CHANGED_SAME_SIZE = "changed, same size"
CHANGED_OTHER_SIZE = "changed, other size"
IGNORES_IF_RANGE = "changed, ignores If-Range"
IGNORES_RANGE = "ignores Range"
LYING_CONTENT_RANGE = "lying Content-Range"
UNSATISFIED = "416 at the end"
TRUNCATED = "truncated"
CHUNKED = "chunked without length"
COMPRESSED = "compressed anyway"
REDIRECTED = "redirected to another host"
OTHER_SERVER = "other server behind the same name"
SERVERS = (
    UNCHANGED, CHANGED_SAME_SIZE, CHANGED_OTHER_SIZE, IGNORES_IF_RANGE, IGNORES_RANGE, LYING_CONTENT_RANGE, UNSATISFIED, TRUNCATED,
    CHUNKED, COMPRESSED, REDIRECTED, OTHER_SERVER,
)

SUSPEND, RESET, KILL_NET, KILL_ALL, RENAME = INTERRUPTIONS = (
    "Suspend and Resume", "connection reset", "kill of bits-net", "kill of everything", "SetRemoteName",
)

OLD, NEW, LONGER = "the version that was there", "another of the same size", "another of another size"
BG_E_INVALID_SERVER_RESPONSE = 0x8020001B

# version: what the file is in the end, whole. error: or what the job has for an error, with no file. joined: whether
# the last answer brought only what was missing.
Outcome = collections.namedtuple("Outcome", "version error joined")


def version_served(server):
    """What the server has when the download goes on."""
    if server in (CHANGED_SAME_SIZE, IGNORES_IF_RANGE, REDIRECTED):
        return NEW
    return LONGER if server == CHANGED_OTHER_SIZE else OLD


def proves(validator, server, interruption):
    """Does the server say enough for the missing bytes to be joined to those that are there?"""
    if server == TRUNCATED:  # the last request follows the cut of an answer that had this name and these validators
        return validator in (STRONG, DATE)
    if server == UNCHANGED:
        return validator == DATE or (validator == STRONG and interruption != RENAME)
    if server == CHUNKED:  # no size was named: only an ETag can tell
        return validator == STRONG and interruption != RENAME
    return False


def expected(validator, server, interruption):
    if server == COMPRESSED:
        return Outcome(None, BG_E_INVALID_SERVER_RESPONSE, False)
    return Outcome(version_served(server), None, proves(validator, server, interruption))
