"""A server whose answers are the bytes that a test wants, right or wrong; each connection has one answer and is closed,
or reset in its middle."""

import collections
import re
import socket
import socketserver
import struct

from serving import Serving

RESET = object()  # in the place of more bytes: the connection is reset


def range_of(header):
    """The first byte of the range that a request's header asks for; None: it asks for none."""
    found = re.search(r"(?im)^Range: bytes=(\d+)-\d*\s*$", header)
    return int(found[1]) if found else None


def range_end_of(header, size):
    """The byte after that range, in a file of size bytes."""
    found = re.search(r"(?im)^Range: bytes=\d+-(\d+)\s*$", header)
    return min(int(found[1]) + 1, size) if found else size


def field_of(header, name):
    """The value of a field in a request's header; None when it has none."""
    found = re.search(rf"(?im)^{name}: *(.*?)\s*$", header)
    return found[1] if found else None


def answer(status=200, body=b"", length=True, **headers):
    """An answer of HTTP/1.1. length: that of the body, another number, or False for none."""
    lines = [f"HTTP/1.1 {status} Reason"]
    if length is not False:
        lines.append(f"Content-Length: {len(body) if length is True else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


class RawOrigin(Serving):
    """answers: {name: bytes, or function(n, request header) -> bytes, or an iterator of them that may wait between, and
    end with RESET}.

    n: how often the name was asked for before.
    """

    def __init__(self, answers, address="127.0.0.1"):
        self.answers = answers
        self.asked = collections.Counter()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                name = self.rfile.readline().split()[1].decode().lstrip("/")
                header = b""
                while (line := self.rfile.readline()).strip():
                    header += line
                n = outer.asked[name]
                outer.asked[name] += 1
                found = outer.answers[name]
                if callable(found):
                    found = found(n, header.decode())
                for part in [found] if isinstance(found, bytes) else found:
                    if part is RESET:
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        self.rfile.close()
                        self.connection.close()  # at once, before an orderly end could be sent
                        return
                    self.wfile.write(part)
                self.connection.shutdown(socket.SHUT_WR)  # the end of the answer, and no reset that overtakes it

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # the client has gone, which is its right

        self.server = Server((address, 0), Handler)

    def url(self, name):
        return "http://{}:{}/{}".format(*self.server.server_address, name)
