"""A client that exports the callback object: org.bitsd1.Callback, by dbus-python, on its own connection.

Calls are seen when the loop turns: inside wait() and turn(), or while a call of ours is under way and then turned to.
"""

import ctypes
import time

import dbus
import dbus.connection
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop

import bus

S_OK = 0
E_FAIL = -0x7FFFBFFB
TRANSFERRED, ERROR, DISABLE, MODIFICATION, FILE, RANGES = 1, 2, 4, 8, 0x10, 0x20  # BG_NOTIFY_*

glib = ctypes.CDLL("libglib-2.0.so.0")


class Call:
    """One call of the service's: its method, the job's path, the other arguments; answered once."""

    def __init__(self, connection, message):
        self.connection, self.message = connection, message
        self.method = str(message.get_member())
        self.path, *self.arguments = message.get_args_list()
        self.at = time.monotonic()

    def answer(self, hresult=S_OK):
        reply = dbus.lowlevel.MethodReturnMessage(self.message)
        reply.append(dbus.Int32(hresult), signature="i")
        self.connection.send_message(reply)
        self.connection.flush()


class Receiver(bus.Bus):
    """answers: what each method is answered with; None leaves it to the test, a list is used up and S_OK then."""

    def __init__(self, **answers):
        self.connection = dbus.connection.Connection(bus.ADDRESS, mainloop=DBusGMainLoop())
        self.connection.add_message_filter(self.on_message)
        self.calls, self.answers = [], answers
        self.authorize()

    def on_message(self, connection, message):
        if not isinstance(message, dbus.lowlevel.MethodCallMessage):
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        assert (message.get_interface(), message.get_path()) == ("org.bitsd1.Callback", "/org/bitsd1/callback")
        call = Call(connection, message)
        self.calls.append(call)
        answer = self.answers.get(call.method, S_OK)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else S_OK
        if answer is not None:
            call.answer(answer)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def turn(self):
        """Handles what has arrived."""
        while glib.g_main_context_iteration(None, 0):
            pass

    def settle(self):
        """Handles all that the service had sent before it answers now: what is not here then was not sent."""
        self.manager("GetAuthorization")
        self.turn()

    def wait(self, condition, what, limit_sec=60):
        deadline = time.monotonic() + limit_sec
        while True:
            self.turn()
            value = condition()
            if value:
                return value
            assert time.monotonic() < deadline, f"waited {limit_sec} s for {what}; seen: {self.seen()}"
            time.sleep(0.005)

    def of(self, method, job=None):
        return [call for call in self.calls if call.method == method and (job is None or call.path == job.path)]

    def wait_for(self, method, count=1, job=None):
        """The count-th call of the method."""
        return self.wait(lambda: self.of(method, job)[count - 1:], f"{count} of {method}")[0]

    def seen(self):
        return [(call.method, *call.arguments[:1]) for call in self.calls]

    def level(self, job, level):
        job.call("SetNotifyLevel", "u", dbus.UInt32(level))
