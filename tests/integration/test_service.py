"""The service as a whole: it answers each account, and comes back when any of its programs is killed."""

import os
import pathlib
import signal

import identity
import people
from conftest import sha256
from waiting import wait_for

SIZE = 4 << 20


def processes(program):
    """The pids of the running processes of one of our programs."""
    found = []
    for link in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            if os.readlink(link) == f"/usr/libexec/bits/{program}":
                found.append(int(link.parent.name))
        except OSError:
            continue  # it has ended, or is a kernel thread
    return found


def kill_and_await_another(program):
    old = processes(program)
    assert old, f"no {program} runs"
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: set(processes(program)) - set(old), f"another {program}")


def answers(name):
    return people.run(name, ["bitsctl", "list"], check=False).returncode == 0


def test_everybody_is_answered(passwords):
    for name in passwords:
        people.run(name, ["bitsctl", "list"])


def test_rights_of_the_running_programs():
    (parent,) = processes("bitsd")
    (queue,) = processes("bits-queue")
    uids = {pid: pathlib.Path(f"/proc/{pid}").stat().st_uid for pid in (parent, queue)}
    status = pathlib.Path(f"/proc/{queue}/status").read_text()
    assert uids[parent] == 0
    assert f"Uid:\t{people.account('bitsd').pw_uid}\t" in status
    assert "CapEff:\t0000000000000000" in status and "CapPrm:\t0000000000000000" in status


def test_kill_of_bits_queue():
    kill_and_await_another("bits-queue")
    wait_for(lambda: answers("alice"), "an answer")


def test_kill_of_bitsd():
    kill_and_await_another("bitsd")
    wait_for(lambda: answers("alice"), "an answer")
    assert people.call("alice", identity.ticket).result == 0


def test_a_transfer_after_all_that(server, files, alices, bitsctl):
    remote = files.make("after.bin", SIZE)
    local = alices / "after.bin"
    bitsctl("alice", "transfer", server.url("after.bin"), str(local))
    assert local.stat().st_uid == people.account("alice").pw_uid
    assert sha256(local) == sha256(remote)
