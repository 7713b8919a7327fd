"""bits-server against clients good and bad. It needs nothing of the service: BITS_SERVER names the program, else
it is looked for on PATH; outside the sandbox run this module with --noconftest."""

import concurrent.futures
import contextlib
import email.utils
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import pytest

SIZE = 3 << 20
LIMIT_SEC = 60
NOBODY = 65534


class Served:
    """A running bits-server, and its directory with a secret beside it."""

    def __init__(self, program, top, **options):
        self.top = top
        self.root = top / "served"
        self.log = top / "log"
        self.process = subprocess.Popen(
            [program, "--port", "0", "--log", str(self.log), str(self.root)], stdout=subprocess.PIPE, text=True, **options
        )
        line = self.process.stdout.readline()
        match = re.fullmatch(rf"bits-server: serving {re.escape(str(self.root))} on http://127\.0\.0\.1:(\d+)/\n", line)
        assert match, f"bits-server said {line!r}"
        self.port = int(match[1])

    def stop(self):
        """Ends it, and yields the entries of its log."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(LIMIT_SEC) == 0
            self.process.stdout.close()
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def ask(self, target, method="GET", body=None, **headers):
        """An answer with its body, on a connection of its own. Header names: If_Range for If-Range."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_SEC)
        with contextlib.closing(connection):
            connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            answer.body = answer.read()
            return answer

    def connect(self, buffer_bytes=None):
        client = socket.socket()
        if buffer_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        client.settimeout(LIMIT_SEC)
        client.connect(("127.0.0.1", self.port))
        return client

    def say(self, request):
        """The status of what answers raw bytes; None when the connection just ends."""
        with self.connect() as client:
            client.sendall(request)
            answer = client.recv(4096)
        return int(answer.split(b" ")[1]) if answer else None


def program():
    path = os.environ.get("BITS_SERVER") or shutil.which("bits-server")
    assert path, "BITS_SERVER is not set, and there is no bits-server on PATH"
    return path


@pytest.fixture
def top():
    """A directory that anybody may enter, with what is served in served/ and a secret beside it."""
    with tempfile.TemporaryDirectory(prefix="bits-server-") as name:
        path = pathlib.Path(name)
        path.chmod(0o755)
        (path / "secret").write_text("secret")
        (path / "served" / "directory").mkdir(parents=True)
        (path / "served" / "file").write_bytes(content())
        (path / "served" / "directory" / "inner").write_text("inner")
        (path / "served" / "empty").touch()
        yield path


@pytest.fixture
def served(top):
    server = Served(program(), top)
    yield server
    server.stop()


def content():
    return hashlib.shake_256(b"content").digest(65536) * (SIZE // 65536)


def age(path, seconds=10):
    """A file last modified some seconds ago, so that its date is a strong validator."""
    then = int(time.time()) - seconds
    os.utime(path, (then, then))


def wait_for(condition, what):
    deadline = time.monotonic() + LIMIT_SEC
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited for {what}"
        os.sched_yield()
    return value


def test_whole(served):
    answer = served.ask("/file")
    assert (answer.status, answer.body) == (200, content())
    assert answer.getheader("Accept-Ranges") == "bytes"
    assert answer.getheader("Content-Range") is None
    assert re.fullmatch(r'"[0-9a-f]{32}"', answer.getheader("ETag"))
    modified = email.utils.parsedate_to_datetime(answer.getheader("Last-Modified")).timestamp()
    assert modified == int((served.root / "file").stat().st_mtime)


def test_date_is_never_ahead(served):
    age(served.root / "file", seconds=-86400)
    answer = served.ask("/file")
    assert answer.getheader("Last-Modified") == answer.getheader("Date")


@pytest.mark.parametrize("name, length", [("file", SIZE), ("empty", 0)])
def test_head(served, name, length):
    answer = served.ask(f"/{name}", "HEAD", Range="bytes=0-0")
    assert (answer.status, answer.getheader("Content-Length"), answer.body) == (200, str(length), b"")
    assert served.ask(f"/{name}").getheader("ETag") == answer.getheader("ETag")


def test_head_of_nothing(served):
    answer = served.ask("/absent", "HEAD")
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    "asked, begin, end",
    [
        ("0-0", 0, 1),
        ("0-", 0, SIZE),
        ("100-199", 100, 200),
        (f"{SIZE - 1}-", SIZE - 1, SIZE),
        (f"{SIZE - 1}-{SIZE + 5}", SIZE - 1, SIZE),
        ("5-99999999999999999999999", 5, SIZE),
        ("-1", SIZE - 1, SIZE),
        (f"-{SIZE}", 0, SIZE),
        (f"-{SIZE + 1}", 0, SIZE),
    ],
)
def test_range(served, asked, begin, end):
    answer = served.ask("/file", Range=f"bytes={asked}")
    assert (answer.status, answer.body) == (206, content()[begin:end])
    assert answer.getheader("Content-Range") == f"bytes {begin}-{end - 1}/{SIZE}"
    assert answer.getheader("Content-Length") == str(end - begin)
    assert answer.getheader("ETag") == served.ask("/file", "HEAD").getheader("ETag")


@pytest.mark.parametrize(
    "name, asked, size", [("file", f"{SIZE}-", SIZE), ("file", "-0", SIZE), ("file", f"{1 << 64}-", SIZE), ("empty", "0-", 0)]
)
def test_range_beyond(served, name, asked, size):
    answer = served.ask(f"/{name}", Range=f"bytes={asked}")
    assert (answer.status, answer.getheader("Content-Range")) == (416, f"bytes */{size}")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=5-1", "bytes=", "bytes=a-b", "lines=0-1"])
def test_range_ignored(served, asked):
    answer = served.ask("/file", Range=asked)
    assert (answer.status, answer.body) == (200, content())


def test_range_of_empty_suffix(served):
    answer = served.ask("/empty", Range="bytes=-5")
    assert (answer.status, answer.body) == (200, b"")


def test_range_beyond_4_gib(served):
    offset = (5 << 30) + 7
    with (served.root / "sparse").open("wb") as stream:
        stream.seek(offset)
        stream.write(b"the end")
    answer = served.ask("/sparse", Range=f"bytes={offset}-")
    assert (answer.status, answer.body) == (206, b"the end")
    assert served.ask("/sparse", "HEAD").getheader("Content-Length") == str(offset + 7)


def test_if_range(served):
    path = served.root / "file"
    age(path)
    first = served.ask("/file", "HEAD")
    etag, date = first.getheader("ETag"), first.getheader("Last-Modified")
    for validator in etag, date:
        answer = served.ask("/file", Range="bytes=1000-", If_Range=validator)
        assert (answer.status, answer.body) == (206, content()[1000:])
    assert served.ask("/file", Range="bytes=1000-", If_Range="W/" + etag).status == 200

    path.write_bytes(b"x" * SIZE)
    for validator in etag, date:
        answer = served.ask("/file", Range="bytes=1000-", If_Range=validator)
        assert (answer.status, answer.body) == (200, b"x" * SIZE)
    assert served.ask("/file", "HEAD").getheader("ETag") != etag


def test_if_range_of_this_second(served):
    age(served.root / "file", seconds=-5)  # a date that time is yet to reach says nothing
    date = email.utils.formatdate((served.root / "file").stat().st_mtime, usegmt=True)
    assert served.ask("/file", Range="bytes=1000-", If_Range=date).status == 200


@pytest.mark.parametrize("change", ["same size and times", "replaced", "touched"])
def test_etag_changes(served, change):
    path = served.root / "file"
    before, stat = served.ask("/file", "HEAD").getheader("ETag"), path.stat()
    if change == "touched":
        age(path)
    elif change == "replaced":
        (served.root / "new").write_bytes(content())
        os.utime(served.root / "new", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        (served.root / "new").rename(path)
    else:
        wait_for(lambda: changed_later(path, stat), "the clock of the file system")
        path.write_bytes(content()[::-1])
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert served.ask("/file", "HEAD").getheader("ETag") != before


def changed_later(path, stat):
    """Touches a neighbour, to see whether a change now gets a time of its own."""
    probe = path.with_name("probe")
    probe.write_text("")
    return probe.stat().st_ctime_ns > stat.st_ctime_ns


def test_not_modified(served):
    age(served.root / "file")
    first = served.ask("/file", "HEAD")
    etag, date = first.getheader("ETag"), first.getheader("Last-Modified")
    for method in "GET", "HEAD":
        for headers in {"If_None_Match": etag}, {"If_None_Match": f'"x", W/{etag}'}, {"If_Modified_Since": date}:
            answer = served.ask("/file", method, **headers)
            assert (answer.status, answer.body, answer.getheader("ETag")) == (304, b"", etag)
            assert answer.getheader("Content-Length") in (None, str(SIZE))
    assert served.ask("/file", If_None_Match='"other"', If_Modified_Since=date).status == 200
    age(served.root / "file", seconds=5)
    assert served.ask("/file", If_Modified_Since=date).status == 200


def test_not_modified_keeps_the_connection(served):
    etag = served.ask("/file", "HEAD").getheader("ETag")
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=LIMIT_SEC)
    with contextlib.closing(connection):
        connection.connect()
        first = connection.sock
        for headers, status in ({"If-None-Match": etag}, 304), ({"Range": "bytes=5-9"}, 206), ({"Range": "bytes=-0"}, 416):
            connection.request("GET", "/file", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            assert (answer.status, connection.sock) == (status, first)
            assert status != 206 or body == content()[5:10]


def test_precondition(served):
    etag = served.ask("/file", "HEAD").getheader("ETag")
    assert served.ask("/file", If_Match='"other"').status == 412
    assert served.ask("/file", If_Match=etag, Range="bytes=1-2").body == content()[1:3]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "OPTIONS", "PATCH", "BITS_POST", "PROPFIND"])
def test_other_methods(served, method):
    answer = served.ask("/file", method, b"body")
    assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")
    assert (served.root / "file").read_bytes() == content()


def test_names(served):
    for name in "a b", "ä", "100%", "%2e%2e", "question?", "quote\"\\", "line\nbreak", "..dots":
        (served.root / name).write_text(name)
        assert served.ask("/" + "".join(f"%{byte:02x}" for byte in name.encode())).body == name.encode()
    assert served.ask("/directory/../file").status == 200
    assert served.ask("//file?token=1").body == content()
    assert {entry["path"] for entry in served.stop()} > {"/directory/../file", "//file"}


@pytest.mark.parametrize(
    "target, statuses",
    [
        ("/../secret", {403}),
        ("/%2e%2e/secret", {403}),
        ("/.%2E/secret", {403}),
        ("/directory/../../secret", {403}),
        ("/directory/%2e%2e/%2e%2e/secret", {403}),
        ("/..%2fsecret", {400}),
        ("/%2e%2e%2fsecret", {400}),
        ("/directory%2finner", {400}),
        ("/%252e%252e/secret", {404}),
        ("/..\\secret", {404}),
        ("/..%5csecret", {404}),
        ("/file%00", {400}),
        ("/file%00.txt", {400}),
        ("/%zz", {400}),
        ("/%", {400}),
        ("/TOP/secret", {404}),
        ("//TOP/secret", {404}),
        ("/%2fetc/passwd", {400}),
        ("/proc/self/environ", {404}),
        ("/out", {403}),
        ("/out-absolute", {403}),
        ("/inside-absolute", {403}),
        ("/out-directory/secret", {403}),
        ("/out-later/secret", {403}),
        ("/loop", {403}),
        ("/magic", {403, 404}),
    ],
)
def test_no_way_out(served, target, statuses):
    root = served.root
    (root / "out").symlink_to("../secret")
    (root / "out-absolute").symlink_to(served.top / "secret")
    (root / "inside-absolute").symlink_to(root / "file")
    (root / "out-directory").symlink_to("..")
    (root / "out-later").symlink_to("directory/../..")
    (root / "loop").symlink_to("loop")
    (root / "magic").symlink_to("/proc/self/root")
    request = f"GET {target.replace('TOP', str(served.top)[1:])} HTTP/1.1\r\nHost: here\r\n\r\n"
    with served.connect() as client:
        client.sendall(request.encode())
        answer = http.client.HTTPResponse(client)
        answer.begin()
        assert answer.status in statuses
        assert b"secret" not in answer.read()


def test_links_within(served):
    (served.root / "directory" / "link").symlink_to("../file")
    (served.root / "alias").symlink_to("directory")
    assert served.ask("/directory/link").body == content()
    assert served.ask("/alias/inner").body == b"inner"


def test_link_swapped_while_asked(served):
    """A link that points in and out by turns never lets the secret through."""
    link, spare = served.root / "turning", served.root / "spare"
    link.symlink_to("directory/inner")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asking = pool.submit(lambda: [served.ask("/turning") for _ in range(300)])
        while not asking.done():
            for target in "../secret", "directory/inner":
                spare.symlink_to(target)
                spare.rename(link)
        answers = asking.result()
    assert {answer.status for answer in answers} <= {200, 403, 503}
    assert {answer.body for answer in answers if answer.status == 200} <= {b"inner"}


def test_only_regular_files(served):
    os.mkfifo(served.root / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(served.root / "socket"))
        for name in "", "directory", "directory/", "fifo", "socket", "file/", "absent", "x" * 300:
            assert served.ask(f"/{name}").status == 404, name
    if os.geteuid() == 0:
        os.mknod(served.root / "device", 0o20666, os.makedev(1, 3))
        assert served.ask("/device").status == 404


def test_unreadable(top):
    """As somebody else than the file's owner, where this is root; else the mode is enough."""
    (top / "served" / "file").chmod(0)
    options = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    (top / "log").touch()
    (top / "log").chmod(0o666)
    server = Served(program(), top, **options)
    try:
        assert server.ask("/file").status == 403
        assert server.ask("/directory/inner").status == 200
    finally:
        server.stop()


@pytest.mark.parametrize(
    "request_bytes, statuses",
    [
        (b"GET file HTTP/1.1\r\nHost: h\r\n\r\n", {400}),
        (b"GET http://h/directory/inner HTTP/1.1\r\nHost: h\r\n\r\n", {200}),
        (b"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", {400}),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", {404}),
        (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", {414, 431}),
        (b"GET /file HTTP/1.1\r\nHost: h\r\nbroken\r\n\r\n", {400}),
        (b"GET /file HTTP/1.1\r\n\r\n", {400}),
        (b"noise\r\n\r\n", {400, None}),
    ],
)
def test_odd_requests(served, request_bytes, statuses):
    try:
        assert served.say(request_bytes) in statuses
    except ConnectionResetError:
        assert len(request_bytes) > 65536  # it ended before it had read all of it
    assert served.ask("/directory/inner").status == 200


def test_body_of_a_request_is_not_the_next_request(served):
    body = b"GET /directory/inner HTTP/1.1\r\nHost: h\r\n\r\n"
    answer = served.ask("/empty", "GET", body)
    assert answer.status == 200
    assert [entry["path"] for entry in served.stop()] == ["/empty"]


def test_many_readers(served):
    def read(number):
        begin = number * 1000
        answer = served.ask("/file", Range=f"bytes={begin}-", If_Range=etag)
        return answer.status == 206 and answer.body == content()[begin:]

    etag = served.ask("/file", "HEAD").getheader("ETag")
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        assert all(pool.map(read, range(50)))
    assert sum(entry["sent"] for entry in served.stop()) == sum(SIZE - number * 1000 for number in range(50))


def test_many_connections(served):
    """Nine hundred clients who say nothing take nothing from one who does."""
    with contextlib.ExitStack() as stack:
        for _ in range(900):
            stack.enter_context(served.connect())
        assert served.ask("/directory/inner").status == 200


def test_replaced_while_read(served):
    """The bytes are those of the file that was opened, to the last."""
    path = served.root / "large"
    path.write_bytes(content() * 10)
    with served.connect(buffer_bytes=4096) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        answer = http.client.HTTPResponse(client)
        answer.begin()
        begin = answer.read(1000)
        (served.root / "new").write_bytes(b"x" * SIZE * 10)
        (served.root / "new").rename(path)
        assert begin + answer.read() == content() * 10


def test_log(served):
    served.ask("/file?token=secret", Range="bytes=100-199")
    served.ask("/file", "HEAD")
    served.ask("/absent\"\\%0a")
    keys = "method", "path", "status", "begin", "sent", "complete"
    entries = sorted([entry[key] for key in keys] for entry in served.stop())  # its threads write in any order
    assert entries[0][:3] == ["GET", "/absent%22%5C%0a", 404]
    assert entries[1:] == [["GET", "/file", 206, 100, 100, True], ["HEAD", "/file", 200, 0, 0, True]]
    assert "secret" not in served.log.read_text()


def test_log_counts_what_was_sent(served):
    """Of an answer cut off by the client: what went out, read or not."""
    path, begin = served.root / "large", 1 << 20
    path.write_bytes(content() * 30)
    with served.connect(buffer_bytes=65536) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\nRange: bytes=%d-\r\n\r\n" % begin)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        read = len(answer.read(2 << 20))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        answer.close()  # it shares the socket
    entry = wait_for(lambda: [json.loads(line) for line in served.log.read_text().splitlines()], "the log")[0]
    assert (entry["status"], entry["begin"], entry["complete"]) == (206, begin, False)
    assert entry["length"] == SIZE * 30 - begin
    assert read <= entry["sent"] < read + (1 << 20)


def test_end(served):
    """SIGTERM ends it at once, with a client in the middle of a file; the log has that request."""
    (served.root / "large").write_bytes(content() * 30)
    with served.connect(buffer_bytes=4096) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
        assert client.recv(100)
        (entry,) = served.stop()
    assert (entry["status"], entry["complete"]) == (200, False)
    with pytest.raises(ConnectionRefusedError):
        served.connect()


def test_arguments(top):
    def run(*arguments):
        return subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=LIMIT_SEC, check=False)

    assert "--listen ADDRESS" in run("--help").stdout
    assert re.fullmatch(r"bits-server \d+\.\d+\.\d+\n", run("--version").stdout)
    for arguments in [], ["--port", "x", "."], ["--port", "65536", "."], ["--port", "-1", "."], ["--odd"], [".", "."]:
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr, arguments
    for arguments in [str(top / "absent")], [str(top / "secret")], ["--listen", "no address", str(top)]:
        done = run("--port", "0", *arguments)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr, arguments
    assert run("--port", "0", "--log", str(top / "absent" / "log"), str(top)).returncode == 1
