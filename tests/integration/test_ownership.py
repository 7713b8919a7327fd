"""TakeOwnership: a job changes hands, and what goes with it and what does not (behaviour.md §5, api.md §6)."""

import os
import pathlib

import dbus
import pytest

import bus
import jobs
import people
from conftest import sha256
from held import HeldOrigin
from waiting import wait_for

E_ACCESSDENIED, BG_E_INVALID_STATE = bus.E_ACCESSDENIED, 0x80200002
BG_E_NEW_OWNER_NO_FILE_ACCESS = 0x80200016
SIZE = 300_000


@pytest.fixture
def common(tmp_path_factory):
    """A directory that everybody may write."""
    path = tmp_path_factory.mktemp("common")
    for directory in (path, *list(path.parents)[:2]):
        directory.chmod(0o777)
    return path


def taken(job_id):
    """In the new owner's process: the job, his now."""
    job = jobs.session().get(job_id)
    job.call("TakeOwnership")
    return job


def take_over(job_id):
    taken(job_id)


def owner_uid(job):
    return int(job.get("OwnerUid"))


def make(url, local, resume=False):
    job = jobs.session().create("handed over")
    job.add(url, local)
    if resume:
        job.call("Resume")
    return job


def test_administrators_only(server, common):
    job_id = people.call("alice", lambda: make(server.url("x"), common / "x").id)
    assert people.call("alice", lambda: jobs.refused(bus.Bus().get(job_id).call, "TakeOwnership")) == E_ACCESSDENIED
    assert people.call("mal", lambda: jobs.refused(bus.Bus().get, job_id)) == E_ACCESSDENIED
    people.call("admin", take_over, job_id)
    assert people.call("alice", lambda: jobs.refused(bus.Bus().get, job_id)) == E_ACCESSDENIED


def test_roots_jobs_stay_roots(server, common):
    job_id = make(server.url("x"), common / "x").id
    assert people.call("admin", lambda: jobs.refused(jobs.session().get, job_id)) == E_ACCESSDENIED


def test_what_was_fetched_is_fetched_anew(files, server, common):
    """TRANSFERRED as alice; the temporary file is hers and goes; the file at the end is the administrator's."""
    remote = files.make("owned.bin", SIZE)

    def fetched():
        job = make(server.url("owned.bin"), common / "owned.bin", resume=True)
        jobs.wait_state(job, bus.TRANSFERRED)
        return job.id

    def take(job_id):
        job = taken(job_id)
        assert owner_uid(job) == os.getuid()
        assert bool(job.call("GetOwnerElevationState")) and int(job.call("GetOwnerIntegrityLevel")) == 0x3000
        jobs.wait_state(job, bus.TRANSFERRED)
        job.call("Complete")

    people.call("admin", take, people.call("alice", fetched))
    wait_for(lambda: os.listdir(common) == ["owned.bin"], "the end of alice's temporary file")
    assert (common / "owned.bin").stat().st_uid == people.account("admin").pw_uid
    assert sha256(common / "owned.bin") == sha256(remote)


def test_a_running_transfer_goes_on_as_the_new_owner(common):
    with HeldOrigin() as origin:

        def begin():
            job = make(origin.url("run"), common / "run", resume=True)
            jobs.wait_state(job, bus.TRANSFERRING)
            return job.id

        def take(job_id):
            job = taken(job_id)
            wait_for(lambda: origin.held, "the request")
            return job.id

        job_id = people.call("admin", take, people.call("alice", begin))
        wait_for(lambda: origin.held == 2, "a second request")
        origin.release()

        def finish():
            job = jobs.session().get(job_id)
            jobs.wait_state(job, bus.TRANSFERRED)
            job.call("Complete")

        people.call("admin", finish)
        assert (common / "run").read_bytes() == origin.body
        assert (common / "run").stat().st_uid == people.account("admin").pw_uid


def test_no_access_to_the_directory(server, alices):
    """Nothing has changed then: the job is alice's, and arrives as hers."""
    job_id = people.call("alice", lambda: make(server.url("own-dir.bin"), alices / "f").id)
    assert people.call("admin", lambda: jobs.refused(taken, job_id)) == BG_E_NEW_OWNER_NO_FILE_ACCESS
    assert people.call("alice", lambda: owner_uid(bus.Bus().get(job_id))) == people.account("alice").pw_uid


def test_nobody_has_files_read_to_him(common):
    """Alice names a file that only root may read; whoever takes her job over does not fetch it for her."""
    secret = pathlib.Path("/etc/shadow")
    for name in (str(secret), f"file://{secret}"):
        job_id = people.call("alice", lambda name=name: make(name, common / "secret").id)
        for administrator in ("admin", "root"):
            assert people.call(administrator, lambda: jobs.refused(taken, job_id)) == BG_E_NEW_OWNER_NO_FILE_ACCESS
        assert people.call("alice", lambda: owner_uid(bus.Bus().get(job_id))) == people.account("alice").pw_uid


def test_token_is_dropped_and_flags_stay(server, bobs, passwords):
    def make_helped():
        job = jobs.session().create("helped")
        job.set_token(jobs.logon("bob", passwords["bob"]))
        job.add(server.url("x"), bobs / "x")
        return job.id

    def take(job_id):
        job = taken(job_id)
        found = int(job.call("GetHelperTokenFlags")), str(job.call("GetHelperTokenSid"))
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        return found, job.error()[0]

    assert people.call("admin", take, people.call("alice", make_helped)) == ((1, ""), bus.BG_E_TOKEN_REQUIRED)


def test_counts_against_the_new_owner(server, common):
    """The same twice changes nothing, and an ended job has no owner to change."""

    def scenario():
        job = taken(job_id)
        job.call("TakeOwnership")
        job.call("Cancel")
        return jobs.refused(job.call, "TakeOwnership")

    job_id = people.call("alice", lambda: make(server.url("x"), common / "twice").id)
    assert people.call("admin", scenario) == BG_E_INVALID_STATE


def test_both_owners_are_told(server, common):
    job_id = people.call("alice", lambda: make(server.url("x"), common / "told").id)
    people.call("admin", take_over, job_id)

    def rows():
        events = bus.Bus().manager("ListHistory", "tuu", dbus.UInt64(0), dbus.UInt32(0), dbus.UInt32(256))[0]
        return [(int(row[4]), str(row[7])) for row in events if str(row[1]) == job_id and int(row[4]) == 5]

    uids = {name: people.account(name).pw_uid for name in ("alice", "admin")}
    assert people.call("alice", rows) == [(5, f"to uid {uids['admin']}")]
    assert people.call("admin", rows) == [(5, f"from uid {uids['alice']}")]


def test_owner_survives_a_restart(server, common):
    job_id = people.call("alice", lambda: make(server.url("x"), common / "restart").id)
    people.call("admin", take_over, job_id)
    (old,) = jobs.processes("bits-queue")
    jobs.kill("bits-queue")
    wait_for(lambda: set(jobs.processes("bits-queue")) - {old}, "another bits-queue")
    assert people.call("admin", lambda: owner_uid(jobs.session_when_ready().get(job_id))) == people.account("admin").pw_uid
    assert people.call("alice", lambda: jobs.refused(jobs.session_when_ready().get, job_id)) == E_ACCESSDENIED
