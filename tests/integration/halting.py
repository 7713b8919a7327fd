"""A server of one file that knows ranges and If-Range, and stops in the middle of an answer until it is told to go on."""

import email.utils
import http.server
import re
import threading

from serving import Serving


class HaltingOrigin(Serving):
    """Serves body under every name. Each answer with more than halt_at bytes of the file's begin stops there until
    release(); requests has (path, Range, If-Range, status) of each."""

    def __init__(self, body, etag='"one"', modified=1_600_000_000, halt_at=None):
        self.body, self.etag, self.modified, self.halt_at = body, etag, modified, halt_at
        self.requests = []
        self.released = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                begin, status = outer.judge(self.headers), 200
                if begin is not None:
                    status = 206
                outer.requests.append((self.path, self.headers["Range"], self.headers["If-Range"], status))
                part = outer.body[begin or 0:]
                self.send_response(status)
                self.send_header("Content-Length", str(len(part)))
                if status == 206:
                    size = len(outer.body)
                    self.send_header("Content-Range", f"bytes {begin}-{size - 1}/{size}")
                if outer.etag:
                    self.send_header("ETag", outer.etag)
                if outer.modified is not None:
                    self.send_header("Last-Modified", email.utils.formatdate(outer.modified, usegmt=True))
                self.end_headers()
                room = len(part) if outer.halt_at is None else max(outer.halt_at - (begin or 0), 0)
                self.wfile.write(part[:room])
                self.wfile.flush()
                if room < len(part):
                    outer.released.wait()
                    self.wfile.write(part[room:])

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the client has gone, which is its right

        self.server = Server(("127.0.0.1", 0), Handler)

    def judge(self, headers):
        """The offset from which the rest was asked for and may be given; None: all of it."""
        match = re.fullmatch(r"bytes=(\d+)-", headers["Range"] or "")
        if not match:
            return None
        condition = headers["If-Range"]
        date = None if self.modified is None else email.utils.formatdate(self.modified, usegmt=True)
        if condition is not None and condition not in (self.etag, date):
            return None
        return int(match[1])

    def url(self, name="file"):
        return f"http://127.0.0.1:{self.server.server_port}/{name}"

    def release(self):
        self.released.set()

    def __exit__(self, *_):
        self.release()
        super().__exit__()
