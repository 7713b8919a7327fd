"""Whose identity the service takes, and from whom: the identity socket, tokens, tickets, workers and the store, attacked.

alice owns jobs, bob helps, mal attacks. What no account may do is shown to be refused beside something like it
that is granted.
"""

import contextlib
import ctypes
import errno
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import sqlite3
import stat
import struct
import subprocess

import dbus
import pytest

import bus
import identity
import jobs
import people
import programs
from held import HeldOrigin
from waiting import wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
CLONE_NEWUSER = 0x10000000
SYS_PIDFD_GETFD = 438
TOKENS_PER_UID = 256
CALLERS_PER_UID, CALLERS = 8, 64
FOREGROUND = 0


@pytest.fixture
def held():
    with HeldOrigin() as origin:
        yield origin


def uid(name):
    return people.account(name).pw_uid


def peer(end):
    """(pid, uid, gid) at the other end."""
    return struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))


def minted(name, audience, uses=identity.LOCAL_FILE):
    result, token = jobs.mint_as(name, uid(audience), uses)
    assert result == 0
    return token


def set_token(descriptor):
    """The HRESULT with which a new job of this process's user refuses the token, or None."""
    return jobs.refused(jobs.session().create("token").call, "SetHelperToken", "h", dbus.types.UnixFd(descriptor))


def hung_up(token, limit_sec=60):
    poll = select.poll()
    poll.register(token, 0)
    return bool(poll.poll(limit_sec * 1000))


def restrict():
    """What bwrap, Flatpak, Landlock and seccomp filters all do first."""
    assert LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0


# ---- whose request is it ----------------------------------------------------------------------------


def test_connection_of_bobs_is_no_token(tmp_path):
    """Confused deputy: bob connects to a socket of mal's, who then has a socket that the kernel calls bob's."""
    name, token = f"\0{tmp_path}", minted("bob", "alice")  # which his connection must not be taken for
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(name)
        listener.listen()
        bobs = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        people.call("bob", bobs.connect, name)
        incoming, _ = listener.accept()
        assert peer(incoming)[1] == uid("bob")
        for name in ("mal", "alice"):
            assert people.call(name, set_token, incoming.fileno()) == bus.E_ACCESSDENIED
        assert people.call("alice", set_token, token) is None
    os.close(token)


def user_namespace_pair():
    """A pair made by somebody who is root in a user namespace of his own."""
    ids = os.getuid(), os.getgid()
    LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # lost with the change of uid; without it /proc/self is root's
    assert LIBC.unshare(CLONE_NEWUSER) == 0, os.strerror(ctypes.get_errno())
    pathlib.Path("/proc/self/uid_map").write_text(f"0 {ids[0]} 1")
    pathlib.Path("/proc/self/setgroups").write_text("deny")
    pathlib.Path("/proc/self/gid_map").write_text(f"0 {ids[1]} 1")
    os.setresuid(0, 0, 0)
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def made_by(name, make):
    """Both ends of a pair that NAME makes, here."""
    ours, theirs = socket.socketpair()

    def hand_over():
        pair = make()
        socket.send_fds(theirs, [b"pair"], [end.fileno() for end in pair])

    with ours, theirs:
        people.call(name, hand_over)
        return [socket.socket(fileno=number) for number in socket.recv_fds(ours, 16, 2)[1]]


def plain_pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


@pytest.mark.parametrize("maker", ["mal", "bob", "alice", "root"])
def test_pair_made_elsewhere_is_no_token(maker):
    token = minted(maker, "root" if maker == "root" else "alice")
    ends = made_by(maker, plain_pair)
    assert peer(ends[0])[1] == uid(maker)
    for end in ends:
        assert people.call("mal", set_token, end.fileno()) == bus.E_ACCESSDENIED
        assert people.call("alice", set_token, end.fileno()) == bus.E_ACCESSDENIED
    os.close(token)


def test_pair_of_a_namespaces_root_is_no_token():
    token = minted("mal", "mal")
    ends = made_by("mal", user_namespace_pair)
    assert peer(ends[0])[1] == uid("mal")
    for end in ends:
        assert people.call("mal", set_token, end.fileno()) == bus.E_ACCESSDENIED
    os.close(token)


def test_what_is_no_socket_is_no_token():
    def attempt():
        reading, writing = os.pipe()
        return [set_token(number) for number in (reading, writing, os.open("/dev/null", os.O_RDWR))]

    assert people.call("mal", attempt) == [bus.E_ACCESSDENIED] * 3


def borrowed_connection(owner):
    """A connection to the identity socket that is OWNER's, who lives on until the end of the block."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    go, stay = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(stay[1])
        people.become(owner)
        connection.connect(identity.SOCKET)
        os.write(go[1], b"x")
        os.read(stay[0], 1)  # until the parent closes its end
        os._exit(0)
    assert os.read(go[0], 1) == b"x"
    for number in (*go, stay[0]):
        os.close(number)
    return connection, child, stay[1]


@pytest.mark.parametrize("kind", [identity.MINT, identity.TICKET, identity.REVOKE])
def test_who_writes_is_not_who_asks(kind):
    """A set-uid program of bob's, or bob himself, is led to write a perfect request on mal's connection."""
    connection, child, stay = borrowed_connection("mal")
    with connection:
        connection.settimeout(60)
        nonce = identity.HELLO_FORMAT.unpack(connection.recv(64))[4]
        bobs = minted("bob", "alice")

        def write():
            connection.send(identity.request(kind, nonce, **identity.terms(kind, uid("mal"))))

        people.call("bob", write)
        reply = identity.receive(connection)
    os.close(stay)
    os.waitpid(child, 0)
    assert (reply.result, reply.uid) == (0, uid("mal"))
    if kind == identity.MINT:
        with socket.socket(fileno=reply.token) as token:
            assert peer(token)[1] == uid("mal")
    if kind == identity.TICKET:
        assert identity.TICKET_FORMAT.unpack(reply.ticket)[1] == uid("mal")
    assert not hung_up(bobs, 0)  # it was not bob's consent that was withdrawn
    os.close(bobs)


def answer_to(data, descriptors=()):
    connection, _ = identity.connect()
    with connection:
        socket.send_fds(connection, [data], list(descriptors))
        reply = identity.receive(connection)
    return reply and (reply.result, reply.token)


@pytest.mark.parametrize("kind", [identity.MINT, identity.TICKET, identity.REVOKE])
def test_blind_writer(kind):
    """bob's program is led to connect to the socket and to write what mal prepared: the nonce is missing."""
    old, nonce = people.call("bob", lambda: (lambda pair: (pair[0].close(), pair[1]))(identity.connect()))
    token = minted("bob", "alice")
    for guess in (bytes(16), b"\xff" * 16, nonce):  # also the nonce of another connection
        blob = identity.request(kind, guess, **identity.terms(kind, uid("mal")))
        assert people.call("bob", answer_to, blob) == (-errno.EPROTO, None)
    assert not hung_up(token, 0)
    os.close(token)


def test_blind_log_on():
    def attempt():
        reading, writing = os.pipe()
        os.close(writing)
        return answer_to(identity.request(identity.LOGON, bytes(16), uses=1, account=b"bob"), [reading])

    assert people.call("mal", attempt) == (-errno.EPROTO, None)


def test_malformed_requests():
    def attempt():
        results = []

        def say(make, descriptors=()):
            connection, nonce = identity.connect()
            with connection:
                socket.send_fds(connection, [make(nonce)], list(descriptors))
                results.append(identity.receive(connection).result)

        good = identity.request
        say(lambda nonce: good(identity.TICKET, nonce)[:-1])
        say(lambda nonce: good(identity.TICKET, nonce) + b"x")
        say(lambda nonce: b"x")
        say(lambda nonce: good(0, nonce))
        say(lambda nonce: good(identity.REPLY, nonce))
        say(lambda nonce: good(0xFFFFFFFF, nonce))
        say(lambda nonce: good(identity.TICKET, nonce), [0])
        say(lambda nonce: good(identity.TICKET, nonce, audience=1))
        say(lambda nonce: good(identity.REVOKE, nonce, uses=1))
        say(lambda nonce: good(identity.MINT, nonce, uses=1, account=b"bob"))
        say(lambda nonce: good(identity.MINT, nonce, uses=1), [0, 0, 0, 0, 0, 0])
        say(lambda nonce: good(identity.MINT, nonce, uses=0))
        say(lambda nonce: good(identity.MINT, nonce, uses=4))
        say(lambda nonce: good(identity.LOGON, nonce, uses=1, account=b"bob"))
        say(lambda nonce: good(identity.LOGON, nonce, uses=1, account=b"b" * 256), [0])
        return results

    before = programs.pids("bitsd")
    assert people.call("mal", attempt) == [-errno.EPROTO] * 15
    assert programs.pids("bitsd") == before


def test_caller_who_has_ended_is_not_believed():
    """His pid may be somebody else's by now: nothing that hangs on it is granted."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    people.call("mal", connection.connect, identity.SOCKET)
    with connection:
        nonce = identity.HELLO_FORMAT.unpack(connection.recv(64))[4]
        connection.send(identity.request(identity.TICKET, nonce))
        assert identity.receive(connection).result == -errno.EACCES


# ---- restricted callers -----------------------------------------------------------------------------


def test_restricted_caller_gets_no_identity(passwords):
    def attempt():
        restrict()
        return (
            identity.mint(os.getuid()).result, identity.ticket().result, identity.logon("bob", passwords["bob"]).result,
            identity.revoke().result,
        )

    refused = -errno.EACCES
    assert people.call("carol", attempt) == (refused, refused, refused, 0)  # withdrawing is always allowed
    assert people.call("carol", lambda: identity.ticket().result) == 0


def changing_calls(token):
    """Every call of org.bitsd1.Job that changes something."""
    number = dbus.UInt32(1)
    return [
        ("AddFile", "ss", "http://127.0.0.1:9/x", "/run/home/carol/x"),
        ("AddFileSet", "a(ss)", dbus.Array([("http://127.0.0.1:9/x", "/run/home/carol/x")], "(ss)")),
        ("Suspend",), ("Resume",), ("Cancel",), ("Complete",),
        ("SetDisplayName", "s", "x"), ("SetDescription", "s", "x"), ("SetPriority", "u", number),
        ("SetNotifyFlags", "u", number), ("SetMinimumRetryDelay", "u", number), ("SetNoProgressTimeout", "u", number),
        ("SetNotifyInterface", "b", True), ("SetNotifyLevel", "u", number), ("SetNotifyCmdLine", "ss", "/bin/true", ""),
        ("SetProxySettings", "uss", dbus.UInt32(0), "", ""), ("TakeOwnership",),
        ("SetHelperToken", "h", dbus.types.UnixFd(token)), ("ClearHelperToken",), ("SetHelperTokenFlags", "u", number),
        ("SetMaximumDownloadTime", "u", number), ("SetProperty", "uv", number, number),
        ("ReplaceRemotePrefix", "ss", "http://a/", "http://b/"),
        ("AddFileWithHash", "sssay", "http://127.0.0.1:9/x", "/run/home/carol/x", "sha256", dbus.ByteArray(bytes(32))),
        ("SetCustomHeaders", "s", "X-Test: 1"), ("MakeCustomHeadersWriteOnly",), ("SetHttpMethod", "s", "GET"),
        ("SetSecurityFlags", "u", number), ("SetServerCertificateValidationInterface", "b", False),
        ("SetClientCertificateByID", "usay", number, "none", dbus.ByteArray(bytes(20))),
        ("SetClientCertificateByName", "uss", number, "none", "subject"), ("RemoveClientCertificate",),
        ("SetFileACLFlags", "u", number), ("SetPeerCachingFlags", "u", number),
        ("AddFileWithRanges", "ssa(tt)", "http://127.0.0.1:9/x", "/run/home/carol/x", dbus.Array([(0, 1)], "(tt)")),
    ]


def test_restricted_caller_changes_nothing():
    """A job with a good ticket is there, and the connection was made before the sandbox was: even so."""
    token = minted("bob", "carol")

    def attempt():
        connection = jobs.session()
        ticket = dbus.ByteArray(identity.ticket().ticket)
        job = connection.create("before")
        methods = set(re.findall(r'<method name="(\w+)"', job_interface(connection, job)))
        restrict()
        calls = changing_calls(token)
        looking = {name for name in methods if re.match("Get|List|Check", name)}
        assert methods == looking | {call[0] for call in calls}, "a method that this test does not know"
        refused = {call[0]: jobs.refused(job.call, *call) for call in calls}
        refused["CreateJob"] = jobs.refused(connection.create)
        refused["Authorize"] = jobs.refused(connection.manager, "Authorize", "ay", ticket)
        seen = (
            str(job.get("DisplayName")), job.state, connection.get(job.id).path == job.path,
            job.path in [str(path) for _, path in connection.manager("ListJobs", "utu", 0, 0, 256)[0]],
            [*job.call("ListFiles", "uu", 0, 10)], bool(connection.manager("GetAuthorization")[0]),
            int(job.call("GetHelperTokenFlags")), str(job.call("GetHelperTokenSid")),
        )
        connection.manager("Subscribe", "u", 0)
        return refused, seen

    refused, seen = people.call("carol", attempt)
    assert refused == dict.fromkeys(refused, bus.E_ACCESSDENIED)
    assert seen == ("before", bus.SUSPENDED, True, True, [], False, 0, "")
    os.close(token)


def job_interface(connection, job):
    text = str(connection.call(job.path, "org.freedesktop.DBus.Introspectable", "Introspect"))
    return re.search(r'<interface name="org.bitsd1.Job">(.*?)</interface>', text, re.DOTALL)[1]


def test_restricted_system_account_is_exempt():
    """Services of the distribution run with NoNewPrivileges=yes as a matter of course."""

    def attempt():
        restrict()
        reply = identity.mint(os.getuid())
        job = jobs.session().create("system")
        job.call("SetDescription", "s", "x")
        return reply.result, int(job.call("Cancel"))

    assert people.call("daemon", attempt) == (0, 0)


def test_own_workers_are_refused_as_callers():
    """A worker that was taken over asks for an identity. It is daemon's, whom his NoNewPrivs would not stop."""
    directory = pathlib.Path("/run/tmp/daemons")
    directory.mkdir(mode=0o700)
    os.chown(directory, uid("daemon"), people.account("daemon").pw_gid)
    shutil.copy(identity.__file__, directory)  # he may have no way to the tree
    answer = directory / "answer"
    script = pathlib.Path("/run/tmp/taken-over")
    script.write_text(
        "#!/usr/bin/python3\n"
        "import os, sys\n"
        f"sys.path.insert(0, {str(directory)!r})\n"
        "sys.dont_write_bytecode = True\n"
        "import identity\n"
        "results = identity.ticket().result, identity.mint(os.getuid()).result\n"
        f"open('{answer}.new', 'w').write(repr((os.getuid(), *results)))\n"
        f"os.rename('{answer}.new', '{answer}')\n"
    )
    script.chmod(0o755)

    def run():
        job = jobs.session().create("worker")
        job.add("http://127.0.0.1:9/x", directory / "x")
        job.call("Resume")
        wait_for(answer.exists, "the worker's word")
        job.call("Cancel")
        return identity.ticket().result

    program = "/usr/libexec/bits/bits-net"
    subprocess.run(["mount", "--bind", script, program], check=True)
    try:
        assert people.call("daemon", run) == 0
    finally:
        subprocess.run(["umount", program], check=True)
    assert answer.read_text() == repr((uid("daemon"), -errno.EACCES, -errno.EACCES))


# ---- tokens -----------------------------------------------------------------------------------------


def test_stolen_token_serves_its_audience_alone():
    token = minted("bob", "alice")
    for thief in ("mal", "admin", "root"):
        assert people.call(thief, set_token, token) == bus.E_ACCESSDENIED, thief
    assert people.call("alice", set_token, token) is None
    os.close(token)


def test_token_passes_through_other_hands():
    """Two hops over unix sockets; what arrives is the token still."""
    token = minted("bob", "alice")
    for _ in range(2):
        left, right = socket.socketpair()
        with left, right:
            socket.send_fds(left, [b"token"], [token])
            os.close(token)
            (token,) = socket.recv_fds(right, 16, 1)[1]
    assert people.call("alice", set_token, token) is None
    os.close(token)


def test_token_for_another_use(held, bobs):
    """A token for the network opens no files."""
    token = minted("bob", "alice", identity.NETWORK)

    def attempt():
        job = jobs.session().create()
        job.set_token(token)
        return jobs.refused(job.add, held.url("x"), bobs / "x")

    assert people.call("alice", attempt) == bus.E_ACCESSDENIED
    assert os.listdir(bobs) == []


def test_token_ends_with_its_last_holder(service_log):
    """Also one that was sent over itself, which would never hang up if it could be."""

    def ended():
        return service_log.read_text().count(f"token of uid {uid('bob')} for the jobs of uid {uid('mal')} ended")

    before = ended()
    token = minted("bob", "mal")
    with socket.socket(fileno=token) as end:
        with pytest.raises(BrokenPipeError):
            socket.send_fds(end, [b"itself"], [end.fileno()])
        with pytest.raises(BrokenPipeError):
            end.send(b"anything")
        assert ended() == before
    wait_for(lambda: ended() == before + 1, "the token to be dropped")


def tokens_until_refused(limit):
    tokens = []
    while len(tokens) <= limit:
        reply = identity.mint(os.getuid())
        if reply.result:
            return tokens, reply.result
        tokens.append(reply.token)
    return tokens, 0


def test_so_many_tokens_and_no_more():
    def attempt():
        mine, result = tokens_until_refused(TOKENS_PER_UID)
        count = len(mine)
        os.close(mine.pop())
        wait_for(lambda: identity.mint(os.getuid()).result == 0, "room for one")
        revoked = identity.revoke().result
        return count, result, revoked, all(hung_up(token) for token in mine), identity.mint(os.getuid()).result

    assert people.call("mal", attempt) == (TOKENS_PER_UID, -errno.EDQUOT, 0, True, 0)


@contextlib.contextmanager
def connections(of, count):
    """Silent connections to the identity socket, held by a process of the uid's."""
    told, stay = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(stay[1])
        os.setresuid(of, of, of)
        held = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        for connection in held:
            connection.connect(identity.SOCKET)
        os.write(told[1], b"x")
        os.read(stay[0], 1)  # until the parent closes its end
        os._exit(0)
    os.close(told[1])
    try:
        assert os.read(told[0], 1) == b"x"
        yield
    finally:
        for number in (told[0], *stay):
            os.close(number)
        os.waitpid(child, 0)


def sockets_of_bitsd():
    return sum(to.startswith("socket:") for to in programs.descriptors(programs.pids("bitsd")[0]).values())


@pytest.mark.parametrize("callers", [["mal"], range(5001, 5031)], ids=["one", "thirty"])
def test_flood_of_connections(callers):
    """mal, or thirty of his friends, hold 200 connections each: bob is served, and so is mal himself."""
    before = sockets_of_bitsd()
    with contextlib.ExitStack() as stack:
        for caller in callers:
            stack.enter_context(connections(uid(caller) if isinstance(caller, str) else caller, 200))
        for name in ("bob", "mal"):
            assert people.call(name, lambda: identity.mint(os.getuid()).result) == 0
            assert people.call(name, lambda: identity.ticket().result) == 0
        held = sockets_of_bitsd() - before
    assert held <= min(CALLERS_PER_UID * len(callers), CALLERS)


# ---- tickets ----------------------------------------------------------------------------------------

FIELDS = ["version", "uid", "flags", "epoch", "issued", "expires", "account", "mac"]


def edited(ticket, **changes):
    fields = dict(zip(FIELDS, identity.TICKET_FORMAT.unpack(ticket)))
    return identity.TICKET_FORMAT.pack(*{**fields, **changes}.values())


def authorize(ticket):
    return jobs.refused(bus.Bus().manager, "Authorize", "ay", dbus.ByteArray(ticket))


def ticket_of(name):
    reply = people.call(name, lambda: (lambda reply: (reply.result, reply.ticket))(identity.ticket()))
    assert reply[0] == 0
    return reply[1]


def test_edited_tickets():
    """What mal could wish for: alice's ticket as his own, his own as an administrator's, a longer one, a revived one."""
    alices, mals = ticket_of("alice"), ticket_of("mal")
    _, _, flags, epoch, issued, expires, account, mac = identity.TICKET_FORMAT.unpack(mals)
    attempts = [
        alices,
        edited(alices, uid=uid("mal")),
        edited(alices, uid=uid("mal"), account=account),
        edited(mals, uid=uid("alice")),
        edited(mals, uid=0),
        edited(mals, flags=flags | 1),
        edited(mals, expires=expires + 1),
        edited(mals, issued=issued + 1),
        edited(mals, epoch=epoch + 1),
        edited(mals, version=2),
        edited(mals, account=b"root"),
        edited(mals, account=b"m" * 256),
        edited(mals, account=account[:255] + b"x"),
        edited(mals, mac=mac[:31] + bytes([mac[31] ^ 1])),
        edited(mals, mac=identity.TICKET_FORMAT.unpack(alices)[7]),
    ]
    for attempt in attempts:
        assert people.call("mal", authorize, attempt) == bus.E_ACCESSDENIED, identity.TICKET_FORMAT.unpack(attempt)
    for attempt in (b"", mals[:-1], mals + b"x"):
        assert people.call("mal", authorize, attempt) is not None
    assert people.call("mal", authorize, mals) is None


@contextlib.contextmanager
def renamed(name, new):
    """The uid of an account is another person's from now on."""
    before = {path: path.read_bytes() for path in map(pathlib.Path, ("/etc/passwd", "/etc/shadow"))}
    try:
        for path, text in before.items():
            path.write_bytes(re.sub(rb"(?m)^%s:" % name.encode(), b"%s:" % new.encode(), text))
        yield
    finally:
        for path, text in before.items():
            path.write_bytes(text)


def test_uid_that_is_another_persons_now(held):
    """carol's account is deleted and her uid given to dora: the old ticket starts nothing."""
    home = people.home("carol")

    def attempt(local):
        connection = bus.Bus()
        if not bool(connection.manager("GetAuthorization")[0]):
            job = connection.create("re-used")
            result = jobs.refused(job.add, held.url("x"), local)
            job.call("Cancel")
            return result
        return "no ticket"

    people.call("carol", lambda: bool(jobs.session()))
    end_workers(uid("carol"))
    with renamed("carol", "dora"):
        assert people.call("dora", attempt, home / "x") == bus.E_ACCESSDENIED
        people.call("dora", lambda: bool(jobs.session()))
        assert people.call("dora", attempt, home / "y") is None
        end_workers(uid("dora"))
    people.call("carol", lambda: bool(jobs.session()))
    assert people.call("carol", attempt, home / "z") is None


def end_workers(owner):
    for program in ("bits-file", "bits-net"):
        for pid in programs.pids(program, owner):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not programs.pids(program, owner), f"{program} to end")


def test_token_whose_uid_is_another_persons_now(held, bobs):
    """The token outlives bob's account; the name is looked up again at each start of a worker."""
    token = minted("bob", "alice")

    def attempt():
        job = jobs.session().create()
        job.set_token(token)
        return jobs.refused(job.add, held.url("x"), bobs / "x")

    with renamed("bob", "dora"):
        assert people.call("alice", attempt) == bus.E_ACCESSDENIED
    os.close(token)


def test_account_that_expires_runs_nothing_any_more(held):
    shadow = pathlib.Path("/etc/shadow")
    before = shadow.read_bytes()

    def attempt():
        return jobs.refused(jobs.session().create().add, held.url("x"), people.home("carol") / "x")

    end_workers(uid("carol"))
    subprocess.run(["chage", "-E", "1", "carol"], check=True)
    try:
        assert people.call("carol", attempt) == bus.E_ACCESSDENIED
    finally:
        shadow.write_bytes(before)
    assert people.call("carol", attempt) is None


# ---- withdrawal -------------------------------------------------------------------------------------


def start_transfer(name, remote, local, token=None):
    """A transfer under way: the id of its job."""

    def begin():
        job = jobs.session().create("held")
        job.call("SetPriority", "u", dbus.UInt32(FOREGROUND))
        if token is not None:
            job.set_token(token)
        job.add(remote, local)
        job.call("Resume")
        wait_for(lambda: job.progress[1] > 0, "bytes")
        return job.id

    return people.call(name, begin)


def state_of(name, job_id, *states):
    return people.call(name, lambda: jobs.wait_state(jobs.session_when_ready().get(job_id), *states))


def cancel(name, job_id):
    people.call(name, lambda: int(jobs.session().get(job_id).call("Cancel")))


def test_revocation_by_the_helper(held, bobs):
    """bob withdraws: his token hangs up, the workers that ran as him end, alice's job waits for another token."""
    token = minted("bob", "alice")
    job_id = start_transfer("alice", held.url("x"), bobs / "x", token)
    (worker,) = programs.pids("bits-file", uid("bob"))
    assert not hung_up(token, 0)
    assert people.call("bob", lambda: identity.revoke().result) == 0
    assert hung_up(token)
    wait_for(lambda: not programs.status(worker), "bob's worker to end")
    assert state_of("alice", job_id, bus.ERROR) == bus.ERROR
    assert people.call("alice", lambda: jobs.session().get(job_id).error()[0]) == bus.BG_E_TOKEN_REQUIRED
    assert people.call("alice", set_token, token) == bus.E_ACCESSDENIED
    os.close(token)
    cancel("alice", job_id)


def test_revocation_by_the_owner(held, alices):
    """alice withdraws: her tickets are void, also those that somebody has put by, and her workers end."""
    job_id = start_transfer("alice", held.url("x"), alices / "x")
    old = ticket_of("alice")
    workers = programs.pids("bits-file", uid("alice")) + programs.pids("bits-net", uid("alice"))
    assert len(workers) >= 2
    assert people.call("alice", lambda: identity.revoke().result) == 0
    wait_for(lambda: not any(programs.status(pid) for pid in workers), "alice's workers to end")

    def after():
        connection = bus.Bus()
        job = connection.get(job_id)
        needed = wait_for(lambda: bool(connection.manager("GetAuthorization")[0]), "the ticket to be forgotten")
        waits = wait_for(lambda: job.state == bus.QUEUED and str(job.get("Reason")) == "authorisation", "the job to wait")
        return needed, waits, authorize(old)

    assert people.call("alice", after) == (True, True, bus.E_ACCESSDENIED)
    assert programs.pids("bits-file", uid("alice")) == []
    held.release()
    people.call("alice", lambda: bool(jobs.session()))  # with a new ticket it goes on by itself
    assert state_of("alice", job_id, bus.TRANSFERRED) == bus.TRANSFERRED
    cancel("alice", job_id)


# ---- workers ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A transfer into bob's directory for alice, under way: her bits-net, his bits-file."""
    directory = people.home("bob") / "running"
    directory.mkdir(mode=0o700)
    os.chown(directory, uid("bob"), people.account("bob").pw_gid)
    end_workers(uid("alice"))
    with HeldOrigin() as origin:
        job_id = start_transfer("alice", origin.url("x"), directory / "x", minted("bob", "alice"))
        (net,), (file,) = programs.pids("bits-net", uid("alice")), programs.pids("bits-file", uid("bob"))
        yield {"bits-net": ("alice", net), "bits-file": ("bob", file), "directory": directory}
        cancel("alice", job_id)


WORKERS = ["bits-file", "bits-net"]


def steal_descriptor(pid, number):
    """0, or the errno with which the kernel refuses a copy of somebody's descriptor."""
    try:
        pidfd = os.pidfd_open(pid)
    except OSError as error:
        return error.errno
    return 0 if LIBC.syscall(SYS_PIDFD_GETFD, pidfd, number, 0) >= 0 else ctypes.get_errno()


@pytest.mark.parametrize("program", WORKERS)
def test_worker_is_closed_to_its_own_user(running, program):
    name, pid = running[program]
    assert people.call(name, steal_descriptor, os.getpid(), 0) == errno.EPERM

    def attempt():
        own = steal_descriptor(os.getpid(), 1)
        refused = []
        for action in (
            lambda: open(f"/proc/{pid}/mem", "r+b"), lambda: open(f"/proc/{pid}/environ", "rb").read(1),
            lambda: os.listdir(f"/proc/{pid}/fd"), lambda: open(f"/proc/{pid}/fd/3", "rb"),
            lambda: open("/usr/libexec/bits/" + program, "rb"),
        ):
            with pytest.raises(PermissionError):
                action()
            refused.append(True)
        traced = LIBC.ptrace(16, pid, 0, 0), ctypes.get_errno()  # PTRACE_ATTACH
        return own, steal_descriptor(pid, 3), traced, len(refused)

    assert people.call(name, attempt) == (0, errno.EPERM, (-1, errno.EPERM), 5)


@pytest.mark.parametrize("program", WORKERS)
def test_rights_of_a_worker(running, program):
    name, pid = running[program]
    entry, status = people.account(name), programs.status(pid)
    assert status["Uid"].split() == [str(entry.pw_uid)] * 4
    assert status["Gid"].split() == [str(entry.pw_gid)] * 4
    assert sorted(map(int, status["Groups"].split())) == sorted(people.groups(name))
    assert {status[f"Cap{set_name}"] for set_name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert int(status["Umask"], 8) in (0o022, 0o002, 0o077)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"

    given = pathlib.Path(f"/proc/{pid}/environ").read_bytes().rstrip(b"\0").decode().split("\0")
    assert set(given) - {"BITS_DEBUG=1"} == {
        "PATH=/usr/bin:/bin", "LANG=C.UTF-8", f"HOME={entry.pw_dir}", f"USER={name}", f"LOGNAME={name}",
    }


def test_descriptors_of_the_file_worker(running):
    _, pid = running["bits-file"]
    found = programs.descriptors(pid)
    assert sorted(found) == [0, 1, 2, 3]
    assert found[0] == found[1] == "/dev/null" and found[3].startswith("socket:")


def test_descriptors_of_the_network_worker(running):
    """The temporary file, for writing only; and, until TLS is first spoken, the system's authorities, for reading."""
    _, pid = running["bits-net"]
    modes = {}
    for number, path in programs.descriptors(pid).items():
        if path.startswith("/") and number > 2:
            flags = re.search(r"flags:\s*(\d+)", pathlib.Path(f"/proc/{pid}/fdinfo/{number}").read_text())[1]
            modes[path] = int(flags, 8) & os.O_ACCMODE
    assert modes.pop("/etc/ssl/certs/ca-certificates.crt", os.O_RDONLY) == os.O_RDONLY
    ((path, mode),) = modes.items()
    assert re.fullmatch(rf"{running['directory']}/BIT\w+\.tmp", path)
    assert mode == os.O_WRONLY


def test_temporary_file_is_bobs_alone(running):
    (path,) = running["directory"].iterdir()
    status = path.lstat()
    assert stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o600
    assert (status.st_uid, status.st_nlink) == (uid("bob"), 1)

    def reopen():  # as alice's bits-net could, if somebody took it over
        with open(path, "rb"):
            pass

    with pytest.raises(PermissionError):
        people.call("alice", reopen)


def test_hanging_worker_of_one_owner_does_not_stop_another(held, server, files, bobs):
    """bob helps alice and carol: each has a bits-file of her own, so a mount that hangs in alice's is hers alone."""
    files.make("hang.bin", 1 << 20)
    before = set(programs.pids("bits-file", uid("bob")))
    job_id = start_transfer("alice", held.url("x"), bobs / "x", minted("bob", "alice"))
    hanging = set(programs.pids("bits-file", uid("bob"))) - before
    assert len(hanging) == 1
    token = minted("bob", "carol")
    for pid in hanging:
        os.kill(pid, signal.SIGSTOP)

    def finish():
        job = jobs.session().create()
        job.set_token(token)
        job.add(server.url("hang.bin"), bobs / "y")
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        return int(job.call("Complete"))

    try:
        assert people.call("carol", finish) == 0
        assert (bobs / "y").stat().st_uid == uid("bob")
    finally:
        for pid in hanging:
            os.kill(pid, signal.SIGCONT)
    cancel("alice", job_id)


def test_no_old_writer_beside_a_new_one(held, alices):
    """A bits-net that does not see its end keeps the temporary file open for writing: while it lives, no new
    bits-queue is started."""
    job_id = start_transfer("alice", held.url("x"), alices / "x")
    old = programs.pids("bits-net", uid("alice"))
    assert old
    (queue,) = programs.pids("bits-queue")
    for pid in old:
        os.kill(pid, signal.SIGSTOP)
    os.kill(queue, signal.SIGKILL)

    def another():
        alive = any(programs.status(pid) for pid in old)  # looked at first
        started = set(programs.pids("bits-queue")) - {queue}
        return started and (started, alive)

    _, alive = wait_for(another, "another bits-queue")
    assert not alive
    held.release()
    assert state_of("alice", job_id, bus.TRANSFERRED) == bus.TRANSFERRED
    cancel("alice", job_id)


# ---- root's jobs, and the store ---------------------------------------------------------------------


def test_administrator_does_not_touch_roots_job():
    """Who may add a file to root's job is root. An administrator may do the same with carol's."""
    roots = people.call("root", lambda: (lambda job: (job.id, job.path))(jobs.session().create("roots")))
    carols = people.call("carol", lambda: (lambda job: (job.id, job.path))(jobs.session().create("carols")))

    def attempt(job_id, path):
        connection = jobs.session()
        job = bus.Job(connection, job_id, path)
        listed, _ = connection.manager("ListJobs", "utu", 1, 0, 256)
        return (
            job_id in [str(entry[0]) for entry in listed],
            jobs.refused(connection.get, job_id),
            jobs.refused(job.get, "DisplayName"),
            jobs.refused(job.call, "SetDescription", "s", "x"),
            jobs.refused(job.call, "Resume"),
            jobs.refused(job.add, "http://127.0.0.1:9/passwd", "/etc/cron.d/x"),
            jobs.refused(job.call, "Cancel"),
        )

    denied = bus.E_ACCESSDENIED
    assert people.call("admin", attempt, *roots) == (False, *[denied] * 6)
    assert people.call("admin", attempt, *carols)[:4] == (True, None, None, None)
    people.call("root", lambda: int(jobs.session().get(roots[0]).call("Cancel")))


@contextlib.contextmanager
def stopped_service():
    """bitsd and all it started are ended; the sandbox starts another bitsd when the block is left."""
    supervisor = parent_of(programs.pids("bitsd")[0])
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(programs.pids("bitsd")[0], signal.SIGTERM)
        wait_for(lambda: not programs.pids("bits-queue"), "the service to end")
        yield sqlite3.connect(jobs.STORE / "queue.db", isolation_level=None)
    finally:
        for path in jobs.STORE.iterdir():
            os.chown(path, uid("bitsd"), people.account("bitsd").pw_gid)
        os.kill(supervisor, signal.SIGCONT)
        wait_for(programs.answers, "an answer")


def parent_of(pid):
    return int(programs.status(pid)["PPid"])


def test_rows_edited_in_the_store(service_log, held):
    """Three jobs of mal's: one is given to root, one gets another file, one is left alone."""
    mals = people.home("mal")

    def make():
        connection = jobs.session()
        made = []
        for name in ("owner", "file", "good"):
            job = connection.create(name)
            job.add(held.url(name), mals / name)
            job.call("Resume")
            made.append(job.id)
        return made

    owner, file, good = people.call("mal", make)
    with stopped_service() as store:
        store.execute("UPDATE job SET owner = ?, state = ? WHERE display_name = 'owner'", (0, bus.QUEUED))
        store.execute(
            "UPDATE file SET local = '/etc/cron.d/x' WHERE job = (SELECT serial FROM job WHERE display_name = 'file')"
        )
        store.close()
    held.release()

    def after():
        connection = jobs.session()
        jobs.wait_state(connection.get(good), bus.TRANSFERRED)
        job = connection.get(file)
        states = jobs.wait_state(job, bus.ERROR)
        return jobs.refused(connection.get, owner), states, jobs.refused(job.call, "Complete") is not None

    assert people.call("mal", after) == (0x80200001, bus.ERROR, True)
    assert people.call("root", lambda: jobs.refused(jobs.session().get, owner)) == 0x80200001
    assert "altered outside the service" in service_log.read_text()
    assert not pathlib.Path("/etc/cron.d/x").exists() and not (mals / "owner").exists()
    with stopped_service() as store:  # set aside, not dropped
        assert store.execute("SELECT count(*) FROM job WHERE display_name = 'owner'").fetchone() == (1,)
        assert store.execute("SELECT count(*) FROM quarantine").fetchone()[0] >= 1
        store.close()


def test_ticket_edited_in_the_store(held):
    """bits-queue is taken over, or its store: no ticket but those that bitsd made starts a worker."""
    people.call("carol", lambda: bool(jobs.session()))
    with stopped_service() as store:
        (ticket,) = store.execute("SELECT ticket FROM ticket WHERE uid = ?", (uid("carol"),)).fetchone()
        expires = identity.TICKET_FORMAT.unpack(ticket)[5]
        longer = edited(ticket, expires=expires + 1)
        as_root = edited(ticket, uid=0, account=b"root")
        store.execute("UPDATE ticket SET ticket = ? WHERE uid = ?", (longer, uid("carol")))
        store.execute("REPLACE INTO ticket VALUES (0, ?)", (as_root,))
        store.close()

    def attempt(local):
        return jobs.refused(bus.Bus().create().add, held.url("x"), local)

    assert people.call("root", attempt, "/run/tmp/x") == bus.E_ACCESSDENIED
    assert people.call("carol", attempt, people.home("carol") / "x") == bus.E_ACCESSDENIED
    people.call("carol", lambda: bool(jobs.session()))
    assert people.call("carol", attempt, people.home("carol") / "x") is None


# ---- after a restart --------------------------------------------------------------------------------


def test_tokens_end_with_the_service_and_tickets_do_not():
    token = minted("bob", "alice")
    ticket = ticket_of("alice")
    programs.restart("bitsd")
    assert hung_up(token)
    assert people.call("alice", set_token, token) == bus.E_ACCESSDENIED
    assert people.call("alice", authorize, ticket) is None
    assert people.call("alice", set_token, minted("bob", "alice")) is None
    os.close(token)
