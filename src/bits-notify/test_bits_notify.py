"""The real bits-notify over a socket pair: what it runs, what it reports, and what it ends.

BITS_NOTIFY names the program. Messages are laid out as src/wire/notify.h says. No test waits by sleeping: each
waits for a message or an end, with a limit that only a broken program reaches.
"""

import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

READY, RUN, DONE = 1, 2, 3
PATH_SIZE, PARAMETERS_SIZE, JOB_SIZE = 4096, 16008, 40
LIMIT_SEC = 60
ETIMEDOUT, ENOENT, EACCES = 110, 2, 13


def order(program, parameters="", limit_sec=600, job="0123", kind=RUN, reserved=0):
    return struct.pack(
        f"=IIII{JOB_SIZE}s{PATH_SIZE}s{PARAMETERS_SIZE}s", kind, 1, limit_sec, reserved, job.encode(),
        str(program).encode(), parameters.encode(),
    )


class Worker:
    """bits-notify and our end of its socket."""

    def __init__(self):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(LIMIT_SEC)
        environment = {**os.environ, "HOME": "/", "SECRET": "x"}
        self.process = subprocess.Popen(
            [os.environ["BITS_NOTIFY"]], preexec_fn=lambda: os.dup2(theirs.fileno(), 3, inheritable=True),
            close_fds=False, env=environment, stderr=subprocess.PIPE,
        )
        theirs.close()
        assert struct.unpack("=IIII", self.sock.recv(64))[::2] == (READY, 1)

    def run(self, *arguments, **options):
        self.sock.send(order(*arguments, **options))

    def done(self):
        """(result, status) of its report, after which it ends."""
        kind, _, result, status = struct.unpack("=IIii", self.sock.recv(64))
        assert kind == DONE and self.sock.recv(64) == b""
        self.end()
        return result, status

    def end(self):
        status = self.process.wait(LIMIT_SEC)
        stderr = self.process.stderr.read().decode()
        assert "Sanitizer" not in stderr and "runtime error" not in stderr, stderr
        return status


@pytest.fixture
def worker():
    running = Worker()
    yield running
    running.sock.close()
    running.process.stderr.close()
    assert running.process.wait(LIMIT_SEC) is not None


def wait_for(condition, what):
    deadline = time.monotonic() + LIMIT_SEC
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def is_gone(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def script(tmp_path):
    """script(TEXT): a program of the shell's; its own pid, and what it notes, is in its folder."""

    def write(text):
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{text}\n")
        path.chmod(0o755)
        return path

    return write


def pids(folder):
    """Those that the script has noted, when it has noted all of them."""
    wait_for(lambda: (folder / "ready").exists(), "the program")
    return [int(word) for word in (folder / "pids").read_text().split()]


def test_status(worker, script):
    worker.run(script("exit 7"))
    result, status = worker.done()
    assert result == 0 and os.waitstatus_to_exitcode(status) == 7


def test_signal(worker, script):
    worker.run(script("kill -USR1 $$"))
    result, status = worker.done()
    assert result == 0 and os.waitstatus_to_exitcode(status) == -signal.SIGUSR1


def test_words_and_environment(worker, script, tmp_path):
    path = script('for word; do echo "[$word]"; done >words; env >environment; pwd >/dev/null; exit 0')
    worker.run(path, f'{path} a "b c" $HOME ""', job="JOB")
    assert worker.done() == (0, 0)
    assert (tmp_path / "words").read_text().splitlines() == ["[a]", "[b c]", "[$HOME]", "[]"]
    environment = dict(line.split("=", 1) for line in (tmp_path / "environment").read_text().splitlines())
    assert environment["BITS_JOB_ID"] == "JOB" and environment["HOME"] == "/"
    assert set(environment) <= {"HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "BITS_JOB_ID", "PWD", "_"} | {"OLDPWD", "SHLVL"}


@pytest.mark.parametrize("path, error", [("/nonexistent", ENOENT), ("/etc/passwd", EACCES), ("/tmp", EACCES)])
def test_what_cannot_be_executed(worker, path, error):
    worker.run(path)
    assert worker.done() == (-error, 0)


GROUP = """
echo $$ >>pids
sh -c 'trap "" TERM; echo $$ >>pids; touch ready; while :; do sleep 1; done' &
%s
while :; do sleep 1; done
"""


@pytest.mark.parametrize("trap", ["", "trap '' TERM"])
def test_time_limit_ends_the_whole_group(worker, script, tmp_path, trap):
    worker.run(script(GROUP % trap), limit_sec=1)
    assert worker.done() == (-ETIMEDOUT, 0)
    found = pids(tmp_path)
    assert len(found) == 2
    wait_for(lambda: all(map(is_gone, found)), "the end of the group")


def test_it_may_take_its_time(worker, script):
    """A limit that is not over ends nothing."""
    worker.run(script("sleep 1"), limit_sec=LIMIT_SEC)
    assert worker.done() == (0, 0)


@pytest.mark.parametrize("how", ["hang-up", "TERM", "KILL"])
def test_it_does_not_outlive_bits_notify(worker, script, tmp_path, how):
    worker.run(script(GROUP % ""))
    found = pids(tmp_path)
    if how == "hang-up":
        worker.sock.close()
    elif how == "TERM":
        worker.process.terminate()
    else:
        worker.process.kill()
        found = found[:1]  # nobody is left to end the others
    wait_for(lambda: all(map(is_gone, found)), "its end")
    worker.process.wait(LIMIT_SEC)
    if how == "KILL":
        for pid in pids(tmp_path):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


@pytest.mark.parametrize("message", [
    b"", b"x", order("/bin/true")[:-1], order("/bin/true") + b"x", order("bin/true"), order("/bin/true", kind=DONE),
    order("/bin/true", limit_sec=0), order("/bin/true", reserved=1), order("/" * PATH_SIZE), order("/bin/true", "x" * PARAMETERS_SIZE),
])
def test_malformed_order_ends_it(worker, message):
    worker.sock.send(message)
    assert worker.sock.recv(64) == b""
    assert worker.end() == (1 if message else 0)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
