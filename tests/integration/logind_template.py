"""A template of python-dbusmock's: its logind, with sessions that it has from the start, as after a restart.

Parameters: Sessions, an array of [id, uid, name].
"""

from dbusmock.templates import logind
from dbusmock.templates.logind import *  # noqa: F401, F403: its methods are this template's


def load(mock, parameters):
    logind.load(mock, parameters)
    for session_id, uid, name in parameters.get("Sessions", []):
        mock.AddSession(session_id, "seat0", uid, name, True)
