"""Downloads that are interrupted: what names versions x what the server does then x what interrupts, 240 cells, against
the rules in resuming.py. Each ends identical to one version of the remote file, or with the documented error and no file.

The cells of one interruption are jobs that run side by side. Each gets the first half of its file, which is durable
before the interruption; then the server is as the cell says, and the job is left to end by itself.
"""

import contextlib
import email.utils
import gzip
import socket

import pytest

import bus
import configuration
import jobs
import people
import resuming
from misbehaving import BODIES, HALF, SIZE, Misbehaving, chunks
from raw import RawOrigin, answer, field_of
from resuming import LONGER, NEW, OLD
from waiting import wait_for

FOREGROUND, RETRY_DELAY_MIN_SEC = 0, 5
REMOTE_FILE = 5
SERVICE = ["bitsd", "bits-queue", "bits-file", "bits-net"]


class Cell(Misbehaving):
    """One job, and the server that it meets."""

    def __init__(self, number, validator, server, interruption, elsewhere):
        super().__init__(number, validator, server, interruption, elsewhere)
        self.key = validator, server, interruption
        self.job = None


class Table:
    """The cells of one interruption, their servers and their jobs."""

    def __init__(self, interruption):
        self.interruption = interruption
        self.directory = people.home("alice") / f"resume-{resuming.INTERRUPTIONS.index(interruption)}"
        with people.as_account("alice"):
            self.directory.mkdir()
        self.elsewhere = RawOrigin({}, "127.0.0.2")
        keys = [(validator, server) for validator in resuming.VALIDATORS for server in resuming.SERVERS]
        self.cells = [Cell(number, *key, interruption, self.elsewhere) for number, key in enumerate(keys)]
        self.origin = RawOrigin({cell.name + end: cell for cell in self.cells for end in ("", "-new")})
        self.elsewhere.answers = {cell.name: cell.act_elsewhere for cell in self.cells}

    def __enter__(self):
        self.origin.__enter__()
        self.elsewhere.__enter__()
        return self

    def __exit__(self, *_):
        for cell in self.cells:
            cell.go.set()
        self.elsewhere.__exit__()
        self.origin.__exit__()

    def connect(self):
        """After a restart of the service each job is somebody else to talk to."""
        with people.as_account("alice"):
            connection = jobs.session_when_ready()
        for cell in self.cells:
            cell.job = connection.get(cell.job.id)

    def begin(self):
        with people.as_account("alice"):
            connection = jobs.session()
        for cell in self.cells:
            cell.job = connection.create(cell.name)
            cell.job.call("SetPriority", "u", FOREGROUND)
            cell.job.call("SetMinimumRetryDelay", "u", RETRY_DELAY_MIN_SEC)
            cell.job.add(self.origin.url(cell.name), self.directory / cell.name)
            cell.job.call("Resume")

    def half_is_stored(self):
        offsets = jobs.stored_offsets()
        return all(offsets[cell.job.id.replace("-", "").strip("{}").upper()][0] >= HALF for cell in self.cells)

    def interrupt(self):
        for cell in self.cells:
            cell.later = True
        {
            resuming.SUSPEND: self.suspend, resuming.RESET: self.reset, resuming.KILL_NET: lambda: jobs.kill("bits-net"),
            resuming.KILL_ALL: self.kill_all, resuming.RENAME: self.rename,
        }[self.interruption]()

    def suspend(self):
        for cell in self.cells:
            cell.job.call("Suspend")
            cell.job.call("Resume")

    def reset(self):
        for cell in self.cells:
            cell.go.set()

    def kill_all(self):
        jobs.kill(*SERVICE)
        self.connect()

    def rename(self):
        for cell in self.cells:
            new = self.origin.url(cell.name + "-new")
            cell.job.bus.call(f"{cell.job.path}/file/0", "File", "SetRemoteName", "s", new)
            cell.job.call("Resume")

    def outcome(self, cell):
        """What became of the cell: version, error, and how its last answer was used."""
        state = jobs.wait_state(cell.job, bus.TRANSFERRED, bus.ERROR)
        path = self.directory / cell.name
        if state == bus.ERROR:
            hresult, context = cell.job.error()
            cell.job.call("Cancel")
            assert context == REMOTE_FILE and not path.exists()
            return resuming.Outcome(None, hresult, False)
        cell.job.call("Complete")
        found = path.read_bytes()
        version = next((version for version, body in BODIES.items() if body == found), f"{len(found)} bytes of no version")
        return resuming.Outcome(version, None, cell.statuses[-1] == 206)


@pytest.fixture(scope="module", autouse=True)
def room():
    """For all cells of a table at once."""
    with configuration.settings(MaxJobsPerUser=1000, ConnectionsPerHost=64):
        yield


@pytest.mark.parametrize("interruption", resuming.INTERRUPTIONS)
def test_cells(interruption):
    with Table(interruption) as table:
        table.begin()
        wait_for(table.half_is_stored, "half of each file on the disk", 120)
        table.interrupt()
        found = {cell.key: table.outcome(cell) for cell in table.cells}
        assert not jobs.temporaries(table.directory)
    wanted = {cell.key: resuming.expected(*cell.key) for cell in table.cells}
    print(f"{len(found)} cells")
    assert len(found) == 48
    differing = [f"{' x '.join(key[:2])}: {found[key]}, not {wanted[key]}" for key in found if found[key] != wanted[key]]
    assert not differing, "\n".join(differing)


def test_one_of_two_files_has_changed():
    """It starts over alone: of the other, in the same job, only what is missing is fetched."""
    directory = people.home("alice") / "two"
    with people.as_account("alice"):
        directory.mkdir()
        job = jobs.session().create("two")
    servers = {"kept": resuming.UNCHANGED, "changed": resuming.CHANGED_OTHER_SIZE}
    cells = {name: Misbehaving(0, resuming.STRONG, server, resuming.SUSPEND, None) for name, server in servers.items()}
    with RawOrigin(cells) as origin:
        job.call("SetPriority", "u", FOREGROUND)
        for name in cells:
            job.add(origin.url(name), directory / name)
        job.call("Resume")
        guid = job.id.replace("-", "").strip("{}").upper()
        wait_for(lambda: min(jobs.stored_offsets()[guid]) >= HALF, "half of both on the disk")
        for cell in cells.values():
            cell.later = True
        job.call("Suspend")
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        job.call("Complete")
        for cell in cells.values():
            cell.go.set()
    assert (directory / "kept").read_bytes() == BODIES[OLD] and cells["kept"].statuses == [200, 206]
    assert (directory / "changed").read_bytes() == BODIES[LONGER] and cells["changed"].statuses == [200, 200]


@pytest.mark.parametrize("age_sec", [10, 1000])
def test_time_of_the_result(age_sec):
    """That of Last-Modified, also where it is too young to tell a version by."""
    directory = people.home("alice") / f"time-{age_sec}"
    now = 10**9
    fields = {"Date": email.utils.formatdate(now, usegmt=True), "Last_Modified": email.utils.formatdate(now - age_sec, usegmt=True)}
    with people.as_account("alice"):
        directory.mkdir()
        job = jobs.session().create("time")
    with RawOrigin({"file": answer(200, b"content", **fields)}) as origin:
        job.call("SetPriority", "u", FOREGROUND)
        job.add(origin.url("file"), directory / "file")
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        job.call("Complete")
    assert (directory / "file").stat().st_mtime_ns == (now - age_sec) * 10**9


# The server itself: a matrix whose server does not misbehave would prove nothing.


def fetch(cell, *fields):
    """The whole answer of a cell's server, as it comes; None: the connection was reset."""
    with RawOrigin({"x": cell}) as origin, contextlib.closing(socket.create_connection(origin.server.server_address)) as client:
        client.sendall("\r\n".join(["GET /x HTTP/1.1", *fields, "", ""]).encode())
        data = b""
        try:
            while part := client.recv(65536):
                data += part
        except ConnectionResetError:
            return None
        return data


def later(server, validator=resuming.STRONG, number=0):
    cell = Misbehaving(number, validator, server, resuming.SUSPEND, None)
    cell.later = True
    return cell


RANGE = f"Range: bytes={HALF}-"


@pytest.mark.parametrize(
    "server, fields, first_line, wanted, body",
    [
        (resuming.UNCHANGED, [RANGE, 'If-Range: "1"'], b"206", f"bytes {HALF}-{SIZE - 1}/{SIZE}", BODIES[OLD][HALF:]),
        (resuming.CHANGED_SAME_SIZE, [RANGE, 'If-Range: "1"'], b"200", None, BODIES[NEW]),
        (resuming.CHANGED_OTHER_SIZE, [RANGE], b"206", f"bytes {HALF}-{SIZE + 999}/{SIZE + 1000}", BODIES[LONGER][HALF:]),
        (resuming.IGNORES_IF_RANGE, [RANGE, 'If-Range: "1"'], b"206", f"bytes {HALF}-{SIZE - 1}/{SIZE}", BODIES[NEW][HALF:]),
        (resuming.IGNORES_RANGE, [RANGE], b"200", None, BODIES[OLD]),
        (resuming.LYING_CONTENT_RANGE, [RANGE], b"206", f"bytes {HALF + 1}-{SIZE - 1}/{SIZE}", BODIES[OLD][HALF:]),
        (resuming.UNSATISFIED, [RANGE], b"416", f"bytes */{SIZE}", b""),
        (resuming.TRUNCATED, [], b"200", None, BODIES[OLD][:SIZE // 2]),
        (resuming.CHUNKED, [RANGE], b"206", f"bytes {HALF}-{SIZE - 1}/{SIZE}", b"".join(chunks(BODIES[OLD][HALF:]))),
        (resuming.COMPRESSED, [], b"200", None, gzip.compress(BODIES[OLD])),
        (resuming.OTHER_SERVER, [RANGE, 'If-Range: "1"'], b"200", None, BODIES[OLD]),
    ],
)
def test_server(server, fields, first_line, wanted, body):
    head, _, found = fetch(later(server), *fields).partition(b"\r\n\r\n")
    assert head.split()[1] == first_line
    assert field_of(head.decode() + "\r\n", "Content-Range") == wanted
    assert found[10:] == body[10:]  # a gzip header has the time


def test_server_lies_in_four_ways():
    said = [field_of(fetch(later(resuming.LYING_CONTENT_RANGE, number=n), RANGE).split(b"\r\n\r\n")[0].decode() + "\r\n", "Content-Range") for n in range(4)]
    assert len(set(said)) == 4 and f"bytes {HALF}-{SIZE - 1}/{SIZE}" not in said


def test_server_resets():
    cell = Misbehaving(0, resuming.STRONG, resuming.UNCHANGED, resuming.RESET, None)
    cell.go.set()
    assert fetch(cell) is None
