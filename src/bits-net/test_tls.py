"""TLS of the real bits-net: whom it believes, whom it asks, and what it shows, against nginx and openssl's own server."""

import contextlib
import hashlib
import os
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from test_bits_net import (  # noqa: F401: fixtures
    BG_E_CONNECTION_CLOSED, CANCEL, CERTIFICATE, DONE, E_ABORT, FAILED, FATAL, INVALID_CA, LIMIT_SEC, TRANSPORT, Worker,
    pattern, target, worker,
)
from test_options import BG_E_MISSING_FILE_SIZE, HTTPS_TO_HTTP, REPORT, error, fetch, kinds

CERT_INTERFACE_REQUIRED = 0x80200074
CERT_DATE_INVALID = 0x80072F05
CERT_CN_INVALID = 0x80072F06
CLIENT_CERT_NEEDED = 0x80072F0C
CERT_REV_FAILED = 0x80072F19
CERT_REVOKED = 0x80072F8A
CERT_WRONG_USAGE = 0x80072F93
CLIENT_CERT_NO_KEY = 0x80072F9A
HTTP_403 = 0x80190193
CRL_CHECK, IGNORE_CN, IGNORE_DATE, IGNORE_CA, IGNORE_USAGE = 1, 2, 4, 8, 0x10
SERVER_CERTIFICATE = 8

CA_CONF = """
[ca]
default_ca = this
[this]
dir = {folder}
database = {folder}/{ca}.db
new_certs_dir = {folder}
certificate = {folder}/{ca}.pem
private_key = {folder}/{ca}.key
rand_serial = yes
crlnumber = {folder}/{ca}.crlnumber
default_md = sha256
default_crl_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
"""


class Authority:
    """A CA made with openssl ca."""

    def __init__(self, folder, name, common_name=None):
        self.folder, self.name = folder, name
        self.conf = folder / f"{name}.conf"
        self.conf.write_text(CA_CONF.format(folder=folder, ca=name))
        (folder / f"{name}.db").write_text("")
        (folder / f"{name}.crlnumber").write_text("01\n")
        self.pem = folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={common_name or name}", "-days", "30",
                "-keyout", folder / f"{name}.key", "-out", self.pem)  # fmt: skip

    def sign(self, name, alt="DNS:localhost", usage="serverAuth", begin="20200101000000Z", end="20400101000000Z", list_url=None):
        """Certificate and key in NAME.pem, NAME.key."""
        request, extensions = self.folder / "request", self.folder / "extensions"
        extensions.write_text(f"basicConstraints=CA:false\nextendedKeyUsage={usage}\nsubjectAltName={alt}\n")
        if list_url:
            extensions.write_text(extensions.read_text() + f"crlDistributionPoints=URI:{list_url}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", self.folder / f"{name}.key", "-out", request)  # fmt: skip
        openssl("ca", "-batch", "-notext", "-config", self.conf, "-in", request, "-out", self.folder / f"{name}.pem", "-extfile", extensions,
                "-startdate", begin, "-enddate", end)  # fmt: skip
        return self.folder / f"{name}.pem"

    def revoke(self, pem):
        openssl("ca", "-config", self.conf, "-revoke", pem)

    def crl(self, file, *options):
        openssl("ca", "-config", self.conf, "-gencrl", "-out", file, *options)

    def hash(self):
        return openssl("x509", "-noout", "-subject_hash", "-in", self.pem).strip()


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout


def der(pem):
    return subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER"], check=True, stdout=subprocess.PIPE).stdout


LISTED = ("listed", "delisted", "faked", "nolist", "hanging")
SERVERS = (*LISTED, "good", "expired", "early", "wrong", "usage", "unknown", "revoked", "wants", "offers", "old", "closes", "closes3")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """nginx with a server of each kind; trust directories with and without revocation lists."""
    folder = tmp_path_factory.mktemp("site")
    os.chmod(folder, 0o755)
    with contextlib.ExitStack() as stack:  # all are held at once, so that none is given twice
        servers = {name: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for name in (*SERVERS, "http")}
        ports = {name: server.getsockname()[1] for name, server in servers.items()}
    ca, other, false = Authority(folder, "ca"), Authority(folder, "other"), Authority(folder, "false", "ca")
    hangs = socket.create_server(("127.0.0.1", 0))
    for name in ("good", "wants", "offers", "revoked", "old", "closes", "closes3"):
        ca.sign(name)
    ca.sign("expired", end="20210101000000Z", list_url=f"http://localhost:{ports['http']}/lists/listed")
    ca.sign("early", begin="20390101000000Z")
    ca.sign("wrong", alt="DNS:elsewhere.example")
    ca.sign("usage", usage="clientAuth")
    other.sign("unknown")
    ca.sign("client", usage="clientAuth", alt="DNS:client")
    other.sign("stranger", usage="clientAuth", alt="DNS:client")
    for name in LISTED:
        port = hangs.getsockname()[1] if name == "hanging" else ports["http"]
        ca.sign(name, list_url=f"http://localhost:{port}/lists/{name}")
    ca.revoke(folder / "revoked.pem")
    ca.revoke(folder / "delisted.pem")

    (folder / "lists_of").mkdir()
    for name, authority in (("listed", ca), ("delisted", ca), ("faked", false)):
        authority.crl(folder / "crl")
        openssl("crl", "-in", folder / "crl", "-outform", "DER", "-out", folder / "lists_of" / name)
    for trust in ("plain", "lists", "stale"):
        (folder / trust).mkdir()
        (folder / trust / "ca-certificates.crt").write_bytes(ca.pem.read_bytes())
    ca.crl(folder / "lists" / f"{ca.hash()}.r0")
    ca.crl(folder / "stale" / f"{ca.hash()}.r0", "-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20210101000000Z")

    echo = "$request_method|$http_x_secret|$ssl_client_s_dn|$ssl_session_reused|$connection|$server_protocol"
    text = ""
    for name in SERVERS:
        extra = {
            "wants": f"ssl_client_certificate {ca.pem}; ssl_verify_client on;",
            "offers": f"ssl_client_certificate {ca.pem}; ssl_verify_client optional;",
            "old": "ssl_protocols TLSv1.2;",
            "closes": "ssl_protocols TLSv1.2; keepalive_timeout 0;",
            "closes3": "keepalive_timeout 0;",
        }.get(name, "")
        text += (
            f"server {{ listen 127.0.0.1:{ports[name]} ssl {'' if name in ('old', 'closes', 'closes3') else 'http2'};"
            f"ssl_certificate {folder}/{name}.pem; ssl_certificate_key {folder}/{name}.key; ssl_session_cache shared:{name}:1m; {extra}"
            f"location /echo {{ return 200 '{echo}'; }}"
            f"location = /big {{ root {folder}; }}"
            + "".join(f"location = /to-{to} {{ return 302 {'http' if to == 'http' else 'https'}://localhost:{ports[to]}/echo; }}" for to in ports)
            + "}"
        )
    (folder / "big").write_bytes(pattern(8 << 20))
    (folder / "conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; user root;"
        f"events {{}} http {{ access_log off; keepalive_timeout 1h; large_client_header_buffers 4 64k; {text}"
        f"server {{ listen 127.0.0.1:{ports['http']}; location /echo {{ return 200 '{echo}'; }}"
        f"location /lists/ {{ alias {folder}/lists_of/; }} }} }}"
    )
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "error.log")])
    limit = time.monotonic() + LIMIT_SEC
    for port in ports.values():
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=LIMIT_SEC).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None and time.monotonic() < limit
                select.select([], [], [], 0.02)

    class Site:
        def url(self, name, path="/echo"):
            return f"{'http' if name == 'http' else 'https'}://localhost:{ports[name]}{path}"

        def pem(self, name):
            return folder / f"{name}.pem"

        def identity(self, name):
            return self.pem(name).read_bytes() + (folder / f"{name}.key").read_bytes()

    it = Site()
    it.folder, it.ports, it.ca = folder, ports, ca
    yield it
    hangs.close()
    process.send_signal(signal.SIGQUIT)
    process.wait(LIMIT_SEC)


@pytest.fixture
def trusting(site):
    """Workers on a machine with that directory of authorities."""
    workers = []

    def start(trust="plain"):
        mount = f"mount --bind {site.folder}/{trust} /etc/ssl/certs"
        workers.append(Worker(command=["unshare", "-m", "sh", "-c", f"{mount} && exec {os.environ['BITS_NET']}"]))
        return workers[-1]

    yield start
    for w in workers:
        status, log = w.close()
        assert status == 0, log


def echo(seen, body):
    assert seen[-1]["type"] == DONE, seen[-1].get("text")
    return dict(zip(("method", "secret", "client", "reused", "connection", "protocol"), body.decode().split("|")))


WRONGS = {
    "expired": (CERT_DATE_INVALID, IGNORE_DATE),
    "early": (CERT_DATE_INVALID, IGNORE_DATE),
    "wrong": (CERT_CN_INVALID, IGNORE_CN),
    "usage": (CERT_WRONG_USAGE, IGNORE_USAGE),
    "unknown": (INVALID_CA, IGNORE_CA),
}


@pytest.mark.parametrize("name", WRONGS)
def test_each_flag_forgives_its_own(site, trusting, target, name):
    worker = trusting()
    code, flag = WRONGS[name]
    every = IGNORE_CN | IGNORE_DATE | IGNORE_CA | IGNORE_USAGE
    for id, flags in enumerate((0, every & ~flag), 1):
        seen, body = fetch(worker, target, site.url(name), id=id, flags=flags)
        assert error(seen) == (code, FATAL) and seen[-1]["context"] == TRANSPORT and body == b""
    for id, flags in enumerate((flag, every), 3):
        assert echo(*fetch(worker, target, site.url(name), id=id, flags=flags))["method"] == "GET"


def test_name_by_address(site, trusting, target):
    worker = trusting()
    url = site.url("good").replace("localhost", "127.0.0.1")
    assert error(fetch(worker, target, url)[0]) == (CERT_CN_INVALID, FATAL)
    echo(*fetch(worker, target, url, id=2, flags=IGNORE_CN))


def test_two_wrongs_need_two_flags(site, trusting, target):
    worker = trusting()
    url = site.url("expired").replace("localhost", "127.0.0.1")
    assert error(fetch(worker, target, url, flags=IGNORE_CN)[0]) == (CERT_DATE_INVALID, FATAL)
    assert error(fetch(worker, target, url, id=2, flags=IGNORE_DATE)[0]) == (CERT_CN_INVALID, FATAL)
    echo(*fetch(worker, target, url, id=3, flags=IGNORE_DATE | IGNORE_CN))


@pytest.mark.parametrize("path", ["/echo", "/big"])
def test_strict_job_never_rides_on_a_lax_jobs_connection(site, trusting, target, path):
    """HTTP/2 and 1.1, one after the other and at the same time."""
    worker = trusting()
    for id, name in enumerate(("unknown", "expired"), 10):
        url = site.url(name, path)
        lax = IGNORE_CA | IGNORE_DATE
        first, second = target()[0], target()[0]
        worker.http(id, flags=lax)
        worker.transfer(id, url, first)
        worker.transfer(id + 10, url, second)  # while the first is under way
        ends = {m["id"]: m["type"] for m in (worker.outcome(), worker.outcome())}
        assert ends == {id: DONE, id + 10: FAILED}
        assert error(fetch(worker, target, url, id=1)[0])[1] == FATAL
        assert error(fetch(worker, target, url, id=2, flags=CRL_CHECK)[0])[1] == FATAL
        assert fetch(worker, target, url, id=3, flags=lax)[0][-1]["type"] == DONE


def test_connections_are_shared_by_who_has_the_same_rules(site, trusting, target):
    worker = trusting()
    for name in ("good", "old"):
        connections = [
            echo(*fetch(worker, target, site.url(name), id=id, **options))["connection"]
            for id, options in enumerate(({}, {"headers": "X: 1\r\n"}, {"flags": IGNORE_CN}, {"flags": IGNORE_CN}, {"flags": REPORT},
                                          {"certificate": site.identity("client")}, {"certificate": site.identity("client")}), 1)
        ]  # fmt: skip
        assert len(set(connections)) == 3
        assert connections[0] == connections[1] == connections[4]
        assert connections[2] == connections[3] and connections[5] == connections[6]


@pytest.mark.parametrize("name", ["closes", "closes3"])
def test_no_session_of_a_lax_job_is_taken_up(site, trusting, target, name):
    """A server that ends each connection: the next one could take its session up, without a certificate."""
    worker = trusting()
    plain = [echo(*fetch(worker, target, site.url(name), id=id))["reused"] for id in (1, 2, 3)]
    assert "r" in plain, "the server offers none: this test would see nothing"
    url = site.url(name).replace("localhost", "127.0.0.1")
    for id in (4, 5, 6):
        assert echo(*fetch(worker, target, url, id=id, flags=IGNORE_CN))["reused"] == "."
    assert error(fetch(worker, target, url, id=7)[0]) == (CERT_CN_INVALID, FATAL)
    seen, _ = fetch(worker, target, site.url(name), id=8, ask=1)
    assert kinds(seen) == [CERTIFICATE, FAILED]


@pytest.mark.parametrize("trust", ["plain", "lists", "stale"])
def test_revocation(site, trusting, target, trust):
    worker = trusting(trust)
    echo(*fetch(worker, target, site.url("revoked"), id=1))  # not asked for, not looked at
    good, _ = fetch(worker, target, site.url("good"), id=2, flags=CRL_CHECK)
    revoked, _ = fetch(worker, target, site.url("revoked"), id=3, flags=CRL_CHECK | IGNORE_CN | IGNORE_DATE | IGNORE_CA | IGNORE_USAGE)
    if trust == "lists":
        assert good[-1]["type"] == DONE and error(revoked) == (CERT_REVOKED, FATAL)
    else:
        assert error(good) == error(revoked) == (CERT_REV_FAILED, FATAL)


@pytest.mark.parametrize("trust", ["plain", "stale"])
def test_revocation_list_is_fetched(site, trusting, target, trust):
    """Where the certificate says, once, and believed only with its authority's signature."""
    worker = trusting(trust)
    assert error(fetch(worker, target, site.url("nolist"), id=1, flags=CRL_CHECK)[0]) == (CERT_REV_FAILED, FATAL)
    for id in (2, 3):  # signed by who bears the authority's name, and no more
        assert error(fetch(worker, target, site.url("faked"), id=id, flags=CRL_CHECK)[0]) == (CERT_REV_FAILED, FATAL)
    echo(*fetch(worker, target, site.url("listed"), id=4, flags=CRL_CHECK))
    assert error(fetch(worker, target, site.url("delisted"), id=5, flags=CRL_CHECK)[0]) == (CERT_REVOKED, FATAL)
    echo(*fetch(worker, target, site.url("delisted"), id=6))
    # All of one authority, whose list is there by now.
    echo(*fetch(worker, target, site.url("nolist"), id=7, flags=CRL_CHECK))
    assert error(fetch(worker, target, site.url("revoked"), id=8, flags=CRL_CHECK)[0]) == (CERT_REVOKED, FATAL)


def test_many_wait_for_one_revocation_list(site, trusting, target):
    worker = trusting()
    for id in range(1, 9):
        worker.http(id, flags=CRL_CHECK)
        worker.transfer(id, site.url("listed" if id % 2 else "delisted"), target()[0])
    ends = {m["id"]: m for m in (worker.outcome() for _ in range(8))}
    assert all(ends[id]["type"] == (DONE if id % 2 else FAILED) for id in ends)


def test_revocation_list_is_fetched_only_for_a_good_certificate(site, trusting, target):
    """Else any server could send us anywhere."""
    worker = trusting()
    url = site.url("listed").replace("localhost", "127.0.0.1")
    assert error(fetch(worker, target, url, flags=CRL_CHECK)[0]) == (CERT_CN_INVALID, FATAL)
    assert error(fetch(worker, target, site.url("expired"), id=2, flags=CRL_CHECK)[0]) == (CERT_DATE_INVALID, FATAL)
    # The list would have done for this one, too.
    assert error(fetch(worker, target, site.url("nolist"), id=3, flags=CRL_CHECK)[0]) == (CERT_REV_FAILED, FATAL)


@pytest.mark.parametrize("order", ["cancel", "hang up"])
def test_cancel_while_a_revocation_list_is_fetched(site, trusting, target, order):
    worker = trusting()
    worker.http(1, flags=CRL_CHECK)
    worker.transfer(1, site.url("hanging"), target()[0])
    echo(*fetch(worker, target, site.url("good"), id=2))  # the loop goes on
    if order == "cancel":
        worker.order(CANCEL, 1)
        assert worker.outcome()["hresult"] == E_ABORT


def test_client_certificate(site, trusting, target):
    worker = trusting()
    for id, name in enumerate(("wants", "offers"), 1):
        answer = echo(*fetch(worker, target, site.url(name), id=id, certificate=site.identity("client")))
        assert answer["client"] == "CN=client"
    for id, name in enumerate(("wants", "offers"), 3):  # "offers" too: behaviour.md, 10
        seen, body = fetch(worker, target, site.url(name), id=id)
        assert error(seen) == (CLIENT_CERT_NEEDED, FATAL) and body == b""
    seen, _ = fetch(worker, target, site.url("good"), id=5, certificate=site.identity("client"))
    assert seen[-1]["type"] == DONE  # nobody asked for it


@pytest.mark.parametrize("what", ["no key", "wrong key", "garbage", "encrypted"])
def test_client_certificate_of_no_use(site, trusting, target, what):
    key = site.folder / "client.key"
    certificate = site.pem("client").read_bytes()
    if what == "wrong key":
        certificate += (site.folder / "good.key").read_bytes()
    elif what == "garbage":
        certificate = b"garbage"
    elif what == "encrypted":
        openssl("pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", site.folder / "encrypted.key")
        certificate += (site.folder / "encrypted.key").read_bytes()
    seen, _ = fetch(trusting(), target, site.url("wants"), certificate=certificate)
    assert error(seen) == (CLIENT_CERT_NO_KEY, FATAL)


@pytest.mark.parametrize("honest", [True, False])
def test_dynamic_content_cut_by_somebody_on_the_way(site, trusting, target, honest):
    """With TLS the end is the server's word; a connection that merely ends has none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site.pem("good"), site.folder / "good.key")
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        with listener.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as connection:
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            connection.sendall(b"HTTP/1.1 200 X\r\n\r\nall of it")
            if honest:
                connection.unwrap()

    thread = threading.Thread(target=answer)
    thread.start()
    fd, path = target()
    worker = trusting()
    worker.transfer(1, f"https://localhost:{listener.getsockname()[1]}/", fd, dynamic=1)
    end = worker.outcome()
    thread.join()
    listener.close()
    if honest:
        assert end["type"] == DONE and path.read_bytes() == b"all of it"
    else:
        assert (end["type"], end["hresult"]) == (FAILED, BG_E_CONNECTION_CLOSED)


def tls_server(site, serve_one, **limits):
    """openssl's own server in place of nginx: one that refuses in TLS."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    process = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", site.pem("good"), "-key", site.folder / "good.key", "-www",
         "-CAfile", site.ca.pem, *serve_one],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.PIPE,
    )  # fmt: skip
    while b"ACCEPT" not in process.stdout.readline():
        assert process.poll() is None
    return process, f"https://localhost:{port}/"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_client_certificate_that_is_not_accepted(site, trusting, target, version):
    process, url = tls_server(site, ["-Verify", "1", "-verify_return_error", version])
    try:
        worker = trusting()
        seen, _ = fetch(worker, target, url, certificate=site.identity("stranger"))
        assert error(seen) == (HTTP_403, FATAL)
        seen, _ = fetch(worker, target, url, id=2)
        assert error(seen) == (CLIENT_CERT_NEEDED, FATAL)
        seen, _ = fetch(worker, target, url, id=3, certificate=site.identity("client"))
        assert error(seen)[0] == BG_E_MISSING_FILE_SIZE  # let in: its page has no length
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def test_what_is_the_servers_stays_there_with_tls(site, trusting, target):
    """Header, certificate: not for another port of the same host, though it is the same kind of server."""
    worker = trusting()
    identity = site.identity("client")
    options = {"headers": "X-Secret: s\r\n", "certificate": identity}
    answer = echo(*fetch(worker, target, site.url("offers"), id=1, **options))
    assert (answer["secret"], answer["client"]) == ("s", "CN=client")
    seen, _ = fetch(worker, target, site.url("wants", "/to-offers"), id=2, **options)
    assert error(seen) == (CLIENT_CERT_NEEDED, FATAL)
    answer = echo(*fetch(worker, target, site.url("wants", "/to-good"), id=3, **options))
    assert (answer["secret"], answer["client"]) == ("", "")
    answer = echo(*fetch(worker, target, site.url("wants", "/to-wants"), id=4, **options))
    assert (answer["secret"], answer["client"]) == ("s", "CN=client")


def test_https_to_http_needs_its_flag(site, trusting, target):
    worker = trusting()
    for id, flags in enumerate((0, REPORT, IGNORE_CA), 1):
        seen, body = fetch(worker, target, site.url("good", "/to-http"), id=id, flags=flags)
        assert error(seen) == (0x8019012E, FATAL) and body == b""
    answer = echo(*fetch(worker, target, site.url("good", "/to-http"), id=4, flags=HTTPS_TO_HTTP, headers="X-Secret: s\r\n"))
    assert answer["secret"] == ""
    seen, _ = fetch(worker, target, site.url("good", "/to-http"), id=5, flags=HTTPS_TO_HTTP | REPORT)
    assert seen[0]["url"] == site.url("http")


# The owner's own look at certificates


def authority(site, name):
    return f"localhost:{site.ports[name]}"


def accepted(site, *names):
    return [(authority(site, n), hashlib.sha256(der(site.pem(n))).digest()) for n in names]


def test_unseen_certificate(site, trusting, target):
    worker = trusting()
    seen, body = fetch(worker, target, site.url("good"), ask=1, headers="X-Secret: s\r\n")
    assert kinds(seen) == [CERTIFICATE, FAILED]
    assert error(seen) == (CERT_INTERFACE_REQUIRED, FATAL) and seen[-1]["context"] == SERVER_CERTIFICATE
    certificate = seen[0]
    assert certificate["authority"] == authority(site, "good")
    assert certificate["der"] == der(site.pem("good")) and certificate["chain"] == der(site.ca.pem)
    assert certificate["sha256"] == hashlib.sha256(der(site.pem("good"))).digest()

    answer = echo(*fetch(worker, target, site.url("good"), id=2, ask=1, accepted=accepted(site, "old", "good")))
    assert answer["method"] == "GET"
    for id, wrong in enumerate(([], accepted(site, "old"), [(authority(site, "good"), b"\0" * 32)],
                                [(authority(site, "old"), certificate["sha256"])]), 3):  # fmt: skip
        assert kinds(fetch(worker, target, site.url("good"), id=id, ask=1, accepted=wrong)[0]) == [CERTIFICATE, FAILED]
    echo(*fetch(worker, target, site.url("good"), id=9))  # who does not ask is not asked


def test_unseen_certificate_is_asked_about_only_when_it_is_valid(site, trusting, target):
    worker = trusting()
    seen, _ = fetch(worker, target, site.url("unknown"), ask=1)
    assert kinds(seen) == [FAILED] and error(seen) == (INVALID_CA, FATAL)
    seen, _ = fetch(worker, target, site.url("unknown"), id=2, ask=1, accepted=accepted(site, "unknown"))
    assert error(seen) == (INVALID_CA, FATAL)
    seen, _ = fetch(worker, target, site.url("unknown"), id=3, ask=1, flags=IGNORE_CA)
    assert kinds(seen) == [CERTIFICATE, FAILED] and seen[0]["chain"] == b""


def test_unseen_certificate_of_each_hop(site, trusting, target):
    worker = trusting()
    seen, _ = fetch(worker, target, site.url("good", "/to-old"), ask=1, accepted=accepted(site, "good"))
    assert kinds(seen) == [CERTIFICATE, FAILED] and seen[0]["authority"] == authority(site, "old")
    echo(*fetch(worker, target, site.url("good", "/to-old"), id=2, ask=1, accepted=accepted(site, "good", "old")))


def test_unseen_certificate_sees_no_request(site, trusting, target):
    """Not a byte of it: the server is told of the end of the handshake, and nothing else."""
    process, url = tls_server(site, ["-tls1_2", "-msg"])
    try:
        seen, _ = fetch(trusting(), target, url, ask=1, headers="X-Secret: s\r\n")
        assert kinds(seen) == [CERTIFICATE, FAILED]
    finally:
        process.kill()
        log = process.communicate()[0].decode()
    assert "ClientHello" in log and "ApplicationData" not in log and "X-Secret" not in log
