"""bitsd.conf in the sandbox: set, read by the service, and put back."""

import contextlib
import os
import pathlib
import signal

import bus
import jobs
from waiting import wait_for

FILE = pathlib.Path("/etc/bits/bitsd.conf")


def limits():
    """What the service says of its settings, by key."""
    properties = bus.Bus().call(bus.MANAGER, "org.freedesktop.DBus.Properties", "Get", "ss", "org.bitsd1.Manager", "Limits")
    return {str(key): int(value) for key, value in properties.items()}


def reload():
    os.kill(min(jobs.processes("bitsd")), signal.SIGHUP)  # the others are children that have not become what they will be


def write(text):
    """Puts text in the place of the file, at once."""
    new = FILE.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o644)
    new.rename(FILE)


@contextlib.contextmanager
def settings(**keys):
    """Numbers by key hold inside; the file is as before afterwards."""
    before, limits_before = FILE.read_text(), limits()
    write(before + "".join(f"{key}={value}\n" for key, value in keys.items()))
    reload()
    wait_for(lambda: all(limits()[key] == value for key, value in keys.items()), f"{keys}")
    try:
        yield
    finally:
        write(before)
        reload()
        wait_for(lambda: limits() == limits_before, "the settings of before")


@contextlib.contextmanager
def lines(*texts):
    """These lines hold inside, as soon as the service has read them: wait for what they do. As before afterwards."""
    before = FILE.read_text()
    try:
        write(before + "".join(f"{text}\n" for text in texts))
        reload()
        yield
    finally:
        write(before)
        reload()
