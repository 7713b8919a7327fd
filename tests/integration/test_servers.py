"""The servers that people have: what is fetched from each is what it serves, whatever happens on the way."""

import http.client
import os
import pathlib
import random
import ssl
import urllib.parse
import urllib.request

import dbus
import pytest

import bus
import jobs
import people
from conftest import sha256
from servers import Apache, Caddy, Lighttpd, PythonServer, Relay, SecureNginx, Squid, trust
from waiting import wait_for

BG_E_INSUFFICIENT_RANGE_SUPPORT = 0x80200013
BG_E_CONNECTION_CLOSED = 0x8020002E
MIB = 1 << 20
SIZE = 4 * MIB
HOLD_AT = 2 * MIB
SLACK = 256 * 1024  # headers, frames, and what was on the way when the connection was cut
HUGE = 5 << 30
MODIFIED = 1_600_000_000
STRANGE = "a b%20c+ä#d?e&f;g"
KINDS = ["nginx", "nginx-h2", "apache", "apache-h2", "caddy", "caddy-h2", "lighttpd", "squid", "python"]


class Endpoint:
    def __init__(self, kind, server):
        self.kind, self.server = kind, server
        self.secure = kind.endswith("-h2")
        self.ranges = kind != "python"
        self.port = server.secure_port if self.secure else server.port

    def url(self, name, port=None):
        return f"{'https' if self.secure else 'http'}://localhost:{port or self.port}/{urllib.parse.quote(name)}"


@pytest.fixture(scope="module")
def tree():
    """What they all serve."""
    directory = pathlib.Path("/run/tree")
    directory.mkdir()
    source = random.Random("servers")
    for name, size in {"file": SIZE, "empty": 0, STRANGE: 1000, **{f"part{n}": 1000 * n + 1 for n in range(10)}}.items():
        write(directory / name, source.randbytes(size))
    with (directory / "huge").open("wb") as stream:  # nothing but holes before 4 GiB
        stream.truncate(HUGE)
        for offset in (2**32 - 500, 2**32 + MIB, HUGE - 1000):
            stream.seek(offset)
            stream.write(source.randbytes(1000))
    return directory


def write(path, content, modified=MODIFIED):
    path.write_bytes(content)
    os.utime(path, (modified, modified))


@pytest.fixture(scope="module")
def running(tree):
    """Every server, by its name."""
    tls = trust("/run/servers/tls")
    servers = {"nginx": SecureNginx(tree, "/run/servers/nginx", tls)}
    try:
        servers["apache"] = Apache(tree, "/run/servers/apache", tls)
        servers["caddy"] = Caddy(tree, "/run/servers/caddy", tls)
        servers["lighttpd"] = Lighttpd(tree, "/run/servers/lighttpd")
        servers["python"] = PythonServer(tree, "/run/servers/python")
        servers["squid"] = Squid(tree, "/run/servers/squid", servers["nginx"])
        yield servers
    finally:
        for server in servers.values():
            server.stop()


@pytest.fixture(params=KINDS)
def endpoint(request, running):
    return Endpoint(request.param, running[request.param.removesuffix("-h2")])


def fetch(files, setup=lambda job: None):
    """A job of alice's with these files, {local name: URL}, to its end."""

    def scenario():
        job = jobs.session_when_ready().create("servers")
        for local, remote in files.items():
            job.add(remote, local)
        setup(job)
        job.call("Resume")
        finish(job)

    people.call("alice", scenario)


def finish(job):
    assert jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR) == bus.TRANSFERRED, job.error()
    assert job.call("Complete") == 0


def begin(remote, local):
    def scenario():
        job = jobs.session_when_ready().create("servers")
        job.add(remote, local)
        job.call("Resume")
        return job.id

    return people.call("alice", scenario)


def after_the_cut(job_id):
    """The job has noticed that it was cut off; it goes on, to its end."""

    def scenario():
        job = jobs.session().get(job_id)
        assert jobs.wait_state(job, bus.TRANSIENT_ERROR, bus.ERROR, bus.TRANSFERRED) == bus.TRANSIENT_ERROR
        assert job.error()[0] == BG_E_CONNECTION_CLOSED
        job.call("Resume")
        finish(job)

    people.call("alice", scenario)


def test_ten_files(endpoint, tree, alices):
    """The whole of each; over TLS by HTTP/2, and none by a HEAD, which they refuse."""
    names = ["file", *(f"part{n}" for n in range(1, 10))]
    fetch({alices / name: endpoint.url(name) for name in names})
    for name in names:
        assert (alices / name).read_bytes() == (tree / name).read_bytes()
    if endpoint.secure:
        wait_for(lambda: endpoint.server.protocols().count("HTTP/2.0") >= len(names), "the notes of requests by HTTP/2")


@pytest.mark.parametrize("name", ["empty", STRANGE])
def test_names_and_sizes(name, endpoint, tree, alices):
    fetch({alices / "x": endpoint.url(name)})
    assert (alices / "x").read_bytes() == (tree / name).read_bytes()


@pytest.mark.parametrize("name", ["nginx", "apache", "caddy", "lighttpd", "squid"])
def test_head_is_refused(name, running):
    """That no HEAD is needed is shown by all other tests, since these refuse it."""
    connection = http.client.HTTPConnection("localhost", running[name].port, timeout=60)
    connection.request("HEAD", "/file")
    assert connection.getresponse().status in (403, 405)


def test_cut_and_resumed(endpoint, tree, alices):
    """What came before the connection was cut does not come again, where the server knows ranges."""
    with Relay(endpoint.port, HOLD_AT) as relay:
        job_id = begin(endpoint.url("file", relay.port), alices / "x")
        relay.wait_held()
        relay.cut()
        after_the_cut(job_id)
        assert (alices / "x").read_bytes() == (tree / "file").read_bytes()
        assert (relay.passed < SIZE - HOLD_AT + SLACK) == endpoint.ranges, relay.passed


def test_killed_and_resumed(endpoint, tree, alices):
    with Relay(endpoint.port, HOLD_AT) as relay:
        job_id = begin(endpoint.url("file", relay.port), alices / "x")
        relay.wait_held()
        guid = job_id.replace("-", "")
        wait_for(lambda: jobs.stored_offsets().get(guid, [0])[0] > HOLD_AT - SLACK, "a checkpoint")
        relay.cut()
        jobs.kill("bits-net")
        people.call("alice", lambda: resume_if_needed(jobs.session_when_ready().get(job_id)))
        assert (alices / "x").read_bytes() == (tree / "file").read_bytes()
        assert (relay.passed < SIZE - HOLD_AT + SLACK) == endpoint.ranges, relay.passed


def resume_if_needed(job):
    """It may have seen the connection's end before its own."""
    if jobs.wait_state(job, bus.TRANSFERRED, bus.TRANSIENT_ERROR, bus.ERROR) == bus.TRANSIENT_ERROR:
        job.call("Resume")
    finish(job)


@pytest.mark.parametrize("kind", ["nginx", "nginx-h2"])
def test_without_a_size(kind, running, tree, alices):
    """The last chunk, or END_STREAM, tells the end; a cut before it is none, and it all comes again."""
    endpoint = Endpoint(kind, running["nginx"])
    with Relay(endpoint.port, HOLD_AT) as relay:
        job_id = begin(endpoint.url("made/file", relay.port), alices / "x")
        relay.wait_held()
        relay.cut()
        after_the_cut(job_id)
        assert (alices / "x").read_bytes() == (tree / "file").read_bytes()
        assert relay.passed > SIZE


def served(url):
    with urllib.request.urlopen(url, context=ssl._create_unverified_context(), timeout=60) as answer:
        return answer.read()


def test_changed_between(endpoint, tree, alices):
    """Another file of the same size under the same name: all of it, nothing of the first."""
    original = (tree / "file").read_bytes()
    changed = original[::-1]
    try:
        with Relay(endpoint.port, HOLD_AT) as relay:
            job_id = begin(endpoint.url("file", relay.port), alices / "x")
            relay.wait_held()
            (tree / "file").unlink()  # and not into the file that is being served
            write(tree / "file", changed, MODIFIED + 1000)
            wait_for(lambda: served(endpoint.url("file")) == changed, "the server to notice")
            relay.cut()
            after_the_cut(job_id)
    finally:
        (tree / "file").unlink()
        write(tree / "file", original)
    assert (alices / "x").read_bytes() == changed


def test_beyond_four_gibibytes(endpoint, tree, alices):
    ranges = [(2**32 - 500, 1000), (2**32 + MIB, 1000), (HUGE - 1000, 1000)]

    def scenario():
        job = jobs.session().create("huge")
        array = dbus.Array([(dbus.UInt64(offset), dbus.UInt64(length)) for offset, length in ranges], signature="(tt)")
        job.call("AddFileWithRanges", "ssa(tt)", endpoint.url("huge"), str(alices / "x"), array)
        job.call("Resume")
        state = jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR)
        code = job.error()[0] if state == bus.ERROR else None
        job.call("Cancel" if code else "Complete")
        return code

    if not endpoint.ranges:
        assert people.call("alice", scenario) == BG_E_INSUFFICIENT_RANGE_SUPPORT
        return
    assert people.call("alice", scenario) is None
    with (tree / "huge").open("rb") as stream:
        expected = b"".join(os.pread(stream.fileno(), length, offset) for offset, length in ranges)
    assert (alices / "x").read_bytes() == expected and any(expected)
