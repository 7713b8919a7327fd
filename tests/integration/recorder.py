"""A server that keeps the requests it gets, and answers by name: for what a job asks of HTTP.

/redirect/CODE/URL (percent-encoded) leads elsewhere, /dynamic/ has neither HEAD nor a length, /cut/ ends half-way, and
every other name is the same file.
"""

import http.server
import pathlib
import ssl
import subprocess
import urllib.parse

from serving import Serving

SIZE = 100_000


def make_certificate(directory, name, *more):
    """A key and a self-signed certificate of that subject: CERTIFICATE, KEY."""
    directory = pathlib.Path(directory)
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/O=Example/OU=Tests/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", *more, "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


class Request:
    def __init__(self, handler):
        self.method, self.path = handler.command, handler.path
        self.headers = [(name.lower(), value) for name, value in handler.headers.items()]
        peer = handler.connection.getpeercert() if hasattr(handler.connection, "getpeercert") else None
        self.peer = dict(pair for part in peer["subject"] for pair in part)["commonName"] if peer else None

    def header(self, name):
        return dict(self.headers).get(name)


class Recorder(Serving):
    """certificate, key: over TLS. client_ca: only clients with a certificate that it signed."""

    def __init__(self, certificate=None, key=None, client_ca=None):
        self.body = bytes(i * i % 251 for i in range(SIZE))
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                if self.path.startswith("/dynamic/"):
                    outer.requests.append(Request(self))
                    self.send_error(405)
                    return
                self.answer(False)

            def do_GET(self):
                self.answer(True)

            def do_POST(self):
                self.answer(True)

            do_REPORT = do_POST

            def answer(self, with_body):
                outer.requests.append(Request(self))
                if self.path.startswith("/redirect/"):
                    _, _, code, target = self.path.split("/", 3)
                    self.send_response(int(code))
                    self.send_header("Location", urllib.parse.unquote(target))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("X-Kind", "gr\xfcn")
                if self.path.startswith("/dynamic/"):
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for begin in range(0, SIZE, 10_000):
                        self.wfile.write(b"%x\r\n%s\r\n" % (10_000, outer.body[begin : begin + 10_000]))
                    self.wfile.write(b"0\r\n\r\n")
                    return
                self.send_header("Content-Length", str(SIZE))
                self.end_headers()
                if with_body:
                    self.wfile.write(outer.body[: SIZE // 2 if self.path.startswith("/cut/") else SIZE])
                if self.path.startswith("/cut/"):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the client has gone, or was refused, which is as it should be

        self.server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            if client_ca:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(client_ca)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def authority(self):
        return f"127.0.0.1:{self.server.server_port}"

    def url(self, name):
        return f"{self.scheme}://{self.authority}/{name}"

    def redirect(self, url, code=302):
        return self.url(f"redirect/{code}/{urllib.parse.quote(url, safe='')}")

    def asked(self, prefix=""):
        return [request for request in self.requests if request.path.startswith(f"/{prefix}")]
