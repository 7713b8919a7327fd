"""The real bits-net over a socket pair, against real servers on loopback.

BITS_NET names the program. Messages are laid out as src/wire/net.h says. No test waits by sleeping: each
waits for a message, with a limit that only a broken program reaches.
"""

import email.utils
import fcntl
import hashlib
import os
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import pytest

READY, TRANSFER, PROCEED, CANCEL, RESPONSE, PROGRESS, CHECKPOINT, DONE, FAILED, WANT, SPAN, HALT, FINISH, LIMIT, SOURCE, COPY, HTTP, HEADERS, REDIRECTED, CERTIFICATE, RECEIVED = (
    range(1, 22)
)
LOCAL_FILE, REMOTE_FILE, TRANSPORT = 4, 5, 6
FATAL, TRANSIENT, CHANGED = 0, 1, 2
UNKNOWN = 2**64 - 1
NO_DATE = -(2**63)
LIMIT_SEC = 60

BG_E_MISSING_FILE_SIZE = 0x80200011
BG_E_INSUFFICIENT_RANGE_SUPPORT = 0x80200013
BG_E_INVALID_RANGE = 0x8020002B
BG_E_REMOTE_FILE_CHANGED = 0x80200073
BG_E_INVALID_SERVER_RESPONSE = 0x8020001B
BG_E_INSUFFICIENT_HTTP_SUPPORT = 0x80200012
BG_E_LOCAL_FILE_CHANGED = 0x8020001D
BG_E_CONNECTION_CLOSED = 0x8020002E
E_ABORT = 0x80004004
E_INVALIDARG = 0x80070057
E_OUTOFMEMORY = 0x8007000E
DISK_FULL = 0x80070070
FILE_TOO_LARGE = 0x800700DF
CANNOT_CONNECT = 0x80072EFD
CERT_CN_INVALID = 0x80072F06
NAME_NOT_RESOLVED = 0x80072EE7
INVALID_CA = 0x80072F0D
INVALID_URL = 0x80072EE5

MODIFIED = "Sat, 05 Nov 1994 08:49:37 GMT"
MODIFIED_USEC = 784025377 * 1000000


def pattern(size, seed=1):
    """Bytes that differ at every offset and from seed to seed."""
    block = hashlib.shake_256(str(seed).encode()).digest(65536)
    return (block * (size // 65536 + 1))[:size]


def sealed(data, seals=fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE):
    fd = os.memfd_create("options", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


class Worker:
    """bits-net and our end of its socket."""

    def __init__(self, prepare=None, command=None, send_bytes=None):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if send_bytes:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_bytes)

        def enter():
            os.dup2(theirs.fileno(), 3, inheritable=True)
            if prepare:
                prepare()

        self.process = subprocess.Popen(
            command or [os.environ["BITS_NET"]], preexec_fn=enter, close_fds=False, stderr=subprocess.PIPE
        )
        theirs.close()
        ready = self.receive()
        assert (ready["type"], ready["version"]) == (READY, 5)

    def receive(self):
        self.sock.settimeout(LIMIT_SEC)
        data = self.sock.recv(1 << 18)
        if not data:
            return None
        kind, sequence = struct.unpack_from("=II", data)
        message = {"type": kind, "id": sequence}
        body = data[8:]
        if kind == READY:
            message["version"], _ = struct.unpack("=II", body)
        elif kind == RESPONSE:
            message["restarted"], reserved, message["size"], message["modified"], etag = struct.unpack(
                "=IIQq512s", body
            )
            message["etag"] = etag.split(b"\0")[0].decode()
            assert reserved == 0
        elif kind in (PROGRESS, CHECKPOINT, WANT, DONE, RECEIVED):
            (message["offset"],) = struct.unpack("=Q", body)
        elif kind == FAILED:
            hresult, *rest, text = struct.unpack("=iIIIqQ512s", body)
            message["hresult"] = hresult & 0xFFFFFFFF
            for name, value in zip(("context", "class", "status", "retry_after", "offset"), rest):
                message[name] = value
            message["text"] = text.split(b"\0")[0].decode()
        elif kind == HEADERS:
            assert body.index(b"\0") == len(body) - 1
            message["text"] = body[:-1].decode("latin-1")
        elif kind == REDIRECTED:
            assert len(body) == 8808
            message["url"] = body.split(b"\0")[0].decode()
        elif kind == CERTIFICATE:
            authority, message["sha256"], size, chain_size, der = struct.unpack("=288s32sII65536s", body)
            message["authority"] = authority.split(b"\0")[0].decode()
            message["der"], message["chain"] = der[:size], der[size:size + chain_size]
        else:
            pytest.fail(f"message of type {kind}")
        return message

    def send(self, data, *fds):
        socket.send_fds(self.sock, [data], list(fds))

    def transfer(self, id, url, fd, begin=0, size=UNKNOWN, modified=NO_DATE, etag="", span=None, foreground=0, connections=6,
                 dynamic=0, seal_syncs=0):
        """span: (remote, local, length), of a ranged transfer."""
        head = struct.pack(
            "=IIQQq512sQQQIIII", TRANSFER, id, begin, size, modified, etag.encode(), *(span or (0, 0, 0)), foreground | seal_syncs << 1,
            span is not None, connections, dynamic,
        )
        self.send(head + url.encode().ljust(8808, b"\0"), fd)

    def http(self, id, flags=0, ask=0, headers="", certificate=b"", accepted=(), method=""):
        """accepted: (authority, SHA-256)."""
        parts = headers.encode() + certificate + b"".join(a.encode().ljust(288, b"\0") + h for a, h in accepted)
        head = struct.pack(
            "=IIIIIIII64s", HTTP, id, flags, ask, len(headers.encode()), len(certificate), len(accepted), 0, method.encode()
        )
        fd = sealed(parts)
        self.send(head, fd)
        os.close(fd)

    def span(self, id, remote, local, length):
        self.send(struct.pack("=IIQQQ", SPAN, id, remote, local, length))

    def limit(self, bytes_per_sec):
        self.send(struct.pack("=IIQ", LIMIT, 0, bytes_per_sec))

    def source(self, id, fd):
        self.send(struct.pack("=II", SOURCE, id), fd)

    def copy(self, id, source, target, begin=0, size=UNKNOWN, modified=NO_DATE, etag=""):
        self.source(id, source)
        self.send(struct.pack("=IIQQq512s", COPY, id, begin, size, modified, etag.encode()), target)

    def order(self, kind, id):
        self.send(struct.pack("=II", kind, id))

    def until(self, *kinds):
        """Messages up to the first of these types. Headers, which come with each answer, only if they are asked for."""
        seen = []
        while True:
            message = self.receive()
            assert message, f"bits-net ended: {self.process.wait()} after {seen}"
            if message["type"] != HEADERS or HEADERS in kinds:
                seen.append(message)
            if message["type"] in kinds:
                return seen

    def outcome(self):
        return self.until(DONE, FAILED)[-1]

    def ends(self):
        """Its exit status, once it has hung up."""
        while self.receive():
            pass
        return self.process.wait(LIMIT_SEC)

    def close(self):
        self.sock.close()
        status = self.process.wait(LIMIT_SEC)
        log = self.process.stderr.read().decode()
        sys.stderr.write(log)
        self.process.stderr.close()
        return status, log


@pytest.fixture
def worker():
    w = Worker()
    yield w
    status, log = w.close()
    assert status == 0, log


class Server:
    """Answers each request on loopback by what the test's function does with it."""

    def __init__(self, answer, host="127.0.0.1", port=0):
        self.answer = answer
        self.requests = []
        self.errors = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, backlog=128)
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def url(self, path="/file"):
        return f"http://127.0.0.1:{self.port}{path}"

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
            thread.start()

    def serve(self, connection):
        with connection:
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    try:
                        more = connection.recv(65536)
                    except OSError:
                        return
                    if not more:
                        return
                    data += more
                head, data = data.split(b"\r\n\r\n", 1)
                lines = head.decode().split("\r\n")
                request = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
                request["line"] = lines[0]
                self.requests.append(request)
                try:
                    if not self.answer(connection, request):
                        return
                except OSError:
                    return  # the client had enough
                except Exception as error:
                    self.errors.append(error)
                    return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        assert not self.errors, self.errors


@pytest.fixture
def serve():
    servers = []

    def start(answer, **where):
        servers.append(Server(answer, **where))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def reply(connection, status, body=b"", **headers):
    headers.setdefault("content_length", len(body))
    lines = [f"HTTP/1.1 {status} X"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value is not None]
    connection.sendall("\r\n".join(lines + ["", ""]).encode() + body)
    return True


def origin(content, if_range=True, **headers):
    """A server of ranges as they should be; headers are the version's."""

    def answer(connection, request):
        begin = int(request["range"][6:-1]) if "range" in request else None
        matches = request.get("if-range") in (None, headers.get("etag"), headers.get("last_modified"))
        if begin is None or (if_range and not matches):
            return reply(connection, 200, content, **headers)
        if begin >= len(content):
            return reply(connection, 416, b"no", content_range=f"bytes */{len(content)}")
        return reply(
            connection,
            206,
            content[begin:],
            content_range=f"bytes {begin}-{len(content) - 1}/{len(content)}",
            **headers,
        )

    return answer


@pytest.fixture
def target(tmp_path):
    """Makes the local file, with what is there already."""
    files = []

    def make(content=b"", flags=os.O_RDWR):
        path = tmp_path / f"file{len(files)}"
        path.write_bytes(content)
        files.append(os.open(path, flags | os.O_CLOEXEC))
        return files[-1], path

    yield make
    for fd in files:
        os.close(fd)


# Whole files


@pytest.mark.parametrize("size", [0, 1, 70000, 20 << 20])
def test_whole_file(worker, serve, target, size):
    content = pattern(size)
    server = serve(origin(content, etag='"v1"', last_modified=MODIFIED))
    fd, path = target()
    worker.transfer(7, server.url(), fd)
    seen = worker.until(DONE, FAILED)
    assert seen[0] == {
        "type": RESPONSE, "id": 7, "restarted": 0, "size": size, "modified": MODIFIED_USEC, "etag": '"v1"',
    }
    assert seen[-1] == {"type": DONE, "id": 7, "offset": size}
    assert path.read_bytes() == content
    request = server.requests[0]
    assert request["line"] == "GET /file HTTP/1.1"
    assert request["accept-encoding"] == "identity"
    assert request["user-agent"].startswith("bits/")
    assert "range" not in request and "cookie" not in request and len(server.requests) == 1


def test_what_was_in_the_file_is_cut_off(worker, serve, target):
    server = serve(origin(b"short"))
    fd, path = target(b"much longer than that")
    worker.transfer(1, server.url(), fd)
    assert worker.outcome()["offset"] == 5
    assert path.read_bytes() == b"short"


def test_chunked(worker, serve, target):
    def answer(connection, request):
        reply(connection, 200, content_length=None, transfer_encoding="chunked")
        connection.sendall(b"5\r\nhello\r\n6\r\n world\r\n0\r\nContent-Length: 3\r\n\r\n")
        return True

    fd, path = target()
    worker.transfer(1, serve(answer).url(), fd)
    seen = worker.until(DONE, FAILED)
    assert seen[0]["size"] == UNKNOWN
    assert seen[-1] == {"type": DONE, "id": 1, "offset": 11}
    assert path.read_bytes() == b"hello world"


def test_no_length_and_no_end(worker, serve, target):
    def answer(connection, request):
        reply(connection, 200, content_length=None)
        connection.sendall(b"is this all?")

    fd, path = target()
    worker.transfer(1, serve(answer).url(), fd)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_MISSING_FILE_SIZE, FATAL)
    assert path.read_bytes() == b""


def close_delimited(connection, version="1.0"):
    connection.sendall(f"HTTP/{version} 200 OK\r\nServer: of no size\r\n\r\n".encode() + b"all" * 100000)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_dynamic_content_ends_with_its_connection(worker, serve, target, version):
    server = serve(lambda connection, request: close_delimited(connection, version))
    fd, path = target()
    worker.transfer(1, server.url(), fd, dynamic=1)
    seen = worker.until(DONE, FAILED)
    assert (seen[0]["type"], seen[0]["size"]) == (RESPONSE, UNKNOWN)
    assert seen[-1] == {"type": DONE, "id": 1, "offset": 300000}
    assert path.read_bytes() == b"all" * 100000
    assert "range" not in server.requests[0]


def test_dynamic_content_that_is_reset_is_cut(worker, serve, target):
    def answer(connection, request):
        close_delimited(connection)
        wait_size(path, 300000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    fd, path = target()
    worker.transfer(1, serve(answer).url(), fd, dynamic=1)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_CONNECTION_CLOSED, TRANSIENT)


def test_dynamic_content_cut_before_its_last_chunk(worker, serve, target):
    def answer(connection, request):
        reply(connection, 200, b"3\r\nall\r\n", content_length=None, transfer_encoding="chunked")

    worker.transfer(1, serve(answer).url(), target()[0], dynamic=1)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_CONNECTION_CLOSED, TRANSIENT)


def test_progress_and_checkpoints(worker, serve, target):
    """200 MiB cross the 64 MiB mark; offsets grow, and what is durable is what was received."""
    content = pattern(200 << 20)
    fd, path = target()
    worker.transfer(1, serve(origin(content)).url(), fd)
    seen = worker.until(DONE, FAILED)
    checkpoints = [m["offset"] for m in seen if m["type"] == CHECKPOINT]
    assert seen[-1]["type"] == DONE
    assert checkpoints and checkpoints == sorted(checkpoints) and checkpoints[0] >= 64 << 20
    assert all(m["offset"] <= len(content) for m in seen if m["type"] == PROGRESS)
    assert path.read_bytes() == content


@pytest.mark.parametrize("size", [0, 4096, 1 << 20, (1 << 20) + 1])
def test_last_sync_is_left_to_the_seal(worker, serve, target, size):
    """Of what is small, and only then; an empty file has nothing to sync."""
    content = pattern(size)
    fd, path = target()
    worker.transfer(1, serve(origin(content)).url(), fd, seal_syncs=1)
    seen = worker.until(DONE, RECEIVED, FAILED)
    assert seen[-1] == {"type": RECEIVED if 0 < size <= 1 << 20 else DONE, "id": 1, "offset": size}
    assert CHECKPOINT not in [m["type"] for m in seen]
    assert path.read_bytes() == content


def test_slow_data_is_checkpointed_by_time(worker, serve, target):
    more = threading.Event()

    def answer(connection, request):
        reply(connection, 200, b"half", content_length=8)
        more.wait(LIMIT_SEC)
        connection.sendall(b"half")
        return True

    fd, path = target()
    worker.transfer(1, serve(answer).url(), fd)
    begin = time.monotonic()
    assert worker.until(CHECKPOINT, DONE, FAILED)[-1] == {"type": CHECKPOINT, "id": 1, "offset": 4}
    assert 4 < time.monotonic() - begin < 20
    more.set()
    assert worker.outcome()["offset"] == 8


def test_many_at_once(worker, serve, target):
    content = pattern(300000)
    server = serve(origin(content))
    files = {id: target() for id in range(1, 65)}
    for id, (fd, _) in files.items():
        worker.transfer(id, server.url(), fd)
    done = {worker.outcome()["id"] for _ in files}
    assert done == set(files)
    assert all(path.read_bytes() == content for _, path in files.values())


def test_too_many_at_once(worker, serve, target):
    release = threading.Event()

    def answer(connection, request):
        release.wait(LIMIT_SEC)
        return reply(connection, 200, b"x")

    server = serve(answer)
    for id in range(1, 66):
        worker.transfer(id, server.url(), target()[0])
    failed = worker.outcome()
    assert (failed["id"], failed["hresult"], failed["class"]) == (65, E_OUTOFMEMORY, TRANSIENT)
    release.set()
    assert {worker.outcome()["type"] for _ in range(64)} == {DONE}


def test_redirects(worker, serve, target):
    def answer(connection, request):
        hops = int(request["line"].split()[1][1:])
        if hops == 0:
            return reply(connection, 200, b"found")
        return reply(connection, 302, b"moved", location=f"/{hops - 1}")

    server = serve(answer)
    fd, path = target()
    worker.transfer(1, server.url("/10"), fd)
    assert worker.outcome()["type"] == DONE
    assert path.read_bytes() == b"found"
    worker.transfer(2, server.url("/11"), fd)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"], failed["status"]) == (0x8019012E, FATAL, 302)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"])
def test_redirect_to_another_protocol(worker, serve, target, location):
    fd, path = target()
    worker.transfer(1, serve(lambda c, r: reply(c, 301, location=location)).url(), fd)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (0x8019012D, FATAL)
    assert path.read_bytes() == b""


def test_redirect_to_a_url_with_a_password(worker, serve, target):
    """It would have to be told to the server, and to be kept from everybody else."""
    server = serve(lambda c, r: reply(c, 301, location=f"http://somebody:secret@127.0.0.1:{server.port}/there"))
    fd, path = target()
    worker.transfer(1, server.url(), fd)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (0x8019012D, FATAL)
    assert "secret" not in failed["text"] and "user name" in failed["text"]
    assert [request["line"] for request in server.requests] == ["GET /file HTTP/1.1"]
    worker.transfer(2, f"http://somebody:secret@127.0.0.1:{server.port}/there", fd)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (INVALID_URL, FATAL)
    assert len(server.requests) == 1
    assert path.read_bytes() == b""


@pytest.mark.parametrize("path, sent", [
    ("/%2f%2F%c3%A4%25%zz%", "/%2f%2F%c3%A4%25%zz%"),  # to the letter, and not twice
    ("/ä b?ö c", "/%C3%A4%20b?%C3%B6%20c"),
    ("/a#b c", "/a"),
    ("#b", "/"),
    ("?a=b/c", "/?a=b/c"),
    ("", "/"),
    ("/a/../b/./c//d", "/b/c//d"),
    ("/%2e%2e/a;b,c|d\"<>", "/%2e%2e/a;b,c|d\"<>"),
])
def test_url_as_it_is_sent(worker, serve, target, path, sent):
    server = serve(origin(b"content"))
    worker.transfer(1, server.url(path), target()[0])
    assert worker.outcome()["type"] == DONE
    assert [request["line"] for request in server.requests] == [f"GET {sent} HTTP/1.1"]


def test_redirect_to_a_dead_server_is_no_answer(worker, serve, target):
    with socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
    server = serve(lambda c, r: reply(c, 302, location=f"http://127.0.0.1:{port}/"))
    worker.transfer(1, server.url(), target()[0])
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (CANNOT_CONNECT, TRANSIENT)


# Resuming

HALF = 150000
OLD, NEW = pattern(300000, "old"), pattern(300000, "new")


@pytest.mark.parametrize("etag", ['"v1"', ""])
def test_resume(worker, serve, target, etag):
    server = serve(origin(OLD, last_modified=MODIFIED, **({"etag": etag} if etag else {})))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD), MODIFIED_USEC, etag)
    seen = worker.until(DONE, FAILED)
    assert (seen[0]["restarted"], seen[0]["size"]) == (0, len(OLD))
    assert seen[-1] == {"type": DONE, "id": 1, "offset": len(OLD)}
    assert path.read_bytes() == OLD
    assert server.requests[0]["range"] == f"bytes={HALF}-"
    assert server.requests[0]["if-range"] == (etag or MODIFIED)
    assert len(server.requests) == 1


def restarts(worker, path, proceed=True):
    """Expects a restart: nothing is written before NET_PROCEED, and then the new version alone."""
    response = worker.until(RESPONSE, FAILED)[-1]
    assert (response["type"], response["restarted"], response["size"]) == (RESPONSE, 1, len(NEW))
    assert not select.select([worker.sock], [], [], 0.2)[0]
    assert path.read_bytes() == OLD[:HALF]
    worker.order(PROCEED, 1)
    assert worker.outcome() == {"type": DONE, "id": 1, "offset": len(NEW)}
    assert path.read_bytes() == NEW
    return response


def test_changed_file(worker, serve, target):
    server = serve(origin(NEW, etag='"v2"'))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    assert restarts(worker, path)["etag"] == '"v2"'
    assert len(server.requests) == 1


def test_changed_file_of_a_server_that_ignores_if_range(worker, serve, target):
    server = serve(origin(NEW, if_range=False, etag='"v2"'))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    restarts(worker, path)
    assert ["range" in r for r in server.requests] == [True, False]


def test_server_without_ranges(worker, serve, target):
    """The version is the same, so it is asked once more without If-Range, and then restarted."""
    server = serve(lambda c, r: reply(c, 200, NEW, etag='"v1"'))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(NEW), NO_DATE, '"v1"')
    restarts(worker, path)
    assert ["if-range" in r for r in server.requests] == [True, False]


def test_server_that_answers_200_to_if_range(worker, serve, target):
    inner = origin(OLD, etag='"v1"')
    server = serve(lambda c, r: reply(c, 200, OLD, etag='"v1"') if "if-range" in r else inner(c, r))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    assert worker.outcome()["type"] == DONE
    assert path.read_bytes() == OLD


def test_without_validator_nothing_is_resumed(worker, serve, target):
    server = serve(origin(NEW))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD))
    restarts(worker, path)
    assert "range" not in server.requests[0]


def test_weak_etag_proves_nothing(worker, serve, target):
    """Two versions may have the same: the file is fetched anew."""
    server = serve(origin(NEW, etag='W/"v1"'))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD), NO_DATE, 'W/"v1"')
    restarts(worker, path)
    assert "range" not in server.requests[0]


@pytest.mark.parametrize("changed", [False, True])
def test_weak_etag_beside_a_date(worker, serve, target, changed):
    """A Range without If-Range, which may have neither then; both are compared here."""
    server = serve(origin(NEW if changed else OLD, etag='W/"v2"' if changed else 'W/"v1"', last_modified=MODIFIED))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD), MODIFIED_USEC, 'W/"v1"')
    if changed:
        restarts(worker, path)
    else:
        assert worker.outcome()["type"] == DONE
        assert path.read_bytes() == OLD
    assert server.requests[0]["range"] == f"bytes={HALF}-"
    assert not any("if-range" in request for request in server.requests)


def test_date_that_was_young(worker, serve, target):
    """The file may have changed again in that second: no bytes of it are joined to others."""
    server = serve(origin(NEW, last_modified=MODIFIED, date="Sat, 05 Nov 1994 08:50:36 GMT"))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD), MODIFIED_USEC + 1)
    assert restarts(worker, path)["modified"] == MODIFIED_USEC + 1
    assert "range" not in server.requests[0]


@pytest.mark.parametrize("dated", [False, True])
def test_redirect_to_another_host(worker, serve, target, dated):
    """The same ETag there says nothing: it is of another resource. The same date and size do."""
    version = {"etag": '"v1"', **({"last_modified": MODIFIED} if dated else {})}
    other = serve(origin(OLD if dated else NEW, **version))
    server = serve(lambda c, r: reply(c, 302, location=other.url()))
    fd, path = target(OLD[:HALF])
    if dated:
        worker.transfer(1, server.url(), fd, HALF, len(OLD), MODIFIED_USEC, 'W/"v1"')
        assert worker.outcome()["type"] == DONE
        assert path.read_bytes() == OLD
        assert len(other.requests) == 1
    else:
        worker.transfer(1, server.url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
        restarts(worker, path)


def test_several_parts_in_one_answer(worker, serve, target):
    """multipart/byteranges, which nobody asked for: never taken for the file's bytes."""

    def answer(connection, request):
        if "range" not in request:
            return reply(connection, 200, NEW, etag='"v1"')
        part = f"--x\r\nContent-Range: bytes {HALF}-{len(OLD) - 1}/{len(OLD)}\r\n\r\n".encode()
        return reply(connection, 206, (part + OLD)[: len(OLD) - HALF], etag='"v1"', content_type="multipart/byteranges; boundary=x",
                     content_range=f"bytes {HALF}-{len(OLD) - 1}/{len(OLD)}")

    fd, path = target(OLD[:HALF])
    worker.transfer(1, serve(answer).url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    restarts(worker, path)


def test_restart_as_an_empty_file(worker, serve, target):
    fd, path = target(OLD[:HALF])
    worker.transfer(1, serve(origin(b"", etag='"v2"')).url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    assert worker.until(RESPONSE, FAILED)[-1]["restarted"] == 1
    worker.order(PROCEED, 1)
    assert worker.outcome() == {"type": DONE, "id": 1, "offset": 0}
    assert path.read_bytes() == b""


def test_cut_while_waiting_to_proceed(worker, serve, target):
    """The old bytes are of no use any more: the offset of the failure must not claim them."""
    waits = threading.Event()

    def answer(connection, request):
        reply(connection, 200, NEW[:100], content_length=len(NEW), etag='"v2"')
        waits.wait(LIMIT_SEC)

    fd, path = target(OLD[:HALF])
    worker.transfer(1, serve(answer).url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    assert worker.until(RESPONSE, FAILED)[-1]["restarted"] == 1
    waits.set()
    worker.order(PROCEED, 1)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_CONNECTION_CLOSED, TRANSIENT)
    assert path.read_bytes()[: failed["offset"]] == NEW[: failed["offset"]]


def test_nothing_was_missing(worker, serve, target):
    fd, path = target(OLD)
    worker.transfer(1, serve(origin(OLD, etag='"v1"')).url(), fd, len(OLD), len(OLD), NO_DATE, '"v1"')
    seen = worker.until(DONE, FAILED)
    assert [m["type"] for m in seen] == [RESPONSE, DONE]
    assert seen[-1]["offset"] == len(OLD)
    assert path.read_bytes() == OLD


def test_file_became_shorter(worker, serve, target):
    server = serve(origin(b"short", if_range=False, etag='"v2"'))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    assert worker.until(RESPONSE, FAILED)[-1]["restarted"] == 1
    worker.order(PROCEED, 1)
    assert worker.outcome()["offset"] == 5
    assert path.read_bytes() == b"short"


@pytest.mark.parametrize("wrong", ["bytes 0-299999/300000", "bytes 150000-299998/300000", "nonsense", None])
def test_wrong_content_range(worker, serve, target, wrong):
    def answer(connection, request):
        if "range" not in request:
            return reply(connection, 200, NEW, etag='"v1"')
        return reply(connection, 206, NEW[HALF:], etag='"v1"', content_range=wrong)

    fd, path = target(OLD[:HALF])
    worker.transfer(1, serve(answer).url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    restarts(worker, path)


# Failures


def test_error_page_never_reaches_the_file(worker, serve, target):
    fd, path = target(OLD[:HALF])
    server = serve(lambda c, r: reply(c, 404, b"<html>" * 100000))
    worker.transfer(1, server.url("/secret?token=1"), fd, HALF, len(OLD), NO_DATE, '"v1"')
    failed = worker.outcome()
    assert (failed["hresult"], failed["context"], failed["class"]) == (0x80190194, REMOTE_FILE, FATAL)
    assert (failed["status"], failed["offset"], failed["retry_after"]) == (404, HALF, -1)
    assert "secret" not in failed["text"] and "404" in failed["text"]
    assert path.read_bytes() == OLD[:HALF]


def test_error_page_is_quoted(worker, serve, target):
    """Its first words are a second line of the error's text: one line, nothing that a terminal obeys."""
    page = "<h1>Kaputt: \N{EURO SIGN}</h1>\r\n\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}red".encode() + b"\xff" + b"x" * 100000
    worker.transfer(1, serve(lambda c, r: reply(c, 503, page)).url(), target()[0])
    ours, theirs = worker.outcome()["text"].split("\n")
    assert "503" in ours and theirs == "<h1>Kaputt: \N{EURO SIGN}</h1> [31m red"


def test_error_page_without_text(worker, serve, target):
    worker.transfer(1, serve(lambda c, r: reply(c, 404, b"\x1f\x8b\x08\x00" * 100, content_encoding="gzip")).url(), target()[0])
    assert "\n" not in worker.outcome()["text"]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(worker, serve, target, status):
    worker.transfer(1, serve(lambda c, r: reply(c, status, b"later", retry_after="120")).url(), target()[0])
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (0x80190000 | status, TRANSIENT)
    assert failed["retry_after"] == 120 * 1000000


def test_retry_after_date(worker, serve, target):
    date = email.utils.formatdate(time.time() + 1000, usegmt=True)
    worker.transfer(1, serve(lambda c, r: reply(c, 503, retry_after=date)).url(), target()[0])
    assert 900e6 < worker.outcome()["retry_after"] <= 1000e6


def test_retry_after_date_of_a_server_with_another_clock(worker, serve, target):
    headers = {"date": "Mon, 05 Nov 2091 08:49:37 GMT", "retry_after": "Mon, 05 Nov 2091 08:50:37 GMT"}
    worker.transfer(1, serve(lambda c, r: reply(c, 503, **headers)).url(), target()[0])
    assert worker.outcome()["retry_after"] == 60e6


def test_encoded_content(worker, serve, target):
    fd, path = target()
    worker.transfer(1, serve(lambda c, r: reply(c, 200, b"x" * 9, content_encoding="gzip")).url(), fd)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_INVALID_SERVER_RESPONSE, FATAL)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("reset", [False, True])
def test_cut_in_the_middle_then_resume(worker, serve, target, reset):
    """What arrived before the cut is kept, durable, and not fetched again."""
    inner = origin(OLD, etag='"v1"')

    def answer(connection, request):
        if "range" in request:
            return inner(connection, request)
        reply(connection, 200, OLD[:HALF], content_length=len(OLD), etag='"v1"')
        if reset:
            arrived.wait(LIMIT_SEC)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    arrived = threading.Event()
    server = serve(answer)
    fd, path = target()
    worker.transfer(1, server.url(), fd)
    worker.until(PROGRESS)
    arrived.set()
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_CONNECTION_CLOSED, TRANSIENT)
    assert failed["context"] == TRANSPORT
    assert 0 < failed["offset"] <= HALF
    assert path.read_bytes()[: failed["offset"]] == OLD[: failed["offset"]]
    if not reset:
        assert failed["offset"] == HALF

    worker.transfer(2, server.url(), fd, failed["offset"], len(OLD), NO_DATE, '"v1"')
    assert worker.outcome()["type"] == DONE
    assert server.requests[-1]["range"] == f"bytes={failed['offset']}-"
    assert path.read_bytes() == OLD


def test_answer_of_http_0_9(worker, serve, target):
    """The content alone: neither its size nor its version would be known."""
    fd, path = target()
    worker.transfer(1, serve(lambda connection, request: connection.sendall(b"<html>old</html>\n")).url(), fd)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_INSUFFICIENT_HTTP_SUPPORT, FATAL)
    assert path.read_bytes() == b""


def test_more_content_than_announced(worker, serve, target):
    """A part whose chunks go on beyond the range's end."""

    def answer(connection, request):
        total = len(OLD)
        reply(connection, 206, content_length=None, transfer_encoding="chunked", etag='"v1"',
              content_range=f"bytes {HALF}-{total - 1}/{total}")
        body = OLD[HALF:] + b"more"
        connection.sendall(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
        return True

    fd, path = target(OLD[:HALF])
    worker.transfer(1, serve(answer).url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_INVALID_SERVER_RESPONSE, FATAL)
    assert b"more" not in path.read_bytes()


def test_part_that_ends_too_early(worker, serve, target):
    """Well-formed chunks, but fewer bytes than Content-Range announced."""

    def answer(connection, request):
        total = len(OLD)
        reply(connection, 206, content_length=None, transfer_encoding="chunked", etag='"v1"',
              content_range=f"bytes {HALF}-{total - 1}/{total}")
        body = OLD[HALF:-1]
        connection.sendall(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
        return True

    fd, _ = target(OLD[:HALF])
    worker.transfer(1, serve(answer).url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_CONNECTION_CLOSED, TRANSIENT)
    assert failed["offset"] == len(OLD) - 1


def test_nobody_listens(worker, target):
    with socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
    worker.transfer(1, f"http://127.0.0.1:{port}/", target()[0])
    failed = worker.outcome()
    assert (failed["hresult"], failed["context"], failed["class"]) == (CANNOT_CONNECT, TRANSPORT, TRANSIENT)


def test_unknown_name(worker, target):
    worker.transfer(1, "http://name.invalid/", target()[0])
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (NAME_NOT_RESOLVED, TRANSIENT)


def test_name_by_the_resolver(worker, serve, target):
    """localhost needs the name service, in a thread, behind the seal."""
    server = serve(origin(b"by name"))
    fd, path = target()
    worker.transfer(1, f"http://localhost:{server.port}/", fd)
    assert worker.outcome()["type"] == DONE
    assert path.read_bytes() == b"by name"


def test_broken_url(worker, target):
    worker.transfer(1, "http://[broken/", target()[0])
    assert worker.outcome()["class"] == FATAL


def test_proxy_of_the_environment_is_not_used(serve, target, monkeypatch):
    proxy = serve(lambda c, r: reply(c, 500))
    monkeypatch.setenv("http_proxy", proxy.url("/"))
    monkeypatch.setenv("all_proxy", proxy.url("/"))
    worker = Worker()
    worker.transfer(1, serve(origin(b"direct")).url(), target()[0])
    assert worker.outcome()["type"] == DONE
    assert proxy.requests == []
    assert worker.close()[0] == 0


# The disk


def in_private_mounts(tmp_path, size):
    """Before exec: nothing; the file system is made in a namespace that ends with its process."""
    keeper = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size={size} bits {tmp_path} && echo up && read end"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert keeper.stdout.readline() == b"up\n"
    return keeper, f"/proc/{keeper.pid}/root{tmp_path}"


@pytest.mark.parametrize("announced", [True, False])
def test_disk_full(worker, serve, tmp_path, announced):
    content = pattern(4 << 20)

    def answer(connection, request):
        if announced:
            return reply(connection, 200, content)
        reply(connection, 200, content_length=None, transfer_encoding="chunked")
        connection.sendall(f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n")
        return True

    keeper, folder = in_private_mounts(tmp_path, "1m")
    try:
        fd = os.open(f"{folder}/file", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        worker.transfer(1, serve(answer).url(), fd)
        failed = worker.outcome()
        assert (failed["hresult"], failed["context"], failed["class"]) == (DISK_FULL, LOCAL_FILE, TRANSIENT)
        os.close(fd)
    finally:
        keeper.stdin.close()
        assert keeper.wait(LIMIT_SEC) in (0, 1)
        keeper.stdout.close()


def test_what_was_reserved_for_a_file_counts_for_it(worker, serve, tmp_path):
    """Resumed on a disk that has no more room than the file was given when it was begun."""
    import ctypes

    content, begin = pattern(900 << 10), 100 << 10
    keeper, folder = in_private_mounts(tmp_path, "1m")
    try:
        fd = os.open(f"{folder}/file", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        assert ctypes.CDLL(None, use_errno=True).fallocate(fd, 1, ctypes.c_int64(0), ctypes.c_int64(len(content))) == 0
        os.pwrite(fd, content[:begin], 0)
        worker.transfer(1, serve(origin(content, etag='"v1"')).url(), fd, begin, len(content), etag='"v1"')
        assert worker.outcome() == {"type": DONE, "id": 1, "offset": len(content)}
        assert os.pread(fd, len(content), 0) == content
        os.close(fd)
    finally:
        keeper.stdin.close()
        assert keeper.wait(LIMIT_SEC) in (0, 1)
        keeper.stdout.close()


def test_file_size_limit(serve, target):
    import resource

    worker = Worker(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
    worker.transfer(1, serve(origin(pattern(2 << 20))).url(), target()[0])
    failed = worker.outcome()
    assert (failed["hresult"], failed["context"], failed["class"]) == (FILE_TOO_LARGE, LOCAL_FILE, FATAL)
    assert worker.close()[0] == 0


@pytest.mark.parametrize("kind", ["read-only", "append", "pipe", "socket", "directory", "path", "device"])
def test_wrong_descriptor(worker, serve, tmp_path, kind):
    server = serve(origin(b"data"))
    path = tmp_path / "file"
    path.write_bytes(b"")
    fds = {
        "read-only": lambda: [os.open(path, os.O_RDONLY)],
        "append": lambda: [os.open(path, os.O_WRONLY | os.O_APPEND)],
        "pipe": lambda: reversed(os.pipe()),
        "socket": lambda: [s.detach() for s in socket.socketpair()],
        "directory": lambda: [os.open(tmp_path, os.O_RDONLY)],
        "path": lambda: [os.open(path, os.O_PATH)],
        "device": lambda: [os.open("/dev/null", os.O_WRONLY)],
    }[kind]()
    fds = list(fds)
    worker.transfer(1, server.url(), fds[0])
    failed = worker.outcome()
    assert (failed["hresult"], failed["context"], failed["class"]) == (E_INVALIDARG, LOCAL_FILE, FATAL)
    assert server.requests == []
    for fd in fds:
        os.close(fd)


def test_file_is_shorter_than_its_offset(worker, serve, target):
    server = serve(origin(OLD, etag='"v1"'))
    worker.transfer(1, server.url(), target(OLD[:10])[0], HALF, len(OLD), NO_DATE, '"v1"')
    failed = worker.outcome()
    assert (failed["hresult"], failed["context"], failed["offset"]) == (BG_E_LOCAL_FILE_CHANGED, LOCAL_FILE, 0)
    assert server.requests == []


# Ranges


def ranges_origin(content, **headers):
    """A server of single ranges as they should be; headers are the version's and may change."""

    def answer(connection, request):
        if "range" not in request or request.get("if-range") not in (None, *headers.values()):
            return reply(connection, 200, content, **headers)
        first, last = request["range"].removeprefix("bytes=").split("-")
        first, last = int(first), min(int(last or len(content)), len(content) - 1)
        if first >= len(content):
            return reply(connection, 416, b"no", content_range=f"bytes */{len(content)}")
        part = f"bytes {first}-{last}/{len(content)}"
        return reply(connection, 206, content[first:last + 1], content_range=part, **headers)

    return answer


def fetch_spans(worker, id, spans, end=True):
    """Answers each NET_WANT with the next of (remote, local, length); what came in all."""
    seen = []
    for span in spans:
        seen += worker.until(WANT, DONE, FAILED)
        if seen[-1]["type"] != WANT:
            return seen
        worker.span(id, *span)
    seen += worker.until(WANT, DONE, FAILED)
    if end and seen[-1]["type"] == WANT:
        worker.order(FINISH, id)
        seen += worker.until(DONE, FAILED)
    return seen


@pytest.mark.parametrize("version", [{"etag": '"v1"'}, {"last_modified": MODIFIED}])
def test_ranges(worker, serve, target, version):
    """Three ranges, in the order given, over one connection; all but the first ask for the first one's version."""
    content = pattern(1 << 20)
    connections = []
    answers = ranges_origin(content, **version)

    def answer(connection, request):
        connections.append(id(connection))
        return answers(connection, request)

    server = serve(answer)
    fd, path = target()
    worker.transfer(5, server.url(), fd, span=(500000, 0, 70000))
    seen = fetch_spans(worker, 5, [(100, 70000, 50), (1000000, 70050, UNKNOWN)])
    assert [m["type"] for m in seen if m["type"] not in (PROGRESS, CHECKPOINT)] == [RESPONSE, WANT, WANT, WANT, DONE]
    assert seen[0]["size"] == len(content)
    expected = content[500000:570000] + content[100:150] + content[1000000:]
    assert [m["offset"] for m in seen if m["type"] in (WANT, DONE)] == [70000, 70050, len(expected), len(expected)]
    assert path.read_bytes() == expected
    assert [r["range"] for r in server.requests] == ["bytes=500000-569999", "bytes=100-149", "bytes=1000000-"]
    (validator,) = version.values()
    assert [r.get("if-range") for r in server.requests] == [None, validator, validator]
    assert len(set(connections)) == 1
    assert len([m for m in seen if m["type"] == RESPONSE]) == 1


def test_ranges_at_their_places(worker, serve, target):
    """On demand: the local place is the remote one, in any order, and what lies between stays a hole."""
    content = pattern(1 << 20)
    fd, path = target()
    worker.transfer(1, serve(ranges_origin(content, etag='"v1"')).url(), fd, span=(600000, 600000, 1000))
    seen = fetch_spans(worker, 1, [(1000, 1000, 2000)])
    assert seen[-1] == {"type": DONE, "id": 1, "offset": 3000}
    expected = bytearray(601000)
    expected[600000:601000], expected[1000:3000] = content[600000:601000], content[1000:3000]
    assert path.read_bytes() == bytes(expected)


def test_range_resumed_in_its_middle(worker, serve, target):
    content = pattern(300000)
    server = serve(ranges_origin(content, etag='"v1"'))
    fd, path = target(content[1000:1400])
    worker.transfer(1, server.url(), fd, 400, len(content), NO_DATE, '"v1"', span=(1400, 400, 600))
    seen = fetch_spans(worker, 1, [])
    assert seen[-1] == {"type": DONE, "id": 1, "offset": 1000}
    assert path.read_bytes() == content[1000:2000]
    assert (server.requests[0]["range"], server.requests[0]["if-range"]) == ("bytes=1400-1999", '"v1"')


@pytest.mark.parametrize("honest", [True, False])
def test_another_version_between_two_ranges(worker, serve, target, honest):
    """The server that knows If-Range answers 200, the other one 206 of the new version: neither is spliced."""
    answers = [ranges_origin(OLD, etag='"v1"'), ranges_origin(NEW, etag='"v2"')]

    def answer(connection, request):
        if not honest:
            request.pop("if-range", None)
        return answers[min(len(server.requests) - 1, 1)](connection, request)

    server = serve(answer)
    fd, path = target()
    worker.transfer(1, server.url(), fd, span=(0, 0, 1000))
    seen = fetch_spans(worker, 1, [(5000, 1000, 1000)])
    assert (seen[-1]["hresult"], seen[-1]["class"]) == (BG_E_REMOTE_FILE_CHANGED, CHANGED)
    assert path.read_bytes() == OLD[:1000]


def test_no_version_is_named(worker, serve, target):
    """Two answers that nothing ties together never meet in one file."""
    fd, path = target()
    worker.transfer(1, serve(ranges_origin(OLD)).url(), fd, span=(0, 0, 1000))
    seen = fetch_spans(worker, 1, [(5000, 1000, 1000)])
    assert (seen[-1]["hresult"], seen[-1]["class"]) == (BG_E_INSUFFICIENT_RANGE_SUPPORT, FATAL)
    assert seen[-1]["offset"] == 1000 and path.read_bytes() == OLD[:1000]
    fd, path = target(OLD[:10])
    worker.transfer(2, serve(ranges_origin(OLD)).url(), fd, 10, len(OLD), span=(10, 10, 10))
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"], failed["offset"]) == (BG_E_REMOTE_FILE_CHANGED, CHANGED, 0)


def test_ranges_of_a_server_without_them(worker, serve, target):
    fd, path = target()
    worker.transfer(1, serve(lambda c, r: reply(c, 200, OLD, etag='"v1"')).url(), fd, span=(0, 0, 1000))
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_INSUFFICIENT_RANGE_SUPPORT, FATAL)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("span", [(299990, 0, 11), (300000, 0, 1), (300000, 0, UNKNOWN), (1 << 40, 0, 5)])
def test_range_beyond_the_end(worker, serve, target, span):
    fd, path = target()
    worker.transfer(1, serve(ranges_origin(OLD, etag='"v1"')).url(), fd, span=span)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_INVALID_RANGE, FATAL)
    assert path.read_bytes() == b""


def test_more_than_the_range(worker, serve, target):
    """Chunked content that goes on beyond the range: nothing of it gets behind the range's place."""

    def answer(connection, request):
        reply(connection, 206, content_length=None, transfer_encoding="chunked", content_range="bytes 0-3/100")
        connection.sendall(b"4\r\ngood\r\n3\r\nbad\r\n0\r\n\r\n")
        return True

    fd, path = target(b"0000KEEP")
    worker.transfer(1, serve(answer).url(), fd, span=(0, 0, 4))
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"]) == (BG_E_INVALID_SERVER_RESPONSE, FATAL)
    assert path.read_bytes() == b"goodKEEP"


@pytest.mark.parametrize("ranged", [True, False])
def test_halt(worker, serve, target, ranged):
    """In the middle of a span, or of a plain transfer: it tells how far it came, and goes on elsewhere."""
    content = pattern(1 << 20)
    forever = threading.Event()
    answers = ranges_origin(content, etag='"v1"')

    def answer(connection, request):
        if len(server.requests) > 1:
            return answers(connection, request)
        status, headers = (206, {"content_range": f"bytes 0-{len(content) - 1}/{len(content)}"}) if ranged else (200, {})
        reply(connection, status, content[:5000], content_length=len(content), etag='"v1"', **headers)
        forever.wait(LIMIT_SEC)

    server = serve(answer)
    fd, path = target()
    worker.transfer(1, server.url(), fd, span=(0, 0, UNKNOWN) if ranged else None)
    assert worker.until(PROGRESS, CHECKPOINT)
    wait_size(path, 5000)
    worker.order(HALT, 1)
    assert worker.until(WANT)[-1]["offset"] == 5000
    worker.order(HALT, 1)  # nothing is under way: ignored
    worker.span(1, 900000, 900000, 1000)
    seen = fetch_spans(worker, 1, [(5000, 5000, 895000), (901000, 901000, UNKNOWN)])
    assert seen[-1] == {"type": DONE, "id": 1, "offset": len(content)}
    assert path.read_bytes() == content
    assert server.requests[1]["if-range"] == '"v1"'
    forever.set()


def wait_size(path, size):
    deadline = time.monotonic() + LIMIT_SEC
    while path.stat().st_size < size:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_halt_before_the_answer(worker, serve, target):
    forever = threading.Event()
    answers = ranges_origin(OLD, etag='"v1"')
    asked = threading.Event()

    def answer(connection, request):
        if len(server.requests) > 1:
            return answers(connection, request)
        asked.set()
        forever.wait(LIMIT_SEC)

    server = serve(answer)
    fd, path = target()
    worker.transfer(1, server.url(), fd)
    assert asked.wait(LIMIT_SEC)
    worker.order(HALT, 1)
    assert worker.until(WANT)[-1]["offset"] == 0
    worker.span(1, 10, 10, 20)
    assert fetch_spans(worker, 1, [])[-1]["offset"] == 20
    assert path.read_bytes() == bytes(10) + OLD[10:30]
    forever.set()


def test_what_spans_brought_is_durable_when_the_next_fails(worker, serve, target):
    answers = ranges_origin(OLD, etag='"v1"')
    server = serve(lambda c, r: answers(c, r) if len(server.requests) == 1 else reply(c, 503))
    fd, path = target()
    worker.transfer(1, server.url(), fd, span=(0, 0, 1000))
    failed = fetch_spans(worker, 1, [(5000, 1000, 1000)])[-1]
    assert (failed["status"], failed["class"], failed["offset"]) == (503, TRANSIENT, 1000)


def test_orders_without_a_want(serve, target):
    """A span or a finish that nobody asked for: the peer is broken, and is left."""
    forever = threading.Event()
    for order in (struct.pack("=IIQQQ", SPAN, 1, 0, 0, 1), struct.pack("=II", FINISH, 1)):
        worker = Worker()
        worker.transfer(1, serve(lambda c, r: forever.wait(LIMIT_SEC)).url(), target()[0], span=(0, 0, 1))
        worker.send(order)
        assert worker.ends() == 1
        worker.close()
    forever.set()


# Rates


def seconds_for(worker, server, target, **options):
    begin = time.monotonic()
    worker.transfer(1, server.url(), target()[0], **options)
    assert worker.outcome()["type"] == DONE
    return time.monotonic() - begin


def test_limit(worker, serve, target):
    """2 MiB at 512 KiB a second take four seconds, less what comes at once; not so in the foreground, nor without."""
    server = serve(origin(pattern(2 << 20)))
    worker.limit(512 << 10)
    assert seconds_for(worker, server, target) > 2
    assert seconds_for(worker, server, target, foreground=1) < 2
    worker.limit(0)
    assert seconds_for(worker, server, target) < 2


def test_limit_is_shared_and_changes_while_data_flow(worker, serve, target):
    """Two at once get no more than one; lifting the limit sets what is under way free."""
    server = serve(origin(pattern(2 << 20)))
    worker.limit(512 << 10)
    begin = time.monotonic()
    for id in (1, 2):
        worker.transfer(id, server.url(), target()[0])
    seen = worker.until(DONE, FAILED) + worker.until(DONE, FAILED)
    assert {m["type"] for m in seen} <= {RESPONSE, PROGRESS, CHECKPOINT, DONE}
    assert time.monotonic() - begin > 4
    worker.limit(64)
    worker.transfer(3, server.url(), target()[0])
    worker.until(PROGRESS)
    worker.limit(0)
    assert worker.outcome()["type"] == DONE  # what it took at once would hold it for four minutes


# Orders, and the end


def descriptors(worker):
    """What the worker has open, by where it leads."""
    folder = f"/proc/{worker.process.pid}/fd"
    return [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]


@pytest.mark.parametrize("moment", ["asking", "waiting", "receiving"])
def test_cancel(worker, serve, target, moment):
    forever = threading.Event()

    def answer(connection, request):
        if moment == "asking":
            forever.wait(LIMIT_SEC)
        reply(connection, 200, NEW[:100], content_length=len(NEW), etag='"v2"')
        forever.wait(LIMIT_SEC)

    fd, path = target(OLD[:HALF])
    server = serve(answer)
    if moment == "waiting":
        worker.transfer(1, server.url(), fd, HALF, len(OLD), NO_DATE, '"v1"')
    else:
        worker.transfer(1, server.url(), fd)
    if moment == "waiting":
        worker.until(RESPONSE)
    elif moment == "receiving":
        worker.until(PROGRESS)
    worker.order(CANCEL, 1)
    failed = worker.outcome()
    assert (failed["hresult"], failed["class"], failed["offset"]) == (E_ABORT, FATAL, 0)
    assert str(path) not in descriptors(worker)
    worker.order(CANCEL, 1)  # crossed the answer: no harm
    worker.order(PROCEED, 1)
    forever.set()
    worker.transfer(1, serve(origin(b"next")).url(), fd)
    assert worker.outcome()["type"] == DONE


SILENT_RESOLVER = """
import os, socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["mount", "--bind", sys.argv[1], "/etc/resolv.conf"], check=True)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
server.set_inheritable(True)
os.execv(os.environ["BITS_NET"], ["bits-net"])
"""


def test_cancel_while_a_name_is_asked_for(tmp_path, target):
    """A name service that does not answer must not stop the loop, not even for a cancelled transfer."""
    settings = tmp_path / "resolv.conf"
    settings.write_text("nameserver 127.0.0.1\noptions timeout:20 attempts:1\n")
    worker = Worker(command=["unshare", "-n", "-m", sys.executable, "-c", SILENT_RESOLVER, str(settings)])
    worker.transfer(1, "http://silent.example/", target()[0])
    assert not select.select([worker.sock], [], [], 0.3)[0]
    begin = time.monotonic()
    worker.order(CANCEL, 1)
    assert worker.outcome()["hresult"] == E_ABORT
    assert time.monotonic() - begin < 10
    assert worker.close()[0] == 0


def test_hang_up_ends_it(serve, target):
    forever = threading.Event()

    def answer(connection, request):
        reply(connection, 200, b"begin", content_length=1000)
        forever.wait(LIMIT_SEC)

    worker = Worker()
    worker.transfer(1, serve(answer).url(), target()[0])
    worker.until(PROGRESS)
    assert worker.close()[0] == 0
    forever.set()


def transfer_message(
    id=1, kind=TRANSFER, begin=0, size=UNKNOWN, etag=b"", flags=0, url=b"http://127.0.0.1/", span=(0, 0, 0), ranged=0
):
    head = struct.pack("=IIQQq512sQQQII", kind, id, begin, size, NO_DATE, etag, *span, flags, ranged)
    return head + url.ljust(8808, b"\0")


@pytest.mark.parametrize(
    "message, fds",
    [
        (b"", 0),
        (b"\2", 0),
        (struct.pack("=II", CANCEL, 0), 0),
        (struct.pack("=II", CANCEL, 1), 1),
        (struct.pack("=III", CANCEL, 1, 0), 0),
        (struct.pack("=II", READY, 1), 0),
        (struct.pack("=II", 77, 1), 0),
        (transfer_message(), 0),
        (transfer_message(), 2),
        (transfer_message()[:-1], 1),
        (transfer_message() + b"\0" * 8, 1),
        (transfer_message(id=0), 1),
        (transfer_message(begin=1 << 63), 1),
        (transfer_message(begin=11, size=10), 1),
        (transfer_message(begin=1, size=10, etag=b'"a"\r\nX: y'), 1),
        (transfer_message(flags=2), 1),
        (transfer_message(url=b"file:///etc/passwd"), 1),
        (transfer_message(url=b"x" * 8808), 1),
        (transfer_message(ranged=1), 1),
        (transfer_message(span=(0, 0, 1)), 1),
        (transfer_message(span=(1 << 63, 0, 1), ranged=1), 1),
        (struct.pack("=IIQQQ", SPAN, 1, 0, 0, 0), 0),
        (struct.pack("=IIQ", LIMIT, 1, 0), 0),
        (struct.pack("=IIQ", LIMIT, 0, 1 << 63), 0),
        (os.urandom(9368), 1),
    ],
)
def test_malformed_message(target, message, fds):
    worker = Worker()
    try:
        worker.send(message, *[target()[0] for _ in range(fds)])
    except OSError:
        pass
    # an empty packet cannot be told from a hang-up
    assert worker.ends() == (1 if message else 0)
    worker.close()


def test_messages_out_of_state(serve, target):
    forever = threading.Event()
    for again in (TRANSFER, PROCEED):
        worker = Worker()
        worker.transfer(1, serve(lambda c, r: forever.wait(LIMIT_SEC)).url(), target()[0])
        if again == TRANSFER:
            worker.transfer(1, "http://127.0.0.1/", target()[0])
        else:
            worker.order(PROCEED, 1)
        assert worker.ends() == 1
        worker.close()
    forever.set()


def test_nothing_is_lost_when_nobody_reads(serve, target):
    """A socket that holds a few messages, and a peer that reads only when the work is done."""
    worker = Worker(send_bytes=1)
    asked = threading.Semaphore(0)
    inner = origin(pattern(1 << 20))

    def answer(connection, request):
        inner(connection, request)
        asked.release()
        return True

    server = serve(answer)
    files = {id: target() for id in range(1, 65)}
    for id, (fd, _) in files.items():
        worker.transfer(id, server.url(), fd)
    for _ in files:
        assert asked.acquire(timeout=LIMIT_SEC)
    done = {}
    while len(done) < len(files):
        message = worker.until(DONE, FAILED)[-1]
        done[message["id"]] = message["type"]
    assert done == {id: DONE for id in files}
    assert worker.close()[0] == 0


def test_peer_that_asks_faster_than_it_reads(serve, target):
    """More transfers than places: each is answered exactly once, and nobody waits for the other for ever."""
    worker = Worker(send_bytes=1)
    server = serve(origin(b"tiny"))
    fd, _ = target()
    total = 1000

    def order():
        for id in range(1, total + 1):
            worker.transfer(id, server.url(), fd)

    sender = threading.Thread(target=order)
    sender.start()
    ended = [worker.outcome()["id"] for _ in range(total)]
    sender.join()
    assert sorted(ended) == list(range(1, total + 1))
    assert worker.close()[0] == 0


def test_peer_that_never_reads_is_not_listened_to(target):
    """What a peer can make the worker remember is bounded: at some point its messages stay outside."""
    worker = Worker(send_bytes=1)
    fd, _ = target(flags=os.O_RDONLY)
    sent = 0
    while select.select([], [worker.sock], [], 2)[1]:
        worker.transfer(sent + 1, "http://127.0.0.1/", fd)
        sent += 1
        assert sent < 2000
    assert worker.close()[0] == 0


# TLS and nginx


@pytest.fixture(scope="session")
def nginx(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    os.chmod(folder, 0o755)
    (folder / "www").mkdir()
    (folder / "www" / "big").write_bytes(pattern(50 << 20))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, stderr=subprocess.DEVNULL,
    )
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as s:
            ports.append(s.getsockname()[1])
    (folder / "conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; user root;"
        f"events {{}} http {{ access_log off; root {folder}/www;"
        f"server {{ listen 127.0.0.1:{ports[0]}; }}"
        f"server {{ listen 127.0.0.1:{ports[1]} ssl http2; ssl_certificate {folder}/cert;"
        f"ssl_certificate_key {folder}/key;"
        f"location = /to-http {{ return 301 http://127.0.0.1:{ports[0]}/big; }}"
        f"location = /to-https {{ return 301 https://localhost:{ports[1]}/big; }} }} }}"
    )
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "error.log")])
    limit = time.monotonic() + LIMIT_SEC
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=LIMIT_SEC).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None and time.monotonic() < limit
                select.select([], [], [], 0.02)
    yield {"http": ports[0], "https": ports[1], "folder": folder}
    process.send_signal(signal.SIGQUIT)
    process.wait(LIMIT_SEC)


def test_nginx_whole_and_resumed(worker, nginx, target):
    content = pattern(50 << 20)
    url = f"http://127.0.0.1:{nginx['http']}/big"
    fd, path = target()
    worker.transfer(1, url, fd)
    seen = worker.until(DONE, FAILED)
    assert seen[-1] == {"type": DONE, "id": 1, "offset": len(content)}
    assert path.read_bytes() == content

    version = seen[0]
    assert version["etag"].startswith('"')
    for begin in (1, 33 << 20, len(content)):
        os.ftruncate(fd, begin)
        worker.transfer(2, url, fd, begin, version["size"], version["modified"], version["etag"])
        seen = worker.until(DONE, FAILED)
        assert seen[0]["restarted"] == 0 and seen[-1]["offset"] == len(content)
        assert path.read_bytes() == content


def test_untrusted_certificate(worker, nginx, target):
    fd, path = target()
    worker.transfer(1, f"https://localhost:{nginx['https']}/big", fd)
    failed = worker.outcome()
    assert (failed["hresult"], failed["context"], failed["class"]) == (INVALID_CA, TRANSPORT, FATAL)
    assert path.read_bytes() == b""


@pytest.fixture
def trusting(nginx):
    """A worker on a machine that trusts the server's certificate."""
    trust = f"mount --bind {nginx['folder']}/cert /etc/ssl/certs/ca-certificates.crt"
    w = Worker(command=["unshare", "-m", "sh", "-c", f"{trust} && exec {os.environ['BITS_NET']}"])
    yield w
    status, log = w.close()
    assert status == 0, log


def test_tls(trusting, nginx, target):
    content = pattern(50 << 20)
    fd, path = target()
    for id, name in enumerate(("big", "to-https"), 1):
        trusting.transfer(id, f"https://localhost:{nginx['https']}/{name}", fd)
        assert trusting.outcome() == {"type": DONE, "id": id, "offset": len(content)}
        assert path.read_bytes() == content


@pytest.mark.parametrize("dynamic, notify", [(1, True), (1, False), (0, True)])
def test_end_of_a_connection_with_tls(trusting, nginx, serve, target, dynamic, notify):
    """Without close_notify it is a cut; with it, it is still no end that a proxy could not have made of a cut."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(nginx["folder"] / "cert", nginx["folder"] / "key")

    def accept(connection):
        secure = context.wrap_socket(connection, server_side=True)
        while b"\r\n\r\n" not in secure.recv(65536):
            pass
        close_delimited(secure)
        if notify:
            secure.unwrap()
        else:
            secure.shutdown(socket.SHUT_RDWR)
        return False

    server = serve(lambda connection, request: None)
    server.serve = accept
    fd, path = target()
    trusting.transfer(1, f"https://localhost:{server.port}/", fd, dynamic=dynamic)
    outcome = trusting.outcome()
    if dynamic and notify:
        assert outcome["type"] == DONE and path.read_bytes() == b"all" * 100000
    elif dynamic:
        assert (outcome["hresult"], outcome["class"]) == (BG_E_CONNECTION_CLOSED, TRANSIENT)
    else:
        assert (outcome["hresult"], outcome["class"]) == (BG_E_MISSING_FILE_SIZE, FATAL)


def test_connection_that_is_closed_after_its_transfer(trusting, nginx, serve, target):
    """An interim answer has no length either; the connection outlives the transfer, and its end is nobody's then."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(nginx["folder"] / "cert", nginx["folder"] / "key")
    taken, told, over = threading.Semaphore(0), threading.Semaphore(0), threading.Event()

    def accept(connection):
        secure = context.wrap_socket(connection, server_side=True)
        while b"\r\n\r\n" not in secure.recv(65536):
            pass
        secure.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        reply(secure, 200, b"content")
        taken.acquire(timeout=LIMIT_SEC)
        secure.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):  # close_notify is under way, and the other's not here
            secure.unwrap()
        told.release()
        over.wait(LIMIT_SEC)

    server = serve(lambda connection, request: None)
    server.serve = accept
    for id in range(1, 4):
        fd, path = target()
        trusting.transfer(id, f"https://localhost:{server.port}/", fd, dynamic=1)
        assert trusting.outcome()["type"] == DONE
        assert path.read_bytes() == b"content"
        taken.release()
        assert told.acquire(timeout=LIMIT_SEC)
    over.set()


def test_certificate_of_another_name(trusting, nginx, target):
    trusting.transfer(1, f"https://127.0.0.1:{nginx['https']}/big", target()[0])
    failed = trusting.outcome()
    assert (failed["hresult"], failed["class"]) == (CERT_CN_INVALID, FATAL)


def test_redirect_away_from_tls(trusting, nginx, target):
    fd, path = target()
    trusting.transfer(1, f"https://localhost:{nginx['https']}/to-http", fd)
    failed = trusting.outcome()
    assert (failed["hresult"], failed["class"]) == (0x8019012D, FATAL)
    assert path.read_bytes() == b""
