"""Servers to download from, real ones, each on a free port of the sandbox's own loopback."""

import json
import pathlib
import re
import signal
import socket
import subprocess
import urllib.parse

from waiting import wait_for

SYSTEM_CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
NGINX = """
daemon off;
master_process off;
pid {work}/nginx.pid;
error_log {work}/error.log;
events {{ worker_connections 2048; }}
http {{
    log_format ranges '$uri $status "$http_range" $connection $server_protocol';
    access_log {work}/access.log ranges;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    sendfile on;
    default_type application/octet-stream;
    server {{ listen 127.0.0.1:{port}; root {directory}; {more} }}
}}
"""


class Origin:
    """A running server and the directory it serves."""

    def __init__(self, process, directory, url):
        self.process, self.directory, self.base = process, pathlib.Path(directory), url.rstrip("/")

    def url(self, name):
        return f"{self.base}/{urllib.parse.quote(name)}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class BitsServer(Origin):
    """bits-server, whose access log says how many bytes of each file it has sent."""

    def __init__(self, directory, log):
        self.log = pathlib.Path(log)
        process = subprocess.Popen(
            ["bits-server", "--port", "0", "--log", str(log), str(directory)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )
        line = process.stdout.readline()
        match = re.search(r"http://\S+", line)
        assert match, f"bits-server said: {line!r}"
        super().__init__(process, directory, match[0])

    def requests(self, name=None):
        entries = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [entry for entry in entries if name is None or entry["path"].lstrip("/") == name]


class Nginx(Origin):
    """nginx, whose access log says from where on each file was asked for."""

    def __init__(self, directory, work, more=""):
        work = pathlib.Path(work)
        self.log = work / "access.log"
        work.mkdir(parents=True, exist_ok=True)
        port = free_port()
        configuration = work / "nginx.conf"
        configuration.write_text(NGINX.format(work=work, port=port, directory=directory, more=more))
        process = subprocess.Popen(
            ["nginx", "-e", str(work / "error.log"), "-c", str(configuration)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        super().__init__(process, directory, f"http://127.0.0.1:{port}")
        wait_for(lambda: listens(port), "nginx to listen", 30)

    def begins(self, name):
        """Where the answered requests for the file began, in the order in which they ended."""
        return [begin for asked, begin, _, _ in self.requests() if asked == name]

    def requests(self):
        """(name, begin, connection, protocol) of each answered request, in the order in which they ended."""
        lines = [re.fullmatch(r'/(\S+) \d+ "(?:bytes=(\d+)-)?.*" (\d+) (\S+)', line)
                 for line in self.log.read_text().splitlines()]
        return [(match[1], int(match[2] or 0), int(match[3]), match[4]) for match in lines]


def secure(port, directory):
    """For Nginx(more=): the same over https, with HTTP/2. The whole sandbox trusts the certificate, directory/crt."""
    directory = pathlib.Path(directory)
    directory.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj",
         "/CN=origin", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", directory / "key", "-out", directory / "crt"],
        check=True, stderr=subprocess.DEVNULL,
    )
    before = SYSTEM_CERTIFICATES.read_text() if SYSTEM_CERTIFICATES.exists() else ""
    SYSTEM_CERTIFICATES.write_text(before + (directory / "crt").read_text())
    return f"listen 127.0.0.1:{port} ssl http2; ssl_certificate {directory}/crt; ssl_certificate_key {directory}/key;"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
