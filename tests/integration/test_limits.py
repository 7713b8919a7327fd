"""Servers without measure: endless headers and bodies, a byte now and then, sizes that are lies. Each has an end, and a
clear one, and takes no more of the disk than it may."""

import itertools
import os
import pathlib
import subprocess
import threading

import dbus
import pytest

import bus
import clockwork
import jobs
import people
from raw import RawOrigin, answer

BG_E_INVALID_SERVER_RESPONSE = 0x8020001B
BG_E_MAX_DOWNLOAD_SIZE_LIMIT_REACHED = 0x80200064
ERROR_DISK_FULL = 0x80070070
ERROR_WINHTTP_TIMEOUT = 0x80072EE2
FOREGROUND = 0
LOCAL_FILE, REMOTE_FILE, TRANSPORT = 4, 5, 6
MIB = 1 << 20
CHECKPOINT = 64 * MIB
PACE = 12  # seconds that pass for bits-net in one
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def chunks(n=None, size=64 * 1024):
    """n of them, and still no end; None: without end."""
    chunk = f"{size:x}\r\n".encode() + bytes(size) + b"\r\n"
    return itertools.chain([CHUNKED], itertools.repeat(chunk) if n is None else itertools.repeat(chunk, n))


def outcome(url, local, limit=None):
    """(state, HRESULT, context, bytes that the temporary file has on the disk)"""

    def scenario():
        job = jobs.session().create("limits")
        if limit:
            job.call("SetProperty", "uv", dbus.UInt32(5), dbus.UInt64(limit, variant_level=1))
        job.add(url, local)
        job.call("Resume")
        state = jobs.wait_state(job, bus.ERROR, bus.TRANSIENT_ERROR, bus.TRANSFERRED)
        code, context = job.error() if state != bus.TRANSFERRED else (0, 0)
        directory = pathlib.Path(local).parent
        taken = sum(os.stat(directory / name).st_blocks * 512 for name in jobs.temporaries(directory))
        job.call("Cancel")
        return state, code, context, taken

    return people.call("alice", scenario)


@pytest.fixture
def small(alices):
    """A file system of its own for alice."""
    directory = alices / "small"
    directory.mkdir()
    entry = people.account("alice")
    options = f"size=32m,uid={entry.pw_uid},gid={entry.pw_gid},mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", directory], check=True)
    yield directory
    subprocess.run(["umount", "--lazy", directory], check=True)


def room(directory):
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


HEADERS = {
    "many": lambda: itertools.chain([OK], itertools.repeat(b"X-More: of the same\r\n" * 100)),
    "long": lambda: itertools.chain([OK + b"X-Long: "], itertools.repeat(b"x" * 4096)),
    "interim": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "hints": lambda: itertools.repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100),
    "trailers": lambda: itertools.chain([CHUNKED + b"1\r\nx\r\n0\r\n"], itertools.repeat(b"X-More: of the same\r\n" * 100)),
    "status": lambda: itertools.chain([b"HTTP/1.1 200 "], itertools.repeat(b"OK" * 2048)),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_without_end(kind, alices):
    with RawOrigin({"x": lambda *_: HEADERS[kind]()}) as server:
        state, code, context, _ = outcome(server.url("x"), alices / "x")
    assert (state, code) == (bus.ERROR, BG_E_INVALID_SERVER_RESPONSE)
    assert context in (REMOTE_FILE, TRANSPORT)


def test_body_without_end_has_the_jobs_limit(alices):
    """It stops within a checkpoint of MAX_DOWNLOAD_SIZE."""
    ended = threading.Event()

    def body(*_):
        yield from chunks((3 * MIB + CHECKPOINT) // (64 * 1024))
        ended.wait()

    with RawOrigin({"x": body}) as server:
        state, code, context, taken = outcome(server.url("x"), alices / "x", limit=3 * MIB)
        ended.set()
    assert (state, code, context) == (bus.ERROR, BG_E_MAX_DOWNLOAD_SIZE_LIMIT_REACHED, REMOTE_FILE)
    assert 3 * MIB < taken <= 3 * MIB + CHECKPOINT


def test_body_without_end_leaves_something_of_the_disk(small):
    with RawOrigin({"x": lambda *_: chunks()}) as server:
        state, code, context, taken = outcome(server.url("x"), small / "x")
    assert (state, code, context) == (bus.TRANSIENT_ERROR, ERROR_DISK_FULL, LOCAL_FILE)
    assert 16 * MIB < taken <= 30 * MIB  # a sixteenth is left
    assert room(small) == 32 * MIB  # it was cancelled


def test_size_that_no_disk_has(small):
    """Not for a moment is anything taken from others."""
    with RawOrigin({"x": answer(200, b"begin", length=33 * MIB)}) as server:
        state, code, context, taken = outcome(server.url("x"), small / "x")
    assert (state, code, context) == (bus.TRANSIENT_ERROR, ERROR_DISK_FULL, LOCAL_FILE)
    assert taken == 0


def test_small_body_without_a_size_on_a_disk_that_is_nearly_full(small):
    (small / "other").write_bytes(bytes(29 * MIB))
    with RawOrigin({"x": CHUNKED + b"5\r\nwhole\r\n0\r\n\r\n"}) as server:
        assert outcome(server.url("x"), small / "x")[0] == bus.TRANSFERRED


# ---- servers that are too slow to count -----------------------------------------------------------


@pytest.fixture(scope="module")
def hurried():
    """A minute of a bits-net's life passes in five seconds."""
    with clockwork.of("bits-net"):
        clockwork.shift(pace=PACE)
        jobs.kill("bits-net")
        yield
    jobs.kill("bits-net")


def dribble(begin, piece, gone, pause_sec):
    """A piece each pause_sec of bits-net's time, until it hangs up."""
    yield begin
    for _ in range(2000):
        if gone.wait(pause_sec / PACE):
            return
        yield piece


SLOW = {
    "body": (OK + b"Content-Length: 100000\r\n\r\n", b"x"),
    "header": (OK, b"X: y\r\n"),
    "interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "nothing": (b"", b""),
}


def test_a_byte_now_and_then_is_no_progress(hurried, alices):
    """Less than a byte a second over a minute: the server does not answer, and is asked again later. Four are enough."""
    gone = threading.Event()
    answers = {kind: dribble(begin, piece, gone, 10) for kind, (begin, piece) in SLOW.items()}
    answers["steady"] = itertools.islice(dribble(OK + b"Content-Length: 400\r\n\r\n", b"slow", gone, 1), 101)

    def scenario(urls):
        connection, found = jobs.session(), {}
        for name in urls:
            found[name] = connection.create(name)
            found[name].add(urls[name], alices / name)
            found[name].call("SetPriority", "u", dbus.UInt32(FOREGROUND))  # none waits for another
            found[name].call("Resume")
        for name, job in found.items():
            state = jobs.wait_state(job, bus.ERROR, bus.TRANSIENT_ERROR, bus.TRANSFERRED)
            found[name] = state, *(job.error() if state != bus.TRANSFERRED else (0, 0))
            job.call("Cancel")
        return found

    with RawOrigin(answers) as server:
        found = people.call("alice", scenario, {name: server.url(name) for name in answers})
        gone.set()
    assert found.pop("steady") == (bus.TRANSFERRED, 0, 0)
    assert found == {kind: (bus.TRANSIENT_ERROR, ERROR_WINHTTP_TIMEOUT, TRANSPORT) for kind in SLOW}
