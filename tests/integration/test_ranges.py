"""Parts of a file: AddFileWithRanges, and random access to what is being downloaded (IBackgroundCopyFile6)."""

import http.server
import re
import threading

import dbus
import pytest

import bus
import configuration
import jobs
import people
from serving import Serving
from waiting import wait_for

MIB = 1 << 20
TO_EOF = 2**64 - 1
ON_DEMAND, DYNAMIC, MAX_DOWNLOAD_SIZE = 10, 3, 5

E_INVALIDARG = 0x80070057
BG_E_INVALID_STATE = 0x80200002
BG_E_INSUFFICIENT_RANGE_SUPPORT = 0x80200013
BG_E_INVALID_RANGE = 0x8020002B
BG_E_OVERLAPPING_RANGES = 0x8020002C
BG_E_TOO_MANY_RANGES_IN_FILE = 0x80200052
BG_E_MAX_DOWNLOAD_SIZE_LIMIT_REACHED = 0x80200064
BG_E_RANDOM_ACCESS_NOT_SUPPORTED = 0x8020006D
BG_E_UNSUPPORTED_JOB_CONFIGURATION = 0x80200072
REMOTE_FILE = 5


class RangeOrigin(Serving):
    """A server of one file that may change, be slow, or not know ranges; remembers what it was asked for."""

    def __init__(self, body):
        self.body, self.etag = body, '"1"'
        self.ranges, self.validators, self.sized = True, True, True
        self.released = threading.Event()
        self.hold = None  # (first, bytes): the answer that begins at first stops after so many until it is released
        self.waiting = threading.Event()
        self.asked = []  # (first, last) of each request; None: the whole file
        self.before_answer = lambda: None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                outer.before_answer()
                body, etag = outer.body, outer.etag
                found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                first, last = (int(found[1]), int(found[2] or len(body) - 1)) if found else (0, len(body) - 1)
                outer.asked.append((first, last) if found else None)
                if not found or not outer.ranges or self.headers.get("If-Range", etag) != etag:
                    return self.answer(200, body, 0, etag)
                if first >= len(body):
                    return self.answer(416, b"", 0, etag, f"bytes */{len(body)}")
                last = min(last, len(body) - 1)
                return self.answer(206, body[first:last + 1], first, etag, f"bytes {first}-{last}/{len(body)}")

            def answer(self, status, part, first, etag, content_range=None):
                self.send_response(status)
                if outer.sized or status != 200:
                    self.send_header("Content-Length", str(len(part)))
                else:
                    self.send_header("Transfer-Encoding", "chunked")
                if outer.validators:
                    self.send_header("ETag", etag)
                if content_range:
                    self.send_header("Content-Range", content_range)
                self.end_headers()
                if not outer.sized and status == 200:
                    for begin in range(0, len(part), MIB):
                        piece = part[begin:begin + MIB]
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\n\r\n")
                    return
                stop = outer.hold[1] if outer.hold and outer.hold[0] == first else len(part)
                self.wfile.write(part[:stop])
                self.wfile.flush()
                if stop < len(part):
                    outer.waiting.set()
                    outer.released.wait()
                    self.wfile.write(part[stop:])

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the client has gone, which is its right

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/file"

    def __exit__(self, *_):
        self.released.set()
        super().__exit__()


@pytest.fixture(scope="module")
def content(files):
    return files.make("ranges.bin", 8 * MIB).read_bytes()


@pytest.fixture
def origin(content):
    with RangeOrigin(content) as running:
        yield running


def array(ranges):
    return dbus.Array([(dbus.UInt64(offset), dbus.UInt64(length)) for offset, length in ranges], signature="(tt)")


def add_ranges(job, remote, local, ranges):
    job.call("AddFileWithRanges", "ssa(tt)", str(remote), str(local), array(ranges))


def set_property(job, number, value):
    job.call("SetProperty", "uv", dbus.UInt32(number), value)


def file_call(job, method, signature="", *arguments):
    return job.bus.call(f"{job.path}/file/0", "File", method, signature, *arguments)


def request(job, *ranges):
    file_call(job, "RequestFileRanges", "a(tt)", array(ranges))


def filled(job):
    return [(int(offset), int(length)) for offset, length in file_call(job, "GetFilledFileRanges") or []]


def temporary(job):
    return str(job.bus.call(f"{job.path}/file/0", "org.freedesktop.DBus.Properties", "Get", "ss", "org.bitsd1.File",
                            "TemporaryName"))


def concatenation(content, ranges):
    return b"".join(content[offset:] if length == TO_EOF else content[offset:offset + length] for offset, length in ranges)


def finish(job):
    assert jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR) == bus.TRANSFERRED, job.error()
    job.call("Complete")


def failure(job):
    assert jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR) == bus.ERROR
    return job.error()


# AddFileWithRanges

RANGES = [(5 * MIB, 100000), (10, 90), (100, 400), (7 * MIB, TO_EOF), (3 * MIB, 1)]


@pytest.mark.parametrize("kind", ["server", "nginx"])
def test_concatenation(kind, request, files, content, alices):
    """In the order given; two that touch are one request; the sum is the progress."""
    server = request.getfixturevalue(kind)
    local = alices / "parts.bin"

    def scenario():
        job = jobs.session().create()
        add_ranges(job, server.url("ranges.bin"), local, RANGES[:3])
        assert job.progress[0] == 100490
        add_ranges(job, server.url("ranges.bin"), alices / "rest.bin", RANGES)
        assert job.progress[0] == TO_EOF
        assert [tuple(map(int, r)) for r in file_call(job, "GetFileRanges")] == RANGES[:3]
        job.call("Resume")
        assert jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR) == bus.TRANSFERRED
        expected = sum(len(concatenation(content, r)) for r in (RANGES, RANGES[:3]))
        assert job.progress == (expected, expected, 2, 2)
        job.call("Complete")

    people.call("alice", scenario)
    assert local.read_bytes() == concatenation(content, RANGES[:3])
    assert (alices / "rest.bin").read_bytes() == concatenation(content, RANGES)
    assert jobs.temporaries(alices) == []


def test_requests(origin, content, alices):
    """One request a range, ranges that touch in one."""

    def scenario():
        job = jobs.session().create()
        add_ranges(job, origin.url, alices / "file", RANGES)
        job.call("Resume")
        finish(job)

    people.call("alice", scenario)
    assert origin.asked == [
        (5 * MIB, 5 * MIB + 99999), (10, 499), (7 * MIB, 8 * MIB - 1), (3 * MIB, 3 * MIB),
    ]


@pytest.mark.parametrize(
    "ranges, code",
    [
        ([], E_INVALIDARG),
        ([(0, 0)], BG_E_INVALID_RANGE),
        ([(TO_EOF, 1)], BG_E_INVALID_RANGE),
        ([(1, TO_EOF - 1)], BG_E_INVALID_RANGE),
        ([(2**63 - 1, 2)], BG_E_INVALID_RANGE),
        ([(0, 10), (9, 1)], BG_E_OVERLAPPING_RANGES),
        ([(5, 5), (5, 5)], BG_E_OVERLAPPING_RANGES),
        ([(5, TO_EOF), (100, 1)], BG_E_OVERLAPPING_RANGES),
        ([(2 * i, 1) for i in range(501)], BG_E_TOO_MANY_RANGES_IN_FILE),
    ],
)
def test_refused(ranges, code, alices):
    def scenario():
        job = jobs.session().create()
        return jobs.refused(add_ranges, job, "http://127.0.0.1/x", alices / "x", ranges), job.progress[2]

    assert people.call("alice", scenario) == (code, 0)


def test_administrators_may_have_more():
    def scenario():
        job = jobs.session().create()
        add_ranges(job, "http://127.0.0.1/x", people.home("admin") / "x", [(2 * i, 1) for i in range(501)])
        return len(file_call(job, "GetFileRanges"))

    assert people.call("admin", scenario) == 501


def test_not_with_dynamic_content_nor_on_demand(alices):
    def scenario(number):
        job = jobs.session().create()
        set_property(job, number, dbus.Boolean(True))
        return jobs.refused(add_ranges, job, "http://127.0.0.1/x", alices / "x", [(0, 1)])

    for number in (DYNAMIC, ON_DEMAND):
        assert people.call("alice", scenario, number) == BG_E_UNSUPPORTED_JOB_CONFIGURATION


def test_five_hundred_ranges(origin, content, alices):
    ranges = [(i * 16000, 100) for i in reversed(range(500))]

    def scenario():
        job = jobs.session().create()
        add_ranges(job, origin.url, alices / "many", ranges)
        job.call("Resume")
        finish(job)

    people.call("alice", scenario)
    assert (alices / "many").read_bytes() == concatenation(content, ranges)
    assert len(origin.asked) == 500


@pytest.mark.parametrize("ranges", [[(8 * MIB - 5, 6)], [(0, 5), (8 * MIB, 1)], [(8 * MIB, TO_EOF)]])
def test_beyond_the_end(ranges, origin, alices):
    def scenario():
        job = jobs.session().create()
        add_ranges(job, origin.url, alices / "beyond", ranges)
        job.call("Resume")
        return failure(job)

    assert people.call("alice", scenario) == (BG_E_INVALID_RANGE, REMOTE_FILE)


def test_server_without_ranges(origin, alices):
    origin.ranges = False

    def scenario():
        job = jobs.session().create()
        add_ranges(job, origin.url, alices / "none", [(0, 5), (10, 5)])
        job.call("Resume")
        return failure(job)

    assert people.call("alice", scenario) == (BG_E_INSUFFICIENT_RANGE_SUPPORT, REMOTE_FILE)


def test_changed_between_two_ranges(origin, content, alices):
    """All of the file is of the second version: the first range is fetched again."""
    other = bytes(reversed(content))
    ranges = [(0, MIB), (2 * MIB, MIB), (4 * MIB, MIB)]

    def change():
        if len(origin.asked) == 2:
            origin.body, origin.etag = other, '"2"'

    origin.before_answer = change

    def scenario():
        job = jobs.session().create()
        add_ranges(job, origin.url, alices / "changed", ranges)
        job.call("Resume")
        finish(job)

    people.call("alice", scenario)
    assert (alices / "changed").read_bytes() == concatenation(other, ranges)


def begin(origin, local, setup=lambda job: None, resume=True):
    """A job of alice's for the origin's file, made ready by setup; its id."""

    def scenario():
        job = jobs.session_when_ready().create()
        setup(job)
        if job.progress[2] == 0:
            job.add(origin.url, local)
        if resume:
            job.call("Resume")
        return job.id

    return people.call("alice", scenario)


def with_job(job_id, function, *arguments):
    """What function(job, ...) answers, called as alice."""
    return people.call("alice", lambda: function(jobs.session_when_ready().get(job_id), *arguments))


def wait_stored(job_id, least):
    return wait_for(lambda: jobs.stored_offsets().get(job_id.replace("-", ""), [0])[0] >= least, "a checkpoint")


VICTIMS = [["bits-queue"], ["bits-net"], ["bits-file"], ["bits-queue", "bits-net", "bits-file"]]


@pytest.mark.parametrize("victims", VICTIMS, ids=lambda victims: "+".join(victims))
def test_killed_in_the_middle(victims, origin, content, alices):
    """In the middle of the second range, with some of it durable: nothing that was stored is asked for again."""
    ranges = [(6 * MIB, MIB), (MIB, 3 * MIB), (5 * MIB, MIB)]
    origin.hold = (MIB, 2 * MIB)
    job_id = begin(origin, alices / "killed", lambda job: add_ranges(job, origin.url, alices / "killed", ranges))
    assert origin.waiting.wait(60)
    wait_stored(job_id, 3 * MIB)
    asked = len(origin.asked)
    jobs.kill(*victims)
    if victims == ["bits-file"]:
        origin.released.set()  # nothing of it is missed before the end
    with_job(job_id, finish)
    assert (alices / "killed").read_bytes() == concatenation(content, ranges)
    after = origin.asked[asked:]
    if victims != ["bits-file"]:
        assert after[0] == (3 * MIB, 4 * MIB - 1)
    assert after[-1] == (5 * MIB, 6 * MIB - 1)
    assert jobs.temporaries(alices) == []


# On demand


def on_demand(job):
    set_property(job, ON_DEMAND, dbus.Boolean(True))


def wait_suspended(job):
    assert jobs.wait_state(job, bus.SUSPENDED, bus.ERROR, bus.TRANSFERRED) == bus.SUSPENDED, job.error()


def test_on_demand(origin, content, alices):
    """Nothing but what is requested, each byte once, SUSPENDED in between and TRANSFERRED in the end."""
    job_id = begin(origin, alices / "wanted", on_demand)
    with_job(job_id, wait_suspended)  # nothing was requested
    assert origin.asked == []

    def ask(job, *ranges):
        request(job, *ranges)
        assert job.state == bus.SUSPENDED
        job.call("Resume")
        wait_suspended(job)
        return filled(job), job.progress, temporary(job)

    have, progress, path = with_job(job_id, ask, (5 * MIB, 1000), (MIB, 500))
    assert have == [(MIB, 500), (5 * MIB, 1000)]
    assert progress == (8 * MIB, 1500, 1, 0)
    assert origin.asked == [(5 * MIB, 5 * MIB + 999), (MIB, MIB + 499)]
    with open(path, "rb") as stream:
        data = stream.read()
    assert data[MIB:MIB + 500] == content[MIB:MIB + 500] and data[5 * MIB:] == content[5 * MIB:5 * MIB + 1000]

    # overlapping what is there, and itself: only what is missing is asked for, and at once where two requests touch
    have, progress, _ = with_job(job_id, ask, (MIB + 100, 1000), (MIB + 50, 10), (MIB + 900, 300))
    assert have == [(MIB, 1200), (5 * MIB, 1000)]
    assert origin.asked[2:] == [(MIB + 500, MIB + 1199)]

    def rest(job):
        assert jobs.refused(request, job, (8 * MIB, 1)) == BG_E_INVALID_RANGE
        assert jobs.refused(request, job, (8 * MIB - 1, 2)) == BG_E_INVALID_RANGE
        assert jobs.refused(request, job, (0, 0)) == BG_E_INVALID_RANGE
        assert jobs.refused(request, job) == E_INVALIDARG
        request(job, (0, TO_EOF))
        job.call("Resume")
        finish(job)

    with_job(job_id, rest)
    assert (alices / "wanted").read_bytes() == content
    sizes = [last - first + 1 for first, last in origin.asked]
    assert sum(sizes) == len(content)
    assert jobs.temporaries(alices) == []


def test_requests_outlive_the_service(origin, content, alices):
    """What was accepted is fetched, whoever is killed; what is there is not fetched again."""
    job_id = begin(origin, alices / "kept", on_demand, resume=False)
    origin.hold = (4 * MIB, 2 * MIB)

    def ask(job):
        request(job, (6 * MIB + 5, 100), (4 * MIB, 2 * MIB + 1), (7, 3))
        job.call("Resume")

    with_job(job_id, ask)
    assert origin.waiting.wait(60)
    wait_stored(job_id, 2 * MIB + 100)
    jobs.kill("bits-queue", "bits-net", "bits-file")

    def after(job):
        wait_suspended(job)
        return filled(job)

    assert with_job(job_id, after) == [(7, 3), (4 * MIB, 2 * MIB + 1), (6 * MIB + 5, 100)]
    assert origin.asked[2:] == [(6 * MIB, 6 * MIB), (7, 9)]

    def rest(job):
        request(job, (0, TO_EOF))
        job.call("Resume")
        finish(job)

    with_job(job_id, rest)
    assert (alices / "kept").read_bytes() == content


def test_request_beyond_an_unknown_end(origin, alices):
    job_id = begin(origin, alices / "beyond", on_demand, resume=False)

    def scenario(job):
        request(job, (0, 10), (8 * MIB, 5))
        job.call("Resume")
        error = failure(job)
        request(job, (0, 10))
        job.call("Resume")
        wait_suspended(job)
        return error, filled(job)

    assert with_job(job_id, scenario) == ((BG_E_INVALID_RANGE, REMOTE_FILE), [(0, 10)])


def test_on_demand_from_a_server_without_ranges(origin, alices):
    origin.ranges = False
    job_id = begin(origin, alices / "none", on_demand, resume=False)

    def scenario(job):
        request(job, (0, 10))
        job.call("Resume")
        return failure(job), jobs.refused(request, job, (0, 10))

    error, refused = with_job(job_id, scenario)
    assert error == (BG_E_RANDOM_ACCESS_NOT_SUPPORTED, REMOTE_FILE)
    assert refused == BG_E_RANDOM_ACCESS_NOT_SUPPORTED


def test_changed_on_demand(origin, content, alices):
    """Another version: what was there is given up, and fetched again only if it is requested again."""
    job_id = begin(origin, alices / "changed", on_demand, resume=False)

    def ask(job, *ranges):
        request(job, *ranges)
        job.call("Resume")
        wait_suspended(job)
        return filled(job)

    assert with_job(job_id, ask, (0, 1000)) == [(0, 1000)]
    origin.body, origin.etag = bytes(reversed(content)), '"2"'
    assert with_job(job_id, ask, (MIB, 1000)) == [(MIB, 1000)]

    def rest(job):
        request(job, (0, TO_EOF))
        job.call("Resume")
        finish(job)

    with_job(job_id, rest)
    assert (alices / "changed").read_bytes() == origin.body


def test_limits_of_requests(origin, alices):
    job_id = begin(origin, alices / "limits", on_demand, resume=False)

    def scenario(job):
        assert jobs.refused(request, job, *[(2 * i, 1) for i in range(501)]) == BG_E_TOO_MANY_RANGES_IN_FILE
        request(job, *[(2 * i, 1) for i in range(400)])
        assert jobs.refused(request, job, *[(2 * i, 1) for i in range(400, 501)]) == BG_E_TOO_MANY_RANGES_IN_FILE
        assert jobs.refused(request, job, (0, 800)) == BG_E_TOO_MANY_RANGES_IN_FILE  # what is between those
        request(job, (1000, 50), (0, 1), (1010, 10))
        job.call("Cancel")
        return jobs.refused(request, job, (0, 1))

    assert with_job(job_id, scenario) == BG_E_INVALID_STATE


# Random access to an ordinary download


def test_requested_ranges_first(origin, content, alices):
    """While the download goes on from its begin: first what is requested, then where the position says, then the rest."""
    origin.hold = (0, MIB)
    job_id = begin(origin, alices / "file")
    assert origin.waiting.wait(60)

    def ask(job):
        wait_for(lambda: job.progress[1] == MIB, "the first mebibyte")
        request(job, (5 * MIB, 1000))

    with_job(job_id, ask)
    with_job(job_id, finish)
    assert (alices / "file").read_bytes() == content
    assert origin.asked == [
        None, (5 * MIB, 5 * MIB + 999), (MIB, 5 * MIB - 1), (5 * MIB + 1000, 8 * MIB - 1)
    ]


def test_position(origin, content, alices):
    origin.hold = (0, MIB)
    job_id = begin(origin, alices / "file")
    assert origin.waiting.wait(60)

    def move(job):
        wait_for(lambda: job.progress[1] == MIB, "the first mebibyte")
        file_call(job, "UpdateDownloadPosition", "t", dbus.UInt64(6 * MIB))

    with_job(job_id, move)
    with_job(job_id, finish)
    assert (alices / "file").read_bytes() == content
    assert origin.asked == [None, (6 * MIB, 8 * MIB - 1), (MIB, 6 * MIB - 1)]


def test_position_makes_no_more_parts_than_may_be(origin, content, alices):
    origin.hold = (0, MIB)
    with configuration.settings(MaxRangesPerFile=1):
        job_id = begin(origin, alices / "file")
        assert origin.waiting.wait(60)

        def move(job):
            wait_for(lambda: job.progress[1] == MIB, "the first mebibyte")
            file_call(job, "UpdateDownloadPosition", "t", dbus.UInt64(6 * MIB))

        with_job(job_id, move)
        origin.released.set()
        with_job(job_id, finish)
    assert (alices / "file").read_bytes() == content
    assert origin.asked == [None]


def test_request_of_a_server_without_ranges_does_no_harm(origin, content, alices):
    origin.ranges = False
    origin.hold = (0, MIB)
    job_id = begin(origin, alices / "file")
    assert origin.waiting.wait(60)

    def ask(job):
        wait_for(lambda: job.progress[1] == MIB, "the first mebibyte")
        request(job, (5 * MIB, 1000))

    with_job(job_id, ask)
    wait_for(lambda: len(origin.asked) > 1, "the request")
    origin.released.set()
    with_job(job_id, finish)
    assert (alices / "file").read_bytes() == content


def test_filled_ranges_of_a_plain_download(origin, alices):
    """Only what is durable, which comes with the checkpoint."""
    origin.hold = (0, 3 * MIB)
    job_id = begin(origin, alices / "file")
    assert origin.waiting.wait(60)

    def scenario(job):
        wait_for(lambda: filled(job) == [(0, 3 * MIB)], "the checkpoint")
        job.call("Cancel")

    with_job(job_id, scenario)


def test_not_for_files_of_ranges_nor_dynamic_content(origin, alices):
    def ranged(job):
        add_ranges(job, origin.url, alices / "r", [(0, 5), (10, 5)])

    def dynamic(job):
        set_property(job, DYNAMIC, dbus.Boolean(True))

    def scenario(job):
        return (
            jobs.refused(request, job, (0, 1)), jobs.refused(filled, job),
            jobs.refused(file_call, job, "UpdateDownloadPosition", "t", dbus.UInt64(1)),
        )

    for setup in (ranged, dynamic):
        job_id = begin(origin, alices / "r", setup, resume=False)
        assert with_job(job_id, scenario) == (BG_E_RANDOM_ACCESS_NOT_SUPPORTED,) * 3


def test_only_the_owners(origin, alices):
    job_id = begin(origin, alices / "mine", on_demand, resume=False)

    def foreign():
        session = jobs.session()
        job = bus.Job(session, job_id, "/org/bitsd1/job/" + job_id.replace("-", "").lower())
        return jobs.refused(request, job, (0, 1)), jobs.refused(filled, job)

    assert people.call("bob", foreign) == (bus.E_ACCESSDENIED,) * 2


# Maximum download size


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("limit, fits", [(16 * MIB, True), (16 * MIB - 1, False), (3 * MIB, False)])
def test_maximum_download_size(sized, limit, fits, origin, content, alices):
    """Of all files together, also when the server does not say how large they are."""
    origin.sized = sized

    def setup(job):
        set_property(job, MAX_DOWNLOAD_SIZE, dbus.UInt64(limit))
        job.add(origin.url, alices / "one")
        job.add(origin.url, alices / "two")

    job_id = begin(origin, None, setup)
    if fits:
        with_job(job_id, finish)
        assert (alices / "one").read_bytes() == content == (alices / "two").read_bytes()
    else:
        assert with_job(job_id, failure)[0] == BG_E_MAX_DOWNLOAD_SIZE_LIMIT_REACHED
        with_job(job_id, lambda job: job.call("Resume"))
        assert with_job(job_id, failure)[0] == BG_E_MAX_DOWNLOAD_SIZE_LIMIT_REACHED
