"""HTTP options and redirects of the real bits-net, over a socket pair, against real servers on loopback."""

import os
import struct

import pytest

from test_bits_net import (  # noqa: F401: fixtures
    BG_E_INVALID_SERVER_RESPONSE, CERTIFICATE, CHANGED, DONE, E_INVALIDARG, FAILED, FATAL, FINISH, HALF, HEADERS, HTTP,
    MODIFIED, MODIFIED_USEC, NEW, NO_DATE, OLD, PROCEED, REDIRECTED, REMOTE_FILE, RESPONSE, WANT, Worker, origin,
    ranges_origin, reply, sealed, serve, target, worker,
)

BG_E_MISSING_FILE_SIZE = 0x80200011
BG_E_INSUFFICIENT_RANGE_SUPPORT = 0x80200013
SILENT, REPORT, DISALLOW, HTTPS_TO_HTTP = 0, 0x100, 0x200, 0x800


def fetch(worker, target, url, id=1, **options):
    """One transfer with these options; (all messages, content)."""
    fd, path = target()
    if options:
        worker.http(id, **options)
    worker.transfer(id, url, fd)
    return worker.until(DONE, FAILED), path.read_bytes()


def error(seen):
    assert seen[-1]["type"] == FAILED, seen
    return seen[-1]["hresult"], seen[-1]["class"]


def kinds(seen):
    return [m["type"] for m in seen if m["type"] in (RESPONSE, DONE, FAILED, REDIRECTED, CERTIFICATE)]


def paths(answers):
    """A server that answers each path by a function, or with a redirect: (status, location)."""

    def answer(connection, request):
        there = answers[request["line"].split()[1]]
        if callable(there):
            return there(connection, request)
        return reply(connection, there[0], b"moved", location=there[1])

    return answer


# Headers and method


def test_custom_headers_and_method(worker, serve, target):
    server = serve(origin(b"content"))
    headers = "X-One: 1\r\nX-Two:2\nX-Empty:\r\n\r\nUser-Agent: ours\r\nX-Last: a: b;c"
    seen, content = fetch(worker, target, server.url(), headers=headers, method="REPORT")
    assert seen[-1]["type"] == DONE and content == b"content"
    request = server.requests[0]
    assert request["line"] == "REPORT /file HTTP/1.1"
    assert (request["x-one"], request["x-last"], request["user-agent"]) == ("1", "a: b;c", "ours")
    assert (request["x-two"], request["x-empty"]) == ("2", "")
    assert request["accept-encoding"] == "identity" and "content-length" not in request
    seen, content = fetch(worker, target, server.url(), id=2)
    assert server.requests[1]["line"] == "GET /file HTTP/1.1" and "x-one" not in server.requests[1]


def test_headers_of_the_largest_size(worker, serve, target):
    server = serve(origin(b"content"))
    headers = "".join(f"X-{n}: {'v' * 4000}\r\n" for n in range(12))
    assert fetch(worker, target, server.url(), headers=headers)[0][-1]["type"] == DONE
    assert server.requests[0]["x-11"] == "v" * 4000


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_method_has_no_body(worker, serve, target, method):
    server = serve(origin(b"content"))
    assert fetch(worker, target, server.url(), method=method)[1] == b"content"
    length = server.requests[0].get("content-length")
    assert server.requests[0]["line"].startswith(method + " ") and length == (None if method == "DELETE" else "0")


def test_head_is_an_empty_file(worker, serve, target):
    server = serve(lambda c, r: c.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n") or True)
    seen, content = fetch(worker, target, server.url(), method="HEAD")
    assert seen[-1] == {"type": DONE, "id": 1, "offset": 0} and content == b""
    assert server.requests[0]["line"].startswith("HEAD ")


@pytest.mark.parametrize(
    "headers",
    ["no colon\r\n", ": x\r\n", "X Y: z\r\n", " folded: x\r\n", "X: a\r\n b\r\n", "X: a\rY: b\r\n", "X: \1\r\n", "Range: bytes=0-1\r\n",
     "content-length: 5\r\n", "Transfer-Encoding: chunked\r\n", "X: 1\r\nIf-Range: \"a\"\r\n", "Connection: close\r\n"],
)  # fmt: skip
def test_headers_that_cannot_be_sent(worker, serve, target, headers):
    server = serve(origin(b"content"))
    seen, content = fetch(worker, target, server.url(), headers=headers)
    assert error(seen) == (E_INVALIDARG, FATAL) and "custom header" in seen[-1]["text"]
    assert not server.requests and content == b""


def http_message(id=1, kind=HTTP, flags=0, ask=0, headers=0, certificate=0, accepted=0, reserved=0, method=b""):
    return struct.pack("=IIIIIIII64s", kind, id, flags, ask, headers, certificate, accepted, reserved, method)


SEALS = 2 | 4 | 8  # F_SEAL_SHRINK, GROW, WRITE


@pytest.mark.parametrize(
    "message, parts, seals",
    [
        (http_message(headers=3), b"12", SEALS),
        (http_message(headers=3), b"1234", SEALS),
        (http_message(headers=3), b"1\0:", SEALS),
        (http_message(headers=4), b"X: 1", SEALS & ~2),
        (http_message(headers=4), b"X: 1", SEALS & ~4),
        (http_message(headers=4), b"X: 1", SEALS & ~8),
        (http_message(headers=4), b"X: 1", None),
        (http_message(headers=49153), b"x" * 49153, SEALS),
        (http_message(certificate=262145), b"x" * 262145, SEALS),
        (http_message(accepted=257), b"\0" * 320 * 257, SEALS),
        (http_message(accepted=1), b"x" * 320, SEALS),
        (http_message(accepted=1 << 31), b"", SEALS),
        (http_message(flags=0x20), b"", SEALS),
        (http_message(flags=0x300), b"", SEALS),
        (http_message(flags=0x400), b"", SEALS),
        (http_message(ask=2), b"", SEALS),
        (http_message(reserved=1), b"", SEALS),
        (http_message(id=0), b"", SEALS),
        (http_message(method=b"GE T"), b"", SEALS),
        (http_message(method=b"CONNECT"), b"", SEALS),
        (http_message(method=b"GET\r\n"), b"", SEALS),
        (http_message(method=b"x" * 64), b"", SEALS),
        (http_message()[:-1], b"", SEALS),
    ],
    ids=range(23),
)
def test_malformed_options(tmp_path, message, parts, seals):
    worker = Worker()
    if seals is None:  # no memfd at all
        (tmp_path / "file").write_bytes(parts)
        fd = os.open(tmp_path / "file", os.O_RDONLY)
    else:
        fd = sealed(parts, seals)
    worker.send(message, fd)
    os.close(fd)
    assert worker.ends() == 1
    worker.close()


@pytest.mark.parametrize("order", ["twice", "other", "no descriptor"])
def test_options_out_of_order(target, order):
    worker = Worker()
    if order == "no descriptor":
        worker.send(http_message())
    else:
        worker.http(1)
        if order == "twice":
            worker.http(1)
        else:
            worker.transfer(2, "http://127.0.0.1/", target()[0])
    assert worker.ends() == 1
    worker.close()


def test_dynamic_content_ends_with_its_connection(worker, serve, target):
    def answer(connection, request):
        reply(connection, 200, content_length=None)
        connection.sendall(b"all of it")

    server = serve(answer)
    fd, path = target()
    worker.transfer(1, server.url(), fd)
    assert worker.outcome()["hresult"] == BG_E_MISSING_FILE_SIZE
    worker.transfer(2, server.url(), fd, dynamic=1)
    assert worker.outcome() == {"type": DONE, "id": 2, "offset": 9}
    assert path.read_bytes() == b"all of it"


# Redirects


def secrets_of(request):
    return request.get("x-secret"), request.get("authorization"), request["line"].split()[0]


def test_secrets_stay_at_their_server(worker, serve, target):
    """Not at another port, and not back at the first one when the other sends there."""
    content = origin(b"content")
    other = serve(paths({"/away": None}))
    first = serve(paths({
        "/begin": (302, "/near"), "/near": (301, "?x=1"), "/near?x=1": (307, other.url("/away")), "/back": (302, "/end"), "/end": content,
    }))  # fmt: skip
    other.answer = paths({"/away": (302, first.url("/back"))})
    seen, body = fetch(worker, target, first.url("/begin"), headers="X-Secret: s\r\nCookie: c=1\r\nAuthorization: Basic x\r\n")
    assert body == b"content"
    assert [secrets_of(r)[:2] for r in first.requests] == [("s", "Basic x")] * 3 + [(None, None)] * 2
    assert [r.get("cookie") for r in first.requests] == ["c=1"] * 3 + [None] * 2
    assert secrets_of(other.requests[0]) == (None, None, "GET") and "cookie" not in other.requests[0]
    assert all("referer" not in r for r in first.requests + other.requests)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "::1"])
def test_secrets_are_for_one_host(worker, serve, target, host):
    answers = {"/end": origin(b"content")}
    first = serve(paths(answers))
    other = first if host == "localhost" else serve(paths(answers), host=host, port=first.port)
    url = f"http://{'[::1]' if host == '::1' else host}:{first.port}/end"
    answers["/begin"] = (302, url)
    seen, body = fetch(worker, target, first.url("/begin"), headers="X-Secret: s\r\n")
    assert body == b"content"
    assert first.requests[0]["x-secret"] == "s" and "x-secret" not in other.requests[-1]


@pytest.mark.parametrize(
    "status, method, after",
    [(301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"), (308, "POST", "POST"), (301, "PUT", "PUT"),
     (303, "PUT", "GET"), (300, "POST", "POST"), (303, "HEAD", "HEAD"), (308, "GET", "GET")],
)  # fmt: skip
def test_method_after_a_redirect(worker, serve, target, status, method, after):
    def end(connection, request):
        return reply(connection, 200, b"" if after == "HEAD" else b"content")

    server = serve(paths({"/begin": (status, "/end"), "/end": end}))
    if method == "HEAD":
        server.answer = paths({"/begin": lambda c, r: reply(c, status, location="/end"), "/end": end})
    seen, body = fetch(worker, target, server.url("/begin"), method=method)
    assert seen[-1]["type"] == DONE
    assert [secrets_of(r)[2] for r in server.requests] == [method, after]
    assert "content-length" not in server.requests[1] or after in ("POST", "PUT")


@pytest.mark.parametrize("status, follows", [(303, True), (302, True), (307, False), (308, False)])
def test_method_is_for_one_server(worker, serve, target, status, follows):
    other = serve(origin(b"content"))
    server = serve(lambda c, r: reply(c, status, location=other.url()))
    seen, body = fetch(worker, target, server.url(), method="POST")
    if follows:
        assert body == b"content" and secrets_of(other.requests[0])[2] == "GET"
    else:
        assert error(seen) == (0x80190000 | status, FATAL) and not other.requests


def test_reported_redirect(worker, serve, target):
    other = serve(origin(b"content", etag='"v"'))
    server = serve(paths({"/begin": (302, other.url("/file#part"))}))
    seen, body = fetch(worker, target, server.url("/begin"), flags=REPORT)
    assert kinds(seen) == [REDIRECTED, RESPONSE, DONE] and body == b"content"
    assert seen[0]["url"] == other.url() and seen[1]["etag"] == '"v"'
    seen, body = fetch(worker, target, other.url(), id=2, flags=REPORT)
    assert kinds(seen) == [RESPONSE, DONE]
    other.answer = lambda c, r: reply(c, 404, b"no")
    seen, body = fetch(worker, target, server.url("/begin"), id=3, flags=REPORT)
    assert kinds(seen) == [FAILED], "a name that led to nothing is not worth keeping"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307])
def test_disallowed_redirect(worker, serve, target, status):
    other = serve(origin(b"content"))
    server = serve(lambda c, r: reply(c, status, b"moved", location=other.url("/x?y=1#z")))
    seen, body = fetch(worker, target, server.url(), flags=DISALLOW)
    assert kinds(seen) == [REDIRECTED, FAILED] and error(seen) == (0x80190000 | status, FATAL)
    assert (seen[-1]["context"], seen[-1]["status"]) == (REMOTE_FILE, status)
    assert seen[-2]["url"] == other.url("/x?y=1") and not other.requests and body == b""


@pytest.mark.parametrize(
    "location",
    ["http://user:pass@127.0.0.1/", "http://user@127.0.0.1/", "//a:b@127.0.0.1/", "http://127.0.0.1/" + "x" * 2190, "http://[", "http://a b/",
     "mailto:x", "data:,x", "http://127.0.0.1:99999/"],
)  # fmt: skip
@pytest.mark.parametrize("flags", [SILENT, DISALLOW])
def test_redirect_that_is_not_followed(worker, serve, target, location, flags):
    server = serve(lambda c, r: reply(c, 308, location=location))
    seen, _ = fetch(worker, target, server.url(), flags=flags)
    assert kinds(seen) == [FAILED] and error(seen) == (0x80190134, FATAL) and len(server.requests) == 1
    assert "pass" not in seen[-1]["text"]


def test_redirect_with_two_places(worker, serve, target):
    def answer(connection, request):
        connection.sendall(b"HTTP/1.1 302 X\r\nLocation: /a\r\nContent-Length: 0\r\nlocation: /b\r\n\r\n")
        return True

    seen, _ = fetch(worker, target, serve(answer).url())
    assert error(seen) == (0x8019012E, FATAL)


def test_loop(worker, serve, target):
    server = serve(paths({"/a": (302, "/b"), "/b": (302, "/a")}))
    seen, _ = fetch(worker, target, server.url("/a"))
    assert error(seen) == (0x8019012E, FATAL) and len(server.requests) == 11


def test_redirect_without_a_place(worker, serve, target):
    seen, _ = fetch(worker, target, serve(lambda c, r: reply(c, 302, b"where to?")).url())
    assert error(seen) == (0x8019012E, FATAL)


@pytest.mark.parametrize("announced", [True, False])
def test_redirect_with_an_endless_body(worker, serve, target, announced):
    def begin(connection, request):
        reply(connection, 302, content_length=1 << 40 if announced else None, location="/end")
        try:
            while True:
                connection.sendall(b"x" * 65536)
        except OSError:
            return False

    server = serve(paths({"/begin": begin, "/end": origin(b"content")}))
    assert fetch(worker, target, server.url("/begin"))[1] == b"content"


def test_redirected_location_is_encoded(worker, serve, target):
    server = serve(paths({"/begin": (302, "/a b\u00e9"), "/a%20b%c3%a9": origin(b"content")}))
    assert fetch(worker, target, server.url("/begin"))[1] == b"content"


# Versions and redirects: an ETag is its own URL's


def resume(worker, target, url, version, content=OLD[:HALF], id=5, **options):
    fd, path = target(content)
    if options:
        worker.http(id, **options)
    worker.transfer(id, url, fd, len(content), version["size"], version["modified"], version["etag"])
    seen = [worker.until(RESPONSE, FAILED)[-1]]
    if seen[0].get("restarted"):
        worker.order(PROCEED, id)
    if seen[0]["type"] != FAILED:
        seen += worker.until(DONE, FAILED)
    return seen, path.read_bytes()


def test_etag_of_another_server_is_no_proof(worker, serve, target):
    """A name that once led to one server and now leads to another, which has the same ETag for other bytes."""
    one, two = serve(origin(OLD, etag='"1"')), serve(origin(NEW, etag='"1"'))
    server = serve(lambda c, r: reply(c, 302, location=one.url()))
    seen, content = fetch(worker, target, server.url())
    assert content == OLD
    version = seen[0]
    assert version["etag"] == 'W/"1"', "it is not the remote name's, and proves nothing"
    for etag in ('W/"1"', '"1"'):  # also of bytes that came without a redirect
        server.answer = lambda c, r: reply(c, 302, location=two.url())
        seen, content = resume(worker, target, server.url(), version | {"etag": etag})
        assert seen[0]["restarted"] == 1 and content == NEW
    server.answer = origin(NEW, etag='"1"')  # nor the other way round
    seen, content = resume(worker, target, server.url(), version)
    assert seen[0]["restarted"] == 1 and content == NEW
    assert "if-range" not in str(two.requests)


def test_other_server_behind_the_same_name(worker, serve, target):
    """No redirect: a strong ETag decides, and where it differs, nothing else can save the bytes."""
    server = serve(origin(NEW, etag='"2"', last_modified=MODIFIED))
    version = {"size": len(OLD), "modified": MODIFIED_USEC, "etag": '"1"'}
    seen, content = resume(worker, target, server.url(), version)
    assert seen[0]["restarted"] == 1 and content == NEW


def test_date_and_size_decide_elsewhere(worker, serve, target):
    """As documented for another remote name."""
    one = serve(origin(OLD, etag='"1"', last_modified=MODIFIED))
    two = serve(origin(OLD, if_range=False, last_modified=MODIFIED))
    server = serve(lambda c, r: reply(c, 302, location=one.url()))
    version = fetch(worker, target, server.url())[0][0]
    assert (version["etag"], version["modified"]) == ('W/"1"', MODIFIED_USEC)
    server.answer = lambda c, r: reply(c, 302, location=two.url())
    seen, content = resume(worker, target, server.url(), version)
    assert seen[0]["restarted"] == 0 and content == OLD
    assert "range" in two.requests[0]
    changed = serve(origin(NEW, etag='"1"', last_modified="Sat, 05 Nov 1994 08:49:38 GMT"))
    server.answer = lambda c, r: reply(c, 302, location=changed.url())
    seen, content = resume(worker, target, server.url(), version | {"etag": '"1"'})
    assert seen[0]["restarted"] == 1 and content == NEW


def test_redirect_of_the_same_name_resumes_by_etag_when_it_is_reported(worker, serve, target):
    one = serve(origin(OLD, etag='"1"'))
    version = {"size": len(OLD), "modified": NO_DATE, "etag": '"1"'}
    seen, content = resume(worker, target, one.url(), version, flags=REPORT)
    assert seen[0]["restarted"] == 0 and content == OLD and one.requests[0]["if-range"] == '"1"'


def spans(worker, target, url, n=2, **options):
    fd, path = target()
    if options:
        worker.http(3, **options)
    worker.transfer(3, url, fd, span=(0, 0, 1000))
    seen = worker.until(WANT, DONE, FAILED)
    for i in range(1, n):
        if seen[-1]["type"] != WANT:
            break
        worker.span(3, i * 1000, i * 1000, 1000)
        seen += worker.until(WANT, DONE, FAILED)
    if seen[-1]["type"] == WANT:
        worker.order(FINISH, 3)
        seen += worker.until(DONE, FAILED)
    return seen, path.read_bytes()


def test_ranges_by_a_redirect(worker, serve, target):
    """Each range goes by the redirect; where it leads to the same place, that place's ETag counts."""
    there = serve(ranges_origin(OLD, etag='"1"'))
    server = serve(lambda c, r: reply(c, 302, location=there.url()))
    seen, content = spans(worker, target, server.url(), 3)
    assert seen[-1]["type"] == DONE and content == OLD[:3000]
    assert [r.get("if-range") for r in there.requests] == [None, '"1"', '"1"']
    assert not any("if-range" in r for r in server.requests) and len(server.requests) == 3


def test_ranges_of_two_servers_do_not_meet(worker, serve, target):
    places = [serve(ranges_origin(OLD, etag='"1"')), serve(ranges_origin(NEW, etag='"1"'))]
    turn = []

    def answer(connection, request):
        turn.append(1)
        return reply(connection, 302, location=places[len(turn) - 1].url())

    seen, content = spans(worker, target, serve(answer).url())
    assert error(seen) == (BG_E_INSUFFICIENT_RANGE_SUPPORT, FATAL) and content[:1000] == OLD[:1000] and len(content) == 1000


def test_ranges_of_a_redirect_that_is_gone(worker, serve, target):
    """The second range comes from the remote name itself: its ETag is not the other place's."""
    there, near = serve(ranges_origin(OLD, etag='"1"')), ranges_origin(NEW, etag='"1"')
    first = []

    def answer(connection, request):
        first.append(1)
        return reply(connection, 302, location=there.url()) if len(first) == 1 else near(connection, request)

    seen, content = spans(worker, target, serve(answer).url())
    assert seen[-1]["type"] == FAILED and content == OLD[:1000]


def test_range_resumed_elsewhere_has_changed(worker, serve, target):
    there = serve(ranges_origin(NEW, etag='"1"'))
    server = serve(lambda c, r: reply(c, 302, location=there.url()))
    fd, path = target(OLD[:1000])
    worker.transfer(3, server.url(), fd, 1000, len(OLD), NO_DATE, '"1"', span=(1000, 1000, 1000))
    failed = worker.outcome()
    assert (failed["class"], failed["offset"]) == (CHANGED, 0) and path.read_bytes() == OLD[:1000]


# Headers of the answer


def headers_then(worker, kind, id=1):
    """The text before the message of that kind, which follows at once."""
    header = worker.until(HEADERS, DONE, FAILED)[-1]
    assert header["type"] == HEADERS and header["id"] == id
    message = worker.receive()
    assert message["type"] == kind, message
    return header["text"]


def test_header_of_an_answer(worker, serve, target):
    def answer(connection, request):
        connection.sendall(b"HTTP/1.1 103 Early\r\nX: not this\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 Fine here\r\nContent-Length: 2\r\nX-A:  1 \r\nX-A: \xe9\nETag: \"v\"\r\n\r\nok")
        return True

    worker.transfer(1, serve(answer).url(), target()[0])
    text = headers_then(worker, RESPONSE)
    assert text == 'HTTP/1.1 200 Fine here\r\nContent-Length: 2\r\nX-A:  1 \r\nX-A: \xe9\r\nETag: "v"\r\n'
    assert worker.outcome()["type"] == DONE


def test_header_is_the_last_answers(worker, serve, target):
    """Of a redirect, only where it is not followed; of an answer that is no use, not at all."""
    server = serve(paths({"/begin": (302, "/end"), "/end": lambda c, r: reply(c, 404, b"no", x_end="1")}))
    worker.transfer(1, server.url("/begin"), target()[0])
    assert "x-end: 1" in headers_then(worker, FAILED).split("\r\n")
    worker.http(2, flags=DISALLOW)
    worker.transfer(2, server.url("/begin"), target()[0])
    text = headers_then(worker, REDIRECTED, 2)
    assert text.startswith("HTTP/1.1 302 X\r\n") and "location: /end\r\n" in text
    assert worker.outcome()["type"] == FAILED


def test_header_of_a_changed_file(worker, serve, target):
    server = serve(origin(NEW, if_range=False, etag='"2"'))
    fd, path = target(OLD[:HALF])
    worker.transfer(1, server.url(), fd, HALF, len(OLD), NO_DATE, '"1"')
    text = headers_then(worker, RESPONSE)  # the first answer was a part, and of no use
    assert text.startswith("HTTP/1.1 200 X\r\n") and len(server.requests) == 2
    worker.order(PROCEED, 1)
    assert worker.outcome()["type"] == DONE and path.read_bytes() == NEW


def test_header_once_for_all_ranges(worker, serve, target):
    fd, _ = target()
    worker.transfer(3, serve(ranges_origin(OLD, etag='"1"')).url(), fd, span=(0, 0, 1000))
    headers_then(worker, RESPONSE, 3)
    worker.until(WANT)
    worker.span(3, 1000, 1000, 1000)
    assert not [m for m in worker.until(WANT, HEADERS) if m["type"] == HEADERS]
    worker.order(FINISH, 3)
    worker.outcome()


@pytest.mark.parametrize("fits", [True, False])
def test_header_of_the_largest_size(worker, serve, target, fits):
    head = b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n"
    size = 65535 if fits else 65536

    def answer(connection, request):
        lines = head
        while size - len(lines) > 9000:
            lines += b"X: " + b"y" * 8000 + b"\r\n"
        lines += b"X: " + b"y" * (size - len(lines) - 5) + b"\r\n"
        connection.sendall(lines + b"\r\nok")
        return True

    worker.transfer(1, serve(answer).url(), target()[0])
    if fits:
        assert len(headers_then(worker, RESPONSE)) == size
        assert worker.outcome()["type"] == DONE
    else:
        failed = worker.until(HEADERS, DONE, FAILED)[-1]
        assert (failed["hresult"], failed["class"]) == (BG_E_INVALID_SERVER_RESPONSE, FATAL) and "64 KiB" in failed["text"]


def test_header_without_an_end(worker, serve, target):
    def answer(connection, request):
        connection.sendall(b"HTTP/1.1 302 X\r\nLocation: /x\r\n")
        while True:
            connection.sendall(b"X: " + b"y" * 1000 + b"\r\n")

    seen, _ = fetch(worker, target, serve(answer).url())
    assert error(seen) == (BG_E_INVALID_SERVER_RESPONSE, FATAL)


def test_nul_in_a_header(worker, serve, target):
    def answer(connection, request):
        connection.sendall(b"HTTP/1.1 200 X\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok")
        return True

    seen, _ = fetch(worker, target, serve(answer).url())
    assert error(seen) == (BG_E_INVALID_SERVER_RESPONSE, FATAL)
