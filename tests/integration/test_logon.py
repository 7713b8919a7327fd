"""Log-ons by password: which refusal each account gets, what guessing costs, and where the password is not."""

import contextlib
import errno
import os
import pathlib
import re
import resource
import signal
import socket
import struct
import subprocess
import time

import bus
import identity
import jobs
import people
import programs
from waiting import wait_for

SHADOW = pathlib.Path("/etc/shadow")
STATE = pathlib.Path("/var/lib/bits")
PAM_FILE = pathlib.Path("/etc/pam.d/bits-logon")
OURS = ["bitsd", "bits-queue", "bits-become", "bits-file", "bits-net"]
REGION_MAX = 1 << 30  # larger ones are a sanitizer's shadow, which holds no data


def log_on(account, password):
    reply = identity.logon(account, password)
    return reply.result, reply.uid


def log_on_as(caller, account, password):
    """(result, uid of the token) of a log-on by caller."""
    return people.call(caller, log_on, account, password)


@contextlib.contextmanager
def changed(path, *argv):
    """A file that a command changes, put back afterwards as it was."""
    before = path.read_bytes()
    try:
        subprocess.run(argv, check=True, capture_output=True)
        assert path.read_bytes() != before
        yield
    finally:
        path.write_bytes(before)


class Background:
    """A log-on under way in a child."""

    def __init__(self, caller, account, password):
        self.reading, writing = os.pipe()
        self.started = time.monotonic()
        self.child = os.fork()
        if self.child == 0:
            status = 1
            try:
                people.become(caller)
                os.write(writing, repr(log_on(account, password)).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(writing)

    def over(self):
        return os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def result(self):
        """(result, seconds it took)."""
        with os.fdopen(self.reading) as stream:
            text = stream.read()
        os.waitpid(self.child, 0)
        match = re.match(r"\((-?\d+), \d+\)", text)
        assert match, f"the log-on said {text!r}"
        return int(match[1]), time.monotonic() - self.started


# ---- each refusal -----------------------------------------------------------------------------------


def test_right_password(passwords):
    assert log_on_as("alice", "bob", passwords["bob"]) == (0, people.account("bob").pw_uid)


def test_token_has_bobs_ids(passwords):
    def ids():
        with socket.socket(fileno=jobs.logon("bob", passwords["bob"])) as token:
            return struct.unpack("3i", token.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1:]

    bob = people.account("bob")
    assert people.call("alice", ids) == (bob.pw_uid, bob.pw_gid)


def test_unknown_user_and_wrong_password_are_told_alike():
    wrong = Background("admin", "bob", "not-bobs")
    unknown = Background("admin", "nobody-of-this-name", "some-password")
    for guess in (unknown, wrong):  # the suspect first: the time is that of this asking
        result, took_sec = guess.result()
        assert result == identity.LOGON_FAILURE
        assert took_sec > 1  # the one is not told from the other by an answer at once


def test_odd_names():
    for name in ["-bob", "../bob", "bob\n", "b:ob"]:
        assert log_on_as("daemon", name, "guess")[0] == identity.LOGON_FAILURE, name


def test_locked_password(passwords):
    with changed(SHADOW, "usermod", "-L", "carol"):
        assert log_on_as("bob", "carol", passwords["carol"])[0] == identity.LOGON_FAILURE
    assert log_on_as("bob", "carol", passwords["carol"])[0] == 0


def test_expired_account(passwords):
    with changed(SHADOW, "chage", "-E", "1", "carol"):
        assert log_on_as("bob", "carol", passwords["carol"])[0] == identity.ACCOUNT_EXPIRED
    assert log_on_as("bob", "carol", passwords["carol"])[0] == 0


def test_password_that_must_be_changed(passwords):
    with changed(SHADOW, "chage", "-d", "0", "carol"):
        assert log_on_as("bob", "carol", passwords["carol"])[0] == identity.PASSWORD_EXPIRED


def test_reason_of_an_account_is_for_those_who_know_its_password():
    with changed(SHADOW, "chage", "-E", "1", "carol"):
        assert log_on_as("admin", "carol", "not-carols")[0] == identity.LOGON_FAILURE


def test_root_is_refused_whatever_the_password():
    with changed(SHADOW, "sh", "-c", "echo root:root-2Hx8 | chpasswd"):
        assert log_on_as("bob", "root", "root-2Hx8")[0] == identity.NOT_GRANTED
        assert people.call("bob", lambda: identity.logon("root", "root-2Hx8").token) is None


def test_nologin(passwords):
    nologin = pathlib.Path("/run/nologin")
    nologin.write_text("closed\n")
    try:
        assert log_on_as("bob", "carol", passwords["carol"])[0] == identity.NOT_GRANTED
    finally:
        nologin.unlink()
    assert log_on_as("bob", "carol", passwords["carol"])[0] == 0


def test_missing_pam_file_does_not_open_other(passwords):
    """PAM itself would fall back to "other", which on some systems permits."""
    other = pathlib.Path("/etc/pam.d/other")
    before, kept = PAM_FILE.read_bytes(), other.read_bytes()
    PAM_FILE.unlink()
    other.write_text("auth required pam_permit.so\naccount required pam_permit.so\n")
    try:
        assert log_on_as("bob", "carol", passwords["carol"])[0] == -errno.ENOPKG
        assert log_on_as("bob", "carol", "not-carols")[0] == -errno.ENOPKG
    finally:
        PAM_FILE.write_bytes(before)
        other.write_bytes(kept)
    assert log_on_as("bob", "carol", passwords["carol"])[0] == 0


def test_account_without_a_shell(passwords):
    passwd = pathlib.Path("/etc/passwd")
    with changed(passwd, "usermod", "-s", "/usr/sbin/nologin", "carol"):
        assert log_on_as("bob", "carol", passwords["carol"])[0] == 0


def send_descriptor(descriptor):
    reply = identity.ask(identity.LOGON, [descriptor], account=b"bob", uses=identity.LOCAL_FILE)
    return reply and reply.result


def test_only_a_pipe_is_read():
    """A file, a terminal or a socket of the caller's choice could hang, or hold what he may not read."""

    def ask(what):
        ends = socket.socketpair() if what == "socket" else None
        descriptor = ends[0].fileno() if ends else os.open(what, os.O_RDONLY)
        return send_descriptor(descriptor)

    for what in ["/etc/passwd", "/dev/zero", "/", "socket"]:
        assert people.call("bob", ask, what) == -errno.EPROTO, what
    assert people.call("bob", lambda: identity.ask(identity.LOGON, account=b"bob", uses=1).result) == -errno.EPROTO


def test_password_that_does_not_end_is_refused():
    def ask():
        reading, writing = os.pipe()
        os.write(writing, b"x" * 4096)
        return send_descriptor(reading)

    assert people.call("bob", ask) == -errno.EPROTO


# ---- guessing ---------------------------------------------------------------------------------------


def test_guessing_costs_the_guesser_and_nobody_else(passwords):
    """mal fails five times (each for another account, so that no target is slowed down) and then waits even with a
    right password, while others are served at once: log-ons, tokens and tickets."""
    begin = time.monotonic()
    first = [Background("mal", f"stranger-{number}", "guess") for number in range(4)]
    assert people.call("bob", lambda: identity.mint(os.getuid()).result) == 0  # PAM does not stand in the way
    assert not any(guess.over() for guess in first)
    assert [guess.result()[0] for guess in first] == [identity.LOGON_FAILURE] * 4
    assert log_on_as("mal", "stranger-5", "guess")[0] == identity.LOGON_FAILURE

    sixth = Background("mal", "bob", passwords["bob"])
    assert log_on_as("bob", "carol", passwords["carol"])[0] == 0
    assert log_on_as("carol", "bob", passwords["bob"])[0] == 0
    assert not sixth.over()  # they were served before him
    assert sixth.result()[0] == 0
    assert time.monotonic() - begin > 12  # which is how long he pays for the first of the five


def test_four_log_ons_of_a_caller_at_once_and_no_more():
    first = [Background("bin", f"nobody-{number}", "guess") for number in range(4)]
    wait_for(lambda: len(programs.pids("bits-become")) == 4, "four log-ons")
    assert log_on_as("bin", "nobody-5", "guess")[0] == -errno.EDQUOT
    assert [guess.result()[0] for guess in first] == [identity.LOGON_FAILURE] * 4


# ---- where the password is not ----------------------------------------------------------------------


def regions(pid):
    """(begin, size) of what a process may have written."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        addresses, rights = line.split()[:2]
        begin, end = (int(word, 16) for word in addresses.split("-"))
        if rights.startswith("rw") and end - begin <= REGION_MAX:
            yield begin, end - begin


def in_memory(pid, *words):
    """Which of the words stand somewhere in the memory of a process."""
    found = set()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for begin, size in regions(pid):
            memory.seek(begin)
            try:
                data = memory.read(size)
            except OSError:
                continue  # not readable, [vvar] and the like
            found.update(word for word in words if word in data)
    return found


def in_files(directory, word):
    return [path for path in directory.rglob("*") if path.is_file() and word in path.read_bytes()]


def test_the_password_is_nowhere(service_log, bobs, passwords):
    right, wrong = passwords["bob"], "wrong-8Jt3kPzV"
    marker = "a-job-8Qw2nRkd"

    def use():
        connection = bus.Bus()
        connection.authorize()
        job = connection.create(marker)
        reply = identity.logon("bob", right)
        assert reply.result == 0
        job.set_token(reply.token)
        job.add("http://127.0.0.1:9/x", bobs / "x")  # starts a bits-file of bob's
        assert identity.logon("bob", wrong).result == identity.LOGON_FAILURE
        return job.id

    seen = set()

    def look():
        for program in OURS:
            for pid in programs.pids(program):
                try:
                    seen.add(program)
                    given = b"".join(pathlib.Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
                except OSError:
                    continue  # it has ended
                assert right.encode() not in given and wrong.encode() not in given, (program, pid)

    guess = Background("carol", "bob", wrong)
    while not guess.over():
        look()
    assert guess.result()[0] == identity.LOGON_FAILURE
    people.call("alice", use)
    look()
    assert {"bitsd", "bits-queue", "bits-become", "bits-file"} <= seen

    # Each search is shown to find what is there.
    log = service_log.read_bytes()
    assert b"log-on of 'bob'" in log
    assert in_files(STATE, marker.encode())
    secrets = [right.encode(), wrong.encode()]
    for program, known in {"bitsd": b"/usr/libexec/bits", "bits-queue": marker.encode(), "bits-file": b"/usr/bin:/bin"}.items():
        for pid in programs.pids(program):
            assert in_memory(pid, known, *secrets) == {known}, program
    for secret in secrets:
        assert secret not in log
        assert not in_files(STATE, secret)


def core_limit(pid):
    (line,) = [line for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines() if "core file" in line]
    return line.split()[4:6]


UNTRACING = ["setpriv", "--bounding-set", "-sys_ptrace"]


def lets_itself_be_looked_at(pid):
    """By one who is root and has every capability but the one for tracing: only what is dumpable does. The kernel
    writes no core of what is not, neither to a file nor to a program's pipe."""
    return subprocess.run([*UNTRACING, "readlink", f"/proc/{pid}/cwd"], capture_output=True, check=False).returncode == 0


def core_directory(pid):
    """Where a core of the process would be, unless the pattern names a program, which would have it."""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("|"):
        return None
    return (pathlib.Path(os.readlink(f"/proc/{pid}/cwd")) / pattern).parent


def test_no_core(passwords):
    """Nobody who has seen a password or a key leaves a core, nor lets himself be looked at."""
    with subprocess.Popen([*UNTRACING, "cat"], stdin=subprocess.PIPE) as other:
        wait_for(lambda: lets_itself_be_looked_at(other.pid), "what is true of others")
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    guess = Background("alice", "no-such-person", "guess")
    (become,) = wait_for(lambda: programs.pids("bits-become"), "a log-on")
    (parent,), (queue,) = programs.pids("bitsd"), programs.pids("bits-queue")
    for pid in (become, parent, queue):
        assert core_limit(pid) == ["0", "0"]
        assert not lets_itself_be_looked_at(pid)
    assert os.stat(f"/proc/{queue}/fd").st_uid == 0  # the kernel's word for: not dumpable
    directories = {core_directory(become), core_directory(parent)} - {None}
    before = {directory: set(os.listdir(directory)) for directory in directories}

    os.kill(become, signal.SIGABRT)
    assert guess.result()[0] == -errno.EIO
    os.kill(parent, signal.SIGABRT)
    wait_for(lambda: set(programs.pids("bitsd")) - {parent}, "another bitsd")
    wait_for(programs.answers, "an answer")
    for directory in directories:
        assert not [name for name in set(os.listdir(directory)) - before[directory] if "core" in name], directory
