"""URLs as remote names: what goes to the server is what was meant, and a password in one comes to nobody's eyes."""

import http.server
import pathlib
import socket

import dbus
import pytest

import bus
import jobs
import people
from network import Network
from raw import RawOrigin, answer
from serving import Serving
from waiting import wait_for

E_INVALIDARG = 0x80070057
ERROR_WINHTTP_INVALID_URL = 0x80072EE5
BG_E_HTTP_ERROR_302 = 0x8019012E  # a redirect that was not followed
BG_E_NETWORK_DISCONNECTED = 0x80200010
SECRET = "tr0ub4dor"
USER = "incognito"


class PathOrigin(Serving):
    """Answers every path; requests has (host, path) of each as they came. Its names resolve here."""

    def __init__(self, address="127.0.0.1"):
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests.append((self.headers["Host"], self.path))
                self.send_response(200)
                self.send_header("Content-Length", "7")
                self.end_headers()
                self.wfile.write(b"content")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

        self.server = Server((address, 0), Handler)
        self.port = self.server.server_port


@pytest.fixture(scope="module")
def names():
    """A name with letters beyond ASCII, which only its encoded form resolves; and a network, without which none is asked for."""
    with open("/etc/hosts", "a") as stream:
        stream.write("127.0.0.1 xn--bcher-kva.example\n")
    with Network():
        yield


def fetch(url, local):
    """(state, HRESULT of the error or None)"""

    def scenario():
        job = jobs.session().create("url")
        job.add(url, local)
        job.call("Resume")
        state = wait_for(lambda: ended(job), "an end")
        code = None if state == bus.TRANSFERRED else job.error()[0]
        job.call("Complete" if code is None else "Cancel")
        return state, code

    return people.call("alice", scenario)


def ended(job):
    """The state in which it stays; what there is of a network may not have been seen yet."""
    state = job.state
    if state == bus.TRANSIENT_ERROR and job.error()[0] != BG_E_NETWORK_DISCONNECTED:
        return state
    return state if state in (bus.TRANSFERRED, bus.ERROR) else None


@pytest.mark.parametrize("host, sent", [
    ("127.0.0.1", "127.0.0.1"),
    ("LocalHost", "LocalHost"),
    ("b\u00fccher.example", "xn--bcher-kva.example"),
    ("B\u00dcCHER.example", "xn--bcher-kva.example"),
    ("xn--bcher-kva.example", "xn--bcher-kva.example"),
])
def test_hosts(host, sent, names, alices):
    with PathOrigin() as origin:
        assert fetch(f"http://{host}:{origin.port}/x", alices / "x") == (bus.TRANSFERRED, None)
        assert origin.requests == [(f"{sent}:{origin.port}", "/x")]
    assert (alices / "x").read_bytes() == b"content"


def test_ipv6(alices):
    with PathOrigin("::1") as origin:
        assert fetch(f"http://[::1]:{origin.port}/x", alices / "x") == (bus.TRANSFERRED, None)
        assert origin.requests == [(f"[::1]:{origin.port}", "/x")]


def test_name_that_is_none(names, alices):
    """No IDN: it has a letter that no domain may have."""
    state, code = fetch("http://a\u2260b\u00a0.example/", alices / "x")
    assert (state, code) == (bus.ERROR, ERROR_WINHTTP_INVALID_URL)


@pytest.mark.parametrize("path, sent", [
    ("/a%2fb%2Fc%25d%zz", "/a%2fb%2Fc%25d%zz"),
    ("/a b/\u00e4?b c=\u00e4#here", "/a%20b/%C3%A4?b%20c=%C3%A4"),
    ("?a", "/?a"),
    ("/a/./b/../c/%2e%2e/d", "/a/c/%2e%2e/d"),
])
def test_paths(path, sent, alices):
    with PathOrigin() as origin:
        assert fetch(f"http://localhost:{origin.port}{path}", alices / "x") == (bus.TRANSFERRED, None)
        assert [path for _, path in origin.requests] == [sent]


def test_longest(alices):
    """2,200 characters, of which all get through; one more is refused."""
    with PathOrigin() as origin:
        base = f"http://localhost:{origin.port}/?"
        longest = base + "\u00e4" * (2200 - len(base))
        assert fetch(longest, alices / "x") == (bus.TRANSFERRED, None)
        assert origin.requests[0][1] == "/?" + "%C3%A4" * (2200 - len(base))
    with pytest.raises(bus.Failure) as refused:
        fetch(longest + "x", alices / "x")
    assert refused.value.hresult == E_INVALIDARG


BAD = [
    f"http://{USER}:{SECRET}@localhost/x", f"https://{USER}@localhost/", f"http://:{SECRET}@[::1]/",
    "http://localhost:0/", "http://localhost:65536/", "http://:80/", "http:///x", "http://[fe80::1%25lo]/", "http://a%41/",
    "http://localhost/\n", "http://localhost/\u009b", "ftp://localhost/x", "javascript:alert(1)", "localhost/x",
]


@pytest.mark.parametrize("url", BAD)
def test_refused(url, alices):
    """By every call that takes a remote name, without a trace in the job."""

    def scenario():
        job = jobs.session().create("refused")
        good = "http://localhost/file"
        local = str(alices / "x")
        job.add(good, alices / "good")
        file = f"{job.path}/file/0"
        ranges = dbus.Array([(dbus.UInt64(0), dbus.UInt64(1))], signature="(tt)")
        before, scheme, after = url.partition("://")
        codes = [
            jobs.refused(job.add, url, local),
            jobs.refused(job.call, "AddFileSet", "a(ss)", [(good, str(alices / "y")), (url, local)]),
            jobs.refused(job.call, "AddFileWithRanges", "ssa(tt)", url, local, ranges),
            jobs.refused(job.bus.call, file, "File", "SetRemoteName", "s", url),
            jobs.refused(job.call, "ReplaceRemotePrefix", "ss", good, url),
        ]
        names = [str(row[1]) for row in job.call("ListFiles", "uu", 0, 10)]
        job.call("Cancel")
        return codes, names

    codes, names = people.call("alice", scenario)
    assert codes == [E_INVALIDARG] * 5
    assert names == ["http://localhost/file"]


def everything_kept(service_log):
    """Whatever the service has written: its log, and its store with the log of that."""
    paths = [service_log, *(path for path in pathlib.Path("/var/lib/bits").rglob("*") if path.is_file())]
    return {path: path.read_bytes() for path in paths}


def test_no_password_is_kept(bitsctl, service_log, alices):
    """Neither of a URL that is refused nor of one that a redirect names: not in a log, the store, an error or an output."""
    said = []
    with PathOrigin() as origin:
        there = f"{USER}:{SECRET}@localhost:{origin.port}/there"
        redirects = {"moved": answer(302, b"moved", location=f"http://{there}")}
        with RawOrigin(redirects) as server:
            for url in (f"http://{there}", server.url("moved")):
                done = bitsctl("alice", "transfer", url, str(alices / "x"), check=False)
                assert done.returncode != 0
                said += [done.stdout, done.stderr]

            def scenario():
                job = jobs.session().create("redirected")
                job.add(server.url("moved"), alices / "y")
                job.call("Resume")
                assert jobs.wait_state(job, bus.ERROR, bus.TRANSFERRED) == bus.ERROR
                return job.id, str(job.call("GetError")), job.error()[0]

            job_id, error, code = people.call("alice", scenario)
        assert code == BG_E_HTTP_ERROR_302
        assert origin.requests == []  # which is who would have got it
    said += [error, *(bitsctl("alice", *words).stdout for words in (["list"], ["info", job_id], ["history"]))]
    assert any(job_id in text for text in said)
    for text in said:
        assert SECRET not in text and USER not in text, text
    kept = everything_kept(service_log)
    assert any(job_id.replace("-", "").encode() in content or bytes.fromhex(job_id.replace("-", "")) in content for content in kept.values())
    for path, content in kept.items():
        assert SECRET.encode() not in content and USER.encode() not in content, path
