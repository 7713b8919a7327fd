"""What the tests of jobs share: a session of one account's with the service, tokens handed around, workers found.

A scenario runs inside people.call(NAME, ...): the process that connects is who asks.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import tempfile

import bus
import identity
import people
from waiting import wait_for

STORE = pathlib.Path("/var/lib/bits/queue")


def session():
    """A connection of this process's user, authorised as libbits would."""
    connection = bus.Bus()
    connection.authorize()
    return connection


def session_when_ready(limit_sec=60):
    """The same while the service may be restarting."""

    def attempt():
        try:
            return session()
        except Exception:  # refused, reset, half-way: asked again until the limit
            return None

    return wait_for(attempt, "the service", limit_sec)


def logon(name, password):
    reply = identity.logon(name, password)
    assert reply.result == 0, reply.result
    return reply.token


def mint_as(name, audience, uses=identity.LOCAL_FILE):
    """A token that NAME makes of itself, for the jobs of the uid audience; its descriptor, here."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def mint():
        reply = identity.mint(audience, uses)
        socket.send_fds(theirs, [b"token"], [reply.token] if reply.token is not None else [])
        return reply.result

    with ours, theirs:
        result = people.call(name, mint)
        _, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
    return result, descriptors[0] if descriptors else None


def wait_state(job, *states, limit_sec=120):
    """The job's state as soon as it is one of states."""
    return wait_for(lambda: (job.state + 1) if job.state in states else 0, f"state {states}", limit_sec) - 1


def refused(call, *arguments):
    """The HRESULT with which a call is refused; None when it is not."""
    try:
        call(*arguments)
    except bus.Failure as failure:
        return failure.hresult
    return None


def processes(program):
    """The pids of the running processes of one of our programs."""
    found = []
    for link in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            if os.readlink(link) == f"/usr/libexec/bits/{program}":
                found.append(int(link.parent.name))
        except OSError:
            continue  # it has ended, or is a kernel thread
    return found


def send(number, *programs):
    """A signal for every process of these programs; how many there were."""
    pids = [pid for program in programs for pid in processes(program)]
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    return len(pids)


def kill(*programs):
    """kill -9 of every process of these programs; how many there were."""
    return send(signal.SIGKILL, *programs)


@contextlib.contextmanager
def stored():
    """A copy of the store as it lies on the disk now."""
    with tempfile.TemporaryDirectory(dir="/run/tmp") as copy:
        for name in ("queue.db-wal", "queue.db"):  # the log first: what it has, the database need not
            if (STORE / name).exists():
                shutil.copy(STORE / name, copy)
        with contextlib.closing(sqlite3.connect(f"{copy}/queue.db")) as database:
            yield database


def wrong_totals(database):
    """Jobs whose rows say something else of their files than the files' rows."""
    return database.execute(
        "SELECT job.serial FROM job LEFT JOIN file ON file.job = job.serial GROUP BY job.serial"
        " HAVING n_stored != count(file.job) OR files_size != ifnull(sum(iif(size = -1, 0, size)), 0)"
        " OR files_offset != ifnull(sum(offset), 0) OR n_unknown != ifnull(sum(size = -1), 0)"
        " OR n_sealed != ifnull(sum(file.state >= 2), 0)"
    ).fetchall()


def stored_offsets():
    """{job id: [stored offset of each file]}"""
    with stored() as database:
        rows = database.execute(
            "SELECT hex(job.guid), file.offset FROM file JOIN job ON job.serial = file.job ORDER BY file.ordinal"
        ).fetchall()
        assert wrong_totals(database) == []
    offsets = {}
    for guid, offset in rows:
        offsets.setdefault(guid, []).append(offset)
    return offsets


def temporaries(directory):
    return sorted(name for name in os.listdir(directory) if name.startswith("BIT"))
