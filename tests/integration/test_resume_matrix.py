"""Downloads that are interrupted: what names versions x what the server does then x what interrupts, 240 cells, against
the rules in resuming.py. Each ends identical to one version of the remote file, or with the documented error and no file.

The cells of one interruption are jobs that run side by side. Each gets the first half of its file, which is durable
before the interruption; then the server is as the cell says, and the job is left to end by itself.
"""

import contextlib
import gzip
import random
import socket
import threading

import pytest

import bus
import configuration
import jobs
import people
import resuming
from raw import RESET, RawOrigin, answer, field_of, range_of
from resuming import LONGER, NEW, OLD
from waiting import wait_for

SIZE, HALF = 96 * 1024, 48 * 1024
FOREGROUND, RETRY_DELAY_MIN_SEC = 0, 5
REMOTE_FILE = 5
SERVICE = ["bitsd", "bits-queue", "bits-file", "bits-net"]


def bodies():
    """The new version differs from the old one at its begin and at its end only: what is joined of both is neither, and
    looks right around the seam."""
    source = random.Random("bodies")
    old = source.randbytes(SIZE)
    return {OLD: old, NEW: source.randbytes(1024) + old[1024:-1024] + source.randbytes(1024), LONGER: source.randbytes(SIZE + 1000)}


BODIES = bodies()
NUMBERS = {OLD: 1, NEW: 2, LONGER: 3}


def names_of(validator, version):
    """The fields that name a version; dates long before these of the answers."""
    number = NUMBERS[version]
    return {
        resuming.STRONG: {"ETag": f'"{number}"'},
        resuming.WEAK: {"ETag": f'W/"{number}"'},
        resuming.DATE: {"Last-Modified": f"Sat, 0{number} Nov 1994 08:49:37 GMT"},
        resuming.NEITHER: {},
    }[validator]


def joined(parts):
    return b"".join(parts)


def chunks(body, piece=10000):
    for begin in range(0, len(body), piece):
        part = body[begin:begin + piece]
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
    yield b"0\r\n\r\n"


def serve(header, version, names, if_range=True):
    """What a server with ranges and If-Range answers, as it should: head and body."""
    body, begin, condition = BODIES[version], range_of(header), field_of(header, "If-Range")
    weak = condition is not None and condition.startswith("W/")
    if begin is None or (if_range and condition is not None and (weak or condition not in names.values())):
        return answer(200, length=len(body), **names), body
    if begin >= len(body):
        return answer(416, Content_Range=f"bytes */{len(body)}"), b""
    return answer(206, length=len(body) - begin, Content_Range=f"bytes {begin}-{len(body) - 1}/{len(body)}", **names), body[begin:]


class Cell:
    """One job, and the server that it meets under the names NAME and NAME-new."""

    def __init__(self, number, validator, server, interruption, elsewhere):
        self.validator, self.server, self.interruption = validator, server, interruption
        self.key = validator, server, interruption
        self.name = f"cell-{number}"
        self.number, self.elsewhere = number, elsewhere
        self.later = False  # the server is as the cell says
        self.go = threading.Event()  # whoever is held in the first answer is let go
        self.statuses = []  # of all answers
        self.cut = False

    def names(self, version):
        return names_of(self.validator, version)

    def __call__(self, n, header):
        head, *rest = self.act(header) if self.later else self.first()
        self.statuses.append(int(head.split()[1]))
        yield head
        for part in rest:
            yield from [part] if isinstance(part, bytes) or part is RESET else part

    def first(self):
        """The old version up to its half, and then nothing until the interruption."""
        if self.server == resuming.CHUNKED:
            half = joined(chunks(BODIES[OLD][:HALF])).removesuffix(b"0\r\n\r\n")
            return answer(200, length=False, Transfer_Encoding="chunked", **self.names(OLD)), half, self.hold()
        return answer(200, length=SIZE, **self.names(OLD)), BODIES[OLD][:HALF], self.hold()

    def hold(self):
        while not self.go.wait(20):  # not so still that it counts as stalled
            yield b"1\r\n%c\r\n" % BODIES[OLD][HALF] if self.server == resuming.CHUNKED else BODIES[OLD][HALF:HALF + 1]
        if self.interruption == resuming.RESET:
            yield RESET

    def act(self, header):
        version = resuming.version_served(self.server)
        ranged = range_of(header) is not None
        head, body = serve(header, version, self.names(version), self.server != resuming.IGNORES_IF_RANGE)
        if self.server == resuming.IGNORES_RANGE:
            return serve("", version, self.names(version))
        if self.server == resuming.LYING_CONTENT_RANGE and ranged:
            return self.lie(range_of(header)), body
        if self.server == resuming.UNSATISFIED and ranged:
            return (answer(416, Content_Range=f"bytes */{SIZE}"),)
        if self.server == resuming.TRUNCATED and not self.cut:
            self.cut = True
            return head, body[:len(body) // 2]
        if self.server == resuming.CHUNKED:
            return head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked"), chunks(body)
        if self.server == resuming.COMPRESSED:
            packed = gzip.compress(body)
            return (head.replace(b"Content-Length: %d" % len(body), b"Content-Encoding: gzip\r\nContent-Length: %d" % len(packed)), packed)
        if self.server == resuming.REDIRECTED:
            return (answer(302, Location=self.elsewhere.url(self.name)),)
        if self.server == resuming.OTHER_SERVER:  # the same file, but with names of this server's own
            return serve(header, OLD, names_of(self.validator, LONGER))
        return head, body

    def lie(self, begin):
        """Of four lies each cell tells one; the body is what was asked for."""
        said = [
            f"bytes {begin + 1}-{SIZE - 1}/{SIZE}", f"bytes 0-{SIZE - 1}/{SIZE}", f"bytes {begin}-{SIZE - 1}/*", f"bytes {begin}-{SIZE}/{SIZE + 1}",
        ][self.number % 4]
        return answer(206, length=SIZE - begin, Content_Range=said, **self.names(OLD))

    def act_elsewhere(self, n, header):
        """Another host, with another file whose ETag is the same by chance."""
        names = names_of(self.validator, NEW if self.validator == resuming.DATE else OLD)
        head, body = serve(header, NEW, names)
        self.statuses.append(int(head.split()[1]))
        yield head
        yield body


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
        wait_for(table.half_is_stored, "half of each file on the disk")
        table.interrupt()
        found = {cell.key: table.outcome(cell) for cell in table.cells}
        assert not jobs.temporaries(table.directory)
    wanted = {cell.key: resuming.expected(*cell.key) for cell in table.cells}
    print(f"{len(found)} cells")
    assert len(found) == 48
    differing = [f"{' x '.join(key[:2])}: {found[key]}, not {wanted[key]}" for key in found if found[key] != wanted[key]]
    assert not differing, "\n".join(differing)


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
    cell = Cell(number, validator, server, resuming.SUSPEND, None)
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
        (resuming.CHUNKED, [RANGE], b"206", f"bytes {HALF}-{SIZE - 1}/{SIZE}", joined(chunks(BODIES[OLD][HALF:]))),
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
    cell = Cell(0, resuming.STRONG, resuming.UNCHANGED, resuming.RESET, None)
    cell.go.set()
    assert fetch(cell) is None
