"""Helper tokens on jobs: who may attach what, and what becomes of a job whose token goes (behaviour.md §6)."""

import os
import pathlib
import signal

import pytest

import bus
import identity
import jobs
import people
from conftest import sha256
from origins import Nginx
from waiting import wait_for

SIZE = 24 << 20
STUMBLING_SIZE = 96 << 20


@pytest.fixture(scope="module")
def slow(files):
    """An origin that takes some seconds for SIZE."""
    with Nginx(files.directory, "/run/nginx-slow", "limit_rate 6m;") as running:
        yield running


@pytest.fixture(scope="module")
def stumbling(files):
    """An origin that sends 70 MiB of an answer at once, enough for a checkpoint, and then hardly anything."""
    with Nginx(files.directory, "/run/nginx-stumbling", "limit_rate 100k; limit_rate_after 70m;") as running:
        yield running


@pytest.fixture
def common():
    """A directory that alice and bob may both write."""
    path = pathlib.Path(f"/run/common-{os.getpid()}-{len(os.listdir('/run'))}")
    path.mkdir()
    path.chmod(0o777)
    return path


def helper_job(connection, password, remote, local):
    job = connection.create("helper")
    job.set_token(jobs.logon("bob", password))
    job.add(remote, local)
    return job


def wait_bytes(job, least):
    wait_for(lambda: job.progress[1] >= least, f"{least} bytes")


def test_flag_without_token(server, bobs):
    def scenario():
        job = jobs.session().create()
        job.call("SetHelperTokenFlags", "u", 1)
        return jobs.refused(job.add, server.url("x"), bobs / "x")

    assert people.call("alice", scenario) == bus.BG_E_TOKEN_REQUIRED


def test_flag_without_token_on_files_of_the_owners(server, files, alices):
    """The files were added as the owner's; with the flag they are nobody's to open."""
    files.make("rules.bin", SIZE)

    def scenario():
        job = jobs.session().create()
        job.add(server.url("rules.bin"), alices / "x")
        job.call("SetHelperTokenFlags", "u", 1)
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        return job.error()

    assert people.call("alice", scenario) == (bus.BG_E_TOKEN_REQUIRED, 2)  # BG_ERROR_CONTEXT_GENERAL_QUEUE_MANAGER
    assert os.listdir(alices) == []


def test_unknown_flags(server):
    def scenario():
        return jobs.refused(jobs.session().create().call, "SetHelperTokenFlags", "u", 4)

    assert people.call("alice", scenario) == 0x80004001  # E_NOTIMPL


def test_sid_of_the_token(passwords):
    def scenario():
        job = jobs.session().create()
        before = str(job.call("GetHelperTokenSid"))
        job.set_token(jobs.logon("bob", passwords["bob"]))
        during = str(job.call("GetHelperTokenSid"))
        job.call("ClearHelperToken")
        return before, during, str(job.call("GetHelperTokenSid")), int(job.get("HelperTokenFlags"))

    sid = f"S-1-22-1-{people.account('bob').pw_uid}"
    assert people.call("alice", scenario) == ("", sid, "", 1)  # the flags are kept


def test_cleared_before_resume(server, files, bobs, passwords):
    files.make("rules.bin", SIZE)

    def scenario():
        job = helper_job(jobs.session(), passwords["bob"], server.url("rules.bin"), bobs / "x")
        job.call("ClearHelperToken")
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        return job.error()[0]

    assert people.call("alice", scenario) == bus.BG_E_TOKEN_REQUIRED
    assert os.listdir(bobs) == []


def test_reason_is_the_token_until_it_is_there(server, files, bobs, passwords):
    files.make("rules.bin", SIZE)

    def scenario():
        job = helper_job(jobs.session(), passwords["bob"], server.url("rules.bin"), bobs / "x")
        job.call("ClearHelperToken")
        before = str(job.get("Reason"))
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        without = str(job.get("Reason"))
        job.set_token(jobs.logon("bob", passwords["bob"]))
        after = job.state, str(job.get("Reason"))
        job.call("Cancel")
        return before, without, after

    assert people.call("alice", scenario) == ("", "token", (bus.ERROR, ""))


def stored_offset(job_id):
    (offset,) = jobs.stored_offsets()[job_id.replace("-", "")]
    return offset


def go_on_with_token(job_id, password):
    job = jobs.session_when_ready().get(job_id)
    job.set_token(jobs.logon("bob", password))
    job.call("Resume")
    jobs.wait_state(job, bus.TRANSFERRED)
    return int(job.call("Complete"))


def check_continued(origin, name, since, stored):
    """Of the two requests, the first was cut off and the second began at what was stored."""
    begins = wait_for(lambda: (found := origin.begins(name)[since:]) and len(found) > 1 and found, "both requests' ends")
    assert begins == [0, stored]
    assert 0 < stored < STUMBLING_SIZE


def begin_to_the_checkpoint(stumbling, remote, local, password):
    """A helper's job of alice's, of which something is stored and more is to come; its id."""

    def begin():
        job = helper_job(jobs.session_when_ready(), password, stumbling.url(remote.name), local)
        job.call("Resume")
        return job.id

    job_id = people.call("alice", begin)
    wait_for(lambda: stored_offset(job_id), "a checkpoint")
    return job_id


def test_cleared_while_moving_goes_on_from_the_stored_offset(stumbling, files, bobs, passwords):
    remote = files.make("stumbling.bin", STUMBLING_SIZE)
    local = bobs / "cleared.bin"
    since = len(stumbling.begins(remote.name))
    job_id = begin_to_the_checkpoint(stumbling, remote, local, passwords["bob"])

    def clear():
        job = jobs.session().get(job_id)
        assert job.state == bus.TRANSFERRING
        job.call("ClearHelperToken")
        jobs.wait_state(job, bus.ERROR)
        return job.error()[0]

    assert people.call("alice", clear) == bus.BG_E_TOKEN_REQUIRED
    wait_for(lambda: stumbling.begins(remote.name)[since:], "the end of the first request")
    stored = stored_offset(job_id)
    assert people.call("alice", go_on_with_token, job_id, passwords["bob"]) == 0
    check_continued(stumbling, remote.name, since, stored)
    assert sha256(local) == sha256(remote)
    assert local.stat().st_uid == people.account("bob").pw_uid
    assert os.listdir(bobs) == ["cleared.bin"]


@pytest.mark.parametrize("program", ["bits-queue", "bitsd"])
def test_service_restarted(program, stumbling, files, bobs, passwords):
    remote = files.make("stumbling.bin", STUMBLING_SIZE)
    local = bobs / "restarted.bin"
    since = len(stumbling.begins(remote.name))
    job_id = begin_to_the_checkpoint(stumbling, remote, local, passwords["bob"])

    def after():
        job = jobs.session_when_ready().get(job_id)
        jobs.wait_state(job, bus.ERROR)
        return job.error()[0]

    assert jobs.kill(program) == 1
    assert people.call("alice", after) == bus.BG_E_TOKEN_REQUIRED
    stored = stored_offset(job_id)
    assert people.call("alice", go_on_with_token, job_id, passwords["bob"]) == 0
    check_continued(stumbling, remote.name, since, stored)
    assert sha256(local) == sha256(remote)
    assert os.listdir(bobs) == ["restarted.bin"]


def test_a_finished_job_without_its_token_stays(server, files, bobs, passwords):
    files.make("rules.bin", SIZE)
    local = bobs / "stays.bin"

    def scenario():
        job = helper_job(jobs.session(), passwords["bob"], server.url("rules.bin"), local)
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        job.call("ClearHelperToken")
        first = jobs.refused(job.call, "Complete")
        state = job.state
        job.set_token(jobs.logon("bob", passwords["bob"]))
        return first, state, int(job.call("Complete"))

    assert people.call("alice", scenario) == (bus.BG_E_TOKEN_REQUIRED, bus.TRANSFERRED, 0)
    assert local.stat().st_uid == people.account("bob").pw_uid


def test_flags_zero_restarts_as_the_owner(slow, server, files, common, passwords):
    remote = files.make("rules.bin", SIZE)
    local = common / "mine.bin"

    def scenario():
        job = helper_job(jobs.session(), passwords["bob"], slow.url("rules.bin"), local)
        job.call("Resume")
        wait_bytes(job, 1 << 20)
        job.call("Suspend")
        assert [(common / name).stat().st_uid for name in jobs.temporaries(common)] == [people.account("bob").pw_uid]
        job.call("SetHelperTokenFlags", "u", 0)
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        return int(job.call("Complete"))

    assert people.call("alice", scenario) == 0
    assert local.stat().st_uid == people.account("alice").pw_uid
    assert sha256(local) == sha256(remote)
    bobs_file_worker_starts(server, files, passwords)
    wait_for(lambda: jobs.temporaries(common) == [], "bob's orphan to be deleted")


def bobs_file_worker_starts(server, files, passwords):
    """Any job of bob's own lets a bits-file of his start, which clears away his orphans."""
    directory = people.home("bob") / "own"
    if not directory.exists():
        directory.mkdir(mode=0o700)
        os.chown(directory, people.account("bob").pw_uid, people.account("bob").pw_gid)

    def scenario():
        job = jobs.session().create()
        job.add(server.url("rules.bin"), directory / "any.bin")
        job.call("Cancel")

    people.call("bob", scenario)


def test_cancel_with_the_token_deletes_the_temporary(slow, files, bobs, passwords):
    files.make("rules.bin", SIZE)

    def scenario():
        job = helper_job(jobs.session(), passwords["bob"], slow.url("rules.bin"), bobs / "gone.bin")
        job.call("Resume")
        wait_bytes(job, 1 << 20)
        return int(job.call("Cancel"))

    assert people.call("alice", scenario) == 0
    assert os.listdir(bobs) == []


def test_cancel_without_the_token_leaves_an_orphan(slow, server, files, bobs, passwords):
    files.make("rules.bin", SIZE)

    def scenario():
        job = helper_job(jobs.session(), passwords["bob"], slow.url("rules.bin"), bobs / "orphan.bin")
        job.call("Resume")
        wait_bytes(job, 1 << 20)
        job.call("ClearHelperToken")
        jobs.wait_state(job, bus.ERROR)
        return int(job.call("Cancel")) & 0xFFFFFFFF

    assert people.call("alice", scenario) == 0x0020001A  # BG_S_UNABLE_TO_DELETE_FILES
    assert len(jobs.temporaries(bobs)) == 1
    jobs.kill("bits-queue")  # the orphan is remembered over a restart
    people.call("alice", lambda: bool(jobs.session_when_ready()))
    bobs_file_worker_starts(server, files, passwords)
    wait_for(lambda: os.listdir(bobs) == [], "the orphan to be deleted")


def test_administrators_token_serves_no_other(passwords):
    alice = people.account("alice").pw_uid
    result, token = jobs.mint_as("admin", alice)
    assert result == 0

    def scenario():
        return jobs.refused(jobs.session().create().set_token, token)

    assert people.call("alice", scenario) == bus.E_ACCESSDENIED


def test_administrators_password_serves_no_other(passwords):
    def scenario():
        return jobs.refused(jobs.session().create().set_token, jobs.logon("admin", passwords["admin"]))

    assert people.call("alice", scenario) == bus.E_ACCESSDENIED


def test_roots_token_serves_root_only():
    alice = people.account("alice").pw_uid
    assert jobs.mint_as("root", alice) == (-1, None)  # -EPERM
    result, token = jobs.mint_as("root", 0)
    assert result == 0

    def scenario():
        return jobs.refused(jobs.session().create().set_token, token)

    assert people.call("alice", scenario) == bus.E_ACCESSDENIED


def test_only_the_owner_attaches(passwords):
    """An administrator may touch alice's job, but gives it no identity: he takes it over first. This is our own rule,
    stricter than BITS's, which lets administrators attach (bits4_0.h says so)."""

    def begin():
        job = jobs.session().create()
        job.set_token(jobs.logon("bob", passwords["bob"]))
        return job.id, identity_of_helper(job)

    def identity_of_helper(job):
        everything = job.bus.call(job.path, "org.freedesktop.DBus.Properties", "GetAll", "s", "org.bitsd1.Job")
        names = ("HelperTokenFlags", "HelperTokenSid")
        assert [everything[name] for name in names] == [job.get(name) for name in names]
        return int(everything["HelperTokenFlags"]), str(everything["HelperTokenSid"])

    job_id, seen_by_alice = people.call("alice", begin)
    assert seen_by_alice == (1, f"S-1-22-1-{people.account('bob').pw_uid}")

    def scenario():
        job = jobs.session().get(job_id)
        assert identity_of_helper(job) == (0, "")
        return (
            jobs.refused(job.call, "CheckAccess", "s", "IBackgroundCopyJob"),
            jobs.refused(job.call, "CheckAccess", "s", "IBitsTokenOptions"),
            jobs.refused(job.call, "SetHelperTokenFlags", "u", 1),
            jobs.refused(job.set_token, jobs.logon("bob", passwords["bob"])),
        )

    assert people.call("admin", scenario) == (None, *[bus.E_ACCESSDENIED] * 3)


def test_carol_neither_touches_nor_sees(server):
    job_id, path = people.call("alice", lambda: (lambda job: (job.id, job.path))(jobs.session().create("secret")))

    def scenario():
        connection = jobs.session()
        job = bus.Job(connection, job_id, path)
        answers = [jobs.refused(connection.get, job_id)]
        for method in ("Suspend", "Resume", "Cancel", "Complete", "GetError"):
            answers.append(jobs.refused(job.call, method))
        answers.append(jobs.refused(job.add, server.url("x"), "/tmp/x"))
        answers.append(jobs.refused(job.get, "DisplayName"))
        answers.append(jobs.refused(connection.manager, "ListJobs", "utu", 1, 0, 10))
        listed, _ = connection.manager("ListJobs", "utu", 0, 0, 256)
        return set(answers), [str(entry[0]) for entry in listed]

    answers, listed = people.call("carol", scenario)
    assert answers == {bus.E_ACCESSDENIED}
    assert job_id not in listed
    assert people.call("alice", lambda: jobs.session().get(job_id).state) == bus.SUSPENDED


def test_unknown_job():
    def scenario():
        return jobs.refused(jobs.session().get, "00000000-0000-4000-8000-000000000000")

    assert people.call("alice", scenario) == 0x80200001  # BG_E_NOT_FOUND


def test_client_dies_and_another_finishes(slow, files, bobs, passwords):
    """The job goes on without its client; the token is the job's, not the connection's."""
    remote = files.make("rules.bin", SIZE)
    local = bobs / "second.bin"
    reading, writing = os.pipe()

    def first():
        job = helper_job(jobs.session(), passwords["bob"], slow.url("rules.bin"), local)
        job.call("Resume")
        wait_bytes(job, 1 << 20)
        os.write(writing, job.id.encode())
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(AssertionError, match="without a word"):
        people.call("alice", first)
    job_id = os.read(reading, 64).decode()
    os.close(reading)
    os.close(writing)

    def second():
        job = jobs.session().get(job_id)
        jobs.wait_state(job, bus.TRANSFERRED)
        return int(job.call("Complete"))

    assert people.call("alice", second) == 0
    assert sha256(local) == sha256(remote)


def test_revoked_token_leaves_the_job(passwords):
    """bob withdraws his consent: alice's job loses the token at once."""

    def scenario():
        job = jobs.session().create()
        job.set_token(jobs.logon("bob", passwords["bob"]))
        return job.id

    job_id = people.call("alice", scenario)
    assert people.call("bob", lambda: identity.revoke().result) == 0

    def after():
        job = jobs.session().get(job_id)
        return wait_for(lambda: str(job.call("GetHelperTokenSid")) == "", "the token to be dropped")

    assert people.call("alice", after)
