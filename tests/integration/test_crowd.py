"""Many clients, and bad ones: everybody is served, and memory stays bounded."""

import contextlib
import os
import pathlib
import random
import resource
import socket
import struct
import threading
import time

import pytest

import bus
import jobs
import people
import programs
from conftest import sha256
from waiting import wait_for

SIZE = 64 << 10
CLIENTS, JOBS = 10, 200
BUS = "/run/bits/bus"
QUARANTINE = 256 << 20 if "ASAN_OPTIONS" in os.environ else 0  # what a sanitizer keeps of what has been freed
# Whatever one user's clients do. Of bits-queue, for 64 connections and what each may hold; bitsd holds nothing.
GROWTH_MAX = {"bits-queue": (128 << 20) + QUARANTINE, "bitsd": (16 << 20) + QUARANTINE}
ANSWER_SEC = 50
OWN_SOCKETS = 8  # what the service may have open meanwhile for carol and for itself
HELLO = b"\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"


def memory(pid, what):
    """VmRSS: of now; VmHWM: the most there has been."""
    return int(programs.status(pid)[what].split()[0]) << 10


@contextlib.contextmanager
def bounded():
    """What happens in here lets neither bits-queue nor bitsd grow much, not even for a moment."""
    before = {}
    for program in GROWTH_MAX:
        (pid,) = programs.pids(program)
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is what there is now
        before[program] = pid, memory(pid, "VmRSS")
    yield
    for program, (pid, resident) in before.items():
        assert programs.pids(program) == [pid], f"{program} has ended"
        growth = memory(pid, "VmHWM") - resident
        print(f"{program}: {resident >> 20} MiB, grown by up to {growth >> 20} MiB")
        assert growth < GROWTH_MAX[program], program


def served(name="alice"):
    """Another client is answered, and how long that took."""

    def ask():
        begin = time.monotonic()
        bus.Bus().manager("ListJobs", "utu", 0, 0, 1)
        return time.monotonic() - begin

    return people.call(name, ask)


def test_two_hundred_jobs(server, files, passwords):
    """Ten clients of four accounts at once, twenty jobs each."""
    remote = files.make("crowd.bin", SIZE)
    names = ["alice", "bob", "carol", "mal"]

    def client(number):
        directory = pathlib.Path(os.environ["HOME"]) / f"crowd-{number}"
        directory.mkdir()
        connection = jobs.session()
        running = []
        for index in range(JOBS // CLIENTS):
            job = connection.create(f"{number}-{index}")
            job.add(server.url("crowd.bin"), directory / f"{index}.bin")
            job.call("Resume")
            running.append(job)
        for job in running:
            jobs.wait_state(job, bus.TRANSFERRED)
            assert int(job.call("Complete")) == 0
        return sorted(str(path) for path in directory.iterdir())

    results, threads = {}, []
    for number in range(CLIENTS):
        name = names[number % len(names)]
        thread = threading.Thread(target=lambda n=number, who=name: results.update({n: people.call(who, client, n)}))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join(300)
    assert sorted(results) == list(range(CLIENTS))
    arrived = [path for paths in results.values() for path in paths]
    assert len(arrived) == JOBS
    assert {sha256(path) for path in arrived} == {sha256(remote)}


def connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(BUS)
    return connection


def held(function, hold=served):
    """mal's child does something to the bus and keeps what it opened while hold() runs here; what hold() says."""
    ready_read, ready_write = os.pipe()
    end_read, end_write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(end_write)
            people.become("mal")
            kept = function()
            os.write(ready_write, b"1")
            os.read(end_read, 1)
            del kept
        finally:
            os._exit(0)
    os.close(ready_write)
    os.close(end_read)
    try:
        assert os.read(ready_read, 1) == b"1", "mal's child failed"
        return hold()
    finally:
        os.close(end_write)
        os.close(ready_read)
        os.waitpid(child, 0)


def message(body=b"", announced=None, path=b"/", method=b"org.freedesktop.DBus.Peer.Ping", signature=b""):
    """A method call by hand, as the specification has it."""
    interface, _, member = method.rpartition(b".")

    def field(code, kind, value):
        data = struct.pack("<BB", code, 1) + kind + b"\0"
        if kind == b"g":
            return data + struct.pack("<B", len(value)) + value + b"\0"
        return data + struct.pack("<I", len(value)) + value + b"\0"

    fields = b""
    parts = [field(1, b"o", path), field(3, b"s", member), field(2, b"s", interface)]
    for part in parts + ([field(8, b"g", signature)] if signature else []):
        fields += b"\0" * (-len(fields) % 8) + part
    size = len(body) if announced is None else announced
    head = struct.pack("<cBBBIII", b"l", 1, 0, 1, size, 1, len(fields)) + fields
    return head + b"\0" * (-len(head) % 8) + body


def authenticated():
    connection = connect()
    connection.sendall(HELLO)
    answer = b""
    while b"AGREE_UNIX_FD\r\n" not in answer:
        data = connection.recv(4096)
        assert data, answer
        answer += data
    return connection


def test_a_message_by_hand_is_answered():
    """What the tests below send halves of is right as a whole."""

    def whole():
        connection = authenticated()
        connection.sendall(message())
        return connection.recv(4096)[:2]

    assert people.call("mal", whole) == b"l\2"  # a method return


def test_silent_clients():
    with bounded():
        assert held(lambda: [connect() for _ in range(60)]) < ANSWER_SEC


def test_half_a_message():
    def half():
        connections = [authenticated() for _ in range(60)]
        for connection in connections:
            connection.sendall(message(b"", 900 << 10)[:-1] + b"\0")
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                connection.send(b"x" * (512 << 10))
        return connections

    with bounded():
        assert held(half) < ANSWER_SEC


def test_a_megabyte_of_noise():
    noise = random.Random(1).randbytes(1 << 20)

    def shout():
        closed = 0
        for start in (b"", b"\0", HELLO):
            connection = connect()
            try:
                connection.sendall(start + noise)
                while connection.recv(65536):
                    pass
                closed += 1
            except (BrokenPipeError, ConnectionResetError):
                closed += 1
        return closed

    with bounded():
        assert people.call("mal", shout) == 3
        assert served() < ANSWER_SEC


def test_a_huge_message_is_refused_before_it_is_stored():
    def huge():
        connection = authenticated()
        sent = 0
        try:
            connection.sendall(message(b"", 100 << 20))
            while sent < 100 << 20:
                sent += connection.send(b"x" * 65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return sent

    with bounded():
        assert people.call("mal", huge) < 4 << 20  # what the sockets' buffers take
        assert served() < ANSWER_SEC


def test_a_client_that_does_not_read():
    """It asks and asks, and never takes an answer."""

    def ask():
        connection = authenticated()
        connection.settimeout(2)
        sent = 0
        with contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
            while sent < 200_000:
                connection.sendall(message())
                sent += 1
        assert sent < 200_000
        return connection

    with bounded():
        assert held(ask) < ANSWER_SEC


def test_clients_that_ask_for_much_and_do_not_read():
    """Sixty connections ask for all names of a job whose names are long, and take no answer."""
    address = "http://127.0.0.1:1/" + "/".join(["x" * 209] * 10)

    def lists(path):
        ask = message(struct.pack("<II", 0, 256), path=path.encode(), method=b"org.bitsd1.Job.ListFiles", signature=b"uu")
        connections = [authenticated() for _ in range(60)]
        for connection in connections:
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                for _ in range(1000):
                    connection.send(ask)
        connections[0].setblocking(True)
        assert connections[0].recv(2) == b"l\2"  # a method return: the question was right
        return connections

    def fill():
        job = jobs.session().create("long names")
        job.call("AddFileSet", "a(ss)", [(address, f"{os.environ['HOME']}/{index}") for index in range(200)])
        return job.path

    path = people.call("mal", fill)
    with bounded():
        assert held(lambda: lists(path), lambda: served("carol")) < ANSWER_SEC


def sockets(program):
    (pid,) = programs.pids(program)
    return sum(target.startswith("socket:") for target in programs.descriptors(pid).values())


@pytest.mark.parametrize(
    "path, kind, program, sockets_max",
    [(BUS, socket.SOCK_STREAM, "bits-queue", 64 * 4), ("/run/bits/identity", socket.SOCK_SEQPACKET, "bitsd", 8)],
    ids=["bus", "identity"],
)
def test_ten_thousand_connections(path, kind, program, sockets_max):
    """Of one user's, the service keeps 64 on the bus, of four sockets each with their framing gate, and 8 on the
    identity socket; and carol is served beside them."""

    def flood():
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        kept = []
        for _ in range(10_000):
            connection = socket.socket(socket.AF_UNIX, kind)
            connection.setblocking(False)
            try:
                connection.connect(path)
                kept.append(connection)
            except (BlockingIOError, ConnectionRefusedError):
                connection.close()  # the listener's queue is full
        assert len(kept) > 1000  # it was one
        return kept

    before = sockets(program)

    def others():
        took_sec = served("carol")
        assert sockets(program) - before <= sockets_max + OWN_SOCKETS
        return took_sec

    with bounded():
        assert held(flood, others) < ANSWER_SEC
        assert people.call("alice", lambda: jobs.session_when_ready(ANSWER_SEC) is not None)
