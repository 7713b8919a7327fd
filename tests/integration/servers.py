"""The web servers that people have, each serving a directory from free ports of loopback, and a relay to cut them off.

All but Python's refuse HEAD. Those with TLS offer HTTP/2 there, with a certificate of localhost's that trust() makes
this machine believe.
"""

import contextlib
import os
import pathlib
import socket
import socketserver
import subprocess
import sys
import threading

from origins import Nginx, Origin, free_port, listens
from serving import Serving
from waiting import wait_for

CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")

APACHE = """
ServerRoot {work}
ServerName localhost
PidFile {work}/pid
ErrorLog {work}/error.log
User www-data
Group www-data
{modules}
LogFormat "%r" request
CustomLog {work}/access.log request
Listen 127.0.0.1:{port}
Listen 127.0.0.1:{secure_port}
DocumentRoot {directory}
<Directory {directory}>
    Require all granted
</Directory>
RewriteEngine on
RewriteCond %{{REQUEST_METHOD}} HEAD
RewriteRule ^ - [R=405]
<VirtualHost 127.0.0.1:{secure_port}>
    SSLEngine on
    SSLCertificateFile {certificate}
    SSLCertificateKeyFile {key}
    Protocols h2 http/1.1
    RewriteEngine on
    RewriteOptions Inherit
</VirtualHost>
"""
APACHE_MODULES = ["mpm_event", "authz_core", "rewrite", "socache_shmcb", "ssl", "http2"]

CADDY = """
{{
    admin off
    auto_https off
    storage file_system {work}/storage
    log {{
        output file {work}/error.log
    }}
}}
(tree) {{
    bind 127.0.0.1
    root * {directory}
    @head method HEAD
    respond @head 405
    file_server
    log {{
        output file {work}/access.log
    }}
}}
http://:{port} {{
    import tree
}}
https://localhost:{secure_port} {{
    tls {certificate} {key}
    import tree
}}
"""

LIGHTTPD = """
server.modules = ("mod_access")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{directory}"
server.errorlog = "{work}/error.log"
mimetype.assign = ("" => "application/octet-stream")
$HTTP["request-method"] == "HEAD" {{ url.access-deny = ("") }}
"""

SQUID = """
http_port 127.0.0.1:{port} accel defaultsite=localhost no-vhost
cache_peer 127.0.0.1 parent {origin_port} 0 no-query no-digest originserver
acl head method HEAD
http_access deny head
http_access allow all
cache_log {work}/error.log
access_log none
pid_filename none
netdb_filename none
coredump_dir {work}
pinger_enable off
shutdown_lifetime 0
"""


class Configured(Origin):
    """A server that is given a configuration: command and configuration are templates."""

    def __init__(self, directory, work, configuration, command, secure=False, **more):
        self.work = pathlib.Path(work)
        self.work.mkdir(parents=True)
        self.work.chmod(0o777)  # some give up root for an account of their own
        self.port, self.secure_port = free_port(), free_port() if secure else None
        names = dict(more, directory=directory, work=work, port=self.port, secure_port=self.secure_port)
        (self.work / "conf").write_text(configuration.format(**names))
        process = subprocess.Popen(
            [word.format(**names) for word in command], cwd=work, env=dict(os.environ, HOME=str(work)),
            stdin=subprocess.DEVNULL, stdout=(self.work / "output").open("wb"), stderr=subprocess.STDOUT,
        )
        super().__init__(process, directory, f"http://127.0.0.1:{self.port}")
        for port in filter(None, [self.port, self.secure_port]):
            wait_for(lambda: listens(port) or self.ended(), "a server to listen", 30)

    def ended(self):
        assert self.process.poll() is None, (self.work / "output").read_text()

    def protocols(self):
        """The requests that it has noted, which name their protocol."""
        return (self.work / "access.log").read_text()


class Apache(Configured):
    def __init__(self, directory, work, tls):
        modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in APACHE_MODULES)
        super().__init__(directory, work, APACHE, ["apache2", "-D", "FOREGROUND", "-f", "{work}/conf"], True, modules=modules, **tls)


class Caddy(Configured):
    def __init__(self, directory, work, tls):
        command = ["caddy", "run", "--config", "{work}/conf", "--adapter", "caddyfile"]
        super().__init__(directory, work, CADDY, command, True, **tls)


class Lighttpd(Configured):
    def __init__(self, directory, work):
        super().__init__(directory, work, LIGHTTPD, ["lighttpd", "-D", "-f", "{work}/conf"])


class Squid(Configured):
    """In front of another server, as if it were that."""

    def __init__(self, directory, work, origin):
        super().__init__(directory, work, SQUID, ["squid", "-N", "-f", "{work}/conf"], origin_port=origin.port)


class PythonServer(Configured):
    """HTTP/1.0: a connection for each file, and no ranges."""

    def __init__(self, directory, work):
        command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", "{directory}", "{port}"]
        super().__init__(directory, work, "", command)


class SecureNginx(Nginx):
    """Below /made/ it may change what it sends, and so knows neither size nor version: it is chunked, or ends with its stream."""

    def __init__(self, directory, work, tls):
        self.secure_port = free_port()
        self.work = pathlib.Path(work)
        super().__init__(
            directory, work,
            f"listen 127.0.0.1:{self.secure_port} ssl http2; ssl_certificate {tls['certificate']}; ssl_certificate_key {tls['key']};"
            f"access_log {work}/requests.log combined; if ($request_method = HEAD) {{ return 405; }}"
            f"location /made/ {{ alias {directory}/; ssi on; ssi_types *; }}",
        )
        self.port = int(self.base.rpartition(":")[2])

    def protocols(self):
        return (self.work / "requests.log").read_text()


def trust(work):
    """A new certificate for localhost, which this machine trusts from now on: {"certificate": path, "key": path}."""
    work = pathlib.Path(work)
    work.mkdir(parents=True)
    files = {"certificate": work / "certificate", "key": work / "key"}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", files["key"], "-out", files["certificate"]],
        check=True, stderr=subprocess.DEVNULL,
    )
    CERTIFICATES.parent.mkdir(parents=True, exist_ok=True)
    with CERTIFICATES.open("ab") as stream:
        stream.write(files["certificate"].read_bytes())
    return files


class Relay(Serving):
    """Passes on to a port of loopback. After hold_at bytes of what comes back it holds, until cut() ends its connections."""

    def __init__(self, port, hold_at=None):
        self.hold_at, self.passed = hold_at, 0
        self.holding, self.released, self.lock = threading.Event(), threading.Event(), threading.Lock()
        self.sockets = set()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with socket.create_connection(("127.0.0.1", port)) as server:
                    outer.sockets |= {self.request, server}
                    threading.Thread(target=outer.pump, args=[self.request, server, False], daemon=True).start()
                    outer.pump(server, self.request, True)
                    outer.sockets -= {self.request, server}

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # one side has gone, which is its right

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def pump(self, source, sink, back):
        try:
            while data := source.recv(65536):
                part = data[: self.room(len(data))] if back else data
                sink.sendall(part)
                if len(part) < len(data):
                    self.holding.set()
                    self.released.wait()
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def room(self, size):
        with self.lock:
            if self.hold_at is not None:
                size = min(size, self.hold_at - self.passed)
            self.passed += size
            return size

    def wait_held(self):
        """Until it holds and the client has read all that came: what a kernel still has is lost with the connection."""
        assert self.holding.wait(60)
        wait_for(lambda: not self.queued(), "the client to read")

    def queued(self):
        """Does a kernel's buffer of an open connection to us have something? (/proc/net/tcp: local, remote, state, queues)"""
        lines = [line.split()[1:5] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        port = f":{self.port:04X}"
        return any(
            port in (local[-5:], remote[-5:]) and state == "01" and queues != "00000000:00000000"
            for local, remote, state, queues in lines
        )

    def cut(self):
        """From here on it passes everything; passed counts anew."""
        with self.lock:
            self.hold_at, self.passed = None, 0
        for end in list(self.sockets):
            with contextlib.suppress(OSError):  # it has ended by itself
                end.shutdown(socket.SHUT_RDWR)
        self.released.set()

    def __exit__(self, *_):
        self.cut()
        super().__exit__()
