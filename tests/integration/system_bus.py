"""A system bus of the sandbox's own, and python-dbusmock's services on it."""

import json
import os
import pathlib
import subprocess

import dbus
import dbus.bus

from waiting import wait_for

SOCKET = pathlib.Path("/run/dbus/system_bus_socket")
ADDRESS = f"unix:path={SOCKET}"
CONFIGURATION = f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>{ADDRESS}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""
MOCK = "org.freedesktop.DBus.Mock"


class Mock:
    """A running service; its object speaks dbusmock's own interface too."""

    def __init__(self, connection, name, path, words):
        self.connection, self.name, self.path = connection, name, path
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", "dbusmock", "--system", *words],
            env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": ADDRESS}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        wait_for(lambda: connection.name_has_owner(name), name)

    def call(self, method, *arguments, path=None):
        return self.connection.get_object(self.name, path or self.path).get_dbus_method(method, MOCK)(*arguments)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        wait_for(lambda: not self.connection.name_has_owner(self.name), f"the end of {self.name}")


class SystemBus:
    def __enter__(self):
        SOCKET.parent.mkdir(exist_ok=True)
        configuration = pathlib.Path("/run/tmp/system-bus.conf")
        configuration.write_text(CONFIGURATION)
        self.process = subprocess.Popen(["dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile"])
        self.mocks = []
        self.connection = wait_for(self.connect, "the bus")
        return self

    def connect(self):
        try:
            return dbus.bus.BusConnection(ADDRESS)
        except dbus.DBusException:  # it does not listen yet
            return None

    def mock(self, name, path, *words):
        self.mocks.append(Mock(self.connection, name, path, words))
        return self.mocks[-1]

    def __exit__(self, *_):
        self.connection.close()
        for mock in self.mocks:
            mock.process.kill()
            mock.process.wait()
        self.process.terminate()
        self.process.wait(60)
        SOCKET.unlink(missing_ok=True)


class NetworkManager:
    NAME, PATH = "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"

    def __init__(self, bus):
        self.mock = bus.mock(self.NAME, self.PATH, "--template", "networkmanager")
        self.mock.call("AddProperty", self.NAME, "Metered", dbus.UInt32(0))

    def metered(self, value):
        self.mock.call("UpdateProperties", self.NAME, {"Metered": dbus.UInt32(value)})

    def stop(self):
        self.mock.stop()


class Logind:
    NAME, PATH, MANAGER = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"

    TEMPLATE = pathlib.Path(__file__).parent / "logind_template.py"

    def __init__(self, bus):
        self.bus, self.number, self.sessions = bus, 0, {}
        self.start()

    def start(self):
        """As after a restart: with the sessions that there are, before it answers anybody."""
        parameters = json.dumps({"Sessions": list(self.sessions.values())})
        self.mock = self.bus.mock(self.NAME, self.PATH, "--template", str(self.TEMPLATE), "--parameters", parameters)

    def log_on(self, entry, **properties):
        """A session of the account; its path."""
        self.number += 1
        path = self.mock.call("AddSession", f"c{self.number}", "seat0", dbus.UInt32(entry.pw_uid), entry.pw_name, True)
        for name, value in properties.items():
            self.mock.call("UpdateProperties", "org.freedesktop.login1.Session", {name: value}, path=path)
        self.sessions[path] = [f"c{self.number}", entry.pw_uid, entry.pw_name]
        self.announce("SessionNew", path)
        return path

    def change(self, path, **properties):
        for name, value in properties.items():
            self.mock.call("UpdateProperties", "org.freedesktop.login1.Session", {name: value}, path=path)

    def log_off(self, path):
        """Where logind is not running, nobody is told."""
        del self.sessions[path]
        if self.mock.process.poll() is None:
            self.mock.call("RemoveObject", path)
            self.announce("SessionRemoved", path)

    def announce(self, signal, path):
        arguments = [path.rpartition("/")[2], dbus.ObjectPath(path)]
        self.mock.call("EmitSignal", self.MANAGER, signal, "so", arguments)

    def stop(self):
        self.mock.stop()
