"""What a job asks of HTTP, from the call to the server: api.md §§11, 12, behaviour.md §10."""

import hashlib
import os
import pathlib
import shutil
import ssl

import dbus
import pytest

import bus
import jobs
import people
from receiver import E_FAIL, S_OK, Receiver
from recorder import SIZE, Recorder, make_certificate

REPORT, DISALLOW, HTTPS_TO_HTTP, UNKNOWN_CA = 0x100, 0x200, 0x800, 0x8
E_INVALIDARG, E_ACCESSDENIED, E_NOTIMPL = 0x80070057, 0x80070005, 0x80004001
CRYPT_E_NOT_FOUND, ERROR_FILE_NOT_FOUND = 0x80092004, 0x80070002
BG_E_READ_ONLY_PROPERTY_AFTER_RESUME, BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD = 0x80200062, 0x80200071
BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED = 0x80200074
CLIENT_CERT_NO_ACCESS_PRIVATE_KEY = 0x80072F9A
FOREGROUND, NORMAL = 0, 2
REMOTE_FILE, CERTIFICATE_CALLBACK = 5, 8
DYNAMIC_CONTENT, ON_DEMAND = 3, 10
SECRET = "hunter2-of-the-test"


def number(value):
    return dbus.UInt32(value)


def truth(value):
    return dbus.Boolean(value, variant_level=1)


@pytest.fixture(scope="module")
def origin():
    with Recorder() as running:
        yield running


@pytest.fixture(scope="module")
def other():
    with Recorder() as running:
        yield running


@pytest.fixture(scope="module")
def server_certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("server"), "127.0.0.1")


@pytest.fixture(scope="module")
def tls(server_certificate):
    with Recorder(*server_certificate) as running:
        yield running


@pytest.fixture
def recorders(origin, other, tls):
    for recorder in (origin, other, tls):
        recorder.requests.clear()


def fetch(url, *calls, states=(bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR), session=None):
    """A job with this file, after these calls, resumed and waited for."""
    job = (session or jobs.session()).create("http")
    job.add(url, people.home("alice") / f"http-{job.id}")
    for method, signature, *arguments in calls:
        job.call(method, signature, *arguments)
    job.call("Resume")
    jobs.wait_state(job, *states)
    return job


def file_call(job, method, *arguments):
    return job.bus.call(f"{job.path}/file/0", "File", method, *arguments)


def remote_name(job):
    return str(job.bus.call(f"{job.path}/file/0", "org.freedesktop.DBus.Properties", "Get", "ss", "org.bitsd1.File", "RemoteName"))


def complete(job, body):
    local = people.home("alice") / f"http-{job.id}"
    job.call("Complete")
    return local.read_bytes() == body


# ---- headers ----------------------------------------------------------------------------------------


def test_headers_reach_the_server(origin, recorders):
    def alice():
        job = fetch(origin.url("headers"), ("SetCustomHeaders", "s", f"Authorization: {SECRET}\nX-B: c"))
        assert str(job.call("GetCustomHeaders")) == f"Authorization: {SECRET}\r\nX-B: c\r\n"
        return complete(job, origin.body)

    assert people.call("alice", alice)
    assert origin.requests
    for request in origin.requests:
        assert request.header("authorization") == SECRET and request.header("x-b") == "c"


def test_headers_are_secret_where_they_lie(service_log):
    def alice():
        job = jobs.session().create("kept")
        job.call("SetCustomHeaders", "s", f"Authorization: {SECRET}")
        job.call("MakeCustomHeadersWriteOnly")
        assert jobs.refused(job.call, "GetCustomHeaders") == E_ACCESSDENIED
        job.call("SetCustomHeaders", "s", f"Authorization: {SECRET}")
        assert jobs.refused(job.call, "GetCustomHeaders") == E_ACCESSDENIED
        return job.id

    people.call("alice", alice)
    assert SECRET not in service_log.read_text()
    for path in jobs.STORE.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path


def test_headers_outlive_the_service(origin, recorders):
    def make():
        job = jobs.session().create("stored")
        job.add(origin.url("stored"), people.home("alice") / "stored")
        job.call("SetCustomHeaders", "s", "X-Kept: yes")
        return job.id

    def go_on(job_id):
        job = jobs.session_when_ready().get(job_id)
        job.call("Resume")
        return jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR)

    job_id = people.call("alice", make)
    jobs.kill("bits-queue")
    assert people.call("alice", go_on, job_id) == bus.TRANSFERRED
    assert origin.requests[-1].header("x-kept") == "yes"


def test_headers_that_are_refused():
    def alice():
        job = jobs.session().create("refused")
        job.call("SetCustomHeaders", "s", "A: b")
        for bad in ("no colon", "A: b\r\n\r\nGET / HTTP/1.1", "Host: x", "range: bytes=0-1", " folded: x", "A b: c"):
            with pytest.raises(bus.Failure) as failure:
                job.call("SetCustomHeaders", "s", bad)
            assert failure.value.hresult == E_INVALIDARG and "header" in failure.value.text
        assert jobs.refused(job.call, "SetCustomHeaders", "s", "A:" + "x" * 16382) == 0x80200021  # BG_E_STRING_TOO_LONG
        job.call("SetCustomHeaders", "s", "A:" + "x" * 16381)
        job.call("SetCustomHeaders", "s", "")
        return str(job.call("GetCustomHeaders"))

    assert people.call("alice", alice) == ""


def test_new_owner_gets_no_secrets():
    def alice():
        job = jobs.session().create("taken")
        job.call("SetCustomHeaders", "s", f"Authorization: {SECRET}")
        job.call("MakeCustomHeadersWriteOnly")
        return job.id

    def admin(job_id):
        job = jobs.session().get(job_id)
        refused = jobs.refused(job.call, "GetCustomHeaders"), jobs.refused(job.call, "SetCustomHeaders", "s", "A: b")
        job.call("TakeOwnership")
        return refused, str(job.call("GetCustomHeaders"))

    assert people.call("admin", admin, people.call("alice", alice)) == ((E_ACCESSDENIED, E_ACCESSDENIED), "")


def test_response_headers(origin):
    def alice():
        job = fetch(origin.url("response"))
        return str(file_call(job, "GetProperty", "u", number(1)))

    text = people.call("alice", alice)
    assert text.startswith("HTTP/1.1 200 ") and "X-Kind: gr\xfcn\r\n" in text


# ---- redirects --------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [0, REPORT])
def test_redirect_to_another_server(origin, other, recorders, flags):
    """The secret stays with the server that it was for; the name becomes the other's only when that is asked for."""
    first, last = origin.redirect(other.url("led-here")), other.url("led-here")

    def alice():
        job = fetch(first, ("SetSecurityFlags", "u", number(flags)), ("SetCustomHeaders", "s", f"Authorization: {SECRET}"))
        name = remote_name(job)
        return name, complete(job, other.body)

    assert people.call("alice", alice) == (last if flags == REPORT else first, True)
    assert all(request.header("authorization") == SECRET for request in origin.requests)
    assert other.requests and all(request.header("authorization") is None for request in other.requests)


def test_reported_redirect_gets_no_secret_later(origin, other, recorders):
    """The name is the other server's by now, and the job begins again with it."""

    def alice():
        job = fetch(
            origin.redirect(other.url("cut/later")),
            ("SetSecurityFlags", "u", number(REPORT)),
            ("SetCustomHeaders", "s", f"Authorization: {SECRET}"),
            states=[bus.TRANSIENT_ERROR],
        )
        name = remote_name(job)
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSIENT_ERROR)
        job.call("Cancel")
        return name

    assert people.call("alice", alice) == other.url("cut/later")
    assert len(other.requests) > 1 and all(request.header("authorization") is None for request in other.requests)


def test_forbidden_redirect(origin, other, recorders):
    def alice():
        job = fetch(origin.redirect(other.url("x")), ("SetSecurityFlags", "u", number(DISALLOW)))
        return job.state, job.error()[1], remote_name(job)

    assert people.call("alice", alice) == (bus.ERROR, REMOTE_FILE, other.url("x"))
    assert not other.requests


def test_redirect_out_of_tls(tls, other, recorders):
    def alice(flags):
        job = fetch(tls.redirect(other.url("x")), ("SetSecurityFlags", "u", number(UNKNOWN_CA | flags)))
        return job.state

    assert people.call("alice", alice, 0) == bus.ERROR
    assert not other.requests
    assert people.call("alice", alice, HTTPS_TO_HTTP) == bus.TRANSFERRED


def test_security_flags():
    def alice():
        job = jobs.session().create("flags")
        bad = [jobs.refused(job.call, "SetSecurityFlags", "u", number(flags)) for flags in (0x20, 0x300, 0x400, 0x1000)]
        job.call("SetSecurityFlags", "u", number(0x91F))
        return bad, int(job.call("GetSecurityFlags"))

    assert people.call("alice", alice) == ([E_NOTIMPL] * 4, 0x91F)


# ---- the method, and dynamic content ----------------------------------------------------------------


def test_method(origin, recorders):
    def alice():
        job = fetch(origin.url("method"), ("SetHttpMethod", "s", "REPORT"))
        assert int(job.get("Priority")) == FOREGROUND
        assert jobs.refused(job.call, "SetPriority", "u", number(NORMAL)) == BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD
        assert jobs.refused(job.call, "SetHttpMethod", "s", "POST") == BG_E_READ_ONLY_PROPERTY_AFTER_RESUME
        return str(job.call("GetHttpMethod")), complete(job, origin.body)

    assert people.call("alice", alice) == ("REPORT", True)
    assert [request.method for request in origin.asked("method")] == ["REPORT"]


def test_method_is_sent_once(origin, recorders):
    """What others would try again is an error: only Resume sends it again."""

    def alice():
        job = fetch(origin.url("cut/once"), ("SetHttpMethod", "s", "POST"), ("SetMinimumRetryDelay", "u", number(5)))
        first = job.state
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        return first, job.state

    assert people.call("alice", alice) == (bus.ERROR, bus.ERROR)
    assert [(request.method, request.header("range")) for request in origin.asked("cut/once")] == [("POST", None)] * 2


def test_method_excludes():
    def alice():
        session = jobs.session()
        job = session.create("method first")
        job.call("SetHttpMethod", "s", "POST")
        after = [jobs.refused(job.call, "SetProperty", "uv", number(id), truth(True)) for id in (DYNAMIC_CONTENT, ON_DEMAND)]
        before = []
        for id in (DYNAMIC_CONTENT, ON_DEMAND):
            job = session.create("method last")
            job.call("SetProperty", "uv", number(id), truth(True))
            before.append(jobs.refused(job.call, "SetHttpMethod", "s", "POST"))
            job.call("SetHttpMethod", "s", "GET")
        bad = [jobs.refused(job.call, "SetHttpMethod", "s", method) for method in ("", "A B", "HEAD", "CONNECT", "G\r\n")]
        return after, before, bad

    refused = [BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD] * 2
    assert people.call("alice", alice) == (refused, refused, [E_INVALIDARG] * 5)


def test_dynamic_content(origin, recorders):
    def alice():
        calls = ("SetProperty", "uv", number(DYNAMIC_CONTENT), truth(True)), ("SetPriority", "u", number(FOREGROUND))
        return complete(fetch(origin.url("dynamic/page"), *calls), origin.body)

    assert people.call("alice", alice)


# ---- the client certificate -------------------------------------------------------------------------


def install(name, store, certificate, key, mode=0o600):
    """In NAME's own store; returns the file."""
    entry = people.account(name)
    directory = people.home(name)
    for part in (".config", "bits", "certificates", store):
        directory = directory / part
        directory.mkdir(mode=0o700, exist_ok=True)
        os.chown(directory, entry.pw_uid, entry.pw_gid)
    path = directory / "one.pem"
    path.write_text(certificate.read_text() + key.read_text())
    os.chown(path, entry.pw_uid, entry.pw_gid)
    path.chmod(mode)
    return path


@pytest.fixture(scope="module")
def alices_certificate(tmp_path_factory):
    certificate, key = make_certificate(tmp_path_factory.mktemp("client"), "alice at work", "-addext", "extendedKeyUsage=clientAuth")
    install("alice", "MY", certificate, key)
    return certificate


@pytest.fixture(scope="module")
def strict(server_certificate, alices_certificate):
    """A server that wants to see alice's certificate."""
    with Recorder(*server_certificate, client_ca=alices_certificate) as running:
        yield running


def fingerprint(certificate):
    return hashlib.sha1(ssl.PEM_cert_to_DER_cert(certificate.read_text())).digest()


BY_NAME = ("SetClientCertificateByName", "uss", number(0), "MY", "tests, ALICE")
LENIENT = ("SetSecurityFlags", "u", number(UNKNOWN_CA))


def test_client_certificate(strict, alices_certificate):
    strict.requests.clear()

    def alice():
        job = fetch(strict.url("x"), LENIENT, BY_NAME)
        location, store, found, subject = job.call("GetClientCertificate")
        return int(location), str(store), bytes(found), str(subject), complete(job, strict.body)

    assert people.call("alice", alice) == (0, "MY", fingerprint(alices_certificate), "Example, Tests, alice at work", True)
    assert {request.peer for request in strict.requests} == {"alice at work"}


def test_server_wants_a_certificate(strict):
    assert people.call("alice", lambda: fetch(strict.url("x"), LENIENT).state) == bus.ERROR


def test_client_certificate_by_id(strict, alices_certificate):
    by_id = ("SetClientCertificateByID", "usay", number(0), "MY", dbus.ByteArray(fingerprint(alices_certificate)))

    def alice():
        job = fetch(strict.url("x"), LENIENT, by_id)
        return job.state, int(job.call("RemoveClientCertificate")), int(job.call("RemoveClientCertificate"))

    assert people.call("alice", alice) == (bus.TRANSFERRED, 0, 1)


def test_what_is_no_certificate(alices_certificate, tmp_path):
    open_one = install("alice", "OPEN", *make_certificate(tmp_path, "open"), mode=0o644)

    def alice():
        job = jobs.session().create("none")

        def by_name(location, store, subject):
            return jobs.refused(job.call, "SetClientCertificateByName", "uss", number(location), store, subject)

        return [
            by_name(0, "NONE", "x"), by_name(0, "MY", "nobody"), by_name(0, "OPEN", "open"), by_name(3, "MY", "x"),
            by_name(8, "MY", "x"), by_name(0, "../certificates/MY", "x"), by_name(0, "MY", ""), by_name(1, "MY", "x"),
            by_name(0, "x" * 256, "x"),
            jobs.refused(job.call, "SetClientCertificateByID", "usay", number(0), "MY", dbus.ByteArray(bytes(19))),
        ]  # fmt: skip

    assert people.call("alice", alice) == [
        ERROR_FILE_NOT_FOUND, CRYPT_E_NOT_FOUND, E_ACCESSDENIED, ERROR_FILE_NOT_FOUND, E_NOTIMPL, ERROR_FILE_NOT_FOUND,
        E_INVALIDARG, ERROR_FILE_NOT_FOUND, 0x80200021, 0x800706F7,
    ]  # fmt: skip
    open_one.chmod(0o640)
    assert people.call("alice", lambda: jobs.session().create("now").call("SetClientCertificateByName", "uss", number(0), "OPEN", "open")) is None


def test_machine_store(server_certificate, tmp_path):
    certificate, key = make_certificate(tmp_path, "the machine", "-addext", "extendedKeyUsage=clientAuth")
    store = pathlib.Path("/etc/bits/certificates/SHARED")
    store.mkdir(parents=True)
    both = store / "machine.pem"
    both.write_text(certificate.read_text() + key.read_text())
    shutil.chown(both, "root", people.account("alice").pw_gid)
    both.chmod(0o640)

    def alice(url):
        return fetch(url, LENIENT, ("SetClientCertificateByName", "uss", number(1), "SHARED", "machine")).state

    def bob():
        job = jobs.session().create("bob's")
        return jobs.refused(job.call, "SetClientCertificateByName", "uss", number(1), "SHARED", "machine")

    with Recorder(*server_certificate, client_ca=certificate) as wanting:
        assert people.call("alice", alice, wanting.url("x")) == bus.TRANSFERRED
    assert people.call("bob", bob) == E_ACCESSDENIED


def test_certificate_is_not_for_the_helper(strict, alices_certificate):
    _, token = jobs.mint_as("bob", people.account("alice").pw_uid, uses=2)

    def alice():
        job = jobs.session().create("helped")
        job.add(strict.url("x"), people.home("alice") / f"http-{job.id}")
        job.call(*LENIENT)
        job.call(*BY_NAME)
        job.call("SetHelperToken", "h", dbus.types.UnixFd(token))
        job.call("SetHelperTokenFlags", "u", number(2))
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR, bus.TRANSFERRED)
        return job.error()[0]

    try:
        assert people.call("alice", alice) == CLIENT_CERT_NO_ACCESS_PRIVATE_KEY
    finally:
        os.close(token)


# ---- the client judges the server's certificate -----------------------------------------------------


def judged(url, *answers, resumes=0):
    """(state, error, how often it was asked, what it was asked) of a job whose client answers so."""
    receiver = Receiver(ValidateServerCertificate=list(answers))
    job = receiver.create("judged")
    job.add(url, people.home("alice") / f"http-{job.id}")
    job.call(*LENIENT)
    job.call("SetServerCertificateValidationInterface", "b", True)
    job.call("Resume")
    ended = (bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR)
    receiver.wait(lambda: job.state in ended, "the end")
    for _ in range(resumes):
        job.call("Resume")
        receiver.wait(lambda: job.state in ended, "the end")
    state = job.state
    error = job.error() if state != bus.TRANSFERRED else None
    asked = [call.arguments for call in receiver.calls if call.method == "ValidateServerCertificate"]
    return state, error, [(int(file), bytes(der), int(kind), bytes(chain)) for file, der, kind, chain in asked]


def test_accepted_server(tls, server_certificate, recorders):
    state, _, asked = people.call("alice", judged, tls.url("x"), S_OK)
    assert state == bus.TRANSFERRED
    der = ssl.PEM_cert_to_DER_cert(server_certificate[0].read_text())
    assert [(file, got, kind) for file, got, kind, _ in asked] == [(0, der, 1)]


def test_declined_server(tls, recorders):
    state, error, asked = people.call("alice", judged, tls.url("x"), E_FAIL, E_FAIL, 1)
    assert (state, error) == (bus.TRANSIENT_ERROR, (E_FAIL & 0xFFFFFFFF, CERTIFICATE_CALLBACK))
    assert not tls.requests  # before any request


def test_every_attempt_asks_again(tls, recorders):
    def alice():
        return judged(tls.url("x"), E_FAIL, S_OK, resumes=1)

    state, _, asked = people.call("alice", alice)
    assert (state, len(asked)) == (bus.TRANSFERRED, 2)


def test_nobody_to_ask(tls, recorders):
    """The client that was to be asked has gone: the job is not trusted with less."""

    def make():
        receiver = Receiver()
        job = receiver.create("left alone")
        job.add(tls.url("x"), people.home("alice") / f"http-{job.id}")
        job.call(*LENIENT)
        job.call("SetServerCertificateValidationInterface", "b", True)
        return job.id

    def go_on(job_id):
        job = jobs.session().get(job_id)
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR, bus.TRANSFERRED)
        error = job.error()
        job.call("SetServerCertificateValidationInterface", "b", False)
        job.call("Resume")
        return error, jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR)

    error, state = people.call("alice", go_on, people.call("alice", make))
    assert error == (BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED, CERTIFICATE_CALLBACK)
    assert state == bus.TRANSFERRED


# ---- from a shell -----------------------------------------------------------------------------------


def test_bitsctl_shows_what_it_set(bitsctl, alices_certificate):
    job = bitsctl(
        "alice", "create", "--headers-file", "-", "--header", "C: d", "--method", "REPORT", "--tls", "any-name,any-authority",
        "--redirects", "report,to-http", "--certificate", "alice at", input="A: b\n",
    ).stdout.strip()  # fmt: skip
    shown = bitsctl("alice", "http", job, json_answer=True)
    assert shown == {
        "id": job, "method": "REPORT", "tls": "any-name,any-authority", "redirects": "report,to-http",
        "headers": "A: b\r\nC: d\r\n",
        "certificate": {
            "location": "user", "store": "MY", "sha1": fingerprint(alices_certificate).hex(),
            "subject": "Example, Tests, alice at work",
        },
    }  # fmt: skip
    lines = bitsctl("alice", "http", job).stdout.splitlines()
    assert "METHOD       REPORT" in lines and "HEADER       A: b" in lines
    by_hash = fingerprint(alices_certificate).hex()
    changed = bitsctl(
        "alice", "http", job, "--no-headers", "--write-only", "--redirects", "refuse", "--certificate", by_hash, json_answer=True
    )
    assert (changed["redirects"], changed["tls"], changed["headers"]) == ("refuse", "any-name,any-authority", None)
    assert changed["certificate"]["sha1"] == by_hash
    assert bitsctl("alice", "http", "--no-certificate", job, json_answer=True)["certificate"] is None
    assert "not to be read" in bitsctl("alice", "http", job).stdout
    bitsctl("alice", "cancel", job)


def test_bitsctl_transfer(bitsctl, origin, recorders):
    local = people.home("alice") / "dynamic"
    bitsctl("alice", "transfer", "--quiet", "--dynamic", "--header", "X-Shell: yes", origin.url("dynamic/shell"), local)
    assert local.read_bytes() == origin.body
    assert {request.header("x-shell") for request in origin.requests} == {"yes"}


@pytest.mark.parametrize(
    "arguments, status, said",
    [
        (["--header", "Host: x"], 1, "one that the service sets itself"),
        (["--method", "HEAD"], 1, "E_INVALIDARG"),
        (["--certificate", "nobody"], 1, "CRYPT_E_NOT_FOUND"),
        (["--tls", "everything"], 2, "not a value of --tls"),
        (["--redirects", "maybe"], 2, "not a value of --redirects"),
        (["--headers-file", "/nonexistent"], 2, "No such file"),
    ],
)
def test_bitsctl_refuses(bitsctl, alices_certificate, arguments, status, said):
    done = bitsctl("alice", "create", *arguments, check=False)
    assert done.returncode == status and said in done.stderr
    assert done.stdout == ""
