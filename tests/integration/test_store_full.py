"""The service's own store full or failing: each call says so and changes nothing, and all goes on when there is room.

The store lies on a disk of the test's own (store_disk.py): a small one that is filled, or one that answers EIO.
"""

import contextlib
import os
import signal

import dbus
import pytest

import bus
import jobs
import people
import programs
import store_disk
from conftest import sha256
from held import HeldOrigin
from waiting import wait_for

DISK_FULL, IO_DEVICE = 0x80070070, 0x8007045D
HISTORY_STATE = 2
HISTORY_GAP = 10


class Full:
    hresult = DISK_FULL
    make = staticmethod(store_disk.small)

    @staticmethod
    def fail(disk):
        disk.fill()

    @staticmethod
    def heal(disk):
        disk.clear()


class Broken:
    hresult = IO_DEVICE
    make = staticmethod(store_disk.faulty)
    rules = ("sync EIO",)

    @classmethod
    def fail(cls, disk):
        disk(*cls.rules)

    @staticmethod
    def heal(disk):
        disk()


class Unwritable(Broken):
    rules = ("write EIO", "truncate EIO", "create EIO")


KINDS = {"full": Full, "sync": Broken, "write": Unwritable}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def test_calls_fail_and_change_nothing(kind, server, alices, files):
    """Reading goes on, what is changed is refused, memory has what the store has; later the same call succeeds."""
    remote = files.make("store.bin", 4 << 20)
    with kind.make() as disk:

        def scenario():
            session = jobs.session_when_ready()
            job = session.create("before")
            job.add(server.url(remote.name), alices / "x")
            kind.fail(disk)
            refused = [
                jobs.refused(job.call, "SetDisplayName", "s", "after"),
                jobs.refused(job.call, "AddFile", "ss", server.url(remote.name), str(alices / "y")),
                jobs.refused(session.create, "never"),
                jobs.refused(job.call, "Resume"),
                jobs.refused(job.call, "SetPriority", "u", 0),
                jobs.refused(job.call, "Complete"),
            ]
            seen = str(job.get("DisplayName")), job.progress[2], job.state, int(job.get("Priority"))
            kind.heal(disk)
            wait_for(lambda: jobs.refused(job.call, "SetDisplayName", "s", "after") is None, "room")
            job.call("Resume")
            jobs.wait_state(job, bus.TRANSFERRED)
            job.call("Complete")
            return refused, seen

        refused, seen = people.call("alice", scenario)
    assert refused == [kind.hresult] * 6
    assert seen == ("before", 1, bus.SUSPENDED, 2)
    assert sha256(alices / "x") == sha256(remote) and os.listdir(alices) == ["x"]


def test_what_is_in_memory_alone_stays(kind, server, alices):
    """A new name of a remote file waits for Resume: what fails meanwhile does not take it."""
    with kind.make() as disk:

        def scenario():
            job = jobs.session_when_ready().create("renamed")
            job.add(server.url("old"), alices / "x")
            file = f"{job.path}/file/0"
            job.bus.call(file, "File", "SetRemoteName", "s", server.url("new"))
            kind.fail(disk)
            assert jobs.refused(job.call, "SetDisplayName", "s", "after") == kind.hresult
            kind.heal(disk)
            return str(job.bus.call(file, "org.freedesktop.DBus.Properties", "Get", "ss", "org.bitsd1.File", "RemoteName"))

        assert people.call("alice", scenario) == server.url("new")


def test_helper_token_stays_when_a_take_over_fails(kind, passwords):
    with kind.make() as disk:

        def begin():
            job = jobs.session_when_ready().create("helped")
            job.set_token(jobs.logon("bob", passwords["bob"]))
            return job.id

        def take(job_id):
            session = jobs.session_when_ready()
            kind.fail(disk)
            refused = jobs.refused(session.get(job_id).call, "TakeOwnership")
            kind.heal(disk)
            return refused

        def look(job_id):
            return str(bus.Bus().get(job_id).call("GetHelperTokenSid"))

        job_id = people.call("alice", begin)
        sid = people.call("alice", look, job_id)
        assert sid
        assert people.call("admin", take, job_id) == kind.hresult
        assert people.call("alice", look, job_id) == sid


@pytest.mark.parametrize("kind", [Full, Unwritable])
def test_what_was_refused_is_not_there_after_a_restart(kind, alices):
    """Not so where only the flush failed: then the bytes may have arrived all the same."""
    with kind.make() as disk:

        def begin():
            session = jobs.session_when_ready()
            job = session.create("before")
            kind.fail(disk)
            assert jobs.refused(job.call, "SetDisplayName", "s", "after") == kind.hresult
            assert jobs.refused(session.create, "never") == kind.hresult
            return job.id

        job_id = people.call("alice", begin)
        kind.heal(disk)
        store_disk.restart()

        def look():
            session = jobs.session_when_ready()
            rows, _ = session.manager("ListJobs", "utu", 0, 0, 256)
            return str(session.get(job_id).get("DisplayName")), len(rows)

        assert people.call("alice", look) == ("before", 1)


def has_gap_or_pause(events):
    """The pause could not be stored, and that is said; or it could, when the disk was healed before it was tried."""
    states = [state for kind, state in events if kind == HISTORY_STATE]
    return HISTORY_GAP in dict(events) or bus.QUEUED in states[states.index(bus.TRANSFERRING):]


def test_transfer_pauses_and_goes_on(kind, alices):
    with HeldOrigin() as origin, kind.make() as disk:

        def begin():
            job = jobs.session_when_ready().create("held")
            job.add(origin.url("f"), alices / "f")
            job.call("Resume")
            jobs.wait_state(job, bus.TRANSFERRING)
            kind.fail(disk)
            assert jobs.refused(job.call, "SetDisplayName", "s", "x") == kind.hresult
            wait_for(lambda: (job.state, str(job.get("Reason"))) == (bus.QUEUED, "store"), "a pause")
            return job.id

        job_id = people.call("alice", begin)
        origin.release()
        kind.heal(disk)

        people.call("alice", lambda: jobs.wait_state(bus.Bus().get(job_id), bus.TRANSFERRED))
        assert jobs.stored_offsets() == {job_id.replace("-", ""): [len(origin.body)]}

        def end():
            job = bus.Bus().get(job_id)
            job.call("Complete")
            rows = job.bus.manager("ListHistory", "tuu", dbus.UInt64(0), dbus.UInt32(0), dbus.UInt32(256))[0]
            return [(int(row[4]), int(row[5])) for row in rows if str(row[1]) == job_id]

        assert has_gap_or_pause(people.call("alice", end))
        assert (alices / "f").read_bytes() == origin.body and os.listdir(alices) == ["f"]


def test_complete_stops_before_its_first_rename(kind, server, alices, files):
    remote = files.make("store.bin", 4 << 20)
    with kind.make() as disk:

        def scenario():
            session = jobs.session_when_ready()
            job = session.create("whole")
            for name in "a", "b":
                job.add(server.url(remote.name), alices / name)
            job.call("Resume")
            jobs.wait_state(job, bus.TRANSFERRED)
            job.call("SetDescription", "s", "answered when that is stored as well")
            kind.fail(disk)
            refused = jobs.refused(job.call, "Complete"), job.state, jobs.temporaries(alices) == sorted(os.listdir(alices))
            kind.heal(disk)
            wait_for(lambda: jobs.refused(job.call, "Complete") is None, "room")
            return refused

        assert people.call("alice", scenario) == (kind.hresult, bus.TRANSFERRED, True)
    assert sorted(os.listdir(alices)) == ["a", "b"]


def test_cancel_has_a_reserve(server, alices, files):
    """On a full disk, before and after the service has noticed; also by a client that comes only now."""
    remote = files.make("store.bin", 4 << 20)
    with store_disk.small() as disk:

        def begin():
            session = jobs.session_when_ready()
            made = [session.create(name) for name in ("one", "two", "three")]
            for job in made:
                job.add(server.url(remote.name), alices / str(len(os.listdir(alices))))
                job.call("Resume")
                jobs.wait_state(job, bus.TRANSFERRED)
            disk.fill()
            assert int(made[0].call("Cancel")) == 0
            assert jobs.refused(made[1].call, "SetDisplayName", "s", "x") in (DISK_FULL, None)
            return [job.id for job in made[1:]]

        rest = people.call("alice", begin)

        def end():
            session = jobs.session_when_ready()
            return [int(session.get(job_id).call("Cancel")) for job_id in rest]

        assert people.call("alice", end) == [0, 0]
        assert os.listdir(alices) == []
        store_disk.restart()
        for job_id in rest:
            assert people.call("alice", lambda job_id=job_id: jobs.refused(jobs.session_when_ready().get, job_id)) == 0x80200001


@pytest.mark.parametrize("kind", [Broken, Unwritable])
def test_cancel_that_cannot_be_stored_has_not_happened(kind, server, alices, files):
    remote = files.make("store.bin", 4 << 20)
    with kind.make() as disk:

        def scenario():
            job = jobs.session_when_ready().create("one")
            job.add(server.url(remote.name), alices / "x")
            job.call("Resume")
            jobs.wait_state(job, bus.TRANSFERRED)
            kind.fail(disk)
            refused = jobs.refused(job.call, "Cancel")
            before = job.state, len(os.listdir(alices))
            kind.heal(disk)
            wait_for(lambda: jobs.refused(job.call, "SetDisplayName", "s", "x") is None, "room")
            return refused, before, int(job.call("Cancel"))

        assert people.call("alice", scenario) == (kind.hresult, (bus.TRANSFERRED, 1), 0)
    assert os.listdir(alices) == []


def test_start_on_a_full_disk(server, alices, files):
    """It starts, shows what there is, refuses what it cannot store, and goes on when there is room."""
    remote = files.make("store.bin", 4 << 20)
    with store_disk.small() as disk:

        def begin():
            job = jobs.session_when_ready().create("kept")
            job.add(server.url(remote.name), alices / "x")
            return job.id

        job_id = people.call("alice", begin)
        (store_disk.STORE / "queue.reserve").unlink()
        disk.fill()
        store_disk.restart()

        def look():
            job = wait_for(lambda: attempt(lambda: bus.Bus().get(job_id)), "the job")
            return str(job.get("DisplayName")), jobs.refused(job.call, "Resume")

        assert people.call("alice", look) == ("kept", DISK_FULL)
        disk.clear()

        def end():
            job = bus.Bus().get(job_id)
            wait_for(lambda: jobs.refused(job.call, "Resume") is None, "room")
            jobs.wait_state(job, bus.TRANSFERRED)
            job.call("Complete")

        people.call("alice", end)
    assert sha256(alices / "x") == sha256(remote)


def attempt(call):
    try:
        return call()
    except Exception:  # not there yet
        return None


@pytest.mark.parametrize("rules", [["read EIO"], ["create ENOSPC", "write ENOSPC"], ["create EROFS", "write EROFS"]])
def test_start_on_a_failing_disk(rules, service_log):
    """Whatever it is that fails, it is said, and tried again until it has gone: more often than a fall would be."""
    with store_disk.faulty() as disk:
        job_id = people.call("alice", lambda: jobs.session_when_ready().create("kept").id)
        size = service_log.stat().st_size
        disk(*rules)
        store_disk.restart()
        wait_for(lambda: b"the store" in service_log.read_bytes()[size:], "a word in the log")
        disk()
        assert people.call("alice", lambda: str(jobs.session_when_ready().get(job_id).get("DisplayName"))) == "kept"


@pytest.mark.parametrize("what", ["mode of the directory", "mode of the database", "owner of the database", "newer schema"])
def test_start_on_what_is_not_its_own(what, service_log):
    with store_disk.small():
        job_id = people.call("alice", lambda: jobs.session_when_ready().create("kept").id)
        database = store_disk.STORE / "queue.db"
        size = service_log.stat().st_size

        @contextlib.contextmanager
        def changed():
            if what == "mode of the directory":
                store_disk.STORE.chmod(0o750)
                yield
                store_disk.STORE.chmod(0o700)
            elif what == "mode of the database":
                database.chmod(0o644)
                yield
                database.chmod(0o600)
            elif what == "owner of the database":
                os.chown(database, 0, 0)
                yield
                store_disk.own(database)
            else:
                with database.open("r+b") as stream:  # user_version, big-endian at 60
                    stream.seek(60)
                    old = stream.read(4)
                    stream.seek(60)
                    stream.write(b"\0\0\0\x63")
                yield
                with database.open("r+b") as stream:
                    stream.seek(60)
                    stream.write(old)

        if what == "newer schema":
            checkpointed(database)
        with changed():
            if what != "newer schema":
                store_disk.restart()
            wait_for(lambda: service_log.read_bytes()[size:].count(b"cannot be opened") >= 2, "two tries")
            expected = b"newer version" if what == "newer schema" else b"must be this user's"
            assert expected in service_log.read_bytes()[size:]
        assert people.call("alice", lambda: str(jobs.session_when_ready().get(job_id).get("DisplayName"))) == "kept"


def checkpointed(database):
    """Ends bits-queue in order, so that all lies in the database itself."""
    old = programs.pids("bits-queue")
    for pid in old:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not set(old) & set(programs.pids("bits-queue")), "its end")
