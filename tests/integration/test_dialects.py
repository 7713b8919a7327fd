"""Answers as servers write them, old, sloppy and broken: the right bytes where they can be told, a clear error where not."""

import dbus
import pytest

import bus
import jobs
import people
from raw import RawOrigin

BG_E_MISSING_FILE_SIZE = 0x80200011
BG_E_INSUFFICIENT_HTTP_SUPPORT = 0x80200012
BG_E_INVALID_SERVER_RESPONSE = 0x8020001B
BG_E_CONNECTION_CLOSED = 0x8020002E
FOREGROUND = 0
BODY = b"the right bytes"
SIZE = len(BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FATAL, TRANSIENT = bus.ERROR, bus.TRANSIENT_ERROR


def sized(status=b"HTTP/1.1 200 OK", more=b"", size=SIZE, body=BODY):
    return status + b"\r\n" + more + f"Content-Length: {size}\r\n\r\n".encode() + body


GOOD = {
    "plain": sized(),
    "of HTTP/1.0": sized(b"HTTP/1.0 200 OK"),
    "of HTTP/1.0, kept alive": sized(b"HTTP/1.0 200 OK", b"Connection: keep-alive\r\n"),
    "without a reason": sized(b"HTTP/1.1 200"),
    "without CR": sized().replace(b"\r\n", b"\n"),
    "of any case": sized().replace(b"Content-Length", b"cOnTeNt-LENGTH"),
    "without blanks": sized().replace(b": ", b":"),
    "with blanks": sized().replace(b": ", b":  \t ").replace(b"15\r", b"15 \t\r"),
    "with the same size twice": sized(more=f"Content-Length: {SIZE}\r\n".encode()),
    "with a folded field": sized(more=b"X-Folded: one\r\n two\r\n\tthree\r\n"),
    "with letters of no alphabet": sized(more=b"X-Bytes: \x80\xff\xfe\r\n"),
    "with a date that is none": sized(more=b"Last-Modified: yesterday\r\nDate: today\r\n"),
    "with an ETag that is none": sized(more=b"ETag: unquoted\r\n"),
    "with a large ETag": sized(more=b'ETag: "' + b"e" * 8000 + b'"\r\n'),
    "with cookies": sized(more=b"Set-Cookie: a=b\r\n" * 100),
    "without ranges": sized(more=b"Accept-Ranges: none\r\n"),
    "after a hint": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 3\r\n\r\n" + sized(),
    "after a wait": b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + sized(),
    "and more than was said": sized(body=BODY + b" and others"),
    "encoded as itself": sized(more=b"Content-Encoding: identity\r\n"),
    "chunked": CHUNKED + b"4\r\nthe \r\nB\r\nright bytes\r\n0\r\n\r\n",
    "chunked with zeros": CHUNKED + b"0004\r\nthe \r\n00b\r\nright bytes\r\n000\r\n\r\n",
    "chunked with extensions": CHUNKED + b'4;a=b\r\nthe \r\nb;c="d"\r\nright bytes\r\n0;e\r\n\r\n',
    "chunked with trailers": CHUNKED + b"f\r\nthe right bytes\r\n0\r\nContent-Length: 3\r\nX: y\r\n\r\n",
    "chunked and sized": CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n") + b"f\r\nthe right bytes\r\n0\r\n\r\n",
    "chunked byte by byte": CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n",
}

BAD = {
    "no answer at all": (b"", TRANSIENT, BG_E_CONNECTION_CLOSED),
    "of HTTP/0.9": (BODY, FATAL, BG_E_INSUFFICIENT_HTTP_SUPPORT),
    "of another protocol": (b"220 mail.example ESMTP\r\n", FATAL, BG_E_INSUFFICIENT_HTTP_SUPPORT),
    "a cut header": (b"HTTP/1.1 200 OK\r\nContent-Le", TRANSIENT, BG_E_CONNECTION_CLOSED),
    "a cut body": (sized(size=SIZE + 1), TRANSIENT, BG_E_CONNECTION_CLOSED),
    "a cut chunk": (CHUNKED + b"f\r\nthe right", TRANSIENT, BG_E_CONNECTION_CLOSED),
    "no last chunk": (CHUNKED + b"f\r\nthe right bytes\r\n", TRANSIENT, BG_E_CONNECTION_CLOSED),
    "a last chunk that is cut": (CHUNKED + b"f\r\nthe right bytes\r\n0\r\n", TRANSIENT, BG_E_CONNECTION_CLOSED),
    "no size": (b"HTTP/1.0 200 OK\r\n\r\n" + BODY, FATAL, BG_E_MISSING_FILE_SIZE),
    "no size of HTTP/1.1": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY, FATAL, BG_E_MISSING_FILE_SIZE),
    "two sizes": (sized(more=b"Content-Length: 16\r\n"), FATAL, BG_E_INVALID_SERVER_RESPONSE),
    "two sizes in one": (sized(size="15, 15"), FATAL, BG_E_INVALID_SERVER_RESPONSE),
    "a size below nothing": (sized(size=-1), FATAL, BG_E_INVALID_SERVER_RESPONSE),
    "a size that no file has": (sized(size=2**64), FATAL, BG_E_INVALID_SERVER_RESPONSE),
    "a size of letters": (sized(size="many"), FATAL, BG_E_INVALID_SERVER_RESPONSE),
    "a size in hexadecimal": (sized(size="0xf"), FATAL, BG_E_INVALID_SERVER_RESPONSE),
    "a chunk without a size": (CHUNKED + b"\r\nthe right bytes\r\n0\r\n\r\n", None, None),
    "a chunk below nothing": (CHUNKED + b"-1\r\nx\r\n0\r\n\r\n", None, None),
    "a chunk that nobody has": (CHUNKED + b"fffffffffffffffffff\r\nx\r\n0\r\n\r\n", None, None),
    "a chunk that is longer than it says": (CHUNKED + b"3\r\nthe right bytes\r\n0\r\n\r\n", None, None),
    "compressed unasked": (sized(more=b"Content-Encoding: gzip\r\n"), FATAL, BG_E_INVALID_SERVER_RESPONSE),
    "compressed on the way": (CHUNKED.replace(b"chunked", b"gzip, chunked") + b"0\r\n\r\n", FATAL, BG_E_INVALID_SERVER_RESPONSE),
    "a range unasked": (sized(b"HTTP/1.1 206 Part", b"Content-Range: bytes 0-14/15\r\n"), FATAL, BG_E_INVALID_SERVER_RESPONSE),
    "nothing new": (b"HTTP/1.1 304 Not Modified\r\n\r\n", FATAL, 0x80190130),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", FATAL, 0x801900CC),
    "a status of two digits": (sized(b"HTTP/1.1 20 OK"), FATAL, None),
    "a status of letters": (sized(b"HTTP/1.1 two OK"), FATAL, None),
}


def fetch(urls, directory):
    """{name: (state, HRESULT)} of a job each, side by side."""
    connection, running = jobs.session(), {}
    for name, url in urls.items():
        running[name] = connection.create(name)
        running[name].add(url, directory / name.replace("/", ""))
        running[name].call("SetPriority", "u", dbus.UInt32(FOREGROUND))
        running[name].call("Resume")
    found = {}
    for name, job in running.items():
        state = jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR)
        found[name] = state, None if state == bus.TRANSFERRED else job.error()[0]
        job.call("Complete" if state == bus.TRANSFERRED else "Cancel")
    return found


@pytest.fixture
def fetched(alices):
    def run(answers):
        numbers = {f"{n}": name for n, name in enumerate(answers)}
        with RawOrigin({number: answers[name] for number, name in numbers.items()}) as server:
            urls = {name: server.url(number) for number, name in numbers.items()}
            return people.call("alice", fetch, urls, alices)

    return run


def test_good_answers(fetched, alices):
    found = fetched(GOOD)
    assert {name: outcome for name, outcome in found.items() if outcome != (bus.TRANSFERRED, None)} == {}
    assert {name: (alices / name.replace("/", "")).read_bytes() for name in GOOD} == dict.fromkeys(GOOD, BODY)


def test_bad_answers(fetched, alices):
    """What is there of a bad answer never becomes a file. None: which error it is has no rule."""
    found = fetched({name: row[0] for name, row in BAD.items()})
    wrong = {}
    for name, (_, state, code) in BAD.items():
        if found[name][0] not in ([FATAL, TRANSIENT] if state is None else [state]) or code not in (None, found[name][1]):
            wrong[name] = found[name]
    assert wrong == {}
    assert list(alices.iterdir()) == []
