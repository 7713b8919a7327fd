"""Attacks on a real job under way: on its temporary file, on who a message says it is from, on what a worker sees."""

import contextlib
import ctypes
import errno
import mmap
import os
import pathlib
import re
import subprocess

import dbus.lowlevel
import pytest

import bus
import jobs
import people
import programs
from conftest import sha256
from held import HeldOrigin
from network import Network
from origins import Nginx
from waiting import wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
SYS_PIDFD_GETFD = 438
SIZE = 24 << 20
HOSTS = pathlib.Path("/etc/hosts")


@pytest.fixture(scope="module")
def slow(files):
    with Nginx(files.directory, "/run/nginx-threats", "limit_rate 6m;") as running:
        yield running


def under_way(remote, local, password=None, least=1):
    """A new job of this process's user that has some bytes, by bob's token where there is a password."""
    job = jobs.session().create("threatened")
    if password:
        job.set_token(jobs.logon("bob", password))
    job.add(remote, local)
    job.call("Resume")
    wait_for(lambda: job.progress[1] >= least, "bytes")
    return job


def writing_descriptor(path):
    """A copy, here, of the descriptor through which a bits-net writes to path."""
    for pid in programs.pids("bits-net"):
        for number, target in programs.descriptors(pid).items():
            if target == str(path):
                pidfd = os.pidfd_open(pid)
                copy = LIBC.syscall(SYS_PIDFD_GETFD, pidfd, number, 0)
                os.close(pidfd)
                assert copy >= 0
                return copy
    raise AssertionError(f"no bits-net writes {path}")


def attempt(action):
    """0, or the errno with which the kernel refuses it."""
    try:
        action()
    except OSError as error:
        return error.errno
    return 0


def test_what_was_written_for_bob_cannot_be_read_back(bobs, passwords):
    """alice has taken her bits-net over and holds its descriptor of the file that is to be bob's."""
    with HeldOrigin() as held:
        job_id = people.call("alice", lambda: under_way(held.url("x"), bobs / "x", passwords["bob"]).id)
        (temporary,) = jobs.temporaries(bobs)
        stolen = writing_descriptor(bobs / temporary)

        def tries():
            return {
                "write": attempt(lambda: os.pwrite(stolen, b"\0", 0)),
                "read": attempt(lambda: os.pread(stolen, 1, 0)),
                "map": attempt(lambda: mmap.mmap(stolen, 4096, mmap.MAP_SHARED, mmap.PROT_READ)),
                "reopen": attempt(lambda: os.open(f"/proc/self/fd/{stolen}", os.O_RDONLY)),
                "open": attempt(lambda: os.open(bobs / temporary, os.O_RDONLY)),
                "mode": attempt(lambda: os.fchmod(stolen, 0o666)),
            }

        try:
            assert people.call("alice", tries) == {
                "write": 0, "read": errno.EBADF, "map": errno.EACCES, "reopen": errno.EACCES, "open": errno.EACCES,
                "mode": errno.EPERM,
            }
        finally:
            os.close(stolen)
            people.call("alice", lambda: jobs.session().get(job_id).call("Cancel"))


def test_a_writer_that_stays_keeps_the_file_from_being_whole(bobs, passwords):
    """While anybody can still write it, it is not sealed: what was checked could be changed."""
    with HeldOrigin() as held:
        job_id = people.call("alice", lambda: under_way(held.url("x"), bobs / "x", passwords["bob"]).id)
        (temporary,) = jobs.temporaries(bobs)
        late = writing_descriptor(bobs / temporary)
        held.release()

        def look():
            job = jobs.session().get(job_id)
            state = jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR)
            return state, None if state == bus.TRANSFERRED else job.error()

        try:
            assert people.call("alice", look) == (bus.TRANSIENT_ERROR, (0x80070020, 4))  # ERROR_SHARING_VIOLATION
            assert not (bobs / "x").exists()
        finally:
            os.close(late)

        def finish():
            job = jobs.session().get(job_id)
            job.call("Resume")
            jobs.wait_state(job, bus.TRANSFERRED)
            return int(job.call("Complete"))

        assert people.call("alice", finish) == 0
        assert (bobs / "x").read_bytes() == held.body


@pytest.fixture
def shared():
    """A directory that everybody may write, on the file system of the homes."""
    path = people.home("alice").parent / f"shared-{os.urandom(4).hex()}"
    path.mkdir()
    path.chmod(0o777)
    return path


def plant_link(path, precious):
    os.link(precious, path)  # as mal where fs.protected_hardlinks is off


def plant_symlink(path, precious):
    people.call("mal", os.symlink, precious, path)


def plant_fifo(path, _):
    people.call("mal", os.mkfifo, path, 0o666)


@pytest.mark.parametrize("plant", [plant_link, plant_symlink, plant_fifo])
def test_what_is_planted_at_the_temporary_name_before_it_is_resumed(plant, slow, files, shared):
    """Neither written to nor waited for: the file is fetched again, beside it."""
    remote = files.make("threats.bin", SIZE)
    precious = people.home("alice") / f"precious-{plant.__name__}"
    precious.write_bytes(b"p" * SIZE)
    os.chown(precious, people.account("alice").pw_uid, people.account("alice").pw_gid)

    def begin():
        job = under_way(slow.url("threats.bin"), shared / "x", least=2 << 20)
        job.call("Suspend")
        return job.id

    job_id = people.call("alice", begin)
    (temporary,) = wait_for(lambda: jobs.temporaries(shared), "the temporary file")
    wait_for(lambda: not any(str(shared) in target for pid in programs.pids("bits-net")
                             for target in programs.descriptors(pid).values()), "bits-net to let go")
    people.call("mal", os.rename, shared / temporary, shared / "moved")
    plant(shared / temporary, precious)

    def finish():
        job = jobs.session().get(job_id)
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        return int(job.call("Complete"))

    assert people.call("alice", finish) == 0
    assert precious.read_bytes() == b"p" * SIZE
    assert sha256(shared / "x") == sha256(remote)
    assert (shared / "x").stat().st_nlink == 1


def test_the_sender_of_a_message_counts_for_nothing():
    """mal says that a message of his is alice's, or the service's: he is who the kernel says he is."""
    alice, mal = people.account("alice").pw_uid, people.account("mal").pw_uid
    job_id, path = people.call("alice", lambda: (lambda job: (job.id, job.path))(jobs.session().create("alice's")))

    def forged(sender):
        connection = jobs.session()

        def call(path, interface, method, signature="", *arguments):
            message = dbus.lowlevel.MethodCallMessage(None, path, f"org.bitsd1.{interface}", method)
            message.set_sender(sender)
            message.append(*arguments, signature=signature)
            replies = []
            connection.connection.send_message_with_reply(message, replies.append, bus.LIMIT_SEC).block()
            return replies[0]

        refused = [
            call(bus.MANAGER, "Manager", "GetJob", "s", job_id).get_error_name(),
            call(path, "Job", "Cancel").get_error_name(),
            call(path, "Job", "SetDisplayName", "s", "mal's").get_error_name(),
            call(bus.MANAGER, "Manager", "ListJobs", "utu", 1, 0, 10).get_error_name(),  # of all users
        ]
        made = call(bus.MANAGER, "Manager", "CreateJob", "su", "mal's", dbus.UInt32(bus.DOWNLOAD))
        _, made_path = made.get_args_list()
        return set(refused), int(bus.Job(connection, None, str(made_path)).get("OwnerUid"))

    for sender in (":1.1", ":1.0", "org.bitsd1", f":1.{alice}", "org.freedesktop.DBus"):
        assert people.call("mal", forged, sender) == ({"org.bitsd1.Error.E_ACCESSDENIED"}, mal), sender
    assert people.call("alice", lambda: str(jobs.session().get(job_id).get("DisplayName"))) == "alice's"


@contextlib.contextmanager
def hosts(text, outside=False):
    """Names of hosts, in /etc or by a link to another place that everybody may read."""
    subprocess.run(["umount", HOSTS], check=False, capture_output=True)  # where an engine of containers has put it
    before = HOSTS.read_bytes()
    place = pathlib.Path("/run/tmp/hosts-elsewhere")
    place.write_text(text)
    place.chmod(0o644)
    HOSTS.unlink()
    if outside:
        HOSTS.symlink_to(place)
    else:
        HOSTS.write_text(text)
        HOSTS.chmod(0o644)
    try:
        yield
    finally:
        HOSTS.unlink()
        HOSTS.write_bytes(before)


@pytest.mark.parametrize("outside", [False, True], ids=["etc", "elsewhere"])
def test_a_running_network_worker_is_behind_landlock(outside, server, files, alices, service_log):
    """It may read /etc and /usr, and nothing else that alice may: names that stand elsewhere do not exist for it."""
    assert "this kernel has no Landlock" not in service_log.read_text(errors="replace")
    files.make("threats-small.bin", 1 << 16)
    name = f"origin-{outside}.here"  # unknown to the other run, whose worker may still be there
    remote = re.sub(r"//[^:/]+", f"//{name}", server.url("threats-small.bin"))

    def scenario():
        known = subprocess.run(["getent", "hosts", name], capture_output=True, check=False).returncode == 0
        job = jobs.session().create()
        job.add(remote, alices / "x")
        job.call("Resume")
        state = jobs.wait_state(job, bus.TRANSFERRED, bus.TRANSIENT_ERROR, bus.ERROR)
        job.call("Cancel")
        return known, state == bus.TRANSFERRED

    # A name waits for a network beside the loopback, wherever it leads.
    with Network(), hosts(f"127.0.0.1 localhost {name}\n", outside):
        assert people.call("alice", scenario) == (True, not outside)
