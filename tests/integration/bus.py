"""org.bitsd1 spoken directly, peer to peer, by dbus-python: for what bitsctl and libbits would not do.

Who asks is the process that connects, so make a Bus inside people.call().
"""

import os

import dbus
import dbus.connection
import dbus.lowlevel
import dbus.types

import identity

ADDRESS = "unix:path=/run/bits/bus"
LIMIT_SEC = 60
MANAGER = "/org/bitsd1"

(QUEUED, CONNECTING, TRANSFERRING, SUSPENDED, ERROR, TRANSIENT_ERROR, TRANSFERRED, ACKNOWLEDGED, CANCELLED) = range(9)
DOWNLOAD = 0
HELPER_LOCAL_FILE = 1
E_ACCESSDENIED = 0x80070005
BG_E_TOKEN_REQUIRED = 0x80200056


# A path that leads nowhere, or to somebody else's job, is refused before its method is looked at: by name alone.
NAMED = {"E_ACCESSDENIED": 0x80070005, "BG_E_NOT_FOUND": 0x80200001, "BG_E_FILE_NOT_FOUND": 0x80200029}


class Failure(Exception):
    """A call that the service refused: its HRESULT, D-Bus name and text."""

    def __init__(self, hresult, name, text):
        super().__init__(hresult, name, text)
        self.hresult, self.name, self.text = hresult, name, text


class Bus:
    def __init__(self, address=ADDRESS):
        self.connection = dbus.connection.Connection(address)

    def call(self, path, interface, method, signature="", *arguments):
        """The method's answer: nothing, a value, or a tuple of them. Raises Failure."""
        full = interface if "." in interface else f"org.bitsd1.{interface}"
        message = dbus.lowlevel.MethodCallMessage(None, path, full, method)
        message.append(*arguments, signature=signature)
        replies = []
        self.connection.send_message_with_reply(message, replies.append, LIMIT_SEC).block()
        (reply,) = replies
        values = reply.get_args_list()
        if isinstance(reply, dbus.lowlevel.ErrorMessage):
            text = str(values[0]) if values else ""
            hresult = int(values[1]) & 0xFFFFFFFF if len(values) > 1 else NAMED.get(reply.get_error_name().rpartition(".")[2])
            raise Failure(hresult, reply.get_error_name(), text)
        return values[0] if len(values) == 1 else tuple(values) or None

    def manager(self, method, signature="", *arguments):
        return self.call(MANAGER, "Manager", method, signature, *arguments)

    def authorize(self):
        """Hands in a ticket of this process's own user, as libbits does when one is needed."""
        reply = identity.ticket()
        assert reply.result == 0, reply.result
        self.manager("Authorize", "ay", dbus.ByteArray(reply.ticket))

    def create(self, name="test"):
        job_id, path = self.manager("CreateJob", "su", name, dbus.UInt32(DOWNLOAD))
        return Job(self, str(job_id), str(path))

    def get(self, job_id):
        return Job(self, job_id, str(self.manager("GetJob", "s", job_id)))


class Job:
    def __init__(self, bus, job_id, path):
        self.bus, self.id, self.path = bus, job_id, path

    def call(self, method, signature="", *arguments):
        return self.bus.call(self.path, "Job", method, signature, *arguments)

    def get(self, name):
        return self.bus.call(self.path, "org.freedesktop.DBus.Properties", "Get", "ss", "org.bitsd1.Job", name)

    @property
    def state(self):
        return int(self.get("State"))

    @property
    def progress(self):
        total, transferred, files, files_done = self.get("Progress")
        return int(total), int(transferred), int(files), int(files_done)

    def add(self, remote, local):
        self.call("AddFile", "ss", str(remote), str(local))

    def set_token(self, descriptor):
        self.call("SetHelperToken", "h", dbus.types.UnixFd(descriptor))
        os.close(descriptor)
        self.call("SetHelperTokenFlags", "u", dbus.UInt32(HELPER_LOCAL_FILE))

    def error(self):
        """(HRESULT, context) of the job's error."""
        code, context, *_ = self.call("GetError")
        return int(code) & 0xFFFFFFFF, int(context)
