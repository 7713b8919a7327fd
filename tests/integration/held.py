"""A server that sends half of a file and the rest when it is told to: for looking at a transfer under way."""

import http.server
import threading

from serving import Serving


class HeldOrigin(Serving):
    """Serves the same bytes under every name; release() lets go on what is held: all, or the names given."""

    SIZE = 1 << 20

    def __init__(self, *names, address="127.0.0.1"):
        self.names = names
        self.requests = []  # the name of each GET, as they came
        self.body = bytes(range(256)) * (self.SIZE // 256)
        self.released = threading.Event()
        self.held = 0  # answers that have sent their half
        self.now = self.peak = 0  # answers under way, and the most there have been
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer(None)

            def do_GET(self):
                outer.requests.append(self.path.lstrip("/"))
                with outer.lock:
                    outer.now += 1
                    outer.peak = max(outer.peak, outer.now)
                try:
                    self.answer(outer.body)
                finally:
                    with outer.lock:
                        outer.now -= 1

            def answer(self, body):
                if self.path == "/missing":
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(outer.SIZE))
                self.send_header("ETag", '"held"')
                self.end_headers()
                if body is None:
                    return
                sent = outer.SIZE // 2
                self.wfile.write(body[:sent])
                self.wfile.flush()
                if not outer.names or self.path.lstrip("/") in outer.names:
                    outer.held += 1
                    while not outer.released.wait(5):  # not so still that it counts as stalled
                        self.wfile.write(body[sent:sent + 256])
                        self.wfile.flush()
                        sent += 256
                self.wfile.write(body[sent:])

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the client has gone, which is its right

        self.server = Server((address, 0), Handler)

    def url(self, name):
        return f"http://{self.server.server_address[0]}:{self.server.server_port}/{name}"

    def release(self):
        self.released.set()

    def __exit__(self, *_):
        self.release()
        super().__exit__()
